"""The data folder: one supervisor at a time, short socket paths, the address in use."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from llmhub.up import home, ready


def test_a_home_is_taken_once(tmp_path):
    lock = home.take(tmp_path)
    home.remember_address(tmp_path, "http://127.0.0.1:8123")

    with pytest.raises(home.HomeTaken) as refusal:
        home.take(tmp_path)

    assert str(os.getpid()) in str(refusal.value)
    assert "http://127.0.0.1:8123" in str(refusal.value)
    os.close(lock)
    os.close(home.take(tmp_path))


def test_sockets_live_in_the_home_while_its_path_is_short():
    assert home.sockets(Path("/srv/llmhub")) == Path("/srv/llmhub")


def test_a_long_home_gets_a_short_private_folder_and_keeps_it(tmp_path):
    long = tmp_path / ("x" * 100)

    folder = home.sockets(long)

    assert len(str(folder / "console.sock")) < 100
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert home.sockets(long) == folder
    folder.rmdir()


@pytest.mark.parametrize("spoil", [lambda folder: folder.rmdir(), lambda folder: folder.chmod(0o755)])
def test_a_socket_folder_that_is_gone_or_open_to_others_is_not_used(tmp_path, spoil):
    long = tmp_path / ("x" * 100)
    folder = home.sockets(long)
    spoil(folder)

    other = home.sockets(long)

    assert other != folder
    other.rmdir()
    if folder.exists():
        folder.rmdir()


def test_the_address_is_the_usual_one_until_another_is_remembered(tmp_path):
    assert home.address(tmp_path) == "http://127.0.0.1:8000"

    home.remember_address(tmp_path, "http://127.0.0.1:9000")

    assert home.address(tmp_path) == home.listening(tmp_path) == "http://127.0.0.1:9000"

    home.remember_address(tmp_path, "https://hub.test", listening="http://127.0.0.1:9000")

    assert home.address(tmp_path) == "https://hub.test"
    assert home.listening(tmp_path) == "http://127.0.0.1:9000"


def test_a_taken_port_is_refused_with_the_next_one_as_advice():
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as our own server does
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(ready.PortTaken, match=f"--port {port + 1}"):
            ready.claim("127.0.0.1", port)

    ready.claim("127.0.0.1", port)


def test_a_remembered_port_is_kept_while_it_is_free():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert ready.port_or_another(port) not in {0, port}

    assert ready.port_or_another(port) == port
    assert ready.port_or_another(0) > 0


def test_a_host_of_somebody_else_is_refused():
    with pytest.raises(ValueError, match=r"cannot listen on 192\.0\.2\.1:8000"):
        ready.claim("192.0.2.1", 8000)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("10.0.0.7", "http://10.0.0.7:8000"),
    ],
)
def test_the_address_that_is_printed_can_be_opened(host, url):
    assert ready.url(host, 8000) == url
