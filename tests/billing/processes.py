"""Jobs in processes of their own, killed or not: `python -m tests.billing.processes JOB OPTIONS`.

Each process is forked off a small one that has imported everything, and writes what it has to
say to a file: what was written before a kill -9 is there after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent.parent
Say = Callable[[object], None]


def run(job: str, *, processes: int = 1, kill_after: tuple[float, ...] = (), **options) -> list[list]:
    """Run `job` in each process and return what each said.

    There is a round for each number of `kill_after`: seconds after the first word of every process.
    """
    from django.db import connection

    from tests.fixtures.postgres import address

    plan = {"processes": processes, "kill_after": kill_after, "options": options}
    done = subprocess.run(
        [sys.executable, "-m", "tests.billing.processes", job, json.dumps(plan)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address(connection.settings_dict)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main() -> None:
    job, plan = JOBS[sys.argv[1]], json.loads(sys.argv[2])
    django.setup()
    said = []
    for moment in plan["kill_after"] or [None]:
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / str(number) for number in range(plan["processes"])]
            children = [_fork(job, file, plan["options"]) for file in files]
            if moment is not None:
                _wait_for_words(files)
                time.sleep(moment)
            for child in children:
                if moment is not None:
                    os.kill(child, signal.SIGKILL)
                _, status = os.waitpid(child, 0)
                assert moment is not None or status == 0, f"{sys.argv[1]} failed"
            said += [[json.loads(line) for line in _whole_lines(file)] for file in files]
    print(json.dumps(said))


def _wait_for_words(files: list[Path]) -> None:
    deadline = time.monotonic() + 20
    while not all(file.exists() and file.stat().st_size for file in files):
        assert time.monotonic() < deadline, "a process said nothing"
        time.sleep(0.002)


def _whole_lines(file: Path) -> list[str]:
    text = file.read_text() if file.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()


def _fork(job, file: Path, options: dict) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        job(lambda thing: os.write(handle, json.dumps(thing).encode() + b"\n"), **options)
        code = 0
    finally:
        os._exit(code)


def settle_for_ever(say: Say, *, budget_id: int, early: bool = False) -> None:
    """Make calls with 16 clients and say the id of each one that was acknowledged.

    `early` acknowledges before the commit, as a gateway must not.
    """
    from billing.entries import Hold
    from billing.ledger import Ledger
    from tests.billing import calls

    ledger = Ledger()
    ledger.start()

    async def client():
        while True:
            id_ = ledger.next_id()
            await ledger.reserve(calls.reserve(id_, 100, Hold(budget_id, 0)))
            settling = asyncio.create_task(ledger.settle(calls.settle(id_, calls.attempt(40))))
            if not early:
                await settling
            say(id_)
            await settling

    async def clients():
        await asyncio.gather(*(client() for _ in range(16)))

    asyncio.run(clients())


def spend(say: Say, *, budget_ids: list[int], clients: int) -> None:
    """Try one call of 100 per client on each budget and say how many were served."""
    from billing.entries import Hold, OverBudget
    from billing.ledger import Ledger
    from tests.billing import calls

    ledger = Ledger()
    ledger.start()

    async def call(budget_id: int) -> bool:
        id_ = ledger.next_id()
        try:
            await ledger.reserve(calls.reserve(id_, 100, Hold(budget_id, 0)))
        except OverBudget:
            return False
        await asyncio.sleep(0.001)
        await ledger.settle(calls.settle(id_, calls.attempt(100)))
        return True

    async def everybody():
        for budget_id in budget_ids:
            served = await asyncio.gather(*(call(budget_id) for _ in range(clients)))
            say([budget_id, sum(served)])

    asyncio.run(everybody())
    ledger.close()


def lease(say: Say, *, seconds: float) -> None:
    """Hold a ledger for a while, and say its ids."""
    from billing.ledger import Ledger

    ledger = Ledger()
    ledger.start()
    for _ in range(200):
        say(ledger.next_id())
    time.sleep(seconds)
    ledger.close()


JOBS = {"settle_for_ever": settle_for_ever, "spend": spend, "lease": lease}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmhub.settings")
    main()
