"""Serve one of the two web processes: `python -m llmhub.up.serve front --port 8000`.

Both run under granian, usually with one worker; the supervisor, not granian, replaces one that died.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from granian.net import SocketSpec  # type: ignore[attr-defined] # not named in its __all__

from llmhub import settings
from llmhub.lib import collector, logs
from llmhub.up import child

_LEAVE = signal.SIGUSR1
_WAIT_FOR_REQUEST = 5  # seconds
RELOAD_OVERLAP = 4.0  # seconds in which the new worker gets ready before the old one drains
SETTLE_SECONDS = 12  # after the grace time, for what the ledger still has to write


class OneSocket(Granian):  # type: ignore[misc, valid-type] # granian picks its class by platform
    """Granian with one listening socket that all workers share.

    On Linux each worker would have its own: a connection that waits at the old worker's when that one
    leaves is reset, and a reload fails calls.
    """

    def _init_shared_socket(self) -> None:
        if self.bind_uds:
            self.bind_uds.unlink(missing_ok=True)  # left by a killed process
            super()._init_shared_socket()
            return
        self._ssp = None
        self._shd = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._sfd = self._shd.get_fd()
        self._sso = socket.socket(fileno=self._sfd)
        self._sso.set_inheritable(True)
        if hasattr(socket, "TCP_DEFER_ACCEPT"):
            # A worker is given a connection when its request is there: one without, taken in the moment
            # of a reload, would be closed unanswered.
            self._sso.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _WAIT_FOR_REQUEST)

    def _respawn_workers(self, workers: list[int], *arguments: Any, **named: Any) -> None:
        """Have the old workers close each connection with its next answer, then replace them."""
        for number in workers:
            os.kill(self.wrks[number].inner.pid, _LEAVE)
        super()._respawn_workers(workers, *arguments, **named)


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m llmhub.up.serve", description=main.__doc__)
    parser.add_argument("what", choices=["front", "console"])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--socket", type=Path, help="a unix socket instead of host and port")
    options = parser.parse_args()
    load, interface = {
        "front": (load_front, Interfaces.ASGI),
        "console": (load_console, Interfaces.ASGINL),
    }[options.what]
    server = OneSocket(
        options.what,
        address=options.host,
        port=options.port,
        uds=options.socket,
        uds_permissions=0o600,
        interface=interface,
        workers=options.workers,
        http=HTTPModes.http1,
        websockets=False,
        loop=Loops.asyncio,
        backlog=4096,
        log_level=LogLevels(settings.LOG_LEVEL.lower()),
        log_dictconfig=logs.configuration(settings.LOG_LEVEL),
        workers_kill_timeout=settings.GRACE_SECONDS + SETTLE_SECONDS,
        respawn_interval=RELOAD_OVERLAP,
    )
    signal.signal(_LEAVE, signal.SIG_IGN)  # for a worker that is told before it listens to it
    server.serve(target_loader=load, wrap_loader=False)


def load_front() -> Callable[..., Any]:
    """Return the front; called in the worker, which then dies with granian's main process."""
    child.die_with_parent(os.getppid())
    collector.rest()
    from llmhub.front import make_front

    front = make_front()
    collector.spare()
    signal.signal(_LEAVE, lambda *_: front.leave())
    return front


def load_console() -> Callable[..., Any]:
    """Return the console; called in the worker, which then dies with granian's main process."""
    child.die_with_parent(os.getppid())
    collector.rest()
    from django.urls import get_resolver

    from llmhub.asgi import application

    _ = get_resolver().url_patterns  # all pages, which the first request would read
    collector.spare()
    return application


if __name__ == "__main__":
    main()
