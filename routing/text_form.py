"""Pure: whether a text has the form that a schema names, by an engine whose work grows with the text alone.

A caller writes the pattern and can have a model write the text. Expressions that need to go back, with
look-around or back references, are not understood here, nor are very large ones: that cannot be said then.
The library is loaded when it is first needed: it takes 8 MB and a tenth of a second.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache

# Bytes of a compiled pattern: at most a microsecond for each letter of a text. One that is longer itself
# is not kept either: five hundred of a quarter of a megabyte would stay in memory.
_SIZE = 10_000
_FORMATS = frozenset(
    {"date", "date-time", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"}
)
_LONGEST = 2_000  # letters of a text with a format: what is longer is not looked at
_LIBRARY = "jsonschema_rs"
_Check = Callable[[str], bool]


def is_loaded() -> bool:
    """Return whether a check would begin at once."""
    return _LIBRARY in sys.modules


def matches(pattern: str, text: str) -> bool | None:
    """Return whether something in `text` matches, None where that cannot be said."""
    check = None if len(pattern) > _SIZE else _of_pattern(pattern)
    return None if check is None else check(text)


def has_format(name: str, text: str) -> bool | None:
    """Return whether `text` is a date, an address …; None where that cannot be said."""
    if name not in _FORMATS or len(text) > _LONGEST:
        return None
    return _of_format(name)(text)


@lru_cache(maxsize=512)
def _of_pattern(pattern: str) -> _Check | None:
    import jsonschema_rs

    bounded = jsonschema_rs.RegexOptions(size_limit=_SIZE, dfa_size_limit=_SIZE)
    try:
        return jsonschema_rs.validator_for({"pattern": pattern}, pattern_options=bounded).is_valid
    except ValueError:
        return None


@lru_cache(maxsize=len(_FORMATS))
def _of_format(name: str) -> _Check:
    import jsonschema_rs

    return jsonschema_rs.validator_for({"format": name}, validate_formats=True).is_valid
