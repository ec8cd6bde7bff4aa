"""Every check, each a named step with its time: `./run test`. Words after it go to pytest alone.

The last line is pytest's own closing line, or, when another step failed, the counts with it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext
from importlib.util import cache_from_source
from pathlib import Path

from tests.fixtures.parts import find_browser, missing

ROOT = Path(__file__).resolve().parent.parent
PYTHON = (sys.executable, "-m")
PRODUCT = ("run", "manage.py", "llmhub", "providers", "catalog", "billing", "routing")
WORKERS = "4"  # most tests wait for processes: two cores serve four of them
STEPS = {
    "format": (*PYTHON, "ruff", "format", "--check", "--quiet", "."),
    "lint": (*PYTHON, "ruff", "check", "--quiet", "."),
    "types": (*PYTHON, "mypy", "--no-error-summary", *PRODUCT),
    "templates": (*PYTHON, "djlint", "templates", "--lint", "--quiet"),
    "migrations": (sys.executable, "manage.py", "makemigrations", "--check", "--dry-run", "--verbosity", "1"),
}
COUNT = re.compile(r"(\d+) (passed|failed|error)")


def main(words: list[str]) -> int:
    """Run the steps, then pytest; 0 when all of them pass."""
    os.chdir(ROOT)
    get_a_browser()
    failed = [] if words else run_steps()
    tests = (*PYTHON, "pytest", *(words or ("-n", WORKERS, "--dist", "loadfile", "--no-loadscope-reorder")))
    status, closing = run_tests(tests)
    if failed:
        print(f"\nThese steps failed, see above: {', '.join(failed)}")
        closing = with_failures(closing, len(failed))
        print(closing)
    return 1 if failed else status


def get_a_browser() -> None:
    """Install Chromium where that is ours to do; a test run without one says so."""
    if find_browser() or os.environ.get("LLMHUB_BROWSER") or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("No browser here: installing chromium …", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", "-qq", *words], env=quiet, stdout=subprocess.DEVNULL)


def run_steps() -> list[str]:
    """Run the steps and return those that failed.

    In a fresh clone tests are compiled meanwhile, once: each of pytest's processes would do it.
    """
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    compiling = (*PYTHON, "pytest", "--collect-only", "-qq")
    with nullcontext() if are_compiled() else subprocess.Popen(compiling, **quiet):
        return [name for name, command in STEPS.items() if not step(name, command)]


def are_compiled() -> bool:
    """Whether pytest has compiled tests here before."""
    ours = Path(cache_from_source(str(ROOT / "tests" / "conftest.py")))
    return any(ours.parent.glob(f"{ours.stem}-pytest-*"))


def step(name: str, command: tuple[str, ...]) -> bool:
    """Run one step quietly; print what it said only when it fails."""
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"{name:<12} {verdict:<7} {time.monotonic() - began:5.1f} s", flush=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def run_tests(command: tuple[str, ...]) -> tuple[int, str]:
    """Run pytest in sight of the person; return its status and closing line."""
    for why in missing().values():
        print(f"some tests are left out: {why}")
    closing = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as pytest:
        for line in pytest.stdout:
            print(line, end="", flush=True)
            closing = line.strip() if COUNT.search(line) else closing
    return pytest.returncode, closing


def with_failures(closing: str, more: int) -> str:
    """The closing counts with `more` failures: `12 passed, 1 failed`."""
    counts = {"passed": 0, "failed": more, "error": 0}
    for number, kind in COUNT.findall(closing):
        counts[kind] += int(number)
    return f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
