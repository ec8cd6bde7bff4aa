"""What was spent by one dimension over time, against the time before: always the sum of its parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from billing import spend_read
from billing.rollup_read import Span
from billing.spend_dimensions import Dimension, Name, Value, names
from billing.spend_range import Range
from billing.spend_read import BEFORE, COLUMNS, Part, Reading
from llmhub.lib import ids

Measure = Literal["spend", "tokens", "requests", "errors"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
TOP = 25
REST = "Everything else"
_COLUMN = {"spend": "spend_nano"}  # others bear the name of their column
_READ = (
    "spend_nano", "tokens", "requests", "errors", "unpriced", "sure_nano",
    "input_tokens", "output_tokens", "cache_read_tokens",
)  # fmt: skip
Only = Mapping[Dimension, tuple[Value, ...]]


@dataclass(frozen=True)
class Sums:
    """What some calls had together."""

    spend_nano: int = 0  # without calls of unknown cost
    tokens: int = 0  # input and output
    requests: int = 0
    errors: int = 0  # failed or interrupted
    unpriced: int = 0  # calls of unknown cost
    sure_nano: int = 0  # of spend: reported, reconciled, computed or adjusted, not estimated
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0

    @property
    def covered_nano(self) -> int:
        """What of the spend nobody had to guess: all of it at most, whatever was corrected."""
        return min(max(self.sure_nano, 0), max(self.spend_nano, 0))

    def of(self, measure: Measure) -> int:
        """Return one measure; spend is in nano-USD."""
        value: int = getattr(self, _COLUMN.get(measure, measure))
        return value

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, name) + getattr(other, name) for name in _READ))


@dataclass(frozen=True)
class Series:
    """One value of the dimension, or everything else: its sums, and the measure over time."""

    value: Value | None  # None: everything else
    name: Name
    total: Sums
    before: Sums  # in the time before
    points: tuple[int, ...]  # of the measure, one for each interval


@dataclass(frozen=True)
class Question:
    """What is asked: which calls, told apart by what, in which range."""

    range: Range
    by: Dimension
    measure: Measure = "spend"
    only: Only = field(default_factory=dict)
    teams: frozenset[int] | None = None  # whose calls may be seen; None: all
    top: int = TOP
    after: tuple[int, Value] | None = None  # named values come after this amount and value

    def columns(self) -> dict[spend_read.Column, tuple[Value, ...]]:
        """Return which values of which columns count."""
        found = {dimension.column: values for dimension, values in self.only.items()}
        if self.teams is None:
            return found
        asked = found.get(COLUMNS["team_id"])
        seen = self.teams if asked is None else self.teams.intersection(asked)
        return found | {COLUMNS["team_id"]: tuple(sorted(seen))}


@dataclass(frozen=True)
class Report:
    """The answer: the dearest values, everything else, and the whole that they add up to."""

    question: Question
    starts: tuple[datetime, ...]  # of the intervals, in UTC
    series: tuple[Series, ...]  # the most first; everything else is the last one, where there is any
    total: Sums
    before: Sums
    before_span: Span
    intervals: tuple[Sums, ...]
    others: int  # how many values are in everything else
    counted_from: datetime | None  # not None: earlier calls are not all in it yet


def report(question: Question, *, now: datetime) -> Report:
    """Return the report; everything in it is from one reading, so parts add up to the whole."""
    range_ = question.range
    starts = range_.starts()
    ends = [*starts[1:], range_.end]
    before = Span(*range_.before(now))
    found = spend_read.parts(
        [Span(start, end) for start, end in zip(starts, ends, strict=True)],
        before,
        Reading(
            by=question.by.column,
            only=question.columns(),
            measures=_READ,
            order=_COLUMN.get(question.measure, question.measure),
            top=question.top,
            after=question.after,
        ),
    )
    series = _series(question, found.parts, len(starts))
    intervals = defaultdict(list)
    for part in found.parts:
        intervals[part.span].append(part)
    return Report(
        question=question,
        starts=tuple(starts),
        series=tuple(series),
        total=_whole(each.total for each in series),
        before=_whole(each.before for each in series),
        before_span=before,
        intervals=tuple(_sums(intervals[number]) for number in range(len(starts))),
        others=max(found.values - sum(each.value is not None for each in series), 0),
        counted_from=ids.moment_of(found.floor) if found.floor else None,
    )


def _series(question: Question, parts: Sequence[Part], intervals: int) -> list[Series]:
    """Return the values with the most first, then everything else where it has anything."""
    grouped: defaultdict[Value | None, list[Part]] = defaultdict(list)
    for part in parts:
        grouped[part.value].append(part)
    known = names(question.by, [value for value in grouped if value is not None])
    found = []
    for value, own in grouped.items():
        name = Name(REST, "") if value is None else known[value]
        found.append(_one(question, value, name, own, intervals))
    measure = question.measure
    return sorted(found, key=lambda each: (each.value is None, -each.total.of(measure), each.name.label))


def _one(
    question: Question, value: Value | None, name: Name, parts: Sequence[Part], intervals: int
) -> Series:
    now = [part for part in parts if part.span != BEFORE]
    points, place = [0] * intervals, _READ.index(_COLUMN.get(question.measure, question.measure))
    for part in now:
        points[part.span] += part.sums[place]
    before = [part for part in parts if part.span == BEFORE]
    return Series(value, name, _sums(now), _sums(before), tuple(points))


def _sums(parts: Sequence[Part]) -> Sums:
    return Sums(*map(sum, zip(*(part.sums for part in parts), strict=True))) if parts else Sums()


def _whole(sums: Iterable[Sums]) -> Sums:
    return sum(sums, Sums())
