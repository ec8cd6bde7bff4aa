"""What is said in one call, for teams that have it kept: noted as it passes by, handed over at the end."""

from __future__ import annotations

from datetime import datetime

from billing.content_writer import MOST_BYTES, ContentWriter, Said
from routing.snapshot import Caller, Snapshot


class Keeping:
    """Collects what was asked and what is answered, both up to a bound."""

    __slots__ = ("_answer", "_answer_bytes", "_caller", "_room", "_until", "request", "request_bytes")

    def __init__(self, caller: Caller, until: datetime, request: bytes) -> None:
        self.request = request[:MOST_BYTES]
        self.request_bytes = len(request)
        self._caller = caller
        self._until = until
        self._answer: list[bytes] = []
        self._answer_bytes = 0
        self._room = MOST_BYTES

    def answered(self, piece: bytes) -> None:
        """Take in a piece of the answer that the caller was sent."""
        self._answer_bytes += len(piece)
        if self._room > 0:
            self._answer.append(piece[: self._room])
            self._room -= len(piece)

    def hand_over(self, writer: ContentWriter, id_: int) -> None:
        """Have it written; after the call was settled."""
        said = Said(
            id=id_,
            team_id=self._caller.team_id,
            delete_after=self._until,
            request=self.request,
            answer=b"".join(self._answer),
            request_bytes=self.request_bytes,
            answer_bytes=self._answer_bytes,
        )
        writer.put(said)


def keeping(snapshot: Snapshot, caller: Caller, request: bytes, *, at: datetime) -> Keeping | None:
    """Return what collects a call of this caller, None where nothing of it may be kept."""
    until = snapshot.content_until.get(caller.team_id)
    if until is None or until <= at:
        return None
    return Keeping(caller, until, request)
