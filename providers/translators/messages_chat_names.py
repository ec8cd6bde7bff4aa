"""Pure: names and ids of tools, which the two dialects bound differently.

Source: https://platform.openai.com/docs/api-reference/chat/create (names: 64 letters);
https://github.com/Portkey-AI/gateway/issues/1062 (ids: 40 letters)
"""

from __future__ import annotations

import hashlib
import re

MAX_NAME = 64  # letters of a tool's name in the chat dialect; 128 in the other
MAX_ID = 40  # letters of a call's id in the chat dialect
MAX_USER = 64  # letters of `user` in the chat dialect
_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")


def digest(text: str, length: int = 64) -> str:
    """Return letters that stand for `text`."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def short(text: str, limit: int) -> str:
    """Return `text`, or where it is too long its start and letters that tell it from others."""
    return text if len(text) <= limit else f"{text[: limit - 9]}_{digest(text, 8)}"


def valid_id(text: str) -> str:
    """Return an id as the messages dialect takes it."""
    return _NOT_IN_IDS.sub("_", text)


def message_id(upstream_id: str) -> str:
    """Return the id of a message for the chat provider's id of its answer."""
    return f"msg_{valid_id(upstream_id)}" if upstream_id else "msg_unnamed"
