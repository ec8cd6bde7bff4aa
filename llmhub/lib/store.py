"""What processes tell each other through Redis, within 250 ms or not at all: it may be away at any time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout
from redis.retry import Retry

T = TypeVar("T")
_SECONDS = 0.25
_LISTENING = 0.15  # seconds at most that somebody waits for the next word
_FAILURES = 3  # time-outs in a row, then nothing is asked for a while
PAUSE = 5.0  # seconds
_KEPT = 1000  # messages of a channel
_KEPT_SECONDS = 3600

BOUNDS: dict[str, Any] = {
    "socket_timeout": _SECONDS,
    "socket_connect_timeout": _SECONDS,
    "retry": Retry(NoBackoff(), 0),  # the library's own retries took 6.7 s on a frozen server
}


class Patience:
    """Asks Redis as long as it answers; one log line when it goes away, and one when it is back."""

    def __init__(self, what: str, logger: logging.Logger) -> None:
        self.is_away = False
        self._what = what
        self._logger = logger
        self._failures = 0  # time-outs in a row
        self._ask_again_at = 0.0  # on the monotonic clock

    def ask(self, action: Callable[[], T], otherwise: T) -> T:
        """Return what `action` returns, or `otherwise` when Redis does not answer."""
        if time.monotonic() < self._ask_again_at:
            return otherwise
        try:
            answer = action()
        except RedisError as exc:
            self._failures += isinstance(exc, RedisTimeout)  # a refusal comes at once and costs nothing
            if self._failures >= _FAILURES:
                self._ask_again_at = time.monotonic() + PAUSE
            if not self.is_away:
                self._logger.warning("%s is away: %s", self._what, exc)
            self.is_away = True
            return otherwise
        if self.is_away:
            self._logger.warning("%s is back", self._what)
        self.is_away = False
        self._failures = 0
        return answer


@dataclass(frozen=True, slots=True)
class Message:
    """What a process said."""

    sender: str
    text: str
    age: float  # seconds since it was said, by the clock of the server


class Channel:
    """Everything that was said in the last hour, in one order for all; at most a thousand messages."""

    def __init__(self, url: str, name: str, *, sender: str) -> None:
        self._redis = redis.Redis.from_url(url.replace("redis+socket://", "unix://"), **BOUNDS)
        self._patience = Patience("the exchange between gateways", logging.getLogger(__name__))
        self._name = name
        self._sender = sender
        self._read_to = "0"

    @property
    def is_away(self) -> bool:
        """Whether nothing is heard of others."""
        return self._patience.is_away

    def say(self, texts: Sequence[str]) -> bool:
        """Say something to all, in this order; return whether it was taken."""
        return not texts or self._patience.ask(lambda: self._say(texts), False)

    def hear(self, *, patience: float = 0.0) -> list[Message] | None:
        """Return what was said since the last time, one's own words too; None: away.

        Where nothing was said yet it waits for so many seconds, which are fewer than Redis may take.
        """
        return self._patience.ask(lambda: self._hear(min(patience, _LISTENING)), None)

    def close(self) -> None:
        """End the connection."""
        self._redis.close()

    def _say(self, texts: Sequence[str]) -> bool:
        with self._redis.pipeline(transaction=False) as pipe:
            for text in texts:
                pipe.xadd(self._name, {"by": self._sender, "text": text}, maxlen=_KEPT, approximate=True)
            pipe.expire(self._name, _KEPT_SECONDS)
            pipe.execute()
        return True

    def _hear(self, seconds: float) -> list[Message]:
        block = round(seconds * 1000) or None  # 0 would be for ever
        found: Any = self._redis.xread({self._name: self._read_to}, count=_KEPT, block=block)
        rows = [row for _, some in found for row in some]
        if not rows:
            return []
        told: Any = self._redis.time()
        now = told[0] + told[1] / 1e6
        self._read_to = rows[-1][0].decode()
        return [_message(id_.decode(), fields, now) for id_, fields in rows]


def _message(id_: str, fields: dict[bytes, bytes], now: float) -> Message:
    said_at = int(id_.partition("-")[0]) / 1000  # the server makes ids of its clock
    sender, text = (fields.get(name, b"").decode(errors="replace") for name in (b"by", b"text"))
    return Message(sender, text, max(0.0, now - said_at))
