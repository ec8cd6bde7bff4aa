"""Pure: how a secret is named that is kept outside: `env:NAME` or `file:/PATH`."""

from __future__ import annotations

import re

PATTERN = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$"


def is_reference(text: str) -> bool:
    """Return whether a text names a place on the server, in one line."""
    return not text.endswith("\n") and re.search(PATTERN, text) is not None
