"""Pure: what an adapter is: the translator to and from one provider's wire format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from providers.errors import ProviderError
from providers.listing import Listing
from providers.rates import Rates
from providers.wire import Answer, Body, Call, Event, Target, Terms

NO_HEADERS: Mapping[str, str] = {}


class DialectNotServed(LookupError):
    """This kind of provider is not spoken to in this dialect; the message says what is."""


class Adapter(Protocol):
    """Builds calls to a provider and reads what comes back; no sockets, no clock.

    Header names given to an adapter are in lower case.
    """

    dialect: str
    support: frozenset[str]  # what calls of this dialect can ask for, in the catalog's words

    def terms(self, upstream_id: str) -> Terms:
        """Return how a model wants to be told what the dialects say differently."""

    def generate_call(
        self, target: Target, body: Body, *, stream: bool, headers: Mapping[str, str] = NO_HEADERS
    ) -> Call:
        """Return the call for a `body` in this dialect; values nobody touches keep their bytes.

        `headers` are those of a caller who speaks this dialect; few of them are passed on.
        """

    def within(self, body: Body, most: Rates) -> tuple[Body, tuple[str, ...]]:
        """Return a call that nobody there serves for more than `most`, and what was added to say so.

        As it came, and nothing, where the provider has one price for all or cannot be told.
        """

    def embed_call(self, target: Target, body: Body) -> Call | None:
        """Return the call for embeddings, or None where this dialect has none."""

    def count_call(
        self, target: Target, body: Body, *, headers: Mapping[str, str] = NO_HEADERS
    ) -> Call | None:
        """Return the free call that counts the input tokens of `body`, or None where there is none."""

    def left_out(self, given: Mapping[str, str]) -> tuple[str, ...]:
        """Return the names of a caller's headers of this dialect that do not go on as they are."""

    def unbounded_in(self, upstream_id: str, *, parses: bool = False) -> str:
        """Return what makes the cost of a call of this model unbounded by its tokens, or "".

        `parses`: the call holds a document, and nobody says that the model reads such things itself.
        """

    def models_call(self, target: Target) -> Call:
        """Return the free call that lists models."""

    def next_models_call(self, target: Target, content: bytes) -> Call | None:
        """Return the call for the page of the list behind this one, None at the end.

        It goes where `models_call` goes. Raises `BadReply` where the page says something else.
        """

    def credential_call(self, target: Target) -> Call | None:
        """Return a free call that needs the credential, or None when `models_call` already does."""

    def parse_answer(self, content: bytes) -> Answer:
        """Read a whole answer of status 200.

        Raises `BadReply` when it is none, and the mapped `ProviderError` when it holds an error.
        """

    def event_reader(self) -> Callable[[bytes], Event]:
        """Return what reads the data of the events of one stream, in order.

        It raises `BadReply` on one that is none.
        """

    def parse_embeddings(self, content: bytes) -> Answer:
        """Read embeddings. Raises as `parse_answer` does."""

    def parse_count(self, content: bytes) -> int:
        """Read how many input tokens were counted. Raises `BadReply` when it says none."""

    def parse_models(self, content: bytes) -> list[Listing]:
        """Read a list of models. Raises `BadReply` when it is none."""

    def listing(self, row: dict[str, Any]) -> Listing:
        """Read one row of a list of models, which has an `id`."""

    def failure(self, status: int, headers: Mapping[str, str], content: bytes) -> ProviderError:
        """Return what an answer of a status other than 200 means."""
