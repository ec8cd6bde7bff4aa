"""What to tell of names that people call, models and routes: of one whose offers can none be called."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse

from billing import rollup_read
from billing.rollup_read import Span
from catalog.alert_rules import FORGOTTEN, STEADY
from catalog.availability import EntryNow, OfferNow, entries_now, offers_with_providers
from catalog.breakers import failing, lately_closed
from catalog.models import Alias, CatalogEntry
from llmhub.alerts import alert
from llmhub.alerts.finding import NO_OFFER, Finding
from llmhub.alerts.models import Alert
from llmhub.lib import clock
from llmhub.people.models import Organisation
from routing.models import Route, RouteTarget
from routing.route_rows import calls_of

CALLED = timedelta(hours=24)  # of a name that nobody has called for so long nothing is told
_MOST = 50  # names that are told of on their own


@dataclass(frozen=True)
class Served:
    """A name that people call, and of each of its offers why it cannot be called; "" where it can."""

    subject: str  # `model:acme/small`
    name: str
    path: str  # of its page
    offers: Mapping[str, str]  # the provider's short name, of a route with the model before it: why not
    else_: str = "offer it at another provider"  # what to do where none of them can be mended


@dataclass(frozen=True)
class _Breakers:
    """Which offers fail, or were well too short a time to say that it is over."""

    ill: Collection[int]
    not_yet: Collection[int]
    told: Collection[str]  # subjects: calls of them are refused since, so nothing counts as called

    def of(self, subject: str) -> Collection[int]:
        """Return the offers that count as failing: of what is told of, until they are well for a while."""
        return self.not_yet if subject in self.told else self.ill

    def told_of(self, kind: str) -> set[str]:
        """Return the names of this kind that are told of."""
        subjects = (subject.partition(":") for subject in self.told)
        return {name for of, _, name in subjects if of == kind}


def look(now: datetime | None = None) -> None:
    """Bring the alerts in line with what can be called. Safe to run twice."""
    now = now or clock.now()
    stopped = Organisation.objects.exclude(paused_reason="").exists()  # then nothing is to be called
    alert.settle(NO_OFFER, [] if stopped else findings([*routes(now), *models(now)]), now=now)


def findings(served: Iterable[Served]) -> Iterator[Finding]:
    """Yield a finding for each name none of whose offers can be called."""
    without = [each for each in served if each.offers and all(each.offers.values())]
    for each in without[:_MOST]:
        reasons = "; ".join(f"{where} {why}" for where, why in each.offers.items())
        yield Finding(
            NO_OFFER,
            each.subject,
            f"Nobody answers calls of {each.name}",
            f"{reasons}. Calls are refused until one can be called again: mend one of these, "
            f"or {each.else_}.",
            severity="critical",
            path=each.path,
            facts={"name": each.name, "offers": dict(each.offers)},
        )


def models(now: datetime) -> list[Served]:
    """Return the models that were called lately, are told of, or have an offer that fails.

    What is told of is over only when an offer has been well for a while: one that flaps is told of once.
    A model that only routes send calls to is none: a route that nobody answers is told of itself.
    """
    breakers = _breakers(now)
    wanted = Q(pk__in=_called(now) | {row.offer.entry_id for row in failing(now)})
    wanted |= Q(slug__in=breakers.told_of("model"))
    rows = CatalogEntry.objects.listed().filter(wanted).prefetch_related(offers_with_providers())
    served = [_served(row, breakers) for row in entries_now(list(rows.order_by("slug")), now)]
    new = [each.name for each in served if each.subject not in breakers.told and all(each.offers.values())]
    routed = _only_by_routes(new, now)
    return [each for each in served if each.name not in routed]


def routes(now: datetime) -> list[Served]:
    """Return the routes that were called lately or are told of, with the offers of all that they list."""
    names = list(Route.objects.values_list("pk", flat=True))
    calls, breakers = calls_of(names, now=now, teams=None, lately=CALLED), _breakers(now)
    told = breakers.told_of("route")
    rows = Route.objects.filter(pk__in=[name for name in names if calls[name].requests or name in told])
    rows = rows.with_targets()
    ids = {target.entry_id for route in rows for target in route.targets.all()}
    entries = CatalogEntry.objects.filter(pk__in=ids).prefetch_related(offers_with_providers())
    known = {row.entry.pk: row for row in entries_now(list(entries), now)}
    return [_routed(route, known, breakers) for route in rows]


def _breakers(now: datetime) -> _Breakers:
    ill = {row.offer.pk for row in failing(now) if row.last.at > now - FORGOTTEN}
    doubtful = {row.offer.pk for row in lately_closed(now - STEADY, now)}
    told = Alert.objects.open().filter(rule=NO_OFFER).values_list("subject", flat=True)
    return _Breakers(ill, doubtful | ill, set(told))


def _served(row: EntryNow, breakers: _Breakers) -> Served:
    subject, offers = f"model:{row.entry.slug}", dict[str, str]()
    for each in row.offers:
        why, provider = _why_not(each, breakers.of(subject)), each.offer.provider.slug
        offers[provider] = offers.get(provider, why) and why
    return Served(subject, row.entry.slug, f"/models/{row.entry.slug}/", offers)


def _routed(route: Route, known: Mapping[int, EntryNow], breakers: _Breakers) -> Served:
    """Return a route with its targets; those that only a full budget leads to are none of them."""
    subject, offers = f"route:{route.pk}", dict[str, str]()
    for target in route.targets.all():
        if target.is_for_want:
            continue
        for where, why in _of_target(target, known[target.entry_id], breakers.of(subject)):
            offers[where] = offers.get(where, why) and why
    path = reverse("routing:route_detail", args=[route.pk])
    return Served(subject, route.pk, path, offers, "add a model that can be called to the route")


def _of_target(target: RouteTarget, now: EntryNow, ill: Collection[int]) -> Iterator[tuple[str, str]]:
    """Yield the offers of a target, and why each cannot be called; of a retired model only that it is."""
    offers = [each for each in now.offers if target.provider_id in (None, each.offer.provider_id)]
    gone = now.why_not and (not now.offers or not all(each.why_not for each in now.offers))
    if now.why_not and gone:
        yield now.entry.slug, f"is {now.why_not.label.lower()}" if now.offers else "has no provider"
    elif not offers:
        yield now.entry.slug, "is not offered there any more"
    else:
        for each in offers:
            yield f"{now.entry.slug} at {each.offer.provider.slug}", _why_not(each, ill)


def _why_not(row: OfferNow, ill: Collection[int]) -> str:
    if row.why_not:
        return row.why_not.label.lower()
    return "fails" if row.offer.pk in ill else ""


def _only_by_routes(slugs: Collection[str], now: datetime) -> set[str]:
    """Return the models that routes list and nobody called by a name of their own lately."""
    listed = RouteTarget.objects.filter(entry__slug__in=slugs).values_list("entry__slug", flat=True)
    names = {slug: slug for slug in listed}
    aliases = Alias.objects.filter(entry__slug__in=list(names))
    names |= dict(aliases.values_list("name_id", "entry__slug"))
    calls = calls_of(list(names), now=now, teams=None, lately=CALLED)
    return set(names.values()) - {slug for name, slug in names.items() if calls[name].requests}


def _called(now: datetime) -> set[int]:
    span = Span(now - CALLED, now + CALLED)  # another machine's clock may be ahead
    floor = rollup_read.floor_of(span)
    rows = rollup_read.sums([span], by=("entry_id",), measures=("requests",), floor=floor)
    return {row.of[0] for row in rows if row.values["requests"]}
