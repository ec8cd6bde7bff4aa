"""Pure: numbers as people read them. An unknown number is a dash, never 0.

Groups of three digits stand apart by a narrow no-break space; a small amount keeps the digits
that matter, so that 0.00123 USD never reads as 0.00.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from llmhub.lib import money

UNKNOWN = "\u2014"  # an em dash
SPACE = "\u202f"  # narrow no-break space
MINUS = "\u2212"
_SIGNIFICANT = 3  # digits of an amount below 1
_UNITS = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


def _grouped(number: str) -> str:
    """Return a plain decimal with its whole part in groups of three and a real minus sign."""
    whole, point, fraction = number.removeprefix("-").partition(".")
    sign = MINUS if number.startswith("-") else ""
    return f"{sign}{int(whole):,}".replace(",", SPACE) + point + fraction


def _padded(number: str, *, places: int) -> str:
    """Return a plain decimal with at least `places` digits after its point."""
    whole, _, fraction = number.partition(".")
    return f"{whole}.{fraction.ljust(places, '0')}"


def _short(amount: Decimal) -> Decimal:
    """Return `amount` to the cent, or below 1 to three digits that matter."""
    places = 2 if abs(amount) >= 1 or not amount else _SIGNIFICANT - 1 - amount.adjusted()
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def _trimmed(amount: Decimal) -> str:
    number = format(amount, "f")
    return number.rstrip("0").rstrip(".") if "." in number else number


def usd(nano: int | None) -> str:
    """Return an amount as a page shows it: `12.50`, `0.00123`, `1 234.57`."""
    if nano is None:
        return UNKNOWN
    return _grouped(_padded(_trimmed(_short(money.from_nano(nano))), places=2))


def usd_exact(nano: int | None) -> str:
    """Return an amount with every digit that is not 0, for the page of one request."""
    return UNKNOWN if nano is None else _grouped(_padded(money.text(nano), places=2))


def usd_signed(nano: int) -> str:
    """Return a difference with every digit and its sign: `+0.50`."""
    return usd_exact(nano) if nano < 0 else f"+{usd_exact(nano)}"


def price(per_million: Decimal | None) -> str:
    """Return a price in USD per million tokens, every digit of it, at least two after the point."""
    return UNKNOWN if per_million is None else _grouped(_padded(_trimmed(per_million), places=2))


def count(number: int | None) -> str:
    """Return a whole number in groups of three: `1 234 567`."""
    return UNKNOWN if number is None else _grouped(str(number))


def compact(number: int | None) -> str:
    """Return a whole number in at most three digits and a unit: `987`, `12.3k`, `128k`, `1.05M`."""
    if number is None:
        return UNKNOWN
    for size, unit in _UNITS:
        value = Decimal(abs(number)) / size
        if value >= Decimal("0.9995"):
            places = max(0, _SIGNIFICANT - 1 - max(0, value.adjusted()))
            text = _trimmed(value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN))
            return f"{MINUS if number < 0 else ''}{text}{unit}"
    return _grouped(str(number))


def duration(milliseconds: float | None) -> str:
    """Return a time span: `350 ms`, `1.23 s`, `2 min 5 s`, `3 h 10 min`, `2 d 4 h`."""
    if milliseconds is None:
        return UNKNOWN
    if round(milliseconds) < 1000:
        return f"{round(milliseconds)} ms"
    if milliseconds < 59_995:
        return f"{milliseconds / 1000:.2f}".rstrip("0").rstrip(".") + " s"
    seconds = round(milliseconds / 1000)
    for size, unit, smaller, name in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{seconds} s"


def share(part: int, whole: int) -> str:
    """Return `part` of `whole` in percent; a part that is there never reads as 0."""
    if not whole:
        return UNKNOWN
    percent = Decimal(part) * 100 / whole
    if part and percent < Decimal("0.01"):
        return "< 0.01 %"
    places = 2 if percent < 1 else 1
    return f"{_trimmed(percent.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN))} %"


def speed(tokens_per_second: float | None) -> str:
    """Return tokens per second: `85.3`, `1 204`."""
    if tokens_per_second is None:
        return UNKNOWN
    places = 1 if tokens_per_second < 100 else 0
    return _grouped(f"{tokens_per_second:.{places}f}")


def words(value: Any) -> str:
    """Return any value in words: `yes`, `none`, `a, b`, `input 0.15, output 0.60`."""
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {words(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(words, value))
    return str(value)


def change(now: int, before: int) -> str:
    """Return by how much something moved, in percent: `+12.5 %`; "" where there is nothing to say."""
    if before <= 0 or now == before:
        return "" if now == before or not before else "from less than nothing"
    percent = (now - before) * 100 / before
    if percent > 999:
        return f"{now / before:.0f} times as much"
    return f"{'+' if percent > 0 else MINUS}{abs(percent):.1f}".removesuffix(".0") + " %"
