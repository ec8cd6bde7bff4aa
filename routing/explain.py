"""Pure: why a call goes where it goes: its plan with all that the plan is made from, and the way back.

`replayed` makes a plan again from what is kept of it: what is shown is what happened, and no second
opinion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from providers.adapters import adapter_for
from routing.bound import Size
from routing.explain_block import (
    EPOCH,
    MICROSECOND,
    Block,
    Kept,
    Left,
    Passed,
    PassedOver,
    Whose,
    written,
)
from routing.explain_figures import Figures
from routing.gateway.errors import Refusal
from routing.mix import Mix
from routing.plan import Asking, Candidate, Moment, Plan, left_out, plan
from routing.policy_words import BY_EVIDENCE
from routing.reach import EVERYTHING, Reach
from routing.resolve import Destination
from routing.snapshot import OfferValue, Snapshot, TargetValue

MOST = 60  # offers that are kept; of a longer plan the first, without what they were ranked by


@dataclass(slots=True)
class Decision:
    """Where one call may go, with what that was decided from."""

    version: int  # of the configuration
    destination: Destination
    asking: Asking
    moment: Moment
    plan: Plan
    key_id: int = 0
    max_cost_nano: int | None = None
    passed: list[Passed] = field(default_factory=list)
    text: str | None = None  # what is kept, once it was written: for the reservation, and again at the end


def decide(
    version: int,
    destination: Destination,
    asking: Asking,
    moment: Moment,
    *,
    key_id: int = 0,
    max_cost_nano: int | None = None,
) -> Decision:
    """Return where a call may go: nowhere, with the reasons, where it would be refused."""
    try:
        found = plan(destination, asking, moment)
    except Refusal as refusal:
        found = nowhere(destination, asking, moment, refusal)
    return Decision(version, destination, asking, moment, found, key_id, max_cost_nano)


def pass_over(
    decision: Decision | None, candidate: Candidate, reason: PassedOver, *, budget_id: int = 0
) -> None:
    """Note why a candidate is not tried though its turn came, for who asks later."""
    if decision is not None:
        decision.passed.append(Passed(candidate.offer.id, reason, budget_id))
        decision.text = None


def nowhere(destination: Destination, asking: Asking, moment: Moment, refusal: Refusal) -> Plan:
    """Return the plan of a call that is refused; empty where no offer was looked at."""
    dropped = left_out(destination, asking, moment) if "dropped" in refusal.details else ()
    return Plan((), dropped, asking.policy or destination.policy)


def kept_text(decision: Decision | None) -> str | None:
    """Return what is kept with a request: of the only offer there was, its id; None where there was none."""
    if decision is None:
        return None
    candidates, dropped = decision.plan.candidates, decision.plan.dropped
    if not dropped and not decision.passed and len(candidates) < 2:
        return str(candidates[0].offer.id) if candidates else None
    if decision.text is None:
        decision.text = written(block_of(decision))
    return decision.text


def block_of(decision: Decision, *, whole: bool = False) -> Block:
    """Return a decision as it is kept; `whole`: with figures that were not needed to decide."""
    asking, moment, found = decision.asking, decision.moment, decision.plan
    route, size = decision.destination.route, decision.asking.size
    most = len(found.candidates) + len(found.dropped) if whole else MOST
    more = max(0, len(found.candidates) + len(found.dropped) - most)
    figures = Figures(found, moment, size, whole=whole, bare=more > 0)
    kept = tuple(map(figures.kept, found.candidates[:most]))
    return Block(
        to=decision.destination.name,
        at=(moment.at - EPOCH) // MICROSECOND,
        version=decision.version,
        policy=found.policy,
        whose=_whose(decision),
        kept=kept,
        dropped=tuple(map(figures.left, found.dropped[: most - len(kept)])),
        passed=tuple(decision.passed),
        more=more,
        needs=tuple(sorted(asking.needs)),
        required=tuple(sorted(route.require)) if route else (),
        only=tuple(sorted(asking.only)),
        dialect=asking.dialect,
        operation=asking.operation,
        bytes=size.body_bytes,
        limit=size.output_limit,
        answers=size.answers,
        files=size.files,
        streams=asking.streams,
        key=0 if asking.reach == EVERYTHING else decision.key_id,
        seed=asking.seed if found.policy == "weighted" or found.policy in BY_EVIDENCE else "",
        session=moment.session_offer,
        waits=_waits(decision.destination, moment) if moment.waits else {},
        mixes={} if more else figures.mixes(),
        multiple="" if route is None or route.max_cost_multiple is None else f"{route.max_cost_multiple:f}",
        max_cost=decision.max_cost_nano,
    )


def replayed(block: Block, snapshot: Snapshot) -> Plan:
    """Return the plan that follows from what is kept of one, by the configuration it was made by.

    Raises `LookupError` where something of it is not there any more, or not all of it was kept.
    """
    if block.is_short:
        return Plan((_only(block.kept[0].offer, snapshot),))
    return decided_again(block, snapshot).plan


def decided_again(block: Block, snapshot: Snapshot) -> Decision:
    """Return the decision that follows from what is kept of one; raises as `replayed` does."""
    if block.more or block.is_short:
        raise LookupError("not everything that decided is kept")
    destination = _destination(block, snapshot)
    asking = Asking(
        dialect=block.dialect,
        operation=block.operation,
        only=frozenset(block.only),
        reach=_reach(block.key, snapshot),
        needs=frozenset(block.needs),
        size=Size(block.bytes, 0, output_limit=block.limit, answers=block.answers, files=block.files),
        streams=block.streams,
        policy=block.policy,
        seed=block.seed,
    )
    listed: tuple[Kept | Left, ...] = (*block.kept, *block.dropped)
    moment = Moment(
        block.time,
        waits={
            (offer.id, offer.provider.base_url): block.waits[str(offer.id)]
            for offer in _offers(destination)
            if str(offer.id) in block.waits
        },
        live={each.offer: each.known.live() for each in listed if each.known is not None},
        mixes={_supplier(name): Mix(*numbers) for name, numbers in block.mixes.items()},
        session_offer=block.session,
    )
    return decide(block.version, destination, asking, moment, key_id=block.key)


# --- to a block ---------------------------------------------------------------------------------


def _whose(decision: Decision) -> Whose:
    destination = decision.destination
    if decision.asking.policy is not None:
        return "call"
    own = "priority" if destination.route is None else destination.route.policy
    if destination.policy != own:
        return "suffix"
    return "model" if destination.route is None else "route"


def _waits(destination: Destination, moment: Moment) -> dict[str, float]:
    found = {
        offer.id: moment.waits.get((offer.id, offer.provider.base_url), 0.0) for offer in _offers(destination)
    }
    return {str(offer_id): wait for offer_id, wait in found.items() if wait}


# --- and back -----------------------------------------------------------------------------------


def _destination(block: Block, snapshot: Snapshot) -> Destination:
    route, entry = snapshot.routes.get(block.to), snapshot.entries.get(block.to)
    if route is not None:
        return Destination(route.name, route.targets, block.policy, route)
    if entry is not None:
        return Destination(entry.slug, (TargetValue(entry),), block.policy)
    raise LookupError(f"{block.to!r} is not there any more")


def _offers(destination: Destination) -> Iterator[OfferValue]:
    route = destination.route
    for target in (*destination.targets, *(route.over_budget if route else ())):
        yield from target.entry.offers


def _reach(key_id: int, snapshot: Snapshot) -> Reach:
    if not key_id:
        return EVERYTHING
    for caller in snapshot.keys.values():
        if caller.key_id == key_id:
            return caller.reach
    raise LookupError(f"key {key_id} is not there any more")


def _only(offer_id: int, snapshot: Snapshot) -> Candidate:
    for entry in snapshot.entries.values():
        for offer in entry.offers:
            if offer.id == offer_id:
                return Candidate(entry, offer, adapter_for(offer.provider.kind, offer.provider.dialect))
    raise LookupError(f"offer {offer_id} is not there any more")


def _supplier(name: str) -> tuple[int, int]:
    provider, _, entry = name.partition(":")
    return int(provider), int(entry)
