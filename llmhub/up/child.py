"""Start one process that cannot outlive its supervisor; standard library only, for it runs often.

`python -m llmhub.up.child PARENT NICE COMMAND…` becomes COMMAND. On Linux the kernel kills it
when its parent dies. Elsewhere a watcher in its process group looks twice a second.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html
_LOOK_SECONDS = 0.5


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process as soon as `parent`, which must be its parent, is gone.

    A process forked later has to ask for itself: the kernel does not hand the wish down.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we could ask
        os._exit(1)


def watch(parent: int) -> None:
    """Fork a watcher that kills this process group when this process or its `parent` is gone."""
    leader = os.getpid()
    if os.fork() != 0:
        return
    while os.getppid() == leader and _is_alive(parent):
        time.sleep(_LOOK_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main(arguments: list[str]) -> None:
    """Become the command, at its priority, bound to the parent's life."""
    parent, niceness, *command = arguments
    die_with_parent(int(parent))
    if sys.platform != "linux":
        watch(int(parent))
    os.nice(int(niceness))
    os.execv(command[0], command)  # noqa: S606 - there is no shell to want


if __name__ == "__main__":
    main(sys.argv[1:])
