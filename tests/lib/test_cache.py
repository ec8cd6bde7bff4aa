"""The cache against a real server: it forgets when that is away or frozen, and never fails or waits."""

from __future__ import annotations

import signal
import time

import pytest

from llmhub.lib.cache import BoundedRedisCache


@pytest.fixture
def cache(valkey_server):
    return BoundedRedisCache(f"unix://{valkey_server.socket}", {})


def test_it_keeps_what_json_can_say(cache):
    cache.set("key", {"a": [1, None, "ü"]}, 10)

    assert cache.get("key") == {"a": [1, None, "ü"]}
    assert cache.add("count", 0)
    assert cache.incr("count") == 1
    assert cache.get_many(["key", "none"]) == {"key": {"a": [1, None, "ü"]}}


def test_what_somebody_else_wrote_is_never_executed(cache, valkey_server, tmp_path):
    import pickle

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trap"), "w"))

    cache._cache.get_client(write=True).set(cache.make_key("key"), pickle.dumps(Trap()))

    with pytest.raises(ValueError):
        cache.get("key")
    assert not (tmp_path / "trap").exists()


def used(cache, count: int) -> list[float]:
    """The seconds that each use of a cache takes."""
    took = []
    for _ in range(count):
        began = time.monotonic()
        cache.get("key")
        took.append(time.monotonic() - began)
    return took


def test_a_frozen_server_costs_a_quarter_second_not_an_answer(cache, valkey_server):
    cache.set("key", 1)
    valkey_server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()

    assert cache.get("key", "default") == "default"
    assert time.monotonic() - began < 0.6

    valkey_server.process.send_signal(signal.SIGCONT)
    time.sleep(0.05)
    assert cache.get("key") == 1


def test_a_server_that_stays_frozen_costs_time_three_times_and_is_asked_again_later(
    cache, valkey_server, monkeypatch
):
    monkeypatch.setattr("llmhub.lib.store.PAUSE", 0.5)
    cache.set("key", 1)
    valkey_server.process.send_signal(signal.SIGSTOP)
    took = used(cache, 20)

    valkey_server.process.send_signal(signal.SIGCONT)
    assert len([seconds for seconds in took if seconds > 0.02]) <= 5
    time.sleep(0.6)
    assert cache.get("key") == 1


def test_a_cache_that_never_gives_up_asking_would_be_slow_each_time(cache, valkey_server, monkeypatch):
    """The negative control of R-16: without the breaker."""
    monkeypatch.setattr("llmhub.lib.store._FAILURES", 1000)
    impatient = BoundedRedisCache(f"unix://{valkey_server.socket}", {"OPTIONS": {"socket_timeout": 0.05}})
    impatient.set("key", 1)
    valkey_server.process.send_signal(signal.SIGSTOP)

    slow = len([seconds for seconds in used(impatient, 6) if seconds > 0.02])

    valkey_server.process.send_signal(signal.SIGCONT)
    assert slow == 6


def test_without_a_server_everything_is_a_miss_and_said_once(cache, valkey_server, caplog):
    valkey_server.stop()

    assert cache.get("key") is None
    assert cache.get("key", 3) == 3
    assert cache.add("key", 1) is True
    assert cache.set("key", 1) is None
    assert cache.incr("key") == 1
    assert cache.touch("key") is False
    assert cache.delete("key") is False
    assert cache.get_many(["key"]) == {}
    assert cache.set_many({"key": 1}) == ["key"]

    valkey_server.start()
    cache.set("key", 2)
    assert cache.get("key") == 2
    said = [record.getMessage() for record in caplog.records if record.name == "llmhub.lib.cache"]
    assert [text[:17] for text in said] == ["the cache is away", "the cache is back"]
