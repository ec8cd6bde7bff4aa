"""Pure: the reasoning of earlier answers, sent back to the provider that signed it.

Thoughts go back with their signature or not at all: the messages dialect refuses others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from providers.adapters.reading import items, mapping, text
from providers.translators.chat_messages_content import Block
from providers.translators.chat_messages_fields import Fields, asks_for_something

DROPPED = "messages.reasoning"
_OWN_FORMAT = "claude"  # in the `format` of details that models of this dialect signed


def thoughts_of(message: dict[str, Any], fields: Fields) -> list[Block]:
    """Return the thinking blocks in an assistant message; reasoning without a signature is dropped."""
    details = items(message.get("reasoning_details"))
    blocks = [_block(detail) for detail in _joined(details)]
    found = [block for block in blocks if block]
    other = (message.get("reasoning"), message.get("reasoning_content"))
    if len(found) < len(blocks) or (not found and any(asks_for_something(words) for words in other)):
        fields.drop(DROPPED)
    return found


def is_thought(block: Block) -> bool:
    """Return whether a block is reasoning."""
    return block["type"] in ("thinking", "redacted_thinking")


def _joined(details: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield details; the pieces that a stream cut one into follow each other and are joined again."""
    joined: dict[str, Any] = {}
    for detail in map(mapping, details):
        if joined and _goes_on(joined, detail):
            joined["text"] = text(joined.get("text")) + text(detail.get("text"))
            joined["signature"] = text(detail.get("signature"))
            continue
        if joined:
            yield joined
        joined = dict(detail)
    if joined:
        yield joined


def _goes_on(first: dict[str, Any], second: dict[str, Any]) -> bool:
    same = all(first.get(key) == second.get(key) for key in ("type", "index"))
    return same and first.get("type") == "reasoning.text" and not first.get("signature")


def _block(detail: dict[str, Any]) -> Block | None:
    if _OWN_FORMAT not in (text(detail.get("format")) or _OWN_FORMAT):
        return None
    if detail.get("type") == "reasoning.text" and text(detail.get("signature")):
        words = text(detail.get("text"))
        return {"type": "thinking", "thinking": words, "signature": detail["signature"]}
    if detail.get("type") == "reasoning.encrypted" and text(detail.get("data")):
        return {"type": "redacted_thinking", "data": detail["data"]}
    return None
