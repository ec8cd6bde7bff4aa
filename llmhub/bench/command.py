"""`llmhub bench`: what the gateway costs, compared with a bare passthrough in the same minutes."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import AbstractContextManager

from llmhub.bench import dialects, shown
from llmhub.bench.figures import Comparison, Disturbed, Report, Sample, merged
from llmhub.bench.stand import CannotBench, Stand

LEVELS = (1, 8, 64)  # connections
ROUNDS = 3  # of each measurement, in turn past the hub and through it
WARM_UP = 0.5  # seconds
VIEWERS = 4  # of pages, while calls are measured
DISTURBED = 8  # connections
PAGE_VIEWS, PAGE_SECONDS = 30, 1.0


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `bench` takes."""
    parser.add_argument(
        "--seconds", type=float, default=1.5, help="of each of the 12 measurements (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--database-url", default="", help="an empty database (default: SQLite of its own)")
    parser.add_argument(
        "--calls", type=int, default=0, help="made at least before memory is looked at: 100000 for its aim"
    )


def run(options: Namespace) -> int:
    """Measure on local addresses only, in a home of its own; 1 when calls failed."""
    try:
        report = measure(options)
    except CannotBench as trouble:
        sys.stderr.write(f"llmhub bench: {trouble}\n")
        return 1
    said = json.dumps(shown.document(report), indent=2) if options.json else shown.text(report)
    sys.stdout.write(said + "\n")
    return 1 if report.failed() else 0


def measure(options: Namespace) -> Report:
    """Return everything that is measured, one after the other. Raises `CannotBench`."""
    with Stand(options.database_url) as stand:
        return _measure(stand, options)


def _measure(stand: Stand, options: Namespace) -> Report:
    seconds = options.seconds
    for address in (stand.bare, stand.hub):
        stand.load(stand.call(address, connections=8, seconds=WARM_UP))
    sync_ms = stand.sync_ms()
    compared = tuple(
        _compare(stand, kind=kind, connections=connections, seconds=seconds)
        for kind in ("plain", "stream")
        for connections in LEVELS
    )
    disturbed = (
        _disturb(
            stand,
            f"{VIEWERS} viewers look at pages",
            lambda: stand.hammered(connections=VIEWERS, seconds=seconds * 1.2),
            seconds,
        ),
        _disturb(stand, "sums are made anew", stand.rolling, seconds),
    )
    pages = {
        path: stand.load(stand.page(path, seconds=PAGE_SECONDS, most=PAGE_VIEWS))
        for path in stand.made["pages"]
    }
    calls = _up_to(
        stand, options.calls, [*(row.gateway for row in compared), *(row.quiet for row in disturbed)]
    )
    return Report(
        database="Postgres" if options.database_url else "SQLite",
        comparisons=compared,
        disturbed=disturbed,
        pages=pages,
        memory=stand.memory(),
        calls=calls,
        sync_ms=sync_ms,
        stages=stand.stages(seconds),  # from here on the hub is stopped
        ledger=stand.ledger(seconds),
        carriages=tuple(dialects.measure(seconds)),
    )


def _compare(stand: Stand, *, kind: str, connections: int, seconds: float) -> Comparison:
    """Return the same calls past the hub and through it, a part of each in turn."""
    samples: dict[str, list[Sample]] = {stand.bare: [], stand.hub: []}
    for _ in range(ROUNDS):
        for address, found in samples.items():
            job = stand.call(address, kind=kind, connections=connections, seconds=seconds / ROUNDS)
            found.append(stand.load(job))
    return Comparison(kind, connections, bare=merged(samples[stand.bare]), gateway=merged(samples[stand.hub]))


def _disturb(
    stand: Stand, by: str, disturbing: Callable[[], AbstractContextManager[None]], seconds: float
) -> Disturbed:
    """Return calls without and with something that goes on meanwhile, a part of each in turn."""
    job = stand.call(stand.hub, connections=DISTURBED, seconds=seconds)
    quiet, meanwhile = [], []
    for _ in range(ROUNDS):
        quiet.append(stand.load(job))
        with disturbing():
            meanwhile.append(stand.load(job))
    return Disturbed(by, DISTURBED, quiet=merged(quiet), meanwhile=merged(meanwhile))


def _up_to(stand: Stand, wanted: int, made: list[Sample]) -> int:
    """Make as many calls as are missing, and return how many there were."""
    calls = sum(sample.calls for sample in made)
    if calls < wanted:
        calls += stand.load(
            stand.call(stand.hub, connections=LEVELS[-1], seconds=600, most=wanted - calls)
        ).calls
    return calls
