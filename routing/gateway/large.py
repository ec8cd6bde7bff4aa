"""Large bodies are read beside the event loop: one at a time, in a thread, so that nobody else waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")

LARGE = 256 * 1024  # bytes; what is smaller is read in less time than a thread takes to wake


class LargeBodies:
    """The one place in a process where large bodies are read; made in its event loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def read(self, content: bytes, reader: Callable[[bytes], T]) -> T:
        """Return what `reader` makes of `content`."""
        return await self.run(len(content), partial(reader, content))

    async def run(self, size: int, work: Callable[[], T]) -> T:
        """Return what `work` on a body of `size` bytes returns."""
        if size <= LARGE:
            return work()
        async with self._turn:
            return await asyncio.to_thread(work)
