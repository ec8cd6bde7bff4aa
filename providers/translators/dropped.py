"""Pure: how what was dropped is named: in a header, so by words, and not by too many."""

from __future__ import annotations

import re
from collections.abc import Iterable

UNNAMED = "other"  # a field whose name is no word, and those after the last that is named
MAX_NAMES = 40
_NAME = re.compile(r"[\w.<>-]{1,80}", re.ASCII)


def named(fields: Iterable[str]) -> tuple[str, ...]:
    """Return the names of fields as a header can carry them, sorted; whatever a caller called them."""
    names = sorted({field if _NAME.fullmatch(field) else UNNAMED for field in fields})
    return tuple(names if len(names) <= MAX_NAMES else [*names[: MAX_NAMES - 1], UNNAMED])
