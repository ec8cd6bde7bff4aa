"""Schedulers, workers and callers as processes of their own: `python -m tests.alerts.crowd ROLE …`.

`DEFECT=careless` in the environment lets every worker send whatever it has read.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAUSE = 0.01  # seconds between two looks: schedules of seconds, made tight


@contextmanager
def processes(*roles: str, stop: Path, environment: dict[str, str]):
    """Run one process for each role; they end when the file `stop` is there."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.alerts.crowd", role, str(stop)], cwd=ROOT, env=environment
        )
        for role in roles
    ]
    try:
        yield started
    finally:
        stop.touch()
        for process in started:
            process.wait(30)


def spend(budget_id: int, period_start: int, calls: int, environment: dict[str, str]) -> None:
    """Settle so many calls of 1 USD at the same time, as a gateway does."""
    words = ["spend", str(budget_id), str(period_start), str(calls)]
    subprocess.run(
        [sys.executable, "-m", "tests.alerts.crowd", *words],
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=120,
    )


def main(role: str, *words: str) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmhub.settings")
    django.setup()
    if os.environ.get("DEFECT") == "careless":
        from llmhub.alerts import outbox

        outbox.take = lambda _row, _now: True
    {"schedule": _schedule, "work": _work, "spend": _spend}[role](*words)


def _schedule(stop: str) -> None:
    from billing import budget_alerts

    while not Path(stop).exists():
        budget_alerts.look()
        time.sleep(PAUSE)


def _work(stop: str) -> None:
    from llmhub.alerts.sending import send_due

    while not Path(stop).exists():
        send_due()
        time.sleep(PAUSE)


def _spend(budget_id: str, period_start: str, calls: str) -> None:
    from billing.entries import Hold
    from billing.ledger import Ledger
    from tests.billing import calls as made

    hold = Hold(int(budget_id), int(period_start))
    ledger = Ledger()
    ledger.start()

    async def one() -> None:
        id_ = ledger.next_id()
        await ledger.reserve(made.reserve(id_, made.USD, hold))
        await ledger.settle(made.settle(id_, made.attempt(made.USD)))

    async def all_() -> None:
        await asyncio.gather(*(one() for _ in range(int(calls))))

    asyncio.run(all_())
    ledger.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
