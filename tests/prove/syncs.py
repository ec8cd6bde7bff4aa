"""How often a gateway on SQLite tells the disk to keep what it wrote, for each commit of its ledger."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from llmhub.bench import machine
from tests.prove import calls

HEARD = ("fsync", "fdatasync")


def of_each_commit(gateway, model, folder: Path, count: int) -> float | None:
    """Syncs for each commit of `count` calls, one after the other; None where there is no strace."""
    if shutil.which("strace") is None:
        return None
    log = folder / "syncs"
    (worker,) = machine.family(gateway.process.pid)[1:2]
    command = ["strace", "-f", "-q", "-e", f"trace={','.join(HEARD)}", "-p", str(worker), "-o", str(log)]
    before = _commits(gateway)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as tracing:
        time.sleep(0.5)  # it takes hold of one thread after the other
        outcomes = calls.by_clients(((gateway.url, model, {}) for _ in range(count)), clients=1)
        commits = _commits(gateway) - before
        tracing.send_signal(signal.SIGINT)
    assert {outcome.status for outcome in outcomes} == {200}
    heard = sum(
        re.search(rf"\b({'|'.join(HEARD)})\(", line) is not None for line in log.read_text().splitlines()
    )
    return heard / commits


def _commits(gateway) -> int:
    """How many transactions the ledger has written, by the gateway's own metrics."""
    page = urllib.request.urlopen(f"{gateway.url}/metrics", timeout=5).read().decode()
    return int(float(re.search(r"^llmhub_ledger_batches_total (\S+)", page, re.MULTILINE)[1]))
