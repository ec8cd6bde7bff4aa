"""Pure: the figures of the offers of one plan, as far as they had a say in it."""

from __future__ import annotations

import math

from routing.bound import Size
from routing.demand import supplier_of
from routing.explain_block import Kept, Known, Left
from routing.mix import Mix, expected_nano, expected_output, together
from routing.plan import Candidate, Dropped, Moment, Plan
from routing.policy import UNKNOWN
from routing.policy_words import BY_EVIDENCE
from routing.snapshot import OfferValue

_DETAIL = 120  # letters
_OTHERS = (0, 0)  # the supplier that stands for all that the plan does not name
_NO_MIX = Mix()


class Figures:
    """The figures of the offers of one plan, as far as they had a say."""

    def __init__(self, plan: Plan, moment: Moment, size: Size, *, whole: bool, bare: bool) -> None:
        self._plan, self._moment, self._size = plan, moment, size
        self._whole = whole  # also what was not needed to decide
        self._bare = bare  # without what the offers were ranked by
        self._by_evidence = whole or plan.policy in BY_EVIDENCE
        self._output: int | None = None

    def kept(self, each: Candidate) -> Kept:
        """Return a candidate in its place."""
        ranked = each.ranked
        if ranked is None:
            cost = self._cost(each.offer) if self._whole else None
            known = self._known(each.offer) if self._whole else None
            return Kept(each.offer.id, cost=cost, want=each.is_for_want, known=known)
        return Kept(
            each.offer.id,
            cost=ranked.choice.cost_nano,
            value=None if math.isinf(ranked.value) else _rounded(ranked.value),
            terms={name: _rounded(value) for name, value in ranked.terms.items()},
            note=ranked.note,
            want=each.is_for_want,
            known=self._known(each.offer),
        )

    def left(self, drop: Dropped) -> Left:
        """Return an offer that was left out; one that is too dear was ranked before."""
        was_ranked = drop.reason == "too_dear"
        return Left(
            drop.offer.id,
            drop.reason,
            drop.detail[:_DETAIL],
            cost=self._cost(drop.offer) if was_ranked or self._whole else None,
            known=self._known(drop.offer) if was_ranked else None,
        )

    def mixes(self) -> dict[str, tuple[int, int, int, int]]:
        """Return what the team's calls were like: to each offer that was ranked, and to all others."""
        ranked = [each.offer for each in self._plan.candidates if self._whole or each.ranked is not None]
        ranked += [drop.offer for drop in self._plan.dropped if self._whole or drop.reason == "too_dear"]
        if not ranked or not self._moment.mixes:
            return {}
        rest: dict[tuple[int, int], Mix] = dict(self._moment.mixes)
        suppliers = dict.fromkeys(supplier_of(offer) for offer in ranked)
        found = {supplier: rest.pop(supplier) for supplier in suppliers if supplier in rest}
        found[_OTHERS] = together(rest.values())
        return {f"{provider}:{entry}": _numbers(mix) for (provider, entry), mix in found.items()}

    def _known(self, offer: OfferValue) -> Known | None:
        live = self._moment.live.get(offer.id, UNKNOWN)
        had_a_say = self._by_evidence or live.is_degraded
        return Known.of(live) if had_a_say and live is not UNKNOWN and not self._bare else None

    def _cost(self, offer: OfferValue) -> int | None:
        moment = self._moment
        if self._output is None:
            self._output = expected_output(self._size, moment.mixes)
        mix = moment.mixes.get(supplier_of(offer), _NO_MIX)
        return expected_nano(self._size, offer, mix, output_tokens=self._output, at=moment.at)


def _rounded(value: float) -> float:
    return round(value, 6)


def _numbers(mix: Mix) -> tuple[int, int, int, int]:
    return mix.requests, mix.input_tokens, mix.cache_read_tokens, mix.output_tokens
