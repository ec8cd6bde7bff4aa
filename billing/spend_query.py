"""What is asked about spend in words, as addresses, programs and commands write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from billing import spend_range
from billing.spend_dimensions import Dimension, dimensions, parse
from billing.spend_range import PERS, Per
from billing.spend_report import MEASURES, TOP, Measure, Question

MOST_VALUES = 50  # of one dimension
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True)
class Query:
    """Everything in words; what is empty has a default."""

    by: str = "team"
    measure: str = "spend"
    per: str = "day"
    since: str = ""
    until: str = ""
    only: Mapping[str, Sequence[str]] = field(default_factory=dict)  # values by dimension


def question(
    query: Query, *, teams: frozenset[int] | None, now: datetime, zone: ZoneInfo, top: int = TOP
) -> Question:
    """Return what the words mean. Raises `ValueError` on one that means nothing here."""
    known = dimensions()
    return Question(
        range=spend_range.asked(
            now=now, zone=zone, since=day(query.since), until=day(query.until), per=_per(query.per)
        ),
        by=_dimension(query.by, known),
        measure=_measure(query.measure),
        only={
            _dimension(word, known): tuple(
                parse(known[word], text, teams=teams) for text in _few(word, texts)
            )
            for word, texts in query.only.items()
            if texts
        },
        teams=teams,
        top=top,
    )


def day(text: str) -> date | None:
    """Return a day as it is written, `2026-03-29`. Raises `ValueError`."""
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no day: write one such as 2026-03-29")
    return date.fromisoformat(text)


def _dimension(word: str, known: Mapping[str, Dimension]) -> Dimension:
    if word not in known:
        raise ValueError(f"{word[:60]!r} is no dimension: use {', '.join(known)}")
    return known[word]


def _per(word: str) -> Per:
    if word not in PERS:
        raise ValueError(f"{word[:40]!r} is no interval: use {', '.join(PERS)}")
    return word


def _measure(word: str) -> Measure:
    if word not in MEASURES:
        raise ValueError(f"{word[:40]!r} is no measure: use {', '.join(MEASURES)}")
    return word


def _few(word: str, texts: Sequence[str]) -> Sequence[str]:
    if len(texts) > MOST_VALUES:
        raise ValueError(f"{len(texts)} values of {word}: at most {MOST_VALUES} can be asked for together")
    return texts
