"""Pure: what a translator is: it carries a call of one dialect to a provider of another, and its answer back.

A translator is made of values: it knows no sockets, no clock and no provider. What cannot be said
in the other dialect is named, never lost in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from providers.wire import Answer, Body, Event, Terms, Usage


class CannotTranslate(ValueError):
    """A body does not go over into the other dialect; the message says what to change."""

    def __init__(self, message: str, *, param: str = "") -> None:
        super().__init__(message)
        self.param = param  # the field that is meant


class Malformed(CannotTranslate):
    """The body is not what its own dialect says: no provider would take it."""


class Unsayable(CannotTranslate):
    """The body asks for what the other dialect has no words for, and an answer without it would be wrong."""


class Events(Protocol):
    """Turns the events of one upstream stream into events of the caller's dialect.

    What it returns are whole SSE events as bytes, b"" where the caller gets nothing.
    """

    def take(self, event: Event) -> bytes:
        """Return what `event` becomes; never the terminal frame."""

    def end(self, usage: Usage | None) -> bytes:
        """Return what the caller's dialect still says before its terminal frame; `usage` is the final one."""


class Answers(Protocol):
    """Reads back the answer to one translated call."""

    def whole(self, answer: Answer) -> bytes:
        """Return a whole answer as the caller's dialect has it. Raises `BadReply` when it cannot be read."""

    def events(self, *, wants_usage: bool) -> Events:
        """Return what reads a stream; `wants_usage`: the caller asked for a usage event."""


@dataclass(frozen=True)
class Translated:
    """A call in the provider's dialect, without `model` and `stream`, which the adapter sets."""

    body: Body
    answers: Answers
    dropped: tuple[str, ...] = ()  # names of the caller's fields that have no equivalent, sorted


class Translator(Protocol):
    """Carries calls from one dialect to another."""

    def __call__(self, body: Body, terms: Terms) -> Translated:
        """Return a caller's body in the provider's dialect.

        Raises `Malformed` and `Unsayable`.
        """
