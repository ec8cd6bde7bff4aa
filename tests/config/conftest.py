"""What every test of llmhub.toml has."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _the_lab_may_be_reached(settings):
    settings.EGRESS_ALLOW = ["10.0.0.0/24"]
