"""Pure: one call of a caller, in whichever dialect, read as far as llmhub needs to understand it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from providers.wire import Body, Discreet
from routing.bound import Size
from routing.gateway.body import field as read
from routing.gateway.errors import Refusal
from routing.gateway.extras import Extras
from routing.needs import NOTHING, Needs
from routing.plan_words import Operation

MAX_OUTPUT_LIMIT = 100_000_000  # tokens


class CallerRequest(Discreet, frozen=True):
    """What a caller asks for; `body` is passed on, or translated."""

    model: str
    size: Size
    extras: Extras
    body: Body
    dialect: str = "chat"
    operation: Operation = "generate"
    stream: bool = False
    wants_usage: bool = False  # of a stream: the caller asked for a usage event
    needs: Needs = NOTHING
    headers: Mapping[str, str] = {}  # for a provider of the same dialect


class ReadRequest(Protocol):
    """Reads the body of one endpoint. Raises `Refusal` where it cannot be understood."""

    def __call__(
        self, content: bytes, headers: Mapping[str, str], *, known_providers: Collection[str]
    ) -> CallerRequest:
        """Return the call in a request."""


def required(body: Body, name: str, kind: Any) -> Any:
    """Return a field of the body. Raises `Refusal` where it is missing or empty."""
    value = read(body, name, kind)
    if not value:
        raise Refusal("invalid_request", f"{name!r} is missing or empty", param=name)
    return value


def bounded(body: Body, name: str, maximum: int, *, minimum: int = 1) -> int | None:
    """Return a whole number of the body, None where it is absent. Raises `Refusal` outside its bounds."""
    value: int | None = read(body, name, int)
    if value is not None and not minimum <= value <= maximum:
        message = f"{name!r}: {value} is not between {minimum} and {maximum}"
        raise Refusal("invalid_request", message, param=name)
    return value
