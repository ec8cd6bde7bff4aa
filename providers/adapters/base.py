"""Pure: what an adapter is: the translator to and from one provider's wire format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from providers.errors import ProviderError
from providers.wire import Answer, Body, Call, Event, Listing, Target


class DialectNotServed(LookupError):
    """This kind of provider is not spoken to in this dialect; the message says what is."""


class Adapter(Protocol):
    """Builds calls to a provider and reads what comes back; no sockets, no clock.

    Header names given to an adapter are in lower case.
    """

    dialect: str
    limit_field: str  # of a call: the most tokens that an answer may have

    def chat_call(self, target: Target, body: Body, *, stream: bool) -> Call:
        """Return the call for a caller's `body`; values nobody touches keep their bytes."""

    def unbounded_in(self, upstream_id: str) -> str:
        """Return what makes the cost of any call of this model unbounded by its tokens, or ""."""

    def models_call(self, target: Target) -> Call:
        """Return the free call that lists models."""

    def credential_call(self, target: Target) -> Call | None:
        """Return a free call that needs the credential, or None when `models_call` already does."""

    def parse_answer(self, content: bytes) -> Answer:
        """Read a whole answer of status 200.

        Raises `BadReply` when it is none, and the mapped `ProviderError` when it holds an error.
        """

    def parse_event(self, data: bytes) -> Event:
        """Read one event of a stream. Raises `BadReply` when it is none."""

    def parse_models(self, content: bytes) -> list[Listing]:
        """Read a list of models. Raises `BadReply` when it is none."""

    def failure(self, status: int, headers: Mapping[str, str], content: bytes) -> ProviderError:
        """Return what an answer of a status other than 200 means."""
