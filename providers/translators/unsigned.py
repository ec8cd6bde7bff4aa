"""Pure: thinking that no messages provider signed is taken out of a messages call.

A chat provider's reasoning has no signature. A caller sends it back with the next turn, and a
provider of the messages dialect refuses a whole request for one thinking block that it did not sign.
"""

from __future__ import annotations

from typing import Any

import msgspec

from providers.translators.foreign import FOREIGN_SIGNATURE, is_foreign
from providers.wire import Body

_MARK = b'"' + FOREIGN_SIGNATURE.encode()
_MARKED = {"thinking": "signature", "redacted_thinking": "data"}  # the field with the mark, by type


def without_unsigned_thinking(body: Body, dialect: str) -> Body:
    """Return a messages body without thinking that no provider signed; any other body as it is."""
    messages = body.get("messages", b"")
    if dialect != "messages" or _MARK not in bytes(messages):
        return body
    try:
        turns: list[dict[str, msgspec.Raw]] = msgspec.json.decode(messages, type=list[dict[str, msgspec.Raw]])
    except msgspec.DecodeError:
        return body
    kept = [turn | _content(turn) for turn in turns]
    return body | {"messages": msgspec.Raw(msgspec.json.encode([turn for turn in kept if _says(turn)]))}


def _content(turn: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """Return the content of a message without unsigned blocks, where it has any."""
    raw = turn.get("content", b"")
    if _MARK not in bytes(raw):
        return {}
    try:
        blocks: list[msgspec.Raw] = msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return {}
    signed = [block for block in blocks if not _is_unsigned(block)]
    return {"content": msgspec.Raw(msgspec.json.encode(signed))}


def _is_unsigned(block: msgspec.Raw) -> bool:
    if _MARK not in bytes(block):
        return False
    value: Any = msgspec.json.decode(block)
    if not isinstance(value, dict):
        return False
    mark = value.get(_MARKED.get(str(value.get("type")), ""))
    return isinstance(mark, str) and is_foreign(mark)


def _says(turn: dict[str, msgspec.Raw]) -> bool:
    return bytes(turn.get("content", b"")) != b"[]"
