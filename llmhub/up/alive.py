"""Whether a process is well, for a container's health check; standard library only, for it runs often.

`python -m llmhub.up.alive FOLDER/alive-worker` looks whether it gave a sign in that data folder lately;
`python -m llmhub.up.alive http://127.0.0.1:8000/readyz` asks. Exit 0: it is.
"""

from __future__ import annotations

import sys
import time
import urllib.request
from pathlib import Path

EVERY = 5.0  # seconds between two signs
_LATE = 30.0  # seconds


def give_sign(home: Path, name: str) -> None:
    """Note that the process of this name is at work."""
    (home / f"alive-{name}").touch()


def is_fresh(sign: Path) -> bool:
    """Return whether this sign was given lately."""
    try:
        return time.time() - sign.stat().st_mtime < _LATE
    except FileNotFoundError:
        return False


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=4) as answer:  # noqa: S310 - what the operator wrote
            return bool(answer.status == 200)
    except OSError:
        return False


def main(whom: str) -> int:
    """Return 0 when it is well, else 1."""
    is_well = _answers(whom) if "://" in whom else is_fresh(Path(whom))
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
