"""Pure: where a request goes: the offers to try, in order, and those left out with their reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from providers.adapters import Adapter, DialectNotServed, adapter_for
from providers.live import Live
from providers.translators import TRANSLATORS
from providers.wire import Terms
from routing import policy
from routing.bound import Size
from routing.demand import supplier_of
from routing.gateway.errors import Refusal
from routing.mix import Mix, Mixes, expected_nano, expected_output
from routing.needs import NOTHING, Needs, in_words, lacking, too_small
from routing.nothing_left import nothing_left
from routing.plan_words import Operation, Reason
from routing.policy import Choice, Order, Ranked, Ranking
from routing.policy_words import Policy
from routing.reach import EVERYTHING, Reach
from routing.resolve import Destination, is_retired
from routing.snapshot import EntryValue, OfferValue, TargetValue

_NO_SIZE = Size(body_bytes=0, messages=0)
_NO_MIX = Mix()


class Asking(msgspec.Struct, frozen=True):
    """A call, as far as it decides where it may go."""

    dialect: str = "chat"
    operation: Operation = "generate"
    only: Collection[str] = ()  # slugs of providers; empty: any
    reach: Reach = EVERYTHING  # of its key
    needs: Needs = NOTHING
    size: Size = _NO_SIZE
    streams: bool = False
    policy: Policy | None = None  # None: as its destination says
    seed: str = ""  # what chance is made of


class Moment(msgspec.Struct, frozen=True):
    """What is known when a call is planned; everything in it is about now."""

    at: datetime  # decides which prices are in force
    waits: Mapping[tuple[int, str], float] = {}  # of offers (id, address) that fail
    live: Mapping[int, Live] = {}  # by id of the offer
    mixes: Mixes = {}  # of the caller's team
    session_offer: int | None = None  # id of the offer that answered the call's session last


class Candidate(msgspec.Struct, frozen=True):
    """An offer that may be tried, with the adapter that speaks to it."""

    entry: EntryValue
    offer: OfferValue
    adapter: Adapter
    weight: int = 1
    ranked: Ranked | None = None  # None: it was the only one, or is in the order of its list
    leg: int = 0  # where a route escalates: the place of its target
    is_for_want: bool = False  # tried only where no budget lets the call go elsewhere

    @property
    def terms(self) -> Terms:
        """How the model wants to be told what dialects say differently."""
        return self.adapter.terms(self.offer.upstream_id)

    def speaks(self, dialect: str) -> bool:
        """Return whether a call in this dialect goes out as it came."""
        return self.adapter.dialect == dialect


class Dropped(msgspec.Struct, frozen=True):
    """An offer that is not tried, and why."""

    entry: EntryValue
    offer: OfferValue
    reason: Reason
    detail: str = ""


class Plan(msgspec.Struct, frozen=True):
    """What will be tried for one request."""

    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...] = ()
    policy: Policy = "priority"


def plan(destination: Destination, asking: Asking, moment: Moment) -> Plan:
    """Return the offers that can be tried, in their order. Raises `Refusal` when nothing is left."""
    candidates, dropped = _judged(destination, destination.targets, asking, moment)
    if not candidates:
        raise nothing_left(destination.name, dropped, moment.waits)
    policy_ = asking.policy or destination.policy
    if len(candidates) > 1:
        candidates, too_dear = _ordered(candidates, destination, asking, moment, policy_)
        dropped += too_dear
    for_want = _for_want(destination, candidates, asking, moment)
    return Plan((*candidates, *for_want), tuple(dropped), policy_)


def left_out(destination: Destination, asking: Asking, moment: Moment) -> tuple[Dropped, ...]:
    """Return every offer of a call that nothing can take, with why."""
    return tuple(_judged(destination, destination.targets, asking, moment)[1])


def standing(entry: EntryValue) -> tuple[OfferValue, ...]:
    """Return the offers of `entry` that can be called as they are set up, paused ones too."""
    asking = Asking(operation=purpose(entry))
    judged = [_judge(entry, offer, asking) for offer in entry.offers]
    return tuple(
        found.offer for found in judged if isinstance(found, Candidate) or found.reason == "provider_paused"
    )


def purpose(entry: EntryValue) -> Operation:
    """Return what a model is called for."""
    return "embed" if entry.output_modalities == ("embedding",) else "generate"


# --- which may be tried -------------------------------------------------------------------------


def _judged(
    destination: Destination, targets: tuple[TargetValue, ...], asking: Asking, moment: Moment
) -> tuple[list[Candidate], list[Dropped]]:
    """Return what may be tried, in the order of the list, and what not; each offer once."""
    candidates: list[Candidate] = []
    dropped: list[Dropped] = []
    small: list[Candidate] = []
    seen: set[int] = set()
    for leg, target, offer in _offers(targets):
        if offer.id in seen and destination.route is not None:
            continue
        seen.add(offer.id)
        found = _judge_target(destination, target, offer, asking, moment)
        if leg and isinstance(found, Candidate) and destination.escalates:
            found = replace(found, leg=leg)
        if isinstance(found, Dropped):
            dropped.append(found)
        elif too_small(found.entry, asking.size):
            small.append(found)
        else:
            candidates.append(found)
    if not candidates:  # sizes are guesses: a provider that is asked will know
        return small, dropped
    dropped += [
        Dropped(each.entry, each.offer, "too_small", too_small(each.entry, asking.size)) for each in small
    ]
    return candidates, dropped


def _offers(targets: tuple[TargetValue, ...]) -> Iterator[tuple[int, TargetValue, OfferValue]]:
    for place, target in enumerate(targets):
        for offer in target.entry.offers:
            if not target.provider or target.provider == offer.provider.slug:
                yield place, target, offer


def _judge_target(
    destination: Destination, target: TargetValue, offer: OfferValue, asking: Asking, moment: Moment
) -> Candidate | Dropped:
    entry, reach = target.entry, asking.reach
    route = destination.route
    if route is None:
        _check_endpoint(entry, asking.operation)
    else:
        found = _unfit_for_route(destination.name, entry, offer, asking, moment)
        if found is not None:
            return found
    needs = asking.needs | route.require if route is not None else asking.needs
    if needs and (missing := lacking(entry, needs)):
        return Dropped(entry, offer, "lacks", in_words(missing))
    judged = _judge(entry, offer, asking)
    if not reach.has_provider(offer.provider.slug):
        return Dropped(entry, offer, "not_allowed")
    wait = moment.waits.get((offer.id, offer.provider.base_url), 0.0)
    if isinstance(judged, Dropped):
        return judged
    if wait:
        return Dropped(entry, offer, "failing", f"tried again in {wait:.0f} s")
    return judged if target.weight == 1 else replace(judged, weight=target.weight)


def _unfit_for_route(
    name: str, entry: EntryValue, offer: OfferValue, asking: Asking, moment: Moment
) -> Dropped | None:
    """Return why a target is left out that would be refused if it was asked for by its own name."""
    if not asking.reach.has_target(name, entry.slug):
        return Dropped(entry, offer, "model_not_allowed")
    if is_retired(entry, moment.at):
        return Dropped(entry, offer, "retired", f"since {entry.sunset_on}")
    if not _is_for(entry, asking.operation):
        return Dropped(entry, offer, "not_offered", "it is not for this endpoint")
    return None


def _is_for(entry: EntryValue, operation: Operation) -> bool:
    """Return whether a model does what the endpoint is for, as far as somebody has said what it gives."""
    embeds = operation == "embed"
    return (purpose(entry) == "embed") == embeds or (embeds and not entry.output_modalities)


def _check_endpoint(entry: EntryValue, operation: Operation) -> None:
    """Refuse a model that does not do what the endpoint is for."""
    if _is_for(entry, operation):
        return
    use = "/v1/chat/completions or /v1/messages" if operation == "embed" else "/v1/embeddings"
    makes = "makes no embeddings" if operation == "embed" else "makes embeddings only"
    raise Refusal("wrong_endpoint", f"{entry.slug!r} {makes}: call POST {use}", param="model")


def _judge(entry: EntryValue, offer: OfferValue, asking: Asking) -> Candidate | Dropped:
    provider, dialect, operation = offer.provider, asking.dialect, asking.operation
    if asking.only and provider.slug not in asking.only:
        return Dropped(entry, offer, "not_requested")
    if provider.paused_reason:
        return Dropped(entry, offer, "provider_paused", provider.paused_reason)
    if provider.needs_credential and not provider.credentials:
        return Dropped(entry, offer, "no_credential")
    try:
        adapter = adapter_for(provider.kind, provider.dialect)
    except DialectNotServed as exc:
        return Dropped(entry, offer, "dialect_not_served", str(exc))
    if adapter.dialect != dialect and (operation == "embed" or (dialect, adapter.dialect) not in TRANSLATORS):
        return Dropped(entry, offer, "not_offered", f"it speaks {adapter.dialect}, the request is {dialect}")
    return Candidate(entry, offer, adapter)


# --- in which order -----------------------------------------------------------------------------


def _ordered(
    candidates: list[Candidate], destination: Destination, asking: Asking, moment: Moment, policy_: Policy
) -> tuple[list[Candidate], list[Dropped]]:
    """Return the candidates as their policy ranks them, and those that cost too much beside the first."""
    route = destination.route
    multiple = route.max_cost_multiple if route and not route.escalates else None
    degraded = any(_live(each, moment).is_degraded for each in candidates)
    if policy_ == "priority" and multiple is None and not degraded and moment.session_offer is None:
        return candidates, []
    output_tokens = expected_output(asking.size, moment.mixes)
    found = policy.rank(
        [_choice(each, asking, moment, output_tokens) for each in candidates],
        Ranking(
            policy=policy_,
            seed=asking.seed,
            streams=asking.streams,
            explore_percent=route.explore_percent if route else 0,
            max_cost_multiple=multiple,
            session_offer=moment.session_offer,
        ),
    )
    return _as_ranked(candidates, found)


def _as_ranked(candidates: list[Candidate], order: Order) -> tuple[list[Candidate], list[Dropped]]:
    by_id = {each.offer.id: each for each in candidates}
    kept = [replace(by_id[each.choice.offer_id], ranked=each) for each in order.kept]
    kept.sort(key=lambda each: each.leg)
    dear = [by_id[each.choice.offer_id] for each in order.too_dear]
    return kept, [Dropped(each.entry, each.offer, "too_dear") for each in dear]


def _choice(each: Candidate, asking: Asking, moment: Moment, output_tokens: int) -> Choice:
    offer = each.offer
    mix = moment.mixes.get(supplier_of(offer), _NO_MIX)
    cost = expected_nano(asking.size, offer, mix, output_tokens=output_tokens, at=moment.at)
    return Choice(offer.id, cost, each.weight, _live(each, moment))


def _live(each: Candidate, moment: Moment) -> Live:
    return moment.live.get(each.offer.id, policy.UNKNOWN)


def _for_want(
    destination: Destination, candidates: list[Candidate], asking: Asking, moment: Moment
) -> list[Candidate]:
    """Return where a call may go that no budget lets go to any of the candidates."""
    route = destination.route
    if route is None or not route.over_budget:
        return []
    there = {each.offer.id for each in candidates}
    found, _ = _judged(destination, route.over_budget, asking, moment)
    return [replace(each, is_for_want=True) for each in found if each.offer.id not in there]
