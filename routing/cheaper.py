"""Pure: models that could take a call and are expected to cost less, found without planning all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from routing.demand import supplier_of
from routing.gateway.errors import Refusal
from routing.mix import Mix, expected_nano, expected_output
from routing.needs import lacking
from routing.plan import Asking, Candidate, Moment, plan
from routing.resolve import is_retired, only
from routing.snapshot import EntryValue, OfferValue

MOST_PLANNED = 50  # models that are cheap enough at one offer, which may be one that cannot be called
_NO_MIX = Mix()
Found = tuple[int, Candidate]  # nano-USD, and where the call would go


def cheaper(
    entries: Iterable[EntryValue], asking: Asking, moment: Moment, *, than: Candidate, most: int
) -> list[Found]:
    """Return where calls to other models would go that are expected to cost less, the cheapest first."""
    output = expected_output(asking.size, moment.mixes)
    mine = cost_at(than.offer, asking, moment, output_tokens=output)
    if mine is None:
        return []
    able = (each for each in entries if each.id != than.entry.id and _is_able(each, asking, moment.at))
    priced = [
        (least, each.slug, each)
        for each in able
        if (least := _least(each, asking, moment, output)) is not None and least < mine
    ]
    found: list[Found] = []
    for least, _, entry in sorted(priced, key=lambda each: each[:2])[:MOST_PLANNED]:
        if len(found) >= most and least > found[most - 1][0]:
            break
        found += _planned(entry, asking, moment, output, below=mine)
        found.sort(key=lambda each: (each[0], each[1].entry.slug))
    return found[:most]


def cost_at(offer: OfferValue, asking: Asking, moment: Moment, *, output_tokens: int) -> int | None:
    """Return what the call is expected to cost at an offer, in nano-USD; None where it has no price."""
    mix = moment.mixes.get(supplier_of(offer), _NO_MIX)
    return expected_nano(asking.size, offer, mix, output_tokens=output_tokens, at=moment.at)


def _is_able(entry: EntryValue, asking: Asking, at: datetime) -> bool:
    is_there = not is_retired(entry, at) and asking.reach.has_model(entry.slug, entry.slug)
    return is_there and not lacking(entry, asking.needs)


def _least(entry: EntryValue, asking: Asking, moment: Moment, output: int) -> int | None:
    costs = (cost_at(offer, asking, moment, output_tokens=output) for offer in entry.offers)
    return min((cost for cost in costs if cost is not None), default=None)


def _planned(
    entry: EntryValue, asking: Asking, moment: Moment, output: int, *, below: int
) -> Iterator[Found]:
    try:
        candidate = plan(only(entry), asking, moment).candidates[0]
    except Refusal:
        return
    cost = cost_at(candidate.offer, asking, moment, output_tokens=output)
    if cost is not None and cost < below:
        yield cost, candidate
