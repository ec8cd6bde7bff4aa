"""What a record says about all its attempts together."""

from __future__ import annotations

import pytest

from billing import ledger_rows
from billing.entries import Hold
from billing.totals import total
from tests.billing.calls import attempt, settle

FAILED = {"status": "error", "input_tokens": 0, "output_tokens": 0, "cost_source": ""}


def row(entry):
    return dict(
        zip(ledger_rows.RECORD_COLUMNS, ledger_rows.record(entry, total(entry.attempts)), strict=True)
    )


def test_the_caller_is_charged_for_every_attempt():
    made = total([attempt(30, status="error"), attempt(40, number=2)])

    assert (made.cost_nano, made.charged_nano, made.input_tokens, made.output_tokens) == (70, 70, 20, 6)


def test_a_failure_without_usage_costs_nothing():
    made = total([attempt(None, **FAILED), attempt(40, number=2)])

    assert (made.cost_nano, made.cost_source) == (40, "computed")


def test_one_attempt_of_unknown_cost_makes_the_whole_unknown_and_budgets_pay_the_known_part():
    made = total([attempt(30), attempt(None, number=2)])

    assert (made.cost_nano, made.cost_source, made.charged_nano) == (None, "unpriced", 30)


@pytest.mark.parametrize("values", [{"status": "cancelled"}, {"status": "ok"}, {"output_tokens": 5}])
def test_an_unknown_cost_is_never_zero(values):
    made = total([attempt(None, **FAILED | values)])

    assert (made.cost_nano, made.cost_source) == (None, "unpriced")


def test_a_call_that_was_never_sent_costs_nothing():
    made = total([])

    assert (made.cost_nano, made.cost_source, made.answered) == (0, "computed", None)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["reported"], "reported"),
        (["reported", "computed"], "computed"),
        (["estimated", "reported"], "estimated"),
    ],
)
def test_a_sum_is_as_sure_as_its_least_sure_part(sources, expected):
    assert total([attempt(5, cost_source=source) for source in sources]).cost_source == expected


def test_a_free_failure_does_not_make_the_answer_less_sure():
    made = total([attempt(0, **FAILED | {"cost_source": "computed"}), attempt(5, cost_source="reported")])

    assert made.cost_source == "reported"


def test_the_attempt_that_answered_stands_for_the_call_else_the_last_one():
    answered = attempt(5, provider_id=1), attempt(5, provider_id=2, status="error")
    failed = attempt(None, **FAILED, provider_id=1), attempt(None, **FAILED, provider_id=2)

    assert row(settle(1, *answered))["provider_id"] == 1
    assert row(settle(1, *failed, status="error"))["provider_id"] == 2


def test_a_record_of_unknown_cost_says_why():
    unknown = settle(1, attempt(None), unpriced_reason="the offer has no price")

    assert row(unknown)["unpriced_reason"] == "the offer has no price"
    assert row(settle(1, attempt(None)))["unpriced_reason"]
    assert (
        row(settle(1, attempt(5), unpriced_reason="of an attempt that was not made"))["unpriced_reason"] == ""
    )


def test_counters_can_be_read_back_from_a_reservation():
    holds = (Hold(12, 1764547200), Hold(57, 0))

    assert ledger_rows.parse_holds(ledger_rows.holds_text(holds)) == holds
    assert ledger_rows.parse_holds("") == ()
