"""Adjustments: what was charged is corrected beside it, once, in every sum, and no closed month changes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F

from billing import adjustment, budget_alerts, reconcile, reprice, rollup
from billing.adjustment_models import Adjustment
from billing.crossing import period_of
from billing.crossing_models import Crossing
from billing.export_read import Wanted, pieces
from billing.models import Budget, Counter, UsageRecord
from billing.rollup_models import Retention, RollUp
from billing.rollup_read import Span, sums
from catalog.models import Offer, Price
from llmhub.audit.actor import Actor
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock, ids
from llmhub.people.roles import NotAllowed
from tests.billing import rows

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 10, 12, 5, tzinfo=UTC)
USD = 10**9
ADMIN = Actor(kind="user", label="ada@example.org", role="admin", id=1)


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(rollup, "_PAUSE", 0)
    monkeypatch.setattr(reconcile, "_PAUSE", 0)


def budget(**values) -> Budget:
    made = Budget.objects.create(**({"scope": "organisation", "per": "month", "cap": 100 * USD} | values))
    Budget.objects.filter(pk=made.pk).update(created_at=NOW - timedelta(days=90))
    return made


def called(at: datetime, cost: int, **values) -> UsageRecord:
    """A call that the budgets there are were charged for."""
    record = rows.usage(at, cost_nano=cost, cost_source="computed", attempts=1, **values)
    charge(cost, at, team_id=record.team_id)
    return record


def charge(nano: int, at: datetime, *, team_id: int | None = None) -> None:
    for each in Budget.objects.all():
        if each.scope == "organisation" or each.scope_id == team_id:
            Counter.objects.get_or_create(budget_id=each.pk, period_start=period_of(each, at))
            mine = Counter.objects.filter(budget_id=each.pk, period_start=period_of(each, at))
            mine.update(spent=F("spent") + nano)


def spent(of: Budget, at: datetime = NOW) -> int:
    return Counter.objects.get(budget_id=of.pk, period_start=period_of(of, at)).spent


def post(**values) -> Adjustment:
    made, _ = adjustment.post(actor=ADMIN, **({"amount": "-1.25", "reason": "typo", "once": "k1"} | values))
    return made


def spend(since: datetime, until: datetime, **by) -> int:
    found = sums([Span(since, until)], by=list(by), measures=["spend_nano", "requests"])
    return sum(row.values["spend_nano"] for row in found if row.of == tuple(by.values()))


def agrees() -> bool:
    """Whether all sums agree with the ledger, before and after buckets are added up."""
    before = reconcile.check(now=NOW, everything=True)
    rollup.recompute(now=NOW + timedelta(hours=1))
    return before == reconcile.check(now=NOW + timedelta(hours=1), everything=True) == []


def test_a_call_of_this_month_is_corrected_where_it_counted():
    team = rows.team()
    whole, day = budget(), budget(scope="team", scope_id=team.pk, per="day")
    yesterday = NOW - timedelta(days=1)
    record = called(yesterday, 5 * USD, team_id=team.pk, tags={"env": "prod"})
    assert agrees()

    made = post(request=ids.request_id(record.pk))

    assert (ids.moment_of(made.usage_id), made.corrects_id) == (ids.moment_of(record.pk), record.pk)
    assert (spent(whole), spent(day, yesterday)) == (3_750_000_000, 3_750_000_000)
    assert spend(yesterday, NOW, team_id=team.pk) == 3_750_000_000
    record.refresh_from_db()
    assert record.cost_nano == 5 * USD
    assert agrees()
    assert spend(yesterday, NOW, team_id=team.pk) == 3_750_000_000
    assert sum(RollUp.objects.values_list("requests", flat=True)) == 1
    event = AuditEvent.objects.get(action="adjustment.posted")
    assert (event.actor, event.after["usd"], event.after["reason"]) == (ADMIN.label, "-1.25", "typo")


def test_a_closed_month_stays_unless_the_post_names_it():
    of = budget()
    may = datetime(2026, 5, 20, 9, tzinfo=UTC)
    first, second = called(may, 5 * USD), called(may, 7 * USD)

    now = post(request=ids.request_id(first.pk), once="a")
    assert (ids.moment_of(now.usage_id), spent(of, may), spent(of)) == (NOW, 12 * USD, -1_250_000_000)
    then = post(request=ids.request_id(second.pk), month="2026-05", once="b", amount="2")
    assert (ids.moment_of(then.usage_id), spent(of, may)) == (ids.moment_of(second.pk), 14 * USD)
    with pytest.raises(ValidationError, match="2026-05"):
        post(request=ids.request_id(first.pk), month="2026-04", once="c")
    assert agrees()


def test_a_team_and_a_provider_are_credited_in_a_month():
    team, provider = rows.team(), rows.provider()
    of = budget(scope="team", scope_id=team.pk)
    at_lab = budget(scope="provider", scope_id=provider.pk)

    made = post(team=team.slug, provider=provider.slug, month="2026-05", amount="-3")

    last = datetime(2026, 5, 31, 23, 59, 59, 999000, tzinfo=UTC)
    assert ids.moment_of(made.usage_id) == last
    assert spent(of, last) == spent(at_lab, last) == -3 * USD
    assert spend(last - timedelta(days=1), NOW, team_id=team.pk, provider_id=provider.pk) == -3 * USD
    assert agrees()


def test_a_repeat_counts_once_and_a_key_is_of_one_adjustment():
    of, record = budget(), called(NOW, 5 * USD)
    asked = {"request": ids.request_id(record.pk), "once": "same"}

    first, is_new = adjustment.post(actor=ADMIN, amount="-1", reason="typo", **asked)
    again, is_newer = adjustment.post(actor=ADMIN, amount="-1.0", reason="typo", **asked)

    assert (again.pk, is_new, is_newer) == (first.pk, True, False)
    assert (spent(of), Adjustment.objects.count()) == (4 * USD, 1)
    assert AuditEvent.objects.filter(action="adjustment.posted").count() == 1
    with pytest.raises(ValidationError, match="take a new key"):
        adjustment.post(actor=ADMIN, amount="-2", reason="typo", **asked)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"amount": "0"}, "0 corrects nothing"), ({"amount": "1e9"}, "no amount"),
        ({"amount": "1000001"}, "out of range"), ({"amount": "--1"}, "no amount"),
        ({"reason": " "}, "say what for"), ({"once": ""}, "a key of"),
        ({"team": ""}, "say what is wrong"), ({"team": "nobody"}, "no team 'nobody'"),
        ({"request": "req_1"}, "no request"), ({"request": "req_0000000000000001"}, "no request"),
        ({"month": "2026-13"}, "no month"), ({"month": "2026-07"}, "has not begun"),
        ({"request": "req_0000000000000001", "team": "support"}, "leave those empty"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_writes_nothing(values, said):
    rows.team()
    asked = {"team": "support"} | values
    if "request" in values and len(values) == 1:
        asked.pop("team")

    with pytest.raises(ValidationError, match=said):
        post(**asked)

    assert not UsageRecord.objects.exists()
    assert not AuditEvent.objects.exists()


def test_only_an_admin_may_and_not_where_calls_are_gone():
    rows.team()
    with pytest.raises(NotAllowed):
        adjustment.post(
            actor=Actor(kind="user", label="m", role="member", id=2), amount="1", reason="x", once="x",
            team="support",
        )  # fmt: skip
    Retention.objects.create(whole_from=int(datetime(2026, 6, 1, tzinfo=UTC).timestamp()))
    with pytest.raises(ValidationError, match="kept since 2026-06-01"):
        post(team="support", month="2026-05")
    assert not Adjustment.objects.exists()
    assert not AuditEvent.objects.exists()


def test_an_adjustment_and_a_refusal_are_corrected_by_nobody():
    record = called(NOW, 5 * USD)
    made = post(request=ids.request_id(record.pk))
    refused = rows.usage(NOW, status="refused", refusals=3, cost_nano=0)

    for wrong in (made.usage_id, refused.pk):
        with pytest.raises(ValidationError, match="correct the request that was charged"):
            post(request=ids.request_id(wrong), once="k2")


def test_a_threshold_is_crossed_by_a_correction_and_taken_back_by_one():
    of, record = budget(cap=10 * USD), called(NOW, 3 * USD)
    asked = {"request": ids.request_id(record.pk)}

    post(**asked, amount="5.5", once="up")
    assert sorted(Crossing.objects.values_list("threshold", flat=True)) == [50, 80]
    post(**asked, amount="-2", once="down")
    assert list(Crossing.objects.values_list("threshold", flat=True)) == [50]
    assert (spent(of), agrees()) == (6_500_000_000, True)


def test_a_closed_period_tells_nobody():
    budget(cap=1 * USD)
    record = called(datetime(2026, 5, 20, tzinfo=UTC), USD // 10)

    post(request=ids.request_id(record.pk), month="2026-05", amount="9")
    budget_alerts.look(NOW)

    assert not Crossing.objects.exists()


def test_a_budget_of_tokens_or_of_later_is_not_charged():
    tokens, later = budget(unit="tokens"), budget(per="week")
    Budget.objects.filter(pk=later.pk).update(created_at=NOW - timedelta(hours=1))
    record = rows.usage(NOW - timedelta(hours=2), cost_nano=5)

    post(request=ids.request_id(record.pk))

    assert not Counter.objects.filter(budget_id__in=[tokens.pk, later.pk]).exists()
    assert agrees()


def test_reconciliation_finds_an_adjustment_that_was_not_booked():
    """The control: without the counter's part, or with a nano-USD too much, it does not agree."""
    of, record = budget(), called(NOW - timedelta(days=1), 5 * USD)
    made = post(request=ids.request_id(record.pk))
    assert agrees()

    Counter.objects.filter(budget_id=of.pk).update(spent=5 * USD)
    assert not agrees()
    Counter.objects.filter(budget_id=of.pk).update(spent=3_750_000_001)
    assert not agrees()
    Counter.objects.filter(budget_id=of.pk).update(spent=3_750_000_000)
    Adjustment.objects.filter(pk=made.pk).update(amount_nano=-1)
    assert not agrees()


# --- a span of calls priced anew -----------------------------------------------------------------


@pytest.fixture
def offer():
    made = Offer.objects.create(entry=rows.entry(), provider=rows.provider(), upstream_id="small")
    price(made, NOW - timedelta(days=60), input="10")
    return made


def price(of: Offer, since: datetime, **amounts) -> None:
    values = {"input": "1", "output": "2"} | amounts
    Price.objects.create(
        offer=of, effective_from=since, **{name: Decimal(value) for name, value in values.items()}
    )


def call(of: Offer, at: datetime, *, tokens: int = 1000, cost: int | None, **values) -> UsageRecord:
    about = {"entry_id": of.entry_id, "provider_id": of.provider_id, "offer_id": of.pk}
    record = called(at, cost or 0, **about, input_tokens=tokens)
    record.cost_nano = cost
    record.save()
    values = {"cost_source": "computed"} | values
    rows.attempt(record, 1, id=record.pk, cost_nano=cost, input_tokens=tokens, **about, **values)
    return record


def span_of(of: Offer) -> reprice.Span:
    return reprice.Span(of, NOW - timedelta(days=40), NOW + timedelta(hours=1))


def test_calls_at_a_wrong_price_are_shown_then_put_right_once(offer):
    whole, at_lab = budget(), budget(scope="provider", scope_id=offer.provider_id)
    charged = [call(offer, NOW - timedelta(days=days), cost=10**7) for days in (1, 2, 25)]
    call(offer, NOW - timedelta(days=2), cost=10**7, cost_source="reported")
    call(offer, NOW - timedelta(days=3), cost=10**6)  # right already
    price(offer, NOW - timedelta(minutes=1))

    shown = reprice.preview(span_of(offer))

    assert (shown.calls, shown.total.calls, shown.reported, shown.unclear) == (5, 3, 1, 0)
    assert (shown.total.charged_nano, shown.total.difference_nano) == (3 * 10**7, -27 * 10**6)
    assert not Adjustment.objects.exists()
    posted = reprice.post(span_of(offer), actor=ADMIN, reason="list was tenfold", once="r1")
    assert posted.days == shown.days
    june, may = (datetime(2026, month, 15, tzinfo=UTC) for month in (6, 5))
    assert spent(whole, june) == 4 * 10**7 - 10**7 + 10**6 - 27 * 10**6
    assert spent(whole, may) == 10**7  # a closed month stays
    assert spent(at_lab, june) == -27 * 10**6
    made = Adjustment.objects.get(corrects_id=charged[0].pk)
    assert (made.amount_nano, made.reason, made.made_by) == (-9 * 10**6, "list was tenfold", ADMIN.label)
    assert reprice.post(span_of(offer), actor=ADMIN, reason="again", once="r1").total.calls == 0
    assert reprice.post(span_of(offer), actor=ADMIN, reason="again", once="r2").total.calls == 0
    assert (Adjustment.objects.count(), agrees()) == (3, True)


def test_a_closed_month_is_repriced_where_that_is_said(offer):
    of = budget()
    call(offer, datetime(2026, 5, 20, tzinfo=UTC), cost=10**7)
    price(offer, NOW - timedelta(minutes=1))

    reprice.post(span_of(offer), actor=ADMIN, reason="x", once="r", in_their_months=True)

    assert spent(of, datetime(2026, 5, 20, tzinfo=UTC)) == 10**6
    assert agrees()


def test_a_call_of_unknown_cost_gets_one_and_one_of_several_attempts_is_left(offer):
    unknown = call(offer, NOW - timedelta(days=1), cost=None, cost_source="unpriced")
    both = call(offer, NOW - timedelta(days=1), cost=None, cost_source="unpriced")
    UsageRecord.objects.filter(pk=both.pk).update(attempts=2)
    failed = call(offer, NOW - timedelta(days=1), cost=0, tokens=0, status="error")

    found = reprice.post(span_of(offer), actor=ADMIN, reason="no price then", once="r")

    assert (found.unclear, [row.corrects_id for row in Adjustment.objects.all()]) == (1, [unknown.pk])
    assert Adjustment.objects.get().amount_nano == 10**7
    assert failed.pk


def test_repricing_goes_on_from_an_earlier_one_and_leaves_what_people_posted(offer):
    record = call(offer, NOW - timedelta(days=1), cost=10**7)
    post(request=ids.request_id(record.pk), amount="-0.001")
    price(offer, NOW - timedelta(minutes=2))
    reprice.post(span_of(offer), actor=ADMIN, reason="x", once="r1")
    price(offer, NOW - timedelta(minutes=1), input="3")

    same = reprice.post(span_of(offer), actor=ADMIN, reason="y", once="r1")
    again = reprice.post(span_of(offer), actor=ADMIN, reason="y", once="r2")

    assert same.total.calls == 0  # its key was used for this call
    assert again.total.difference_nano == 2 * 10**6
    amounts = [row.amount_nano for row in Adjustment.objects.order_by("made_at", "once")]
    assert sorted(amounts) == sorted([-(10**6), -9 * 10**6, 2 * 10**6])


def test_no_price_too_many_calls_and_no_right_are_refused(offer):
    call(offer, NOW - timedelta(days=1), cost=5)
    call(offer, NOW - timedelta(days=1), cost=5)
    with pytest.raises(NotAllowed):
        reprice.post(span_of(offer), actor=Actor(kind="user", label="m", role="viewer", id=2), reason="x",
                     once="r")  # fmt: skip
    with pytest.raises(ValidationError, match="fewer days"):
        reprice.preview(replace(span_of(offer), most=1))
    Price.objects.all().delete()
    with pytest.raises(ValidationError, match="no price"):
        reprice.preview(span_of(offer))


# --- exports ------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["requests", "attempts"])
def test_exports_hold_adjustments_and_sum_to_the_ledger(offer, of):
    team = rows.team()
    record = call(offer, datetime(2026, 5, 20, tzinfo=UTC), cost=10**7)
    post(request=ids.request_id(record.pk), once="a")
    post(team=team.slug, once="b", amount="-2")
    post(team=team.slug, once="c", amount="0.5")

    def read(columns: str) -> list[dict]:
        wanted = Wanted(of, columns, "jsonl", NOW - timedelta(days=60), NOW + timedelta(days=1))
        return [json.loads(line) for piece in pieces(wanted) for line in piece.text.splitlines()]

    native, focus = read("native"), read("focus")

    assert sum(Decimal(row["cost_usd"]) for row in native) == Decimal("-2.74")
    assert sum(Decimal(row["BilledCost"]) for row in focus) == Decimal("-2.74")
    (call_, *adjusted) = native
    assert call_["adjusts"] is None
    assert {row["adjusts"] for row in adjusted} == {ids.request_id(record.pk), None}
    assert {(row["status"], row["reason"]) for row in adjusted} == {("adjusted", "typo")}
    kinds = sorted((row["ChargeCategory"], row["ChargeClass"] or "", row["BilledCost"]) for row in focus[1:])
    assert kinds == [
        ("Adjustment", "", "0.5"), ("Adjustment", "Correction", "-1.25"), ("Credit", "", "-2"),
    ]  # fmt: skip
    for row in focus[1:]:
        assert (row["ChargeFrequency"], row["ConsumedQuantity"], row["SkuId"]) == ("One-Time", None, None)
        assert row["ChargeDescription"] == "typo"
