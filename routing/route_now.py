"""Try a route that need not be saved, with prices, evidence and a team's calls as they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from llmhub.lib import clock
from routing.evidence_read import live_of
from routing.gateway.mixes import read_mixes
from routing.load import callable_entries
from routing.policy_words import POLICIES, Policy
from routing.route_find import Said
from routing.route_forms import RouteForm, SampleForm
from routing.route_trial import Trial, try_route
from routing.snapshot import EntryValue, RouteValue, TargetValue


def trial_of(said: Mapping[str, Sequence[Said]], form: RouteForm, sample: SampleForm) -> Trial | None:
    """Return where a call would go by the form as it stands, None where nothing can be tried yet."""
    entries = callable_entries()
    targets = _targets(said.get("to", ()), entries)
    if not targets:
        return None
    over_budget = _targets(said.get("over", ()), entries)
    policy = form["policy"].value()
    route = RouteValue(
        name=form["name"].value() or "this route",
        targets=targets,
        policy=cast("Policy", policy) if policy in POLICIES else "priority",
        require=frozenset(form["require"].value() or ()),
        max_cost_multiple=_multiple(form["max_cost_multiple"].value()),
        over_budget=over_budget,
        escalates=bool(form["escalates"].value()),
    )
    now, team_id = clock.now(), sample.team_id() if sample.is_bound else None
    live = live_of([target.entry for target in (*targets, *over_budget)], now=now)
    mixes = read_mixes(team_id) if team_id else {}
    wanted = sample.sample() if sample.is_bound else SampleForm({}, teams=()).sample()
    return try_route(route, wanted, at=now, live=live, mixes=mixes)


def _targets(said: Sequence[Said], entries: Mapping[str, EntryValue]) -> tuple[TargetValue, ...]:
    """Return the targets that are there; what is not is told when the route is saved."""
    return tuple(
        TargetValue(entries[each.model], each.provider, each.weight) for each in said if each.model in entries
    )


def _multiple(typed: Any) -> Decimal | None:
    try:
        number = Decimal(str(typed)) if typed not in (None, "") else None
    except InvalidOperation:
        return None
    return number if number is not None and number >= 1 else None
