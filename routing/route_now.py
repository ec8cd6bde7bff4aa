"""Try a route that need not be saved, with prices, evidence and a team's calls as they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from llmhub.lib import clock
from routing.evidence_read import live_of
from routing.gateway.mixes import read_mixes
from routing.load import callable_entries
from routing.models import Route
from routing.policy_words import Policy
from routing.route import targets_of
from routing.route_find import Said
from routing.route_limits import MAX_COST_MULTIPLE
from routing.route_trial import Sample, Trial, try_route
from routing.snapshot import EntryValue, RouteValue, TargetValue


@dataclass(frozen=True)
class Draft:
    """A route as it would be saved."""

    targets: Sequence[Said]
    over_budget: Sequence[Said] = ()
    name: str = "this route"
    policy: Policy = "priority"
    require: Sequence[str] = ()
    max_cost_multiple: Decimal | None = Decimal(MAX_COST_MULTIPLE)
    escalates: bool = False


def draft_of(route: Route) -> Draft:
    """Return a route that is there as a draft to begin with."""
    targets, over_budget = (
        [Said(each.entry.slug, each.provider.slug if each.provider else "", each.weight) for each in some]
        for some in targets_of(route)
    )
    return Draft(
        targets=targets,
        over_budget=over_budget,
        name=route.pk,
        policy=cast("Policy", route.policy),
        require=route.require,
        max_cost_multiple=route.max_cost_multiple,
        escalates=route.escalates,
    )


def try_now(draft: Draft, sample: Sample, *, team_id: int | None) -> Trial | None:
    """Return where a call would go, like the calls of a team; None where no target can be tried."""
    entries = callable_entries()
    targets, over_budget = _targets(draft.targets, entries), _targets(draft.over_budget, entries)
    if not targets:
        return None
    route = RouteValue(
        name=draft.name,
        targets=targets,
        policy=draft.policy,
        require=frozenset(draft.require),
        max_cost_multiple=draft.max_cost_multiple,
        over_budget=over_budget,
        escalates=draft.escalates,
    )
    now = clock.now()
    live = live_of([target.entry for target in (*targets, *over_budget)], now=now)
    mixes = read_mixes(team_id) if team_id else {}
    return try_route(route, sample, at=now, live=live, mixes=mixes)


def _targets(said: Sequence[Said], entries: Mapping[str, EntryValue]) -> tuple[TargetValue, ...]:
    """Return the targets that are there; what is not is told when the route is saved."""
    return tuple(
        TargetValue(entries[each.model], each.provider, each.weight) for each in said if each.model in entries
    )
