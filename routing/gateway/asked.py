"""Pure: what a call asks of its model, as its record keeps it: known words only, never what was said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from billing.asked import needs_number, parameters_number
from providers.adapters.parameters import ALSO_CALLED, CARRIED
from providers.wire import Body
from routing.gateway.body import is_said
from routing.gateway.caller_request import CallerRequest

_EMPTY = (b"null", b"[]", b"{}", b"false")
_REASONING = ("reasoning", "reasoning_effort", "thinking")
_NO_REASONING = (b'"none"', b'"disabled"', b'"enabled":false', b'"enabled": false')
_FORMS = ("response_format", "output_format", "output_config")
# Words of types in contents; they are looked for as they stand in JSON, where a text has its quotes escaped.
_CONTENTS = {
    "images": (b'"image_url"', b'"image"'),
    "audio": (b'"input_audio"',),
    "files": (b'"file"', b'"document"', b'"video_url"', b'"container_upload"'),
}


class Asked(TypedDict):
    """Two columns of a usage record, see billing/asked.py."""

    needs: int
    parameters: int


def asked(request: CallerRequest) -> Asked:
    """Return what a call asks for."""
    body = request.body
    given = (ALSO_CALLED.get(name, name) for name in body if name not in CARRIED and is_said(body, name))
    return Asked(needs=needs_number(_needs(request)), parameters=parameters_number(given))


def _needs(request: CallerRequest) -> Iterator[str]:
    body = request.body
    if request.stream:
        yield "stream"
    if _raw(body, "tools") not in _EMPTY or _raw(body, "functions") not in _EMPTY:
        yield "tools"
    form = b"".join(_raw(body, name) for name in _FORMS)
    if b'"json_schema"' in form:
        yield from ("json", "schema")
    elif b'"json_object"' in form:
        yield "json"
    if any(_reasons(_raw(body, name)) for name in _REASONING):
        yield "reasoning"
    if request.size.files:
        yield from _held(_raw(body, "messages"))


def _reasons(raw: bytes) -> bool:
    return raw not in _EMPTY and not any(word in raw for word in _NO_REASONING)


def _held(messages: bytes) -> Iterator[str]:
    """Yield what messages hold that is no text; what is of no known type counts as a file."""
    found = [what for what, types in _CONTENTS.items() if any(type_ in messages for type_ in types)]
    yield from found or ["files"]


def _raw(body: Body, name: str) -> bytes:
    return bytes(body[name]) if name in body else b"null"
