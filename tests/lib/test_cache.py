"""The cache against a real server: it forgets when that is away or frozen, and never fails or waits."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from llmhub.lib.cache import BoundedRedisCache
from llmhub.up.processes import embedded_redis


class Server:
    def __init__(self, folder) -> None:
        self.socket = folder / "valkey.sock"
        self.command = embedded_redis(self.socket, folder / "valkey").command
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self.socket.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def server(short_folder):
    server = Server(short_folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def cache(server):
    return BoundedRedisCache(f"unix://{server.socket}", {})


def test_it_keeps_what_json_can_say(cache):
    cache.set("key", {"a": [1, None, "ü"]}, 10)

    assert cache.get("key") == {"a": [1, None, "ü"]}
    assert cache.add("count", 0)
    assert cache.incr("count") == 1
    assert cache.get_many(["key", "none"]) == {"key": {"a": [1, None, "ü"]}}


def test_what_somebody_else_wrote_is_never_executed(cache, server, tmp_path):
    import pickle

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trap"), "w"))

    cache._cache.get_client(write=True).set(cache.make_key("key"), pickle.dumps(Trap()))

    with pytest.raises(ValueError):
        cache.get("key")
    assert not (tmp_path / "trap").exists()


def test_a_frozen_server_costs_a_quarter_second_not_an_answer(cache, server):
    cache.set("key", 1)
    server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()

    assert cache.get("key", "default") == "default"
    assert time.monotonic() - began < 0.6

    server.process.send_signal(signal.SIGCONT)
    time.sleep(0.05)
    assert cache.get("key") == 1


def test_without_a_server_everything_is_a_miss_and_said_once(cache, server, caplog):
    server.stop()

    assert cache.get("key") is None
    assert cache.get("key", 3) == 3
    assert cache.add("key", 1) is True
    assert cache.set("key", 1) is None
    assert cache.incr("key") == 1
    assert cache.touch("key") is False
    assert cache.delete("key") is False
    assert cache.get_many(["key"]) == {}
    assert cache.set_many({"key": 1}) == ["key"]

    server.start()
    cache.set("key", 2)
    assert cache.get("key") == 2
    said = [record.getMessage() for record in caplog.records if record.name == "llmhub.lib.cache"]
    assert [text[:17] for text in said] == ["the cache is away", "the cache is back"]
