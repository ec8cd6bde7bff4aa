"""Django's cache on Redis, bounded: an answer within 250 ms or none, and none is a miss, never an error."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache

from llmhub.lib.store import BOUNDS, Patience

logger = logging.getLogger(__name__)


class Json:
    """Stores values as JSON: what somebody writes into Redis is data, never code."""

    def dumps(self, value: Any) -> str:
        """Return the stored form."""
        return json.dumps(value)

    def loads(self, stored: bytes) -> Any:
        """Return the value."""
        return json.loads(stored)


class BoundedRedisCache(RedisCache):
    """A cache that may forget everything at any time, and does when Redis is away."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        bounds = {**BOUNDS, "serializer": Json}
        super().__init__(server, {**params, "OPTIONS": {**bounds, **params.get("OPTIONS", {})}})
        self._patience = Patience("the cache", logger)

    def _try(self, action: Any, *arguments: Any, otherwise: Any, **named: Any) -> Any:
        """Return what `action` returns, or `otherwise` when Redis does not answer."""
        return self._patience.ask(lambda: action(*arguments, **named), otherwise)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Store a value that is not there yet; away: it counts as stored."""
        return self._try(super().add, key, value, timeout, version, otherwise=True)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        """Return a value; away: the default."""
        return self._try(super().get, key, default, version, otherwise=default)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        """Store a value; away: nothing."""
        self._try(super().set, key, value, timeout, version, otherwise=None)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Prolong a value; away: there was none."""
        return self._try(super().touch, key, timeout, version, otherwise=False)

    def delete(self, key: Any, version: Any = None) -> bool:
        """Forget a value; away: there was none."""
        return self._try(super().delete, key, version, otherwise=False)

    def get_many(self, keys: Any, version: Any = None) -> dict[Any, Any]:
        """Return those that are there; away: none."""
        return self._try(super().get_many, keys, version, otherwise={})

    def set_many(self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> list[Any]:
        """Store values and return the keys that could not be; away: all of them."""
        return self._try(super().set_many, data, timeout, version, otherwise=list(data))

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        """Count up; away: as if it was the first time."""
        return self._try(super().incr, key, delta, version, otherwise=delta)
