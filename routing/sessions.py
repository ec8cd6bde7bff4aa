"""Pure: which offer answered a session last, so that its next call finds a warm cache there."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

SECONDS = 3600.0  # after its last call a session is forgotten: no provider keeps a cache longer
MOST = 20_000  # sessions of one process

Session = tuple[int, str, str]  # id of the team, the session's text, the name that was asked for


@dataclass(slots=True)
class Sessions:
    """The sessions of one gateway process."""

    _all: OrderedDict[Session, tuple[int, float]] = field(default_factory=OrderedDict)

    def offer_of(self, session: Session, *, now: float) -> int | None:
        """Return the id of the offer that answered last, None where there is none."""
        found = self._all.get(session)
        if found is None or now - found[1] > SECONDS:
            return None
        return found[0]

    def answered(self, session: Session, offer_id: int, *, now: float) -> None:
        """Note which offer answered; the session that was quiet longest is forgotten for a new one."""
        self._all[session] = (offer_id, now)
        self._all.move_to_end(session)
        while len(self._all) > MOST:
            self._all.popitem(last=False)
