"""What to tell of names that people call: one of whose offers none can be called.

A model is such a name; a route will be another, with the offers that it lists: `findings` takes both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing import rollup_read
from billing.rollup_read import Span
from catalog.alert_rules import FORGOTTEN, STEADY
from catalog.availability import EntryNow, entries_now, offers_with_providers
from catalog.breakers import failing, lately_closed
from catalog.models import CatalogEntry
from llmhub.alerts import alert
from llmhub.alerts.finding import NO_OFFER, Finding
from llmhub.alerts.models import Alert
from llmhub.lib import clock
from llmhub.people.models import Organisation

CALLED = timedelta(hours=24)  # of a model that nobody has called for so long nothing is told
_MOST = 50  # names that are told of on their own


@dataclass(frozen=True)
class Served:
    """A name that people call, and of each of its offers why it cannot be called; "" where it can."""

    subject: str  # `model:acme/small`
    name: str
    path: str  # of its page
    offers: Mapping[str, str]  # the provider's short name: why not


def look(now: datetime | None = None) -> None:
    """Bring the alerts in line with what can be called. Safe to run twice."""
    now = now or clock.now()
    stopped = Organisation.objects.exclude(paused_reason="").exists()  # then nothing is to be called
    alert.settle(NO_OFFER, [] if stopped else findings(models(now)), now=now)


def findings(served: Iterable[Served]) -> Iterator[Finding]:
    """Yield a finding for each name none of whose offers can be called."""
    without = [each for each in served if each.offers and all(each.offers.values())]
    for each in without[:_MOST]:
        reasons = "; ".join(f"{provider} {why}" for provider, why in each.offers.items())
        yield Finding(
            NO_OFFER,
            each.subject,
            f"Nobody answers calls of {each.name}",
            f"{reasons}. Calls are refused until one can be called again: mend one of these, or offer it "
            "at another provider.",
            severity="critical",
            path=each.path,
            facts={"name": each.name, "offers": dict(each.offers)},
        )


def models(now: datetime) -> list[Served]:
    """Return the models that were called lately, or have an offer that fails, by their names.

    What is told of is over only when an offer has been well for a while: one that flaps is told of once.
    """
    failed, doubtful = failing(now), lately_closed(now - STEADY, now)
    wanted = _called(now) | {row.offer.entry_id for row in failed}
    rows = CatalogEntry.objects.listed().filter(pk__in=wanted).prefetch_related(offers_with_providers())
    told = set(Alert.objects.open().filter(rule=NO_OFFER).values_list("subject", flat=True))
    ill = {row.offer.pk for row in failed if row.last.at > now - FORGOTTEN}
    not_yet = {row.offer.pk for row in doubtful} | ill
    return [
        _served(row, not_yet if _subject(row) in told else ill)
        for row in entries_now(list(rows.order_by("slug")), now)
    ]


def _subject(row: EntryNow) -> str:
    return f"model:{row.entry.slug}"


def _served(row: EntryNow, ill: Collection[int]) -> Served:
    offers: dict[str, str] = {}
    for each in row.offers:
        why = each.why_not.label.lower() if each.why_not else "fails" if each.offer.pk in ill else ""
        provider = each.offer.provider.slug
        offers[provider] = offers.get(provider, why) and why
    return Served(_subject(row), row.entry.slug, f"/models/{row.entry.slug}/", offers)


def _called(now: datetime) -> set[int]:
    span = Span(now - CALLED, now + CALLED)  # another machine's clock may be ahead
    floor = rollup_read.floor_of(span)
    rows = rollup_read.sums([span], by=("entry_id",), measures=("requests",), floor=floor)
    return {row.of[0] for row in rows if row.values["requests"]}
