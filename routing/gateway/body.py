"""Pure: read the body of a request: one JSON object whose values keep their bytes."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

import msgspec

from providers.wire import Body
from routing.gateway.errors import Refusal

MAX_BODY = 32 * 1024 * 1024  # bytes
MAX_DEPTH = 64  # the object itself is level 1
MAX_CONTAINERS = 1_000_000  # lists and objects together
_OBJECT = msgspec.json.Decoder(Body)
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def read_object(content: bytes) -> Body:
    """Return the JSON object in `content`. Raises `Refusal` on anything else."""
    try:
        content.decode()  # values that are skipped would pass with bad UTF-8
    except UnicodeDecodeError as exc:
        raise Refusal("invalid_json", f"The body is not UTF-8: byte {exc.start} is invalid") from None
    try:
        body = _OBJECT.decode(content)
    except RecursionError:
        raise Refusal("invalid_json", f"The body is nested more than {MAX_DEPTH} levels deep") from None
    except msgspec.DecodeError as exc:
        raise Refusal("invalid_json", f"The body is not one JSON object: {str(exc)[:200]}") from None
    if depth_of(content) > MAX_DEPTH:
        raise Refusal("invalid_json", f"The body is nested more than {MAX_DEPTH} levels deep")
    return body


def depth_of(valid: bytes) -> int:
    """Return how deep well-formed JSON may be nested, counted no further than needed.

    Raises `Refusal` on more lists and objects than any call needs. (On JSON that is not well-formed
    the search for strings would take quadratic time.)
    """
    opened = valid.count(b"[") + valid.count(b"{")
    if opened <= MAX_DEPTH:
        return opened
    brackets = _STRING.sub(b"", valid).translate(None, _NO_BRACKET)
    if len(brackets) > 2 * MAX_CONTAINERS:
        raise Refusal("invalid_json", f"The body holds more than {MAX_CONTAINERS} lists and objects")
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def field(body: Body, name: str, kind: Any, default: Any = None) -> Any:
    """Return a field of the body as `kind`, or `default` when it is absent or null.

    Raises `Refusal` when it has another type.
    """
    raw = body.get(name)
    if raw is None:
        return default
    try:
        value = msgspec.json.decode(raw, type=kind | None)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Refusal("invalid_request", f"{name!r}: {str(exc)[:200]}", param=name) from None
    return default if value is None else value
