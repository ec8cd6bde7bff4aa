"""Pure: what was measured, and what is made of it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """What the load generator shall do."""

    address: str  # host:port
    method: str
    path: str
    headers: dict[str, str]
    body: str = ""
    connections: int = 1
    seconds: float = 2.5
    most: int = 1_000_000  # calls, whichever comes first
    expects: str = ""  # how the body of a good answer ends


@dataclass(frozen=True)
class Sample:
    """What the load generator saw. Times are milliseconds."""

    calls: int
    failed: int  # other than a whole 200
    seconds: float
    p50: float
    p95: float
    p99: float
    first_p50: float  # to the first byte of the body
    first_p99: float
    failure: str = ""  # the first one that was seen

    @property
    def per_second(self) -> float:
        """Good calls a second."""
        return (self.calls - self.failed) / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Comparison:
    """One way of calling, through the gateway and past it."""

    kind: str  # plain or stream
    connections: int
    bare: Sample
    gateway: Sample

    @property
    def share(self) -> float:
        """Throughput of the gateway as a share of the bare passthrough's."""
        return self.gateway.per_second / self.bare.per_second if self.bare.per_second else 0.0

    @property
    def added_ms(self) -> float:
        """What the gateway adds to the middle call: to its first byte in a stream."""
        if self.kind == "stream":
            return self.gateway.first_p50 - self.bare.first_p50
        return self.gateway.p50 - self.bare.p50


@dataclass(frozen=True)
class Disturbed:
    """Calls through the gateway while something else goes on, and without it."""

    by: str
    connections: int
    quiet: Sample
    meanwhile: Sample

    @property
    def p99_times(self) -> float:
        """How many times as long the slowest calls take."""
        return self.meanwhile.p99 / self.quiet.p99 if self.quiet.p99 else 0.0

    @property
    def share(self) -> float:
        """What is left of the throughput."""
        return self.meanwhile.per_second / self.quiet.per_second if self.quiet.per_second else 0.0


@dataclass(frozen=True)
class LedgerSample:
    """How fast the ledger is when nothing else happens."""

    per_second: float  # calls of many callers, reserved and settled
    alone_ms: float  # from before the reserve to after the settle, of one caller


@dataclass(frozen=True)
class Carriage:
    """One way from a caller's dialect to a provider's."""

    caller: str
    provider: str
    request_us: float  # from the body as read to the call as sent
    event_us: float  # from the data of an event to the bytes for the caller


@dataclass(frozen=True)
class Memory:
    """Memory after all the calls of a bench."""

    gateway_mb: float  # the process that serves calls
    stack_mb: float  # all processes of the hub, what they share counted once


@dataclass(frozen=True)
class Report:
    """Everything that one run measured on one database."""

    database: str  # SQLite or Postgres
    comparisons: tuple[Comparison, ...]
    disturbed: tuple[Disturbed, ...]
    pages: dict[str, Sample]  # by path
    stages: dict[str, float]  # milliseconds of one call; "whole" is all of it
    memory: Memory
    calls: int  # through the gateway before its memory was looked at
    sync_ms: float  # of this disk
    ledger: LedgerSample
    carriages: tuple[Carriage, ...] = ()

    def failed(self) -> int:
        """Return how many calls did not get what they should."""
        return sum(sample.failed for sample in self.samples())

    def samples(self) -> list[Sample]:
        """Return every sample, compared, disturbed and of pages."""
        compared = [sample for row in self.comparisons for sample in (row.bare, row.gateway)]
        disturbed = [sample for row in self.disturbed for sample in (row.quiet, row.meanwhile)]
        return [*compared, *disturbed, *self.pages.values()]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie; 0 where there are none."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2) if ordered else 0.0


def merged(samples: Sequence[Sample]) -> Sample:
    """Return several samples of one kind as one: sums, and the median of each percentile."""

    def middle(name: str) -> float:
        return statistics.median(getattr(sample, name) for sample in samples)

    return Sample(
        calls=sum(sample.calls for sample in samples),
        failed=sum(sample.failed for sample in samples),
        seconds=sum(sample.seconds for sample in samples),
        p50=middle("p50"),
        p95=middle("p95"),
        p99=middle("p99"),
        first_p50=middle("first_p50"),
        first_p99=middle("first_p99"),
        failure=next((sample.failure for sample in samples if sample.failure), ""),
    )
