"""Large bodies are read beside the event loop: one at a time, in a thread, so that nobody else waits.

Answers of 16 MiB, longest stall of the loop when read in it and in a thread, on two busy cores: a text
passed on 17 to 58 and 17 to 25 ms, a text translated 65 to 200 and 26 to 75, many choices 230 and 50 to 75.
What is left is single calls of the decoder, which hold the interpreter's lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")

LARGE = 256 * 1024  # bytes; what is smaller is read in less time than a thread takes to wake
TRANSLATED = 8  # times the work: many small blocks of 32 KiB take 1 to 2 ms to translate, of 256 KiB 20 to 40


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
