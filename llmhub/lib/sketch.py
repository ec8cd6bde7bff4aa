"""Pure: percentiles of whole numbers whose counts can be added together.

Values fall into buckets that grow with them: below 128 each value has its own, above it every
doubling has 64. A percentile is therefore exact below 128 and off by at most 1/128 (0.8 %) above.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_HIGHEST = 2**32 - 1  # a larger value counts as this one
_ENDS = struct.Struct("<II")  # the least and the largest value
_PAIR = struct.Struct("<HH")  # a bucket and a count; a bucket may come more than once
_MOST_IN_PAIR = 2**16 - 1


def bucket_of(value: int) -> int:
    """Return the number of the bucket that a value from 0 to `_HIGHEST` falls into."""
    shift = max(0, value.bit_length() - 7)
    return (shift << 6) + (value >> shift)


def middle_of(bucket: int) -> int:
    """Return the value in the middle of a bucket."""
    shift = max(0, (bucket >> 6) - 1)
    return ((bucket - (shift << 6)) << shift) + ((1 << shift) - 1) // 2


@dataclass
class Sketch:
    """How many values fell into each bucket."""

    counts: dict[int, int] = field(default_factory=dict)
    least: int = _HIGHEST
    most: int = 0

    def add(self, value: int) -> None:
        """Count one value; one out of range counts as the nearest that is in it."""
        value = min(max(value, 0), _HIGHEST)
        bucket = bucket_of(value)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self._reach(value, value)

    def merge(self, other: Sketch) -> None:
        """Add what another sketch counted."""
        self._add_pairs(other.counts.items())
        self._reach(other.least, other.most)

    def merge_bytes(self, kept: bytes) -> None:
        """Add a sketch as `to_bytes` wrote it. Raises `ValueError` on anything else."""
        if not kept:
            return
        try:
            self._reach(*_ENDS.unpack_from(kept))
            self._add_pairs(_PAIR.iter_unpack(memoryview(kept)[_ENDS.size :]))
        except struct.error as exc:
            raise ValueError(f"{len(kept)} bytes are no sketch") from exc

    def to_bytes(self) -> bytes:
        """Return the sketch as bytes, the same for the same counts."""
        if not self.counts:
            return b""
        pairs = (_PAIR.pack(bucket, count) for bucket, count in self._pairs())
        return _ENDS.pack(self.least, self.most) + b"".join(pairs)

    @property
    def count(self) -> int:
        """How many values were counted."""
        return sum(self.counts.values())

    def percentile(self, percent: int) -> int | None:
        """Return about the smallest value that at least `percent` percent of all do not exceed."""
        rank = -(-self.count * percent // 100)
        passed = 0
        for bucket in sorted(self.counts):
            passed += self.counts[bucket]
            if passed >= rank:
                return min(max(middle_of(bucket), self.least), self.most)
        return None

    def _reach(self, least: int, most: int) -> None:
        self.least, self.most = min(self.least, least), max(self.most, most)

    def _add_pairs(self, pairs: Iterable[tuple[int, ...]]) -> None:
        counts = self.counts
        for bucket, count in pairs:
            counts[bucket] = counts.get(bucket, 0) + count

    def _pairs(self) -> Iterator[tuple[int, int]]:
        """Yield buckets and counts, rising; a large count is cut into several."""
        for bucket in sorted(self.counts):
            left = self.counts[bucket]
            while left:
                some = min(left, _MOST_IN_PAIR)
                yield bucket, some
                left -= some


def of(values: Iterable[int]) -> Sketch:
    """Return the sketch of some values."""
    made = Sketch()
    for value in values:
        made.add(value)
    return made
