"""Keep running what `up` has prepared: `python -m llmhub.up.keep FILE`, an open file with the plan as JSON.

`up` becomes this process: it lives for months and needs no Django, which is 60 MB of memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from llmhub.up import ready
from llmhub.up.process import Process, Spec
from llmhub.up.supervisor import CannotStart, Supervisor


@dataclass(frozen=True)
class Plan:
    """What runs, where it answers, and what is said when it does."""

    specs: Sequence[Spec]
    logs: str  # folder
    host: str
    port: int
    console: str  # its socket
    welcome: str
    first: Sequence[str] = ()  # a command that is run once when everything answers


def become(plan: Plan, environment: dict[str, str], *, lock: int) -> NoReturn:
    """Replace this process by one that keeps `plan`, and the open file `lock`, which marks the home."""
    reader, writer = os.pipe()  # not a word of the command: the plan holds a sign-in link, `ps` shows those
    os.write(writer, json.dumps(asdict(plan)).encode())
    os.close(writer)
    for file in (reader, lock):
        os.set_inheritable(file, True)
    command = [sys.executable, "-P", "-m", "llmhub.up.keep", str(reader)]
    os.execve(sys.executable, command, environment)  # noqa: S606 - there is no shell to want


def say(text: str) -> None:
    """Print to whoever started it."""
    with suppress(OSError):  # the terminal may be gone
        print(text, flush=True)  # noqa: T201 - this is what a person reads


def complain(text: str) -> None:
    """Print what went wrong."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201


def main(words: Sequence[str]) -> int:
    """Keep a plan until told to stop; 1 when it cannot start."""
    with os.fdopen(int(words[0])) as file:
        said = json.load(file)
    specs = [Spec(**{**spec, "command": tuple(spec["command"])}) for spec in said.pop("specs")]
    plan = Plan(specs, **said)
    logs = Path(plan.logs)
    processes = [Process(spec, log=logs / f"{spec.name}.log", environment=os.environ) for spec in plan.specs]
    try:
        Supervisor(processes, say=say).run(
            is_ready=lambda: ready.answers(plan.host, plan.port, Path(plan.console)),
            when_ready=lambda: _welcome(plan),
        )
    except (CannotStart, FileNotFoundError) as exc:
        complain(str(exc))
        return 1
    except KeyboardInterrupt:  # before anything was started
        say("Stopped.")
        return 1
    say("Stopped.")
    return 0


def _welcome(plan: Plan) -> None:
    if plan.first:
        subprocess.run(plan.first, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)  # noqa: S603
    say(plan.welcome)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
