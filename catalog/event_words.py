"""Pure: an event of the inbox in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

from catalog.listing_diff import Kind
from catalog.listing_text import tiers_of
from catalog.words import CAPABILITIES
from llmhub.lib import figures, money
from providers.rates import AMOUNTS, Rates

Fields = Mapping[str, Any]  # as catalog.listing_text makes them
HEADLINES = {
    Kind.NEW: "New",
    Kind.PRICE_UP: "Price up",
    Kind.PRICE_DOWN: "Price down",
    Kind.PRICE_LOST: "Price no longer said",
    Kind.CONTEXT: "Context changed",
    Kind.OUTPUT_LIMIT: "Output limit changed",
    Kind.CAPABILITY_LOST: "Capability lost",
    Kind.CAPABILITY_GAINED: "Capability gained",
    Kind.DEPRECATED: "Deprecated",
    Kind.RENAMED: "Renamed",
    Kind.VANISHED: "Vanished",
    Kind.BACK: "Back",
}
_AMOUNTS = {
    "input": "input",
    "output": "output",
    "cache_read": "cache read",
    "cache_write": "cache write",
    "cache_write_1h": "cache write, 1 hour",
    "per_request": "per request",
    "web_search": "web search",
}
_PRICES = {Kind.PRICE_UP, Kind.PRICE_DOWN, Kind.PRICE_LOST}
_ARRIVALS = {Kind.NEW, Kind.BACK}
_TOKENS = {"context_tokens": "context", "output_limit_tokens": "output limit"}
_DAYS = {"deprecated_on": "deprecated on", "sunset_on": "stops answering on"}
NOT_SAID = "not said"


@dataclass(frozen=True)
class Step:
    """One thing before and after, in words; `before` is empty where only the value counts."""

    what: str
    before: str
    after: str
    percent: str = ""
    way: Literal["", "up", "down"] = ""

    def __str__(self) -> str:
        change = f"{self.before} → {self.after}" if self.before else self.after
        return f"{self.what} {change}" + (f" ({self.percent})" if self.percent else "")


def steps(kind: str, before: Fields, after: Fields) -> list[Step]:
    """Return what changed, amount by amount; of a model that came, what its list says of it."""
    which = Kind(kind)
    if which == Kind.VANISHED:
        return []
    if which in _ARRIVALS:
        return list(_facts(after))
    if which in _PRICES:
        return list(_prices(before, after))
    if which in {Kind.CAPABILITY_LOST, Kind.CAPABILITY_GAINED}:
        return list(_words(before, after))
    return [_field(name, before.get(name), after.get(name)) for name in after]


def summary(kind: str, before: Fields, after: Fields) -> str:
    """Return the same in one line."""
    if Kind(kind) == Kind.VANISHED:
        status = after.get("status")
        return f"calls are answered with {status}: it is not there" if status else "no longer listed"
    return ", ".join(map(str, steps(kind, before, after)))


def _facts(after: Fields) -> Iterator[Step]:
    for name, label in _TOKENS.items():
        if after.get(name):
            yield Step(label, "", f"{figures.compact(after[name])} tokens")
    for tier in tiers_of(after):
        known = [(amount, value) for amount in AMOUNTS if (value := getattr(tier, amount)) is not None]
        yield from (Step(_label(amount, tier.above_input_tokens), "", _usd(value)) for amount, value in known)
    for name, label in _DAYS.items():
        if after.get(name):
            yield Step(label, "", after[name])
    if after.get("capabilities"):
        yield Step("it", "", _meanings(after["capabilities"]))


def _prices(before: Fields, after: Fields) -> Iterator[Step]:
    old, new = ({tier.above_input_tokens: tier for tier in tiers_of(one)} for one in (before, after))
    for start in sorted(old.keys() | new.keys()):
        for amount in AMOUNTS:
            was, now = _amount(old.get(start), amount), _amount(new.get(start), amount)
            if was != now:
                yield _money(_label(amount, start), was, now)
    old_meters, new_meters = before.get("meters") or {}, after.get("meters") or {}
    for meter in sorted(old_meters.keys() | new_meters.keys()):
        was, now = (money.parse(one[meter]) if meter in one else None for one in (old_meters, new_meters))
        if was != now:
            yield _money(f"{meter.replace('_', ' ')}, per unit", was, now)


def _amount(rates: Rates | None, amount: str) -> Decimal | None:
    return None if rates is None else getattr(rates, amount)


def _label(amount: str, above: int) -> str:
    words = _AMOUNTS[amount]
    return f"{words} above {figures.compact(above)} tokens" if above else words


def _money(what: str, was: Decimal | None, now: Decimal | None) -> Step:
    return Step(what, _usd(was), _usd(now), *_change(was, now))


def _usd(amount: Decimal | None) -> str:
    return NOT_SAID if amount is None else f"${figures.price(amount)}"


def _change(was: Decimal | None, now: Decimal | None) -> tuple[str, Literal["", "up", "down"]]:
    if was is None or now is None or was == now:
        return "", ""
    way: Literal["up", "down"] = "up" if now > was else "down"
    if not was:
        return "", way
    percent = (now - was) * 100 / was
    shown = percent.quantize(Decimal(1) if abs(percent) >= 10 else Decimal("0.1"), rounding=ROUND_HALF_EVEN)
    return f"{'+' if shown > 0 else figures.MINUS}{abs(shown):f} %", way


def _words(before: Fields, after: Fields) -> Iterator[Step]:
    was, now = (set(fields.get("capabilities") or ()) for fields in (before, after))
    if was - now:
        yield Step("no longer", "", _meanings(was - now))
    if now - was:
        yield Step("now", "", _meanings(now - was))


def _meanings(words: Any) -> str:
    known = [CAPABILITIES[word] for word in CAPABILITIES if word in words]
    return ", ".join([*known, *sorted(word for word in words if word not in CAPABILITIES)])


def _field(name: str, was: Any, now: Any) -> Step:
    if name in _TOKENS:
        percent, way = _change(*(None if value is None else Decimal(value) for value in (was, now)))
        before, after = (NOT_SAID if value is None else figures.compact(value) for value in (was, now))
        return Step(_TOKENS[name], before, after, percent, way)
    label = _DAYS.get(name, name.replace("_", " "))
    return Step(label, str(was or NOT_SAID), str(now or NOT_SAID))
