"""`./run bench`: measure on SQLite and on a Postgres server of its own, and write docs/performance.md."""

from __future__ import annotations

import argparse
import os
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from llmhub.bench import command, shown
from llmhub.bench.figures import Report
from llmhub.bench.stand import CannotBench
from tests.fixtures.postgres import running_postgres
from tests.prove import machine

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "performance.md"


def main(words: list[str]) -> int:
    """Measure, show, write; 1 when something could not be measured or calls failed."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    command.add_arguments(parser)
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--page", type=Path, default=PAGE, help="the file to write")
    options = parser.parse_args(words)
    if options.json or options.database_url:
        return command.run(options)
    facts = machine.facts()
    try:
        reports = _measure(options)
    except CannotBench as trouble:
        sys.stderr.write(f"./run bench: {trouble}\n")
        return 1
    when = f"{datetime.now(UTC):%Y-%m-%d}, {options.seconds:g} s for each measurement"
    facts += f"; load {os.getloadavg()[0]:.1f} at the end"
    options.page.write_text(shown.page(reports, machine=facts, when=when))
    return 1 if any(report.failed() for report in reports) else 0


def _measure(options: Namespace) -> list[Report]:
    reports = []
    if options.database != "postgres":
        reports.append(_said(command.measure(options)))
    if options.database != "sqlite":
        with running_postgres(fsync="on") as server:
            options.database_url = server.url(server.create())
            reports.append(_said(command.measure(options)))
    return reports


def _said(report: Report) -> Report:
    print(f"{report.database}\n\n{shown.text(report)}\n", flush=True)
    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
