"""Pure: names and ids as the messages dialect takes them, each given its own, and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterable

NAME_LENGTH = 128  # of a tool
ID_LENGTH = 256  # of a call; no limit is published
_INVALID = re.compile(r"[^a-zA-Z0-9_-]")


class Names:
    """Valid names, no two the same. A valid name stays as it is wherever it can."""

    def __init__(self, longest: int) -> None:
        self._longest = longest  # letters
        self._sent: dict[str, str] = {}
        self._given: dict[str, str] = {}
        self._repeats: dict[str, int] = {}

    def keep(self, names: Iterable[str]) -> None:
        """Reserve the valid ones of `names` before invalid ones take their place."""
        for name in names:
            if self._cleaned(name) == name:
                self.of(name)

    def of(self, given: str) -> str:
        """Return what `given` is called; always the same."""
        if given not in self._sent:
            self._sent[given] = self.fresh(given)
        return self._sent[given]

    def fresh(self, given: str) -> str:
        """Return a name like `given` that was never returned."""
        sent = self._cleaned(given)
        stem = sent[: self._longest - 9]  # room for a number
        while sent in self._given:
            self._repeats[stem] = number = self._repeats.get(stem, 1) + 1
            sent = f"{stem}_{number}"
        self._given[sent] = given
        return sent

    def knows(self, given: str) -> bool:
        """Return whether `given` has a name."""
        return given in self._sent

    def all(self) -> tuple[str, ...]:
        """Return every name as it is sent, in the order of their coming."""
        return tuple(self._given)

    def changed(self) -> dict[str, str]:
        """Return the names that differ from what was given, and what was given."""
        return {sent: given for sent, given in self._given.items() if sent != given}

    def _cleaned(self, given: str) -> str:
        return _INVALID.sub("_", given)[: self._longest]
