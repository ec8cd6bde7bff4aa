"""Pure: where a call like this one would go by a route that need not be saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from providers.live import Live
from routing.bound import BYTES_PER_TOKEN, Size
from routing.demand import supplier_of
from routing.gateway.errors import Refusal
from routing.mix import Mix, Mixes, expected_nano, expected_output
from routing.needs import Needs
from routing.plan import Asking, Candidate, Dropped, Moment, plan
from routing.plan_words import WORDS
from routing.policy_words import Policy
from routing.resolve import Destination
from routing.snapshot import RouteValue

_UNKNOWN = Live()


@dataclass(frozen=True)
class Sample:
    """A call that nobody sends."""

    input_tokens: int
    output_limit: int | None = None  # tokens
    streams: bool = False
    needs: Needs = frozenset()


@dataclass(frozen=True)
class Kept:
    """An offer that would be tried, with what is expected of it."""

    model: str
    provider: str
    cost_nano: int | None  # None: it has no price
    live: Live
    leg: int = 0
    is_for_want: bool = False
    weight: int = 1

    @property
    def answered(self) -> str:
        """The share of calls that are answered, at the least, in words; "" without evidence."""
        share = self.live.reliability
        return "" if share is None else f"{share * 100:.1f} %"


@dataclass(frozen=True)
class Left:
    """An offer that would not be tried, and why, in words."""

    model: str
    provider: str
    why: str


@dataclass(frozen=True)
class Trial:
    """What would become of a call."""

    kept: tuple[Kept, ...]
    left: tuple[Left, ...]
    policy: Policy
    refused: str = ""  # what the caller would be told
    remedies: tuple[str, ...] = ()
    escalates: bool = False
    output_tokens: int = 0  # of the answer that is expected


def try_route(
    route: RouteValue, sample: Sample, *, at: datetime, live: Mapping[int, Live], mixes: Mixes
) -> Trial:
    """Return where the call would go; nothing is explored, so that the same question has one answer."""
    destination = Destination(
        route.name, route.targets, route.policy, replace(route, explore_percent=0, keeps_sessions=False)
    )
    size = Size(sample.input_tokens * BYTES_PER_TOKEN, 1, output_limit=sample.output_limit)
    asking = Asking(needs=sample.needs, size=size, streams=sample.streams, seed="trial")
    output_tokens = expected_output(size, mixes)
    try:
        found = plan(destination, asking, Moment(at, live=live, mixes=mixes))
    except Refusal as refusal:
        left = tuple(map(_told, refusal.details.get("dropped", [])))
        return Trial((), left, route.policy, refusal.message, tuple(refusal.remedies), route.escalates)
    kept = tuple(
        _kept(each, live, mixes, size=size, output_tokens=output_tokens, at=at) for each in found.candidates
    )
    left = tuple(map(_left, found.dropped))
    return Trial(kept, left, found.policy, escalates=route.escalates, output_tokens=output_tokens)


def _kept(
    each: Candidate, live: Mapping[int, Live], mixes: Mixes, *, size: Size, output_tokens: int, at: datetime
) -> Kept:
    offer = each.offer
    mix = mixes.get(supplier_of(offer), Mix())
    return Kept(
        model=each.entry.slug,
        provider=offer.provider.slug,
        cost_nano=expected_nano(size, offer, mix, output_tokens=output_tokens, at=at),
        live=live.get(offer.id, _UNKNOWN),
        leg=each.leg,
        is_for_want=each.is_for_want,
        weight=each.weight,
    )


def _left(drop: Dropped) -> Left:
    return Left(drop.entry.slug, drop.offer.provider.slug, _why(drop.reason, drop.detail))


def _told(drop: Mapping[str, str]) -> Left:
    return Left(drop["model"], drop["provider"], _why(drop["reason"], drop["detail"]))


def _why(reason: str, detail: str) -> str:
    if reason == "lacks":
        return f"it does not do what is needed: {detail}" if detail else WORDS["lacks"]
    words = WORDS.get(reason, reason)  # type: ignore[call-overload]
    return f"{words}: {detail}" if detail else words
