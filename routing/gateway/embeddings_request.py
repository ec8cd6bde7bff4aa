"""Pure: what a call for embeddings asks for.

Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from routing.bound import Size
from routing.gateway.body import field as read
from routing.gateway.body import read_object
from routing.gateway.caller_request import CallerRequest, required
from routing.gateway.errors import Refusal
from routing.gateway.extras import read_extras

MAX_INPUTS = 100_000  # texts in one call


def read_embeddings(
    content: bytes, headers: Mapping[str, str], *, known_providers: Collection[str]
) -> CallerRequest:
    """Return the call in a request. Raises `Refusal` where it cannot be understood."""
    body = read_object(content)
    _check_input(read(body, "input", Any))
    return CallerRequest(
        model=required(body, "model", str),
        operation="embed",
        size=Size(body_bytes=len(content), messages=0, output_limit=0),
        extras=read_extras(headers, body, known_providers=known_providers),
        body=body,
        headers=headers,
    )


def _check_input(given: Any) -> None:
    """Refuse what is neither a text, nor tokens, nor a list of either."""
    if not given or not isinstance(given, str | list):
        raise Refusal("invalid_request", "'input' is missing or empty: send a text or texts", param="input")
    if len(given) > MAX_INPUTS and isinstance(given, list) and not isinstance(given[0], int):
        message = f"'input': {len(given)} texts are more than {MAX_INPUTS}"
        raise Refusal("invalid_request", message, param="input")
