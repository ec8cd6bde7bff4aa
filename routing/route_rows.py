"""Routes as pages show them: what each target costs, whether it can be called, and what was spent lately."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.rollup_read import Span
from billing.spend import Figures
from billing.spend_read import COLUMNS, Column, Reading, parts
from catalog.availability import EntryNow, OfferNow, entries_now, offers_with_providers
from catalog.models import CatalogEntry
from routing.models import Route, RouteTarget
from routing.policy_words import BY_SUFFIX, SAYS

DAYS = 7
_LATELY = timedelta(days=DAYS)
_MEASURES = ("requests", "spend_nano", "errors", "unpriced")


@dataclass(frozen=True)
class TargetRow:
    """A target with its offers now."""

    target: RouteTarget
    offers: tuple[OfferNow, ...]
    why_not: str  # "": it can be called

    @property
    def offer(self) -> OfferNow | None:
        """The offer that is tried first of those that can be called, else the first there is."""
        return next((each for each in self.offers if not each.why_not), next(iter(self.offers), None))


@dataclass(frozen=True)
class RouteRow:
    """A route in a list."""

    route: Route
    targets: tuple[TargetRow, ...]
    over_budget: tuple[TargetRow, ...]
    calls: Figures

    @property
    def policy(self) -> str:
        """How its targets are ranked, in words."""
        return SAYS[self.route.policy]  # type: ignore[index]

    @property
    def state(self) -> tuple[str, str]:
        """How it stands: a kind of status, and its words."""
        ill = sum(1 for each in self.targets if each.why_not)
        if not ill:
            return "good", "can be called"
        if ill == len(self.targets):
            return "bad", "cannot be called"
        return "warn", f"{ill} of {len(self.targets)} targets cannot be called"


def route_rows(routes: Sequence[Route], *, now: datetime, teams: frozenset[int] | None) -> list[RouteRow]:
    """Return routes, read with their targets, as they stand; calls are those of `teams`, None: of all."""
    ids = {row.entry_id for route in routes for row in route.targets.all()}
    entries = CatalogEntry.objects.filter(pk__in=ids).prefetch_related(offers_with_providers())
    known = {each.entry.pk: each for each in entries_now(list(entries), now)}
    calls = calls_of([route.pk for route in routes], now=now, teams=teams)
    return [
        RouteRow(
            route,
            tuple(_target(row, known[row.entry_id]) for row in _of(route, is_for_want=False)),
            tuple(_target(row, known[row.entry_id]) for row in _of(route, is_for_want=True)),
            calls[route.pk],
        )
        for route in routes
    ]


def calls_of(
    names: Sequence[str], *, now: datetime, teams: frozenset[int] | None, lately: timedelta = _LATELY
) -> dict[str, Figures]:
    """Return the calls that asked for each name in the last days, also with `:floor` and `:nitro`."""
    found: dict[str, Figures] = defaultdict(Figures)
    if not names:
        return found
    asked = {f"{name}{end}": name for name in names for end in ("", *(f":{suffix}" for suffix in BY_SUFFIX))}
    only: dict[Column, list[int | str]] = {COLUMNS["requested"]: list(asked)}
    if teams is not None:
        only[COLUMNS["team_id"]] = [*teams]
    span = Span(now - lately, now + timedelta(days=1))  # another machine's clock may be ahead
    reading = Reading(COLUMNS["requested"], _MEASURES, "requests", only, top=len(asked))
    for part in parts([span], None, reading).parts:
        if part.value is not None:
            found[asked[str(part.value)]] += Figures(**dict(zip(_MEASURES, part.sums, strict=True)))
    return found


def _of(route: Route, *, is_for_want: bool) -> Iterable[RouteTarget]:
    return (row for row in route.targets.all() if row.is_for_want == is_for_want)


def _target(row: RouteTarget, now: EntryNow) -> TargetRow:
    offers = tuple(each for each in now.offers if row.provider_id in (None, each.offer.provider_id))
    if now.why_not and (not now.offers or now.entry.withdrawn_at):
        return TargetRow(row, offers, now.why_not.detail)
    if row.provider and not offers:
        return TargetRow(row, (), f"{row.provider.name} does not offer it any more.")
    blocked = [each.why_not for each in offers if each.why_not]
    if len(blocked) == len(offers):
        return TargetRow(row, offers, blocked[0].detail if blocked else "No provider offers it.")
    return TargetRow(row, offers, now.why_not.detail if now.why_not else "")
