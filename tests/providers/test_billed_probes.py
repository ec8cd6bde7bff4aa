"""Billed probes: off until switched on, never over their ceiling, in the ledger as health, and evidence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.db import connection

from billing.budget import create_budget
from billing.models import Attempt, Counter, Reservation, UsageRecord
from billing.sweep import sweep
from catalog.models import Offer
from catalog.new_model import add_model
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.cli.main import run
from llmhub.lib import clock, money
from llmhub.people import organisation
from providers import statistics_rows
from providers.evidence_models import KeptScore, MinuteStatistic
from providers.models import Provider
from providers.probe_ceiling import set_ceiling
from providers.provider import create_provider
from providers.rates import Rates
from routing import probe
from routing.probe_read import spent_today
from tests.billing import rows
from tests.catalog.test_breakers import happened

pytestmark = pytest.mark.django_db
PRICES = Rates(input=Decimal(1), output=Decimal(2))


@pytest.fixture
def lab(simulator):
    """A provider with two models that nobody calls."""
    simulator.clear()
    made = create_provider(
        actor=COMMAND_LINE, slug="lab", name="Lab", kind="custom", needs_credential=False,
        base_url=simulator.path("tokens/5", tag="probes"),
    )  # fmt: skip
    for slug in ("one", "two"):
        add_model(
            actor=COMMAND_LINE, provider=made, upstream_id=slug, slug=f"acme/{slug}", rates=PRICES,
            capabilities=["stream"], context_tokens=8000,
        )  # fmt: skip
    return made


@pytest.fixture
def sent(simulator):
    return lambda: len(simulator.hits("probes"))


def switch_on(lab, ceiling="1") -> Provider:
    set_ceiling(actor=COMMAND_LINE, provider=lab, ceiling=ceiling)
    return Provider.objects.get(pk=lab.pk)


def bound(lab) -> int:
    """The most that one probe may cost, in nano-USD."""
    return next(probe._wanted(lab, clock.now())).nano


def test_nothing_is_sent_until_somebody_switches_them_on_and_nothing_once_they_are_off(lab, sent):
    assert probe.probe_due() == 0

    switch_on(lab)
    assert probe.probe_due() == 1
    switch_on(lab, "off")
    assert probe.probe_due() == 0
    assert sent() == 1
    told = AuditEvent.objects.filter(action="provider.probes").order_by("id")
    assert [event.after for event in told] == [{"ceiling": "1"}, {"ceiling": "off"}]


def test_a_probe_is_a_record_of_health_without_a_key_and_evidence_for_its_offer(lab):
    budget = create_budget(actor=COMMAND_LINE, scope="provider", name="lab", per="total", cap="1")
    switch_on(lab)

    assert [probe.probe_due() for _ in range(3)] == [1, 1, 0]  # each offer once: then it had a call

    for record in UsageRecord.objects.all():
        assert (record.cost_centre, record.status, record.key_id) == ("health", "ok", None)
        assert (record.attempts, record.output_tokens) == (1, 5)
    total = sum(record.cost_nano for record in UsageRecord.objects.all())
    assert spent_today(lab, clock.now()).nano == total > 0
    counter = Counter.objects.get(budget_id=budget.pk)
    assert (counter.spent, counter.held) == (total, 0)
    assert {row.target_id: row.ok for row in MinuteStatistic.objects.all()} == {
        offer.pk: 1 for offer in Offer.objects.all()
    }


def test_an_offer_with_a_call_in_the_last_ten_minutes_is_left_alone(lab, sent):
    switch_on(lab)
    now = clock.now()
    for offer, minutes in zip(Offer.objects.order_by("id"), (9, 11), strict=True):
        kept = statistics_rows.Kept(
            offer.pk, probe.minute_of(now - timedelta(minutes=minutes)), "gateway", probe.Tally()
        )
        statistics_rows.write([statistics_rows.row_of(kept)])

    assert [probe.probe_due() for _ in range(2)] == [1, 0]
    assert UsageRecord.objects.get().requested == "acme/two"
    assert sent() == 1


def test_one_that_seems_to_decline_is_probed_though_it_is_called_within_the_ceiling(lab, sent):
    one = Offer.objects.get(upstream_id="one")
    score = KeptScore.objects.create(
        provider=lab, target_id=one.pk, at=clock.now(), weight=1, calls=1, ill=0, attempts=1,
        last_call_at=clock.now(), sure=0.5, is_suspected=True,
    )  # fmt: skip
    kept = statistics_rows.Kept(one.pk, probe.minute_of(clock.now()), "gateway", probe.Tally())
    statistics_rows.write([statistics_rows.row_of(kept)])
    assert probe.probe_suspected() == 0  # nobody has switched them on

    switch_on(lab)
    assert [probe.probe_suspected() for _ in range(2)] == [1, 1]
    assert sent() == 2
    switch_on(lab, money.text(spent_today(lab, clock.now()).nano + bound(lab) - 1))
    assert probe.probe_suspected() == 0

    switch_on(lab)
    KeptScore.objects.filter(pk=score.pk).update(is_suspected=False)
    assert probe.probe_suspected() == 0
    assert sent() == 2


def test_what_was_spent_today_and_the_bound_of_the_next_never_go_over_the_ceiling(lab, sent):
    most = bound(lab)
    spent = money.to_nano(Decimal("0.1"))
    rows.usage(clock.now(), provider_id=lab.pk, cost_centre="health", cost_nano=spent)
    rows.usage(clock.now(), provider_id=lab.pk, cost_nano=10**12)  # a caller's: it does not count
    rows.usage(clock.now() - timedelta(hours=25), provider_id=lab.pk, cost_centre="health", cost_nano=10**12)

    lab = switch_on(lab, money.text(spent + most - 1))
    assert probe.probe_due() == 0
    switch_on(lab, money.text(spent + most))
    assert probe.probe_due() == 1
    assert sent() == 1


def test_one_whose_worker_died_holds_the_next_back_and_is_counted_by_the_most_it_may_have_cost(lab):
    most, lab = bound(lab), switch_on(lab)
    with patch.object(probe, "_make"):  # it died while it asked
        assert probe.probe_due() == 1
    assert Reservation.objects.count() == 1
    assert probe.probe_due() == 0

    sweep(clock.now() + timedelta(minutes=5))

    record = UsageRecord.objects.get()
    assert (record.cost_centre, record.status, record.cost_nano) == ("health", "interrupted", most)
    assert spent_today(lab, clock.now()).nano == most
    assert probe.probe_due() == 1


@pytest.mark.parametrize("unit", ["usd", "requests", "tokens"])
def test_one_that_is_written_after_it_was_given_up_counts_once(lab, unit):
    budget = create_budget(actor=COMMAND_LINE, scope="organisation", per="total", unit=unit, cap="1000")
    lab, make = switch_on(lab), probe._make

    def late(wanted, held) -> None:
        sweep(clock.now() + timedelta(minutes=5))
        make(wanted, held)

    with patch.object(probe, "_make", late):
        probe.probe_due()

    record, counter = UsageRecord.objects.get(), Counter.objects.get(budget_id=budget.pk)
    used = {"usd": record.cost_nano, "requests": 1, "tokens": record.input_tokens + record.output_tokens}
    assert (record.status, counter.spent, counter.held) == ("ok", used[unit], 0)


def test_a_call_that_may_have_been_answered_is_counted_by_the_most_it_may_have_cost(lab, simulator):
    Provider.objects.update(base_url=simulator.path("reset", tag="probes"))
    most, lab = bound(lab), switch_on(lab)

    assert probe.probe_due() == 1

    assert Attempt.objects.get().cost_nano == most
    assert MinuteStatistic.objects.get().ok == 0


@pytest.mark.parametrize("unit", ["usd", "requests", "tokens"])
def test_none_is_made_where_a_hard_budget_has_no_room(lab, sent, unit):
    switch_on(lab)
    create_budget(actor=COMMAND_LINE, scope="organisation", per="day", unit=unit, cap="0")

    assert probe.probe_due() == 0
    assert (sent(), Reservation.objects.count()) == (0, 0)


def test_none_is_made_while_all_or_the_provider_is_paused_or_the_offer_is_left_alone(lab, sent):
    lab = switch_on(lab)
    organisation.pause(actor=COMMAND_LINE, reason="we move")
    assert probe.probe_due() == 0
    organisation.resume(actor=COMMAND_LINE)
    for field, value in (("paused_reason", "wrong bills"), ("health", "down")):
        Provider.objects.update(**{field: value})
        assert probe.probe_due() == 0
        Provider.objects.update(**{field: ""})
    for offer in Offer.objects.all():
        happened(offer, "open", seconds=60)
    assert probe.probe_due() == 0
    assert sent() == 0


def test_command_api_and_page_switch_them_and_say_what_they_cost_today(lab, api_as, signed_in, capsys):
    rows.usage(clock.now(), provider_id=lab.pk, cost_centre="health", cost_nano=2_000_000)
    assert run(["provider", "probes", "lab"]) == 0
    assert "off" in capsys.readouterr().out
    assert run(["provider", "probes", "lab", "--ceiling", "0.50", "--json"]) == 0
    assert '"ceiling": "0.5"' in capsys.readouterr().out
    assert run(["provider", "probes", "lab", "--ceiling", "0"]) == 1
    assert "write USD a day above 0" in capsys.readouterr().err

    path = "/providers/lab/probes"
    assert api_as("viewer").get(path).json() == {
        "ceiling": "0.5", "spent_today": "0.002", "calls_today": 1
    }  # fmt: skip
    assert api_as("viewer").put(path, ceiling="1").status_code == 403
    assert api_as("admin").put(path, ceiling="NaN").status_code == 422
    assert api_as("admin").put(path, ceiling=None).json()["ceiling"] is None

    page, set_ = "/probes/of-provider/lab/", "/probes/of-provider/lab/set/"
    assert "Switch on" not in signed_in("viewer").get(page).text
    admin = signed_in("admin")
    refused = admin.post(set_, {"ceiling": "-1"})
    assert (refused.status_code, "is no amount" in refused.text) == (422, True)
    assert admin.post(set_, {"ceiling": "0.25"}).status_code == 302
    said = admin.get(page).text
    assert "$0.002" in said
    assert "$0.25" in said
    admin.post(set_, {"off": "1", "ceiling": "0.25"})
    assert Provider.objects.get(pk=lab.pk).probe_ceiling_nano is None


@pytest.mark.django_db(transaction=True)
def test_workers_that_decide_at_once_do_not_go_over_together(lab):
    most, wanted = bound(lab), list(probe._wanted(lab, clock.now()))
    switch_on(lab, money.text(most))

    def one(number: int):
        try:
            return probe.claim(wanted[number % 2])
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        claimed = [held for held in pool.map(one, range(12)) if held is not None]

    assert len(claimed) == 1
    assert Reservation.objects.count() == 1
