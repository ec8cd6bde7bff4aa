"""What was paid for nothing, by stated rules, and what a month would have cost at today's prices.

No call is in two of the rules with the same nano-USD. Prompts are not kept: that one began like another is
told by the gateway while it serves them (routing/prefixes.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing import spend_read
from billing.rollup_read import Span
from billing.spend_dimensions import Dimension, Name, Value, dimensions, names
from billing.spend_range import Range
from billing.spend_read import COLUMNS, Parts, Reading
from catalog.models import Offer, Price
from catalog.pricing import PriceValue, cost_usd, price_for
from llmhub.lib import ids, money
from providers.wire import Usage

_MOSTLY = 3  # values named for each rule
_EVERY = 10_000
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


@dataclass(frozen=True)
class Rule:
    """One way to pay for nothing: what is counted, in words, and what helps."""

    word: str  # the columns of its sums, and the filter of requests
    title: str
    text: str
    remedy: str


RULES = (
    Rule(
        "retried",
        "Paid twice by retries and fallbacks",
        "Requests that were answered, and other attempts of theirs cost something: all but the attempt "
        "that answered counts.",
        "Look at the provider that fails after it has begun to answer; put it later in the order, or give "
        "it more time.",
    ),
    Rule(
        "failed",
        "Paid for calls that failed",
        "Requests that ended in an error or were interrupted, and cost something all the same: all of it "
        "counts.",
        "Look at the error codes of these requests; long answers that break off are often a time limit.",
    ),
    Rule(
        "cut",
        "Answers cut at their limit",
        "Answers that ended because the limit of output tokens was reached: all that they cost counts, "
        "without retries. Some are cut on purpose.",
        "Raise the limit where the answer is thrown away, or ask for shorter answers.",
    ),
    Rule(
        "repeated",
        "Repeated beginnings without a cache",
        "Prompts that began like one of the same key to the same model in the five minutes before, for at "
        "least 4 KiB, where no cache was read though the provider has a price for that: the difference "
        "counts, by four bytes a token. Answers that were cut are left to their own rule.",
        "Mark the beginning for the provider's cache, or put what changes to the end of the prompt.",
    ),
)


@dataclass(frozen=True)
class Saving:
    """What one rule found."""

    rule: Rule
    requests: int
    nano: int
    mostly: tuple[tuple[Name, int], ...]  # the models with the most of it, in nano-USD


@dataclass(frozen=True)
class Savings:
    """What all rules found, of what was spent."""

    range: Range
    found: tuple[Saving, ...]
    spend_nano: int
    requests: int
    counted_from: datetime | None

    @property
    def nano(self) -> int:
        """What all rules found together."""
        return sum(each.nano for each in self.found)


@dataclass(frozen=True)
class Repriced:
    """What one model at one provider cost, and would cost at today's price."""

    model: Name
    provider: Name
    requests: int
    spend_nano: int
    today_nano: int | None  # None: it has no price today
    has_tiers: bool  # dearer for long inputs, which sums cannot tell


@dataclass(frozen=True)
class Repricing:
    """A span at today's prices, the largest differences first."""

    rows: tuple[Repriced, ...]

    @property
    def spend_nano(self) -> int:
        """What it cost, of what has a price today."""
        return sum(row.spend_nano for row in self.rows if row.today_nano is not None)

    @property
    def today_nano(self) -> int:
        """What it would cost today."""
        return sum(row.today_nano for row in self.rows if row.today_nano is not None)

    @property
    def left_out_nano(self) -> int:
        """What was spent on what has no price today."""
        return sum(row.spend_nano for row in self.rows if row.today_nano is None)


def savings(range_: Range, *, teams: frozenset[int] | None) -> Savings:
    """Return what each rule finds in a range, among the calls of these teams; None: all."""
    by = dimensions()["model"]
    measures = ["spend_nano", "requests", *(f"{rule.word}{end}" for rule in RULES for end in ("", "_nano"))]
    found = _read(range_, by.column, measures, teams)
    whole = [sum(column) for column in zip(*(part.sums for part in found.parts), strict=True)]
    total = dict(zip(measures, whole or [0] * len(measures), strict=True))
    return Savings(
        range=range_,
        found=tuple(
            Saving(
                rule,
                requests=total[rule.word],
                nano=total[f"{rule.word}_nano"],
                mostly=_mostly(by, found, measures.index(f"{rule.word}_nano")),
            )
            for rule in RULES
        ),
        spend_nano=total["spend_nano"],
        requests=total["requests"],
        counted_from=ids.moment_of(found.floor) if found.floor else None,
    )


def _mostly(by: Dimension, found: Parts, place: int) -> tuple[tuple[Name, int], ...]:
    most = sorted(found.parts, key=lambda part: -part.sums[place])[:_MOSTLY]
    values = {part.value: part.sums[place] for part in most if part.value is not None and part.sums[place]}
    known = names(by, list(values))
    return tuple((known[value], nano) for value, nano in values.items())


def repriced(range_: Range, *, teams: frozenset[int] | None, now: datetime) -> Repricing:
    """Return what the calls of a range would cost at the prices of `now`, from their sums."""
    measures = ("spend_nano", "requests", *_TOKENS)
    found = _read(range_, spend_read.SUPPLIER, measures, teams)
    sums = {_pair(part.value): dict(zip(measures, part.sums, strict=True)) for part in found.parts}
    sums.pop((0, 0), None)  # refused before they went anywhere, or never sent
    prices = _prices(sums, now)
    known = dimensions()
    models = names(known["model"], {entry for _, entry in sums})
    providers = names(known["provider"], {provider for provider, _ in sums})
    rows = [
        _repriced(models[entry], providers[provider], each, prices.get((provider, entry), ()), now)
        for (provider, entry), each in sums.items()
    ]
    return Repricing(tuple(sorted(rows, key=_difference, reverse=True)))


def _difference(row: Repriced) -> int:
    return -1 if row.today_nano is None else abs(row.today_nano - row.spend_nano)


def _repriced(
    model: Name, provider: Name, sums: Mapping[str, int], prices: Sequence[PriceValue], now: datetime
) -> Repriced:
    price = price_for(prices, input_tokens=0, at=now)
    usage = Usage(
        input_tokens=sums["input_tokens"],
        output_tokens=sums["output_tokens"],
        cache_read_tokens=sums["cache_read_tokens"],
        cache_write_tokens=sums["cache_write_tokens"],
    )
    today = None
    if price is not None:
        usd = cost_usd(usage, price) + price.per_request * (sums["requests"] - 1)
        today = money.to_nano(usd)
    has_tiers = any(each.above_input_tokens for each in prices)
    return Repriced(model, provider, sums["requests"], sums["spend_nano"], today, has_tiers)


def _prices(
    pairs: Collection[tuple[int, int]], now: datetime
) -> dict[tuple[int, int], tuple[PriceValue, ...]]:
    """Return the prices of some providers' models; of several offers, those of the one tried first."""
    offers = Offer.objects.filter(
        withdrawn_at=None,
        provider_id__in={provider for provider, _ in pairs},
        entry_id__in={entry for _, entry in pairs},
    )
    rows: dict[int, list[PriceValue]] = {}
    for price in Price.objects.filter(offer__in=offers, effective_from__lte=now):
        rows.setdefault(price.offer_id, []).append(price.value())
    found: dict[tuple[int, int], tuple[PriceValue, ...]] = {}
    for offer in offers.order_by("rank", "id"):
        if offer.pk in rows:
            found.setdefault((offer.provider_id, offer.entry_id), tuple(rows[offer.pk]))
    return found


def _pair(value: Value | None) -> tuple[int, int]:
    provider, _, entry = str(value or "0:0").partition(":")
    return int(provider), int(entry)


def _read(
    range_: Range, by: spend_read.Column, measures: Sequence[str], teams: frozenset[int] | None
) -> Parts:
    only = {} if teams is None else {COLUMNS["team_id"]: tuple(sorted(teams))}
    reading = Reading(by=by, measures=measures, order="spend_nano", only=only, top=_EVERY)
    return spend_read.parts([Span(range_.begin, range_.end)], None, reading)
