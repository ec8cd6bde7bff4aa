"""What the event loop counts of each call: plain numbers without a lock, shown when somebody asks."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

Labels = tuple[str, ...]


class Counter:
    """Sums by labels."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        self._name, self._meaning, self._labels = name, meaning, labels
        self._sums: defaultdict[Labels, int] = defaultdict(int)
        if not labels:
            self._sums[()] = 0  # it is shown from the beginning

    def add(self, amount: int, *labels: str) -> None:
        """Add to the sum of these labels."""
        self._sums[labels] += amount

    def collect(self) -> Iterator[Metric]:
        """Yield the metric."""
        family = CounterMetricFamily(self._name, self._meaning, labels=self._labels)
        for labels, value in list(self._sums.items()):
            family.add_metric(labels, float(value))
        yield family


class Gauge:
    """A number that goes up and down."""

    def __init__(self, name: str, meaning: str) -> None:
        self._name, self._meaning = name, meaning
        self.value = 0

    def collect(self) -> Iterator[Metric]:
        """Yield the metric."""
        yield GaugeMetricFamily(self._name, self._meaning, value=float(self.value))


class Histogram:
    """How many values were at most so large, by labels."""

    def __init__(
        self, name: str, meaning: str, labels: Sequence[str] = (), *, buckets: Sequence[float]
    ) -> None:
        self._name, self._meaning, self._labels = name, meaning, labels
        self._buckets = tuple(buckets)
        self._names = (*map(floatToGoString, self._buckets), "+Inf")
        self._counts: defaultdict[Labels, list[int]] = defaultdict(lambda: [0] * len(self._names))
        self._sums: defaultdict[Labels, float] = defaultdict(float)
        if not labels:
            self._counts[()]  # it is shown from the beginning

    def observe(self, value: float, *labels: str) -> None:
        """Count a value."""
        self._counts[labels][bisect_left(self._buckets, value)] += 1
        self._sums[labels] += value

    def collect(self) -> Iterator[Metric]:
        """Yield the metric."""
        family = HistogramMetricFamily(self._name, self._meaning, labels=self._labels)
        for labels, counts in list(self._counts.items()):
            sums = accumulate(counts)
            buckets = [(name, float(count)) for name, count in zip(self._names, sums, strict=True)]
            family.add_metric(labels, buckets, self._sums[labels])
        yield family
