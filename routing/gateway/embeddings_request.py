"""Pure: what a call for embeddings asks for.

Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from providers.wire import Body
from routing.bound import Size
from routing.gateway.body import field as read
from routing.gateway.body import read_object
from routing.gateway.caller_request import CallerRequest, required
from routing.gateway.errors import Refusal
from routing.gateway.extras import read_extras

MAX_INPUTS = 100_000  # texts in one call
_Tokens = list[int]
_WANTED = "send a text, a list of texts, a list of tokens or a list of such lists"


def read_embeddings(
    content: bytes, headers: Mapping[str, str], *, known_providers: Collection[str]
) -> CallerRequest:
    """Return the call in a request. Raises `Refusal` where it cannot be understood."""
    body = read_object(content)
    _check_input(body)
    return CallerRequest(
        model=required(body, "model", str),
        operation="embed",
        size=Size(body_bytes=len(content), messages=0, output_limit=0),
        extras=read_extras(headers, body, known_providers=known_providers),
        body=body,
        headers=headers,
    )


def _check_input(body: Body) -> None:
    """Refuse what is neither a text, nor tokens, nor a list of either: bytes bound no other's tokens."""
    try:
        given = read(body, "input", str | list[str | int | _Tokens])
    except Refusal as exc:
        raise Refusal("invalid_request", f"{exc.message}: {_WANTED}", param="input") from None
    if not given:
        raise Refusal("invalid_request", f"'input' is missing or empty: {_WANTED}", param="input")
    kinds = set() if isinstance(given, str) else set(map(type, given))
    if len(kinds) > 1:
        raise Refusal("invalid_request", f"'input' mixes texts and tokens: {_WANTED}", param="input")
    if kinds & {str, list} and len(given) > MAX_INPUTS:
        message = f"'input': {len(given)} texts are more than {MAX_INPUTS}"
        raise Refusal("invalid_request", message, param="input")
