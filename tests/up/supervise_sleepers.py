"""A supervisor of sleepers: `supervise_sleepers.py FOLDER NAME:ORDER…`; says READY when all have started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from llmhub.up.process import Process, Spec
from llmhub.up.supervisor import CannotStart, Supervisor

FOLDER = Path(sys.argv[1])
NOTES = FOLDER / "notes"
NAMES = [word.split(":") for word in sys.argv[2:]]
SLEEPER = str(Path(__file__).with_name("sleeper.py"))


def process(name: str, order: str) -> Process:
    command = (sys.executable, SLEEPER, name, str(NOTES))
    spec = Spec(name, command, stop_order=int(order), stop_seconds=1)
    return Process(spec, log=FOLDER / f"{name}.log", environment=os.environ)


def is_ready() -> bool:
    started = NOTES.read_text().count("started") if NOTES.exists() else 0
    return started >= len(NAMES) and ["broken", "1"] not in NAMES


def say(text: str) -> None:
    print(text, flush=True)


try:
    Supervisor([process(*name) for name in NAMES], say=say).run(
        is_ready=is_ready, when_ready=lambda: say("READY")
    )
except CannotStart as exc:
    say(str(exc))
    sys.exit(1)
