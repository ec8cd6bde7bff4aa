"""Pure: whether tool calls and JSON in a provider's answer are well formed, where a call asked for some.

It says something about the offer, and nothing is done about it here: the answer goes out as it came. What is
too large to be looked at in passing is not judged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from providers.wire import Body, Event
from routing.answer_check import Said, form_of, has_ended_well, hear, is_arguments, said_whole

_MOST_WHOLE = 256 * 1024  # bytes of a whole answer
_MOST_EVENTS = 2 * 1024 * 1024  # bytes of the events of a stream


class Judged(msgspec.Struct, frozen=True):
    """How many there were, and how many of them were malformed."""

    tool_calls: int = 0
    bad_tool_calls: int = 0
    schemas: int = 0
    bad_schemas: int = 0


@dataclass(slots=True)
class Ear:
    """What is heard of one answer, in the provider's own dialect."""

    dialect: str
    is_json: bool  # JSON was asked for
    said: Said = field(default_factory=Said)
    heard_bytes: int = 0

    def through(self, read: Callable[[bytes], Event]) -> Callable[[bytes], Event]:
        """Return a reader of events that lets them be heard as well."""

        def reading(data: bytes) -> Event:
            self.heard_bytes += len(data)
            if self.heard_bytes <= _MOST_EVENTS:
                hear(self.said, data, self.dialect)
            return read(data)

        return reading

    def whole(self, content: bytes) -> None:
        """Hear a whole answer."""
        if len(content) <= _MOST_WHOLE:
            self.said = said_whole(content, self.dialect)

    def judged(self) -> Judged:
        """Return what is to be counted: nothing of an answer that was cut, refused or too large."""
        if not has_ended_well(self.said) or self.heard_bytes > _MOST_EVENTS:
            return Judged()
        arguments = self.said.arguments.values()
        is_asked = self.is_json and not arguments
        return Judged(
            tool_calls=len(arguments),
            bad_tool_calls=sum(not is_arguments(each) for each in arguments),
            schemas=int(is_asked),
            bad_schemas=int(is_asked and not _is_json(self.said.text)),
        )


def ear_for(body: Body, dialect: str) -> Ear | None:
    """Return what listens to the answer of a call; None where it asks for nothing that has a form."""
    is_json = form_of(body, dialect).is_json
    return Ear(dialect, is_json) if is_json or "tools" in body or "functions" in body else None


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
