"""Pure: the marks on reasoning that a messages provider did not sign and would refuse.

A thinking block must carry a signature, and a redacted one its data. What a chat provider reasoned
has none, or one that only its maker reads: then llmhub's own mark stands there. It is taken out again
before a later turn goes to a messages provider; a chat provider gets back what the mark holds.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

FOREIGN_SIGNATURE = "llmhub-unsigned"
_HOLDS = FOREIGN_SIGNATURE + "."


def sealed(detail: dict[str, Any]) -> str:
    """Return a mark that holds `detail`, a piece of a chat provider's reasoning."""
    return _HOLDS + base64.urlsafe_b64encode(msgspec.json.encode(detail)).decode()


def unsealed(mark: str) -> dict[str, Any]:
    """Return what a mark holds; {} when it holds nothing or is none of ours."""
    if not mark.startswith(_HOLDS):
        return {}
    try:
        content = base64.urlsafe_b64decode(mark.removeprefix(_HOLDS).encode())
        return msgspec.json.decode(content, type=dict[str, Any])
    except (binascii.Error, ValueError, RecursionError):  # a caller changed it
        return {}


def is_foreign(mark: str) -> bool:
    """Return whether a signature, or the data of a redacted block, is none that a messages provider made."""
    return mark == FOREIGN_SIGNATURE or mark.startswith(_HOLDS)
