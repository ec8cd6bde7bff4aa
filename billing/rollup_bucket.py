"""The quarters of an hour, in UTC, that calls are added up by.

A bucket is named by its first second in Unix time. Offsets of all time zones are whole quarters, so
buckets compose into a day of any of them. Ids are ordered by time: a bucket is a range of ids.
"""

from __future__ import annotations

from datetime import datetime

from llmhub.lib import ids

SECONDS = 900
_MS = SECONDS * 1000


def of_row(row_id: int) -> int:
    """Return the bucket of the call with this id."""
    return ((row_id >> ids.TIME_SHIFT) + ids.EPOCH_MS) // _MS * SECONDS


def at(moment: datetime) -> int:
    """Return the bucket that is open at `moment`."""
    return int(moment.timestamp()) // SECONDS * SECONDS


def first_id(bucket: int) -> int:
    """Return the smallest id of a call in `bucket`; the next bucket's is where it ends."""
    return max(0, bucket * 1000 - ids.EPOCH_MS) << ids.TIME_SHIFT


def ids_of(bucket: int) -> tuple[int, int]:
    """Return the ids of the calls in `bucket`: from the first to before the second."""
    return first_id(bucket), first_id(bucket + SECONDS)


def worker_of(row_id: int) -> int:
    """Return the worker bits of an id: which process made it."""
    return (row_id >> ids.WORKER_SHIFT) % ids.WORKERS
