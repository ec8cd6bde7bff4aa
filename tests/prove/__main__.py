"""`./run prove [ROW …] [--quick] [--database sqlite|postgres|both]`: show the rows, with their controls.

Prints figures as they come, writes docs/reliability.md, and ends with 1 when a row or its control fails.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import tests.fixtures.home  # noqa: F401  a data folder of this process, before Django reads its settings

# What they say is what rows provoke.
NOISY = (
    "httpx",
    "httpx2",
    "django.request",
    "django.security.csrf",
    "billing.sweep",
    "billing.content_clear",
    "llmhub.api",
    "llmhub.people.sign_in_log",
)
TABLE = Path(__file__).resolve().parent.parent.parent / "docs" / "reliability.md"


def main(words: list[str]) -> int:
    """Run what was asked for; 0 when everything holds."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmhub.settings")
    django.setup()
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    from tests.prove import machine
    from tests.prove.row import load, requirements
    from tests.prove.stand import Stand
    from tests.prove.table import write

    rows = load()
    asked = _arguments(words, sorted(rows))
    wanted, facts = [rows[id_] for id_ in asked.rows or sorted(rows)], machine.facts()
    form = "quick form" if asked.quick else "full form"
    print(f"{form} on {facts}", flush=True)
    verdicts = []
    for database in ("sqlite", "postgres") if asked.database == "both" else (asked.database,):
        stand = Stand(database, quick=asked.quick, say=_say)
        try:
            verdicts += _run_all([row for row in wanted if database in row.databases], stand)
        finally:
            stand.close()
    when = f"{datetime.now(UTC):%Y-%m-%d}, {form}"
    write(asked.table, requirements(), verdicts, rows=rows, when=when, machine=facts)
    return _close(verdicts)


def _arguments(words: list[str], known: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run prove", description=__doc__.splitlines()[0])
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help=f"of {', '.join(known)}; all when none is given"
    )
    parser.add_argument("--quick", action="store_true", help="the small form")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--table", type=Path, default=TABLE, help="the file to write")
    asked = parser.parse_args(words)
    if unknown := set(asked.rows) - set(known):
        parser.error(f"no module shows {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return asked


def _run_all(rows, stand) -> list:
    from tests.prove.row import run

    verdicts = []
    for row in rows:
        _say(f"{row.id} on {stand.database}: {row.claim}")
        verdicts.append(run(row, stand, _say))
    return verdicts


def _close(verdicts) -> int:
    bad = [f"{verdict.row.id} on {verdict.database}" for verdict in verdicts if not verdict.passed]
    _say(f"{len(verdicts) - len(bad)} of {len(verdicts)} hold" + (f"; not: {', '.join(bad)}" if bad else ""))
    return 1 if bad or not verdicts else 0


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
