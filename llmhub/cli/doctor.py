"""`llmhub doctor`: is what the hub keeps whole?"""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from billing import reconcile, rollup_day
from llmhub.audit import log
from llmhub.cli import show
from providers.credential import CredentialUnreadable, reveal
from providers.models import Credential


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `doctor`."""
    doctor = commands.add_parser("doctor", help="check database, audit chain, credentials and every sum")
    doctor.add_argument("--everything", action="store_true", help="every quarter of an hour, not a sample")
    show.add_json(doctor)
    doctor.set_defaults(run=examine)


def examine(options: Namespace) -> int:
    """Print what was looked at and what is wrong with it; 1 when something is."""
    findings = {
        "database": _migrations() + lossy_settings(connection),
        "audit log": _audit(),
        "credentials": _credentials(),
        "sums": [str(difference) for difference in reconcile.check(everything=options.everything)]
        + _days(everything=options.everything),
    }
    rows = [
        {"what": what, "state": "wrong" if wrong else "fine", "finding": finding}
        for what, wrong in findings.items()
        for finding in wrong or [""]
    ]
    show.rows(options, rows, columns=("what", "state", "finding"), empty="")
    return 1 if any(findings.values()) else 0


def _days(*, everything: bool) -> list[str]:
    wrong = rollup_day.compare(everything=everything)
    return [f"{wrong} days differ from their quarters of an hour: they are added up anew"] if wrong else []


def _migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration} is not applied: run `llmhub migrate`" for migration, _ in missing]


def lossy_settings(database: BaseDatabaseWrapper) -> list[str]:
    """Return what lets a commit be lost with the power; a SQLite file is always opened without."""
    if database.vendor != "postgresql":
        return []
    with database.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit')")
        unsafe = sorted(name for name, setting in cursor.fetchall() if setting == "off")
    return [f"{name} is off: acknowledged calls may be lost, switch it on" for name in unsafe]


def _audit() -> list[str]:
    broken = log.first_broken_link()
    return [] if broken is None else [f"event {broken} does not fit the one before: the log was altered"]


def _credentials() -> list[str]:
    found = []
    for credential in Credential.objects.filter(provider__removed_at=None).select_related("provider"):
        try:
            reveal(credential)
        except CredentialUnreadable as trouble:
            found.append(f"{credential.provider.slug}: {trouble}")
    return found
