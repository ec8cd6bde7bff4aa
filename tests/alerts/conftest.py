"""Channels to real receivers."""

from __future__ import annotations

import pytest

from llmhub.alerts.channel import create_channel
from llmhub.audit.actor import COMMAND_LINE
from tests.alerts.receiver import receiving


@pytest.fixture
def receiver(settings):
    """A receiver of webhooks that may be reached."""
    with receiving() as found:
        settings.EGRESS_ALLOW = [f"127.0.0.1:{found.port}"]
        yield found


@pytest.fixture
def webhook(db, receiver):
    """A function: a channel to that receiver."""

    def make(name: str = "ops", **values):
        return create_channel(actor=COMMAND_LINE, name=name, kind="webhook", address=receiver.url, **values)

    return make
