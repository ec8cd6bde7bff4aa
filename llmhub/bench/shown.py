"""Pure: a report for people, for programs and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from llmhub.bench.figures import Comparison, Report

_SHARE, _SYNCS, _ADDED_MS, _GATEWAY_MB, _STACK_MB, _P99 = 0.6, 2, 0.8, 130, 600, 1.5


@dataclass(frozen=True)
class Aim:
    """What a figure should be."""

    what: str
    measured: str
    wanted: str
    met: bool


def aims(report: Report) -> list[Aim]:
    """Return what was aimed at on this database, and whether it was met."""
    rows = {(row.kind, row.connections): row for row in report.comparisons}
    memory = report.memory
    found = [
        _at_most("memory of the gateway", memory.gateway_mb, _GATEWAY_MB, "MB"),
        _at_most("memory of the whole stack", memory.stack_mb, _STACK_MB, "MB"),
        *(_at_most(f"p99 while {row.by}", row.p99_times, _P99, "times") for row in report.disturbed),
    ]
    if report.database == "SQLite":
        share, added = rows["plain", max(n for _, n in rows)].share, rows["plain", 1].added_ms
        found.insert(0, Aim("of bare, many connections", f"{share:.0%}", f">= {_SHARE:.0%}", share >= _SHARE))
        most = _SYNCS * report.sync_ms + _ADDED_MS
        found.insert(1, _at_most("added at one connection: 2 syncs + 0.8 ms", added, most, "ms"))
    return found


def _at_most(what: str, measured: float, most: float, unit: str) -> Aim:
    return Aim(what, f"{measured:.3g} {unit}", f"<= {most:.3g} {unit}", measured <= most)


def document(report: Report) -> dict[str, Any]:
    """Return the report for programs."""
    rows = [
        asdict(row)
        | {"share_of_bare": round(row.share, 3), "added_ms": round(row.added_ms, 2)}
        | {"bare_per_second": round(row.bare.per_second), "gateway_per_second": round(row.gateway.per_second)}
        for row in report.comparisons
    ]
    disturbed = [
        asdict(row) | {"share": round(row.share, 3), "p99_times": round(row.p99_times, 2)}
        for row in report.disturbed
    ]
    return {
        "database": report.database,
        "gateway": rows,
        "disturbed": disturbed,
        "pages": {path: asdict(sample) for path, sample in report.pages.items()},
        "stages": report.stages,
        "memory": asdict(report.memory) | {"calls": report.calls},
        "sync_ms": report.sync_ms,
        "ledger": asdict(report.ledger),
        "carriages": [asdict(row) for row in report.carriages],
        "aims": [asdict(aim) for aim in aims(report)],
    }


def text(report: Report) -> str:
    """Return the report for people: tables, and what failed."""
    lines = [line for _, table in _tables(report) for line in (*_aligned(table), "")]
    if report.failed():
        lines.append(f"{report.failed()} calls failed: the figures above are not to be trusted")
        lines += sorted({sample.failure for sample in report.samples() if sample.failure})
    return "\n".join(lines).rstrip()


def page(reports: Sequence[Report], *, machine: str, when: str) -> str:
    """Return docs/performance.md."""
    parts = [
        "# Performance: what was measured last",
        f"Written by `./run bench`; [bench.md](bench.md) says how. {when}, on {machine}.",
        "A load far from 0 before the start means that others used the machine: shares are lower then, and "
        "times longer, than they are.",
    ]
    for report in reports:
        parts.append(f"## {report.database}")
        for title, table in _tables(report):
            parts += [f"### {title}", "\n".join(_markdown(table))]
    return "\n\n".join(parts) + "\n"


Table = list[tuple[str, ...]]  # the first row is its head


def _tables(report: Report) -> Iterator[tuple[str, Table]]:
    yield (
        "Aims",
        [
            ("aim", "measured", "wanted", "met"),
            *((aim.what, aim.measured, aim.wanted, "yes" if aim.met else "NO") for aim in aims(report)),
        ],
    )
    head = (
        "calls",
        "connections",
        "of bare",
        "added p50 ms",
        "added p99 ms",
        "bare/s",
        "hub/s",
        "first byte added ms",
    )
    yield "Beside a bare passthrough", [head, *map(_compared, report.comparisons)]
    yield "What a call is made of", _stages(report)
    disturbed = [
        (row.by, str(row.connections), f"{row.share:.0%}", f"{row.p99_times:.2f}") for row in report.disturbed
    ]
    carried = [
        (row.caller, row.provider, f"{row.request_us:.0f}", f"{row.event_us:.1f}") for row in report.carriages
    ]
    yield "From dialect to dialect", [("caller", "provider", "request µs", "event µs"), *carried]
    yield "While something else goes on", [("meanwhile", "connections", "of quiet", "p99 times"), *disturbed]
    pages = [(path, f"{sample.p50:.1f}", f"{sample.p95:.1f}") for path, sample in report.pages.items()]
    yield "Pages", [("page", "p50 ms", "p95 ms"), *pages]
    yield "The rest", _rest(report)


def _compared(row: Comparison) -> tuple[str, ...]:
    return (
        row.kind,
        str(row.connections),
        f"{row.share:.0%}",
        f"{row.gateway.p50 - row.bare.p50:.2f}",
        f"{row.gateway.p99 - row.bare.p99:.2f}",
        f"{row.bare.per_second:.0f}",
        f"{row.gateway.per_second:.0f}",
        f"{row.gateway.first_p50 - row.bare.first_p50:.2f}",
    )


def _stages(report: Report) -> Table:
    whole = report.stages.get("whole", 0.0)
    stages = {name: ms for name, ms in report.stages.items() if name != "whole"}
    stages["rest"] = whole - sum(stages.values())
    rows = [(name, f"{ms:.3f}", f"{ms / whole:.0%}" if whole else "") for name, ms in stages.items()]
    return [("stage", "ms", "of the call"), *rows, ("whole", f"{whole:.3f}", "")]


def _rest(report: Report) -> Table:
    return [
        ("figure", "measured"),
        ("one write of this disk that stays", f"{report.sync_ms:.2f} ms"),
        ("ledger alone, 256 callers", f"{report.ledger.per_second:,.0f} calls/s"),
        ("ledger alone, one caller", f"{report.ledger.alone_ms:.1f} ms"),
        (f"memory of the gateway after {report.calls:,} calls", f"{report.memory.gateway_mb:.0f} MB"),
        ("memory of the whole stack", f"{report.memory.stack_mb:.0f} MB"),
    ]


def _aligned(table: Table) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table]


def _markdown(table: Table) -> list[str]:
    head, *rows = (f"| {' | '.join(row)} |" for row in table)
    return [head, "|---" * len(table[0]) + "|", *rows]
