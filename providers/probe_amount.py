"""Pure: what billed probes of a provider may cost in a day, as people and files write it."""

from __future__ import annotations

from decimal import Decimal

from llmhub.lib import money

OFF = "off"
_MOST = Decimal(1000)  # USD a day: more is a typing mistake


def parse_ceiling(text: str) -> int | None:
    """Return USD a day as nano-USD, None for `off`. Raises `ValueError` on anything else."""
    text = text.strip()
    if text == OFF:
        return None
    usd = money.parse(text, maximum=_MOST)
    nano = money.to_nano(usd)
    if not nano or money.from_nano(nano) != usd:
        raise ValueError(f"{text[:60]!r} is no ceiling: write USD a day above 0, such as 0.50, or {OFF}")
    return nano


def said(nano: int | None) -> str:
    """Return a ceiling as it is written: `0.5` or `off`."""
    return OFF if nano is None else money.text(nano)
