"""A stream that is cut in two at any byte holds the same events."""

from __future__ import annotations

import random
from itertools import pairwise

from providers.sse import SseReader

EVERY_CUT = 8192  # bytes of a stream that is cut at each of them; beyond, at 200 that chance chooses


def check_cuts(content: bytes) -> None:
    """Cut a stream everywhere, but read two events of it alone: between two a reader remembers nothing."""
    whole = said(content)
    begins = 0  # of an event
    for piece, after in pairwise([*(event.raw for event in events(content)), b""]):
        two, expected = piece + after, said(piece + after)
        for cut in range(len(piece) + 1 if begins < EVERY_CUT else 0):
            assert said(two[:cut], two[cut:]) == expected, f"cut at {begins + cut}"
        begins += len(piece)
    for cut in random.Random(1).choices(range(len(content)), k=200):
        assert said(content[:cut], content[cut:]) == whole, f"cut at {cut}"


def events(*chunks: bytes):
    reader = SseReader()
    return [event for chunk in chunks for event in reader.feed(chunk)] + reader.close()


def said(*chunks: bytes):
    return [(event.event, event.data) for event in events(*chunks)]
