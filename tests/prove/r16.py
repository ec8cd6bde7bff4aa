"""R-16: Redis is frozen, killed and emptied: nothing waits long for it, and no money depends on it."""

from __future__ import annotations

import logging
import signal
import statistics
import time
from contextlib import closing, suppress

from django.core.cache.backends.redis import RedisCache
from django.db.models import Sum
from redis.exceptions import RedisError

from billing.models import Counter
from llmhub.lib.cache import BoundedRedisCache
from tests.fixtures.valkey import ValkeyServer
from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-16"
CLAIM = "Redis is optional and bounded: frozen, dead or empty, it costs neither time nor money"
DATABASES = ("sqlite", "postgres")
_SLOW = 0.02  # seconds
_MOST_SLOW = 5


def prove(stand) -> Figures:
    with closing(_Server(stand)) as server:
        uses, lines = _use(server, BoundedRedisCache(server.url, {}), stand.size(quick=100, full=1_000))
        slow = [seconds for seconds in uses if seconds > _SLOW]
        before, during, difference = _calls(stand, server, stand.size(quick=100, full=1_000))
    return Figures(
        len(slow) <= _MOST_SLOW and lines <= 2 and difference == 0 and during <= before * 1.5 + 0.01,
        {
            "uses of a frozen Redis": len(uses),
            f"of them slower than {_SLOW * 1000:.0f} ms": len(slow),
            "s the slowest": max(uses),
            "log lines": lines,
            "ms a call at the median before": before * 1000,
            "ms while it is frozen or dead": during * 1000,
            "nano-USD between counter and records": difference,
        },
    )


def control(stand) -> Figures:
    """With Django's own cache, which has the library's retries and no breaker."""
    with closing(_Server(stand)) as server:
        unbounded = RedisCache(server.url, {"OPTIONS": {"socket_timeout": 0.25}})
        uses, _ = _use(server, unbounded, 8)
    slow = [seconds for seconds in uses if seconds > _SLOW]
    return Figures(
        len(slow) <= _MOST_SLOW,
        {"uses of a frozen Redis": len(uses), "of them slow": len(slow), "s the slowest": max(uses)},
    )


class _Server(ValkeyServer):
    def __init__(self, stand) -> None:
        super().__init__(stand.folder())
        self.start()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop()


def _use(server: _Server, cache, count: int) -> tuple[list[float], int]:
    """Seconds of each use of a cache whose server is frozen, and the lines that it logged."""
    lines = _Lines()
    logging.getLogger("llmhub.lib.cache").addHandler(lines)
    cache.set("key", 1)
    server.signal(signal.SIGSTOP)
    took = []
    for _ in range(count):
        began = time.monotonic()
        with suppress(RedisError):
            cache.get("key")
        took.append(time.monotonic() - began)
    server.signal(signal.SIGCONT)
    logging.getLogger("llmhub.lib.cache").removeHandler(lines)
    return took, lines.count


class _Lines(logging.Handler):
    count = 0

    def emit(self, record) -> None:
        self.count += 1


def _calls(stand, server: _Server, count: int) -> tuple[float, float, int]:
    """Median seconds of calls with Redis and without it, and how far counter and records are apart."""
    gateway = stand.gateway(REDIS_URL=server.url)
    model = gateway.make(at=[stand.simulator.path("tokens/3")])
    calls.set_budget(model, cap="1000")
    before = _median(gateway, model, count)
    server.signal(signal.SIGSTOP)
    frozen = _median(gateway, model, count)
    server.signal(signal.SIGKILL)
    dead = _median(gateway, model, count)
    with gateway.database():
        spent = Counter.objects.aggregate(spent=Sum("spent"))["spent"]
    return before, max(frozen, dead), abs(spent - calls.spent(model))


def _median(gateway, model, count: int) -> float:
    took = []
    for _ in range(count // 10):
        began = time.monotonic()
        outcomes = calls.by_clients(((gateway.url, model, {}) for _ in range(10)), clients=1)
        assert {outcome.status for outcome in outcomes} == {200}
        took.append((time.monotonic() - began) / 10)
    return statistics.median(took)
