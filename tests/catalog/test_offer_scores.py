"""Scores and degradation from what gateways wrote: kept for pages, told by alerts."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from catalog import offer_scores
from catalog.models import CatalogEntry, Offer
from llmhub.alerts.models import Alert
from providers import alert_rules, statistics_retention, statistics_rows
from providers.degradation_watch import Baselines, minute_of
from providers.evidence_models import Degradation, KeptScore, MinuteStatistic
from providers.live_statistics import LiveStatistics
from providers.models import Provider
from providers.statistics_rows import Kept, row_of
from providers.tally import Outcome, Tally, merged

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, 0, 30, tzinfo=UTC)


def counted(*, ok=0, ill=0, latency=800, speed=50.0) -> Tally:
    dice, tally = random.Random(ok + ill), Tally()
    for _ in range(ok):
        took = int(latency * dice.lognormvariate(0, 0.3))
        tally.add(Outcome("ok", latency_ms=took, tokens_per_second=speed))
    for _ in range(ill):
        tally.add(Outcome("error"))
    return tally


def put(offer, ago: int, tally: Tally, process="a") -> None:
    """Write what was counted in a minute so long ago."""
    statistics_rows.write([row_of(Kept(offer.pk, minute_of(NOW) - ago, process, tally))])


@pytest.fixture
def offers():
    """One model at two providers."""
    entry = CatalogEntry.objects.create(slug="acme/small", name="Small", source="curated")
    found = []
    for slug in ("fast", "slow"):
        provider = Provider.objects.create(slug=slug, name=slug.title(), kind="custom", dialect="chat")
        found.append(Offer.objects.create(entry=entry, provider=provider, upstream_id="s"))
    return found


def look(minutes=0):
    at = NOW + timedelta(minutes=minutes)
    offer_scores.look(at, baselines=Baselines())
    alert_rules.look(at)


def test_scores_are_kept_with_their_terms_and_what_they_are_made_of(offers):
    fast, slow = offers
    put(fast, 1, counted(ok=100, latency=400))
    put(slow, 1, counted(ok=100, latency=800), process="b")
    put(slow, 1, counted(ill=1))
    put(slow, 130, counted(ok=7))
    look()

    kept = {(row.provider.slug, row.target_id): row for row in KeptScore.objects.all()}
    assert len(kept) == 4
    own, whole = kept["slow", slow.pk], kept["slow", 0]
    assert (own.calls, own.ill, own.peers, own.label) == (101, 1, 1, "acme/small")
    assert own.score == whole.score
    assert own.score.latency == pytest.approx(Decimal("12.5"), abs=1)
    assert own.value == own.score.reliability + own.score.latency + own.score.throughput
    assert kept["fast", fast.pk].score.latency == 25
    assert own.last_call_at == datetime(2026, 6, 1, 11, 59, tzinfo=UTC)


def test_without_calls_for_hours_nothing_is_kept(offers):
    put(offers[0], 1, counted(ok=100))
    look()
    assert KeptScore.objects.exists()
    look(minutes=200)
    assert not KeptScore.objects.exists()


def usual(offer):
    """A day of calls of which one in a hundred fails."""
    rows = [
        row_of(Kept(offer.pk, minute_of(NOW) - ago, "folded", counted(ok=297, ill=3), 15))
        for ago in range(120, 24 * 60, 15)
    ]
    statistics_rows.write(rows, pause=0)


def test_an_offer_that_degrades_is_told_with_its_numbers_and_that_it_is_over(offers):
    offer = offers[0]
    usual(offer)
    for ago in range(4):
        put(offer, ago, counted(ok=48, ill=12))
    look()
    look()

    row = Degradation.objects.get()
    assert (row.measure, row.ended_at, row.label) == ("errors", None, "acme/small")
    assert row.began_with.startswith("48 of 240 calls failed in the last 4 minutes (20.0 %); usually 2.0 %")
    alert = Alert.objects.get(rule="degraded")
    assert (alert.state, alert.title) == ("firing", "acme/small at Fast has degraded")
    assert "48 of 240 calls failed" in alert.text
    assert alert.path == "/providers/fast/#evidence"
    statistics = LiveStatistics()
    statistics.read(10)
    statistics.record(offer.pk, Outcome("ok"))
    assert statistics.live(0)[offer.pk].is_degraded

    for ago in range(1, 16):
        put(offer, -ago, counted(ok=60))
    look(minutes=15)

    row.refresh_from_db()
    alert.refresh_from_db()
    assert row.ended_with.startswith("0 of 600 calls failed in the last 10 minutes")
    assert alert.state == "resolved"
    assert "0 of 600 calls failed" in alert.text


def test_an_offer_is_told_of_once_however_many_measures_and_not_while_its_provider_is_paused(offers):
    offer = offers[0]
    made = {
        measure: Degradation.objects.create(
            provider=offer.provider,
            target_id=offer.pk,
            label="acme/small",
            measure=measure,
            began_at=NOW + timedelta(minutes=number),
            began_with="numbers",
        )
        for number, measure in enumerate(["errors", "latency"])
    }
    alert_rules.look(NOW)
    made["errors"].ended_at, made["errors"].ended_with = NOW, "few failed"
    made["errors"].save()
    alert_rules.look(NOW)
    [alert] = Alert.objects.all()
    assert alert.state == "firing"
    assert "More calls fail: numbers. Calls take longer: numbers." in alert.text

    Provider.objects.filter(pk=offer.provider_id).update(paused_reason="moving")
    alert_rules.look(NOW)
    alert.refresh_from_db()
    assert (alert.state, alert.text) == ("resolved", "It is no longer so.")

    Provider.objects.filter(pk=offer.provider_id).update(paused_reason="")
    alert_rules.look(NOW)
    alert.refresh_from_db()
    assert alert.state == "firing"


def test_an_offer_that_is_as_usual_is_no_alert(offers):
    usual(offers[0])
    for ago in range(60):
        put(offers[0], ago, counted(ok=59, ill=1))
    look()

    assert not Degradation.objects.exists()
    assert not Alert.objects.exists()


def test_what_seems_to_decline_is_marked_until_it_is_clear(offers):
    usual(offers[0])
    put(offers[0], 1, counted(ok=2, ill=2))
    look()
    marked = KeptScore.objects.filter(is_suspected=True).values_list("target_id", flat=True)
    assert list(marked) == [offers[0].pk]

    put(offers[0], 0, counted(ok=50))
    look()
    assert not marked.all().exists()
    assert not Degradation.objects.exists()


def test_what_was_bad_does_not_become_usual(offers):
    offer = offers[0]
    usual(offer)
    for ago in range(200, 800, 15):
        put(offer, ago, counted(ok=50, ill=50))
    at = [NOW - timedelta(minutes=ago) for ago in (800, 190)]
    Degradation.objects.create(
        provider=offer.provider,
        target_id=offer.pk,
        label="x",
        measure="errors",
        began_at=at[0],
        ended_at=at[1],
    )

    with_it = Baselines().of([offer.pk], NOW)[offer.pk]
    Degradation.objects.all().delete()
    without = Baselines().of([offer.pk], NOW)[offer.pk]

    assert with_it.ill / with_it.calls < 0.011 < 0.02 < without.ill / without.calls


def test_an_offer_that_nobody_calls_any_more_is_not_said_to_be_degraded(offers):
    usual(offers[0])
    for ago in range(4):
        put(offers[0], ago, counted(ok=30, ill=30))
    look()
    look(minutes=400)

    assert Degradation.objects.get().ended_with.startswith("no call for hours")
    assert Alert.objects.get().state == "resolved"


def test_minutes_become_quarters_that_count_the_same_and_late_ones_join_them(offers):
    offer, everything = offers[0], []
    for ago in range(170, 260):
        for process in ("a", "b"):
            everything.append(counted(ok=ago % 7, ill=ago % 3))
            put(offer, ago, everything[-1], process)

    statistics_retention.fold(NOW, pause=0)
    late = minute_of(NOW) - 240
    statistics_rows.write([row_of(Kept(offer.pk, late, "late", counted(ok=2)))])
    statistics_retention.fold(NOW, pause=0)
    assert statistics_retention.fold(NOW, pause=0) == 0

    rows = MinuteStatistic.objects.filter(target_id=offer.pk)
    assert {row.minutes for row in rows.filter(minute__lt=minute_of(NOW) - 195)} == {15}
    found = merged([kept.tally for kept in statistics_rows.since(0)])
    everything.append(counted(ok=2))
    assert found.counts == {name: n for name, n in merged(everything).counts.items() if n}
    assert found.latency.counts == merged(everything).latency.counts


def test_what_is_older_than_35_days_is_deleted(offers):
    put(offers[0], 35 * 24 * 60 + 30, counted(ok=1))
    put(offers[0], 34 * 24 * 60, counted(ok=1))

    statistics_retention.fold(NOW, pause=0)

    assert MinuteStatistic.objects.count() == 1
