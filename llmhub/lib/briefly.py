"""Values that are dear to make: kept for a moment, and made by one thread while the others wait for it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_TIMES = 8  # a value is kept so many times as long as it took: making it takes a ninth of a core at most
_MOST = 256  # values

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass
class _Place(Generic[Value]):
    """A value, and whose turn it is to make it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    values: list[Value] = field(default_factory=list)  # one, once it was made


class Briefly(Generic[Key, Value]):
    """Keeps each value for a moment that is worth its making."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now  # in seconds
        self._lock = threading.Lock()
        self._places: OrderedDict[Key, _Place[Value]] = OrderedDict()

    def get(self, key: Key, make: Callable[[], Value], *, seconds: float) -> Value:
        """Return what `make` returned at most so many seconds ago, or returns now; raises what it raises.

        A value that was made in no time is made anew in no time, and one of 0 seconds always is.
        """
        if seconds <= 0:
            return make()
        place = self._place(key)
        with place.lock:
            began = self._now()
            if began >= place.until:
                place.values = [make()]
                ended = self._now()
                place.until = ended + min(seconds, _TIMES * (ended - began))
            return place.values[0]

    def _place(self, key: Key) -> _Place[Value]:
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            while len(self._places) > _MOST:
                self._places.popitem(last=False)
            return place
