"""Pure: how a webhook is signed.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

PREFIX = "whsec_"


def secret_of(random: bytes) -> str:
    """Return a signing secret as its receiver keeps it; `random` has 24 to 64 bytes."""
    return PREFIX + base64.b64encode(random).decode()


def is_secret(text: str) -> bool:
    """Return whether a text can be a signing secret."""
    try:
        random = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        return False
    return text.startswith(PREFIX) and 24 <= len(random) <= 64


def signature(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: version 1, HMAC-SHA256 over id, time and body."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def headers(secret: str, *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of one sending; the id is the same each time, the time is not."""
    timestamp = int(at.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": "llmhub",
        "Accept-Encoding": "identity",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id=message_id, timestamp=timestamp, body=body),
    }
