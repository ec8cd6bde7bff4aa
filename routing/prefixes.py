"""Pure: beginnings of prompts that were sent before, so that reports can say what a cache would have saved.

Nothing of a prompt is kept. A beginning is a number that only this process can make of it (Python's keyed
hash), and forgotten after five minutes: providers keep a cache no shorter. Beginnings of 4, 8, 16, 32 and
64 KiB are told apart.
Source: https://docs.claude.com/en/docs/build-with-claude/prompt-caching
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

SECONDS = 300.0
LEAST = 4096  # bytes, about 1,024 tokens: providers cache nothing shorter
LONGEST = 65_536  # bytes
MOST = 20_000  # beginnings of one process

Mark = tuple[int, str, int, int]  # id of the key, the name that was asked for, bytes, their hash


@dataclass(slots=True)
class Prefixes:
    """The beginnings that one gateway process has seen."""

    _seen: OrderedDict[Mark, float] = field(default_factory=OrderedDict)

    def repeated(self, key_id: int, name: str, prompt: bytes, *, now: float) -> int:
        """Note a prompt, and return how many bytes of its beginning this key sent before; 0 for none."""
        longest, length = 0, LEAST
        while length <= min(len(prompt), LONGEST):
            mark = (key_id, name, length, hash(prompt[:length]))
            before = self._seen.get(mark)
            if before is not None and now - before <= SECONDS:
                longest = length
            self._seen[mark] = now
            self._seen.move_to_end(mark)
            length *= 2
        while len(self._seen) > MOST:
            self._seen.popitem(last=False)
        return longest
