"""Pure: read the body of a request: one JSON object whose values keep their bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any

import msgspec

from providers.wire import Body
from routing.gateway.errors import Refusal

MAX_BODY = 32 * 1024 * 1024  # bytes
MAX_DEPTH = 64  # the object itself is level 1
MAX_CONTAINERS = 250_000  # lists and objects together
_OBJECT = msgspec.json.Decoder(Body)
_PIECE = 64 * 1024  # bytes that are searched in one go: other threads wait no longer than that takes
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
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
        raise Refusal("invalid_json", f"The body is not one JSON object: {_said(exc, content)}") from None
    if depth_of(content) > MAX_DEPTH:
        raise Refusal("invalid_json", f"The body is nested more than {MAX_DEPTH} levels deep")
    return body


def _said(error: msgspec.DecodeError, content: bytes) -> str:
    """Return what is wrong, also where the decoder takes half a pair of escapes for an end of the data."""
    if "truncated" in str(error) and _SURROGATE.search(content):
        return "a text holds half of a surrogate pair (\\ud800 to \\udfff), which is no letter"
    return str(error)[:200]


def depth_of(valid: bytes) -> int:
    """Return how deep well-formed JSON may be nested, counted no further than needed.

    Raises `Refusal` on more lists and objects than any call needs.
    """
    opened = valid.count(b"[") + valid.count(b"{")
    if opened <= MAX_DEPTH:
        return opened
    level = deepest = opened = 0
    for brackets in _brackets(valid):
        opened += brackets.count(b"[") + brackets.count(b"{")
        if opened > MAX_CONTAINERS:
            raise Refusal("invalid_json", f"The body holds more than {MAX_CONTAINERS} lists and objects")
        levels = list(accumulate(map(_STEP.__getitem__, brackets), initial=level))
        level, deepest = levels[-1], max(deepest, max(levels))
    return deepest


def _brackets(valid: bytes) -> Iterator[bytes]:
    """Yield the brackets of well-formed JSON that stand outside of its strings, piece by piece."""
    in_string = False
    for piece in _pieces(valid):
        parts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')  # every other one is in a string
        yield b"".join(parts[in_string::2]).translate(None, _NO_BRACKET)
        in_string ^= len(parts) % 2 == 0


def _pieces(valid: bytes) -> Iterator[bytes]:
    """Yield JSON in pieces, none of which ends in the middle of an escape."""
    start = 0
    while start < len(valid):
        piece = valid[start : start + _PIECE]
        if (len(piece) - len(piece.rstrip(b"\\"))) % 2:
            piece = valid[start : start + _PIECE + 1]
        start += len(piece)
        yield piece


@lru_cache(maxsize=64)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return what reads a field: one made for each call costs more than the reading."""
    return msgspec.json.Decoder(kind | None)


def is_said(body: Body, name: str) -> bool:
    """Return whether a field is there and not null."""
    return memoryview(body.get(name, b"null")) != b"null"


class _Typed(msgspec.Struct):
    type: Any = None


_TYPED = msgspec.json.Decoder(_Typed)


def type_of(body: Body, name: str) -> str:
    """Return the `type` that an object of the body says, "" where there is none: a provider may know it."""
    raw = body.get(name)
    if raw is None:
        return ""
    try:
        said = _TYPED.decode(raw).type
    except (msgspec.DecodeError, RecursionError):
        return ""
    return said if isinstance(said, str) else ""


def field(body: Body, name: str, kind: Any, default: Any = None) -> Any:
    """Return a field of the body as `kind`, or `default` when it is absent or null.

    Raises `Refusal` when it has another type.
    """
    raw = body.get(name)
    if raw is None:
        return default
    try:
        value = _decoder(kind).decode(raw)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Refusal("invalid_request", f"{name!r}: {str(exc)[:200]}", param=name) from None
    return default if value is None else value
