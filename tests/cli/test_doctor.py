"""`llmhub doctor` finds what is not whole, and says so with exit code 1."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from billing import rollup
from billing.rollup_models import RollUp
from catalog.seed import seed
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from providers.credential import set_credential
from providers.models import Provider
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def examined(llmhub):
    def run() -> tuple[int, dict[str, str]]:
        code, out, _ = llmhub("doctor", "--everything", "--json")
        return code, {row["what"]: row["finding"] for row in json.loads(out) if row["state"] == "wrong"}

    return run


def test_a_whole_hub_is_fine(examined):
    seed()

    assert examined() == (0, {})


def test_an_altered_audit_log_is_found(examined):
    seed()
    AuditEvent.objects.update(actor="mallory")

    code, wrong = examined()

    assert code == 1
    assert "altered" in wrong["audit log"]


def test_a_credential_that_cannot_be_read_is_found(examined, monkeypatch):
    seed()
    provider = Provider.objects.get(slug="openai")
    set_credential(actor=COMMAND_LINE, provider=provider, reference="env:GONE_KEY")
    monkeypatch.delenv("GONE_KEY", raising=False)

    code, wrong = examined()

    assert code == 1
    assert "GONE_KEY" in wrong["credentials"]


def test_a_sum_that_was_altered_is_found(examined):
    rows.usage(clock.now() - timedelta(hours=1), cost_nano=1000)
    rollup.recompute()
    RollUp.objects.update(spend_nano=2000)

    code, wrong = examined()

    assert code == 1
    assert "spend_nano 2000 instead of 1000" in wrong["sums"]
