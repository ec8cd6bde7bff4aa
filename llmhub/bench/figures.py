"""Pure: what was measured, and what is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


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
class LedgerSample:
    """How fast the ledger is when nothing else happens."""

    per_second: float  # calls of many callers, reserved and settled
    alone_ms: float  # from before the reserve to after the settle, of one caller


@dataclass(frozen=True)
class Report:
    """Everything that one run measured."""

    comparisons: tuple[Comparison, ...]
    pages: dict[str, Sample]  # by path
    ledger: LedgerSample

    def failed(self) -> int:
        """Return how many calls did not get what they should."""
        samples = [sample for row in self.comparisons for sample in (row.bare, row.gateway)]
        return sum(sample.failed for sample in (*samples, *self.pages.values()))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie; 0 where there are none."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2) if ordered else 0.0


def document(report: Report) -> dict[str, Any]:
    """Return the report for programs."""
    rows = [
        asdict(row)
        | {"share_of_bare": round(row.share, 3), "added_ms": round(row.added_ms, 2)}
        | {"bare_per_second": round(row.bare.per_second), "gateway_per_second": round(row.gateway.per_second)}
        for row in report.comparisons
    ]
    pages = {path: asdict(sample) for path, sample in report.pages.items()}
    return {"gateway": rows, "pages": pages, "ledger": asdict(report.ledger)}


def text(report: Report) -> str:
    """Return the report for people; milliseconds unless something else is said."""
    lines = [
        "calls   conn   bare/s  hub/s  of bare   p50 bare → hub    p99 bare → hub    first byte bare → hub"
    ]
    for row in report.comparisons:
        bare, hub = row.bare, row.gateway
        lines.append(
            f"{row.kind:<7}{row.connections:>5}{bare.per_second:>9.0f}{hub.per_second:>7.0f}{row.share:>8.0%}"
            f"{bare.p50:>10.1f} →{hub.p50:>6.1f}{bare.p99:>10.1f} →{hub.p99:>6.1f}"
            f"{bare.first_p50:>14.1f} →{hub.first_p50:>6.1f}"
        )
    lines += ["", f"{'page':<40}{'p50':>8}{'p95':>8}"]
    lines += [f"{path:<40}{sample.p50:>8.1f}{sample.p95:>8.1f}" for path, sample in report.pages.items()]
    ledger = report.ledger
    lines += ["", f"ledger alone: {ledger.per_second:,.0f} calls/s; {ledger.alone_ms:.1f} ms for one caller"]
    if report.failed():
        lines += ["", f"{report.failed()} calls failed: the figures above are not to be trusted"]
        lines += sorted({s.failure for s in _samples(report) if s.failure})
    return "\n".join(lines)


def _samples(report: Report) -> list[Sample]:
    return [s for row in report.comparisons for s in (row.bare, row.gateway)] + list(report.pages.values())
