"""`llmhub gateway`, `console`, `worker`, `beat`: become one process of a deployment.

`llmhub up` runs the same processes together, on one machine.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from llmhub.up import prepare, processes


@dataclass(frozen=True)
class Single:
    """A command that becomes a process, so that signals and exit codes are the process's own."""

    add_arguments: Callable[[ArgumentParser], None]
    command: Callable[[Namespace], tuple[str, ...]]

    def run(self, options: Namespace) -> int:
        """Become the process."""
        settings.HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = self.command(options)
        os.execv(command[0], command)  # noqa: S606 - there is no shell to want


def _address(parser: ArgumentParser, *, port: int) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=port, help="port to listen on (default: %(default)s)")


def _gateway_arguments(parser: ArgumentParser) -> None:
    _address(parser, port=8000)
    parser.add_argument(
        "--workers", type=int, default=1, help="processes that share the port (default: %(default)s)"
    )


def _console_arguments(parser: ArgumentParser) -> None:
    _address(parser, port=8001)


def _worker_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--threads",
        type=int,
        default=processes.WORKER_THREADS,
        help="tasks done at the same time (default: %(default)s)",
    )


def _console(options: Namespace) -> tuple[str, ...]:
    prepare.collect_static_files()
    return processes.console("--host", options.host, "--port", str(options.port))


gateway = Single(
    _gateway_arguments,
    lambda options: processes.front(host=options.host, port=options.port, workers=options.workers),
)
console = Single(_console_arguments, _console)
worker = Single(_worker_arguments, lambda options: processes.worker(threads=options.threads))
beat = Single(lambda _: None, lambda _: processes.beat())
