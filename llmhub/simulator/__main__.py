"""`python -m llmhub.simulator --port 9000`: a fake provider as a process of its own.

Tests, demo and bench use the same one; docs/simulator.md lists what a path can ask of it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TextIO

from llmhub.simulator.hits import Hits
from llmhub.simulator.lists import Lists
from llmhub.simulator.provider import SimulatedProvider
from llmhub.simulator.recordings import Recordings
from llmhub.simulator.server import serve


def options() -> argparse.Namespace:
    """Return the command line, understood."""
    parser = argparse.ArgumentParser(
        prog="python -m llmhub.simulator", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--recordings", type=Path, metavar="DIR", help="folder of recorded cases")
    parser.add_argument("--lists", type=Path, metavar="DIR", help="folder of model lists")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append each hit as a line of JSON")
    return parser.parse_args()


async def run(given: argparse.Namespace, log: TextIO | None) -> None:
    """Serve until the process is told to end; the first line printed is the address."""
    provider = SimulatedProvider(Hits(log), Recordings(given.recordings), Lists(given.lists))
    server = await serve(provider, given.host, given.port)
    address, bound = server.sockets[0].getsockname()[:2]
    sys.stdout.write(f"http://{address}:{bound}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


def main() -> None:
    """Run the simulator; Ctrl-C ends it."""
    given = options()
    with contextlib.ExitStack() as stack, contextlib.suppress(KeyboardInterrupt):
        log = stack.enter_context(given.log.open("a")) if given.log else None
        asyncio.run(run(given, log))


if __name__ == "__main__":
    main()
