"""What the page of spend shows of a report: rows with where they lead, the chart, and its table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from billing import spend_chart, spend_range
from billing.request_filter import FAILED
from billing.spend_chart import Column
from billing.spend_dimensions import NONE, Dimension, Name, names
from billing.spend_query import Query
from billing.spend_report import REST, Measure, Report, Series, Sums
from llmhub.lib import figures

CHARTED = 8  # values with a colour of their own
MOST_CELLS = 700  # of the table of intervals by value; more of them are totals alone
MOST_LINES = 100  # of that table: the newest intervals
_NEXT = ("team", "key", "model", "provider", "source")  # what a narrowed page tells apart next
# Filters of the list of requests, by dimension; a name asked for is what its search is for.
_OF_REQUESTS = {
    "team": "team", "key": "key", "person": "person", "model": "model", "provider": "provider",
    "requested": "model", "cost_centre": "cost_centre", "source": "source",
}  # fmt: skip
_FINER: dict[str, spend_range.Per] = {"month": "day", "week": "day", "day": "hour"}
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Row:
    """One value of the table: what it had, of what share, and where it leads."""

    series: Series
    amount: int
    before: int
    share: str
    hue: int | None  # of its bars; None: they are among everything else
    url: str  # the page narrowed to it; "" for everything else
    requests_url: str

    @property
    def change(self) -> str:
        """By how much it moved against the time before, in words."""
        return figures.change(self.amount, self.before)


@dataclass(frozen=True)
class Chip:
    """A filter that is on, and the page without it."""

    label: str
    value: str
    off: str


@dataclass(frozen=True)
class Line:
    """One interval of the table behind the chart."""

    start: datetime
    sums: Sums
    amount: int
    cells: tuple[int, ...]  # one for each column of the chart
    url: str  # "" where it is cut no finer


@dataclass(frozen=True)
class Page:
    """A report as the page shows it."""

    query: Query
    report: Report

    @property
    def measure(self) -> Measure:
        """What is shown."""
        return self.report.question.measure

    @property
    def amount(self) -> int:
        """All of the measure."""
        return self.report.total.of(self.measure)

    @property
    def before_amount(self) -> int:
        """All of it in the time before."""
        return self.report.before.of(self.measure)

    @property
    def change(self) -> str:
        """By how much it moved, in words."""
        return figures.change(self.amount, self.before_amount)

    @property
    def coverage(self) -> str:
        """How much of the spend was reported or computed, in percent."""
        total = self.report.total
        return (
            figures.share(total.covered_nano, total.spend_nano) if total.spend_nano > 0 else figures.UNKNOWN
        )

    @property
    def here(self) -> str:
        """The address of this report."""
        return self.url(self.pairs())

    @property
    def by_source_url(self) -> str:
        """This page by where costs come from."""
        return self.url(self.pairs(by="source", measure="spend"))

    @property
    def is_wide(self) -> bool:
        """Whether the table behind the chart tells values apart."""
        return len(self.charted) * len(self.report.starts) <= MOST_CELLS

    def pairs(self, **changed: str) -> Pairs:
        """Return what stands in the address of this page, with some of it changed."""
        range_ = self.report.question.range
        plain = {
            "by": self.query.by, "measure": self.query.measure, "per": range_.per,
            "since": range_.since.isoformat(), "until": range_.until.isoformat(),
        }  # fmt: skip
        only = [(word, text) for word, texts in self.query.only.items() for text in texts]
        return (*(plain | changed).items(), *only)

    def url(self, pairs: Pairs) -> str:
        """Return the address of a page of spend."""
        return f"{reverse('billing:spend')}?{urlencode(pairs)}"

    @cached_property
    def rows(self) -> list[Row]:
        """Return the values, the most first, everything else last."""
        return [self._row(place, series) for place, series in enumerate(self.report.series)]

    def _row(self, place: int, series: Series) -> Row:
        amount, whole = series.total.of(self.measure), self.report.total.of(self.measure)
        is_rest = series.value is None
        return Row(
            series=series,
            amount=amount,
            before=series.before.of(self.measure),
            share=figures.share(amount, whole) if amount >= 0 < whole else figures.UNKNOWN,
            hue=None if is_rest or place >= CHARTED else place,
            url="" if is_rest else self.url(self._narrowed(series.name.public)),
            requests_url="" if is_rest else self.requests_url(self.report.question.by, series.name.public),
        )

    def _narrowed(self, public: str) -> Pairs:
        """Return this page for one value alone, told apart by what comes next."""
        taken = {*self.query.only, self.query.by}
        following = next((word for word in _NEXT if word not in taken), self.query.by)
        kept = [pair for pair in self.pairs(by=following) if pair[0] != self.query.by]
        return (*kept, (self.query.by, public))

    def requests_url(self, by: Dimension | None = None, public: str = "") -> str:
        """Return the list of the requests behind a value, "" where it has no such filter."""
        found = dict(self._request_filters())
        if by is not None:
            found |= dict(_request_filter(by.word, public))
        if "" in found:
            return ""
        range_ = self.report.question.range
        found |= {"since": range_.since.isoformat(), "until": range_.until.isoformat()}
        if self.measure == "errors":
            found["status"] = FAILED
        return f"{reverse('billing:request_list')}?{urlencode(found)}"

    def _request_filters(self) -> Iterator[tuple[str, str]]:
        for word, texts in self.query.only.items():
            yield from _request_filter(word, texts[0]) if len(texts) == 1 else [("", "")]

    def chips(self) -> list[Chip]:
        """Return the filters that are on."""
        found = []
        for dimension, values in self.report.question.only.items():
            known = names(dimension, values)
            for text, value in zip(self.query.only[dimension.word], values, strict=True):
                pairs = tuple(pair for pair in self.pairs() if pair != (dimension.word, text))
                found.append(Chip(dimension.label, known[value].label, self.url(pairs)))
        return found

    def presets(self, today: date) -> list[tuple[str, str, bool]]:
        """Return spans that people ask for, with their addresses, and which one this is."""
        range_ = self.report.question.range
        found = []
        for label, since, until in spend_range.presets(today):
            per = "hour" if since == until else "day"
            url = self.url(self.pairs(since=str(since), until=str(until), per=per))
            found.append((label, url, (since, until) == (range_.since, range_.until)))
        return found

    @cached_property
    def charted(self) -> list[Column]:
        """Return the columns of the chart with their address: the dearest, then all others as one."""
        rows = self.rows
        found = [Column(row.series.name, row.series.points, row.url) for row in rows if row.hue is not None]
        rest = [row.series.points for row in rows if row.hue is None]
        if rest:
            found.append(Column(Name(REST, ""), tuple(map(sum, zip(*rest, strict=True))), ""))
        return found

    def lines(self) -> list[Line]:
        """Return the table behind the chart, the newest interval first."""
        columns = [column.points for column in self.charted] if self.is_wide else []
        is_finest = self.report.question.range.per == "hour"
        return [
            Line(
                self.report.starts[place],
                self.report.intervals[place],
                self.report.intervals[place].of(self.measure),
                tuple(points[place] for points in columns),
                "" if is_finest else self.url(self._within(place)),
            )
            for place in reversed(
                range(max(0, len(self.report.starts) - MOST_LINES), len(self.report.starts))
            )
        ]

    @property
    def lines_left(self) -> int:
        """How many intervals the table leaves out."""
        return max(0, len(self.report.starts) - MOST_LINES)

    def _within(self, place: int) -> Pairs:
        """Return this page for one interval alone, cut finer; hours are the finest."""
        first, last = self._days_of(place)
        per = _FINER.get(self.report.question.range.per, "hour")
        return self.pairs(since=first.isoformat(), until=last.isoformat(), per=per)

    def _days_of(self, place: int) -> tuple[date, date]:
        starts, range_ = self.report.starts, self.report.question.range
        last = starts[place + 1] if place + 1 < len(starts) else range_.end
        zone = range_.zone
        return starts[place].astimezone(zone).date(), (last - timedelta(seconds=1)).astimezone(zone).date()

    def figure(self) -> dict[str, Any]:
        """Return the chart, each bar with where it leads."""
        range_ = self.report.question.range
        times = [spend_range.local_text(start, range_.zone, range_.per) for start in self.report.starts]
        figure = spend_chart.stacked(times, self.charted, is_money=self.measure == "spend")
        within = {time: list(map(str, self._days_of(place))) for place, time in enumerate(times)}
        return figure | {"per": _FINER.get(range_.per, "hour"), "within": within}


def _request_filter(word: str, public: str) -> list[tuple[str, str]]:
    if word.startswith("tag:"):
        filters = [("tag", f"{word.removeprefix('tag:')}={public}")]
    else:
        filters = [(_OF_REQUESTS.get(word, ""), public)]
    return [("", "")] if public == NONE or public.startswith("#") else filters
