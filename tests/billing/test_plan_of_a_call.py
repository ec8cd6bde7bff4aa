"""What routing says of a call stands in its record whole, whoever writes the record."""

from __future__ import annotations

import pytest

from billing import ledger_rows
from billing.entries import Refused, Settle
from billing.totals import total

PLAN = ledger_rows.RECORD_COLUMNS.index("plan")
LONG = '{"to":"' + "x" * 9000 + '"}'


@pytest.mark.parametrize(
    ("plan", "kept"), [(LONG, LONG), ("17", "17"), (None, None), ("ü\0", "ü?"), ("\ud800", "?")]
)
def test_it_is_not_cut_and_harms_no_database(plan, kept):
    settle = Settle(id=1, requested="m", status="ok", attempts=(), plan=plan)
    refused = Refused(id=1, team_id=1, key_id=1, error_code="no_candidate", http_status=503, plan=plan)

    assert ledger_rows.record(settle, total(()))[PLAN] == kept
    assert ledger_rows.refusal(refused, 3)[PLAN] == kept


def test_a_call_that_nobody_settled_has_it_from_its_reservation():
    facts = ledger_rows.facts_text({"team_id": 1, "plan": LONG})

    row, _ = ledger_rows.interrupted(usage_id=1, amount_nano=5, facts=facts)

    assert row[PLAN] == LONG
