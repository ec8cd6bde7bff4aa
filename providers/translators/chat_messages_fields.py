"""Pure: the fields of a chat call, each taken once; what nobody takes is dropped and named.

A name in `dropped` is a field of the caller's body, or a path to one without places in lists
(`messages.name`). `temperature>1` is a value that was too large and was lowered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from providers.translators.base import Malformed
from providers.translators.dropped import named
from providers.wire import Body

# Said by the adapter or meant for llmhub; `usage` asks for what is always told.
_NOT_SENT = ("model", "stream", "stream_options", "llmhub", "usage")
# A field with this value asks for nothing, like one that is null or false.
_DEFAULTS: dict[str, Any] = {
    "frequency_penalty": 0,
    "logit_bias": {},
    "metadata": {},
    "min_p": 0,
    "presence_penalty": 0,
    "repetition_penalty": 1,
    "top_a": 0,
    "top_logprobs": 0,
    "verbosity": "medium",
}


class Fields:
    """What a caller's body still holds, and what of it was dropped."""

    def __init__(self, body: Body) -> None:
        self._left = {field: raw for field, raw in body.items() if field not in _NOT_SENT}
        self._dropped: set[str] = set()

    def take(self, field: str) -> Any:
        """Return the value of `field`, None where there is none. Raises `Malformed`."""
        raw = self._left.pop(field, None)
        return None if raw is None else decoded(bytes(raw), at=field)

    def take_object(self, field: str) -> dict[str, Any] | None:
        """Return the object in `field`, None where there is none. Raises `Malformed`."""
        value = self.take(field)
        return None if value is None else an_object(value, at=field)

    def drop(self, path: str) -> None:
        """Remember that `path` goes no further."""
        self._dropped.add(path)

    def drop_others(self, holder: Mapping[str, Any], known: Collection[str], *, path: str) -> None:
        """Remember each field of `holder` that says something and is not `known`."""
        for field, value in holder.items():
            if field not in known and asks_for_something(value):
                self.drop(f"{path}.{field}")

    def drop_rest(self) -> None:
        """Remember each field nobody took that says something."""
        for field in tuple(self._left):
            if asks_for_something(self.take(field), default=_DEFAULTS.get(field)):
                self.drop(field)

    @property
    def dropped(self) -> tuple[str, ...]:
        """The names of what was dropped, sorted; of very many only the first."""
        return named(self._dropped)


def asks_for_something(value: Any, default: Any = None) -> bool:
    """Return whether a value differs from leaving its field out."""
    if value is None or value is False or value in ("", []):
        return False
    return default is None or bool(value != default)


def decoded(content: bytes, *, at: str) -> Any:
    """Return the JSON value in `content`. Raises `Malformed`."""
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed(f"{at!r} is no valid JSON", param=at) from None


def an_object(value: Any, *, at: str) -> dict[str, Any]:
    """Return `value`, which must be an object. Raises `Malformed`."""
    if not isinstance(value, dict):
        raise Malformed(f"{at!r} must be an object", param=at)
    return value


def a_list(value: Any, *, at: str) -> list[Any]:
    """Return `value`, which must be a list. Raises `Malformed`."""
    if not isinstance(value, list):
        raise Malformed(f"{at!r} must be a list", param=at)
    return value


def a_text(value: Any, *, at: str) -> str:
    """Return `value`, which must be a text that is not empty. Raises `Malformed`."""
    if not isinstance(value, str) or not value:
        raise Malformed(f"{at!r} must be a text", param=at)
    return value


def a_number(value: Any, *, at: str) -> int | float:
    """Return `value`, which must be a number. Raises `Malformed`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(f"{at!r} must be a number", param=at)
    return value


def a_count(value: Any, *, at: str) -> int:
    """Return `value`, which must be a whole number above zero. Raises `Malformed`."""
    number = a_number(value, at=at)
    if number != int(number) or number < 1:
        raise Malformed(f"{at!r} must be a whole number above 0", param=at)
    return int(number)
