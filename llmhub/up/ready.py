"""Whether a port is free, and whether what we started answers."""

from __future__ import annotations

import errno
import http.client
import socket
from pathlib import Path

_SECONDS = 1.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - addresses, not binds


class PortTaken(RuntimeError):
    """Somebody else listens where we want to; the message says what to do."""


def nearby(host: str) -> str:
    """Return an address at which this machine reaches a server bound to `host`."""
    return _ANYWHERE.get(host, host)


def url(host: str, port: int) -> str:
    """Return the address that a person on this machine opens."""
    near = nearby(host)
    return f"http://{f'[{near}]' if ':' in near else near}:{port}"


def claim(host: str, port: int) -> None:
    """Check that `port` can be had: our server shares ports silently, so it would not tell.

    Raises `PortTaken`, and `ValueError` on a host that is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"port {port} on {host} is taken by another program: choose another with --port, "
                f"for example `./run up --port {port + 1}`"
            ) from None
        if exc.errno == errno.EACCES:
            raise PortTaken(f"port {port} needs special rights: choose one above 1023 with --port") from None
        raise ValueError(f"cannot listen on {host}:{port}: {exc}") from None


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_or_another(wanted: int) -> int:
    """Return the port `wanted` on loopback, or a free one when it is 0 or taken."""
    try:
        claim("127.0.0.1", wanted)
    except PortTaken:
        return free_port()
    return wanted or free_port()


def answers(host: str, port: int, console: Path) -> bool:
    """Return whether the gateway says that it is ready and the console accepts connections."""
    return _gateway_is_ready(host, port) and _accepts(console)


def _gateway_is_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(nearby(host), port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_SECONDS)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
