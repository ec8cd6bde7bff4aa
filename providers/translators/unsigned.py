"""Pure: a messages call whose history another provider wrote, so that a messages provider takes it.

It refuses a whole request for one thinking block that it did not sign, and one that shall think on in
a turn that did not begin with a thought: both are what a turn of a chat provider leaves behind.
Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking
"""

from __future__ import annotations

import msgspec

from providers.translators.foreign import FOREIGN_SIGNATURE, is_foreign
from providers.wire import Body, value_of

_MARK = b'"' + FOREIGN_SIGNATURE.encode()
_MARKED = {"thinking": "signature", "redacted_thinking": "data"}  # the field with the mark, by type
_Message = dict[str, msgspec.Raw]


def fitted(body: Body) -> tuple[Body, tuple[str, ...]]:
    """Return a messages body that its provider takes, and what had to be dropped for it.

    One that needs no change keeps its bytes.
    """
    marked = _MARK in bytes(body.get("messages", b""))
    if not marked and not _has_budget(body):
        return body, ()
    try:
        messages: list[_Message] = msgspec.json.decode(body.get("messages", b""), type=list[_Message])
    except msgspec.DecodeError:
        return body, ()
    if marked:
        messages = [
            kept for kept in map(_without_unsigned, messages) if bytes(kept.get("content", b"")) != b"[]"
        ]
        body = body | {"messages": msgspec.Raw(msgspec.json.encode(messages))}
    if _has_budget(body) and not _may_think_on(messages):
        return {name: value for name, value in body.items() if name != "thinking"}, ("thinking",)
    return body, ()


def _has_budget(body: Body) -> bool:
    """Return whether the model is to think with a budget: other ways do not look at the turn before."""
    thinking = value_of(body.get("thinking"))
    return isinstance(thinking, dict) and thinking.get("type") == "enabled"


def _may_think_on(messages: list[_Message]) -> bool:
    """Return whether the answer begins anew, or continues what began with a thought.

    A model may think once, before many rounds of tools: what counts is the first round since the user spoke.
    """
    place = len(messages) - 1
    while place >= 1 and _begins_with(messages[place], "tool_result"):
        place -= 2
    return place == len(messages) - 1 or _begins_with(messages[place + 1], *_MARKED)


def _begins_with(message: _Message, *kinds: str) -> bool:
    content = value_of(message.get("content"))
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and first.get("type") in kinds


def _without_unsigned(message: _Message) -> _Message:
    """Return a message without unsigned thinking."""
    content = message.get("content", msgspec.Raw(b""))
    if _MARK not in bytes(content):
        return message
    try:
        blocks: list[msgspec.Raw] = msgspec.json.decode(content, type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return message
    signed = [block for block in blocks if not _is_unsigned(block)]
    return message | {"content": msgspec.Raw(msgspec.json.encode(signed))}


def _is_unsigned(block: msgspec.Raw) -> bool:
    if _MARK not in bytes(block):
        return False
    value = value_of(block)
    if not isinstance(value, dict):
        return False
    mark = value.get(_MARKED.get(str(value.get("type")), ""))
    return isinstance(mark, str) and is_foreign(mark)
