"""Pure: whether the arguments of a tool call are complete, told piece by piece, each looked at once."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLANK = " \t\r\n"  # what JSON takes for white space
_STRING = re.compile(r'(?:[^"\\]+|\\.)*+', re.DOTALL)  # the rest of a string, up to its quote


@dataclass(slots=True)
class Arguments:
    """What is known of a JSON object of which some pieces have come."""

    begins: str = ""  # the first letter that is not blank; "" while there is none
    _depth: int = 0
    _in_string: bool = False
    _is_escaped: bool = False  # the next letter follows a backslash
    _follows: bool = False  # something stands after the object

    @property
    def is_complete(self) -> bool:
        """Whether the object has ended, and nothing stands after it."""
        ended = self.begins == "{" and self._depth <= 0 and not self._in_string
        return ended and not self._follows

    def read(self, piece: str) -> None:
        """Take in the next piece."""
        if not self.begins:
            self.begins = piece.lstrip(_BLANK)[:1]
        elif self._depth <= 0 and not self._in_string:
            self._follows = self._follows or bool(piece.strip(_BLANK))
        place = 0
        while place < len(piece):
            place = self._string(piece, place) if self._in_string else self._structure(piece, place)

    def _string(self, piece: str, place: int) -> int:
        """Read on in a string and return where it ends, or the piece."""
        if self._is_escaped:
            self._is_escaped, place = False, place + 1
        found = _STRING.match(piece, place)
        assert found is not None
        place = found.end()
        self._is_escaped = piece[place:] == "\\"
        self._in_string = piece[place : place + 1] != '"'
        return place + 1

    def _structure(self, piece: str, place: int) -> int:
        """Read up to the next string and return where it begins, or the piece ends."""
        end = piece.find('"', place)
        self._in_string = end >= 0
        run = piece[place : end if end >= 0 else len(piece)]
        self._depth += run.count("{") + run.count("[") - run.count("}") - run.count("]")
        if self._depth <= 0 and self.begins:
            after = run[max(run.rfind("}"), run.rfind("]")) + 1 :]
            self._follows = self._follows or bool(after.strip(_BLANK)) or self._in_string
        return place + len(run) + 1
