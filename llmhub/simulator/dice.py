"""Pure: chance that comes out the same for the same seed, on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of numbers that a seed decides."""

    def __init__(self, seed: bytes) -> None:
        self._seed = blake2b(seed, digest_size=32).digest()
        self._thrown = 0

    def below(self, limit: int) -> int:
        """Return a number from 0 to `limit` - 1."""
        self._thrown += 1
        digest = blake2b(self._thrown.to_bytes(4, "big"), key=self._seed, digest_size=8).digest()
        return int.from_bytes(digest, "big") % limit

    def pick(self, options: Sequence[T]) -> T:
        """Return one of `options`."""
        return options[self.below(len(options))]

    def letters(self, count: int) -> str:
        """Return so many letters and digits, as they stand in ids."""
        return "".join(
            self.pick("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(count)
        )
