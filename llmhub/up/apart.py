"""Run something large in a process of its own, so that its memory ends with it.

Preparing reads every model and price there is; the supervisor lives for months and needs none of it.
"""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

from llmhub.up import child

Result = TypeVar("Result")


class Ended(RuntimeError):
    """The process ended without an answer: it was killed."""


def run_apart(work: Callable[[], Result]) -> Result:
    """Return what `work` returns, or raise what it raises; its values have to survive pickling.

    Where a process cannot safely be forked (macOS), it runs in this one. Raises `Ended`.
    """
    if sys.platform != "linux":
        return work()
    reader, writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        child.die_with_parent(parent)
        _answer(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    if not answer:
        raise Ended(f"preparing was ended (wait status {status}): is there enough memory?")
    is_done, outcome = pickle.loads(answer)  # noqa: S301 - from our own child
    if not is_done:
        raise outcome
    found: Result = outcome
    return found


def _answer(work: Callable[[], object], writer: int) -> None:
    """Write what `work` gives, and end this process without the endings of its parent."""
    try:
        outcome = (True, work())
    except BaseException as exc:
        exc.add_note(traceback.format_exc())
        outcome = (False, exc)
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(pickle.dumps(outcome))
    os._exit(0)
