"""`llmhub bench`: what the gateway costs, compared with a bare passthrough in the same minute."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

from llmhub.bench import figures
from llmhub.bench.figures import Comparison, Report
from llmhub.bench.stand import CannotBench, Stand

LEVELS = (1, 8, 32)  # connections
WARM_UP = 0.5  # seconds
PAGE_VIEWS, PAGE_SECONDS = 30, 1.0


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `bench` takes."""
    parser.add_argument(
        "--seconds", type=float, default=1.5, help="of each of the 12 measurements (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")


def run(options: Namespace) -> int:
    """Measure on local addresses only, in a home of its own; 1 when calls failed."""
    try:
        with Stand() as stand:
            report = _measure(stand, options.seconds)
    except CannotBench as trouble:
        sys.stderr.write(f"llmhub bench: {trouble}\n")
        return 1
    shown = json.dumps(figures.document(report), indent=2) if options.json else figures.text(report)
    sys.stdout.write(shown + "\n")
    return 1 if report.failed() else 0


def _measure(stand: Stand, seconds: float) -> Report:
    """Return everything that is measured, one after the other."""
    for address in (stand.bare, stand.hub):
        stand.load(stand.call(address, connections=8, seconds=WARM_UP))
    rows = [
        _compare(stand, stream=stream, connections=connections, seconds=seconds)
        for stream in (False, True)
        for connections in LEVELS
    ]
    pages = {
        path: stand.load(stand.page(path, seconds=PAGE_SECONDS, most=PAGE_VIEWS))
        for path in stand.made["pages"]
    }
    return Report(tuple(rows), pages, stand.ledger(seconds))


def _compare(stand: Stand, *, stream: bool, connections: int, seconds: float) -> Comparison:
    """Return the same calls past the hub and through it."""
    bare, hub = (
        stand.load(stand.call(address, stream=stream, connections=connections, seconds=seconds))
        for address in (stand.bare, stand.hub)
    )
    return Comparison("stream" if stream else "plain", connections, bare=bare, gateway=hub)
