"""A client that shows what was really on the wire: no library mends or hides anything."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

CHAT = {"model": "sim-small", "messages": [{"role": "user", "content": "Where is my order?"}]}
STREAM = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}


@dataclass(frozen=True)
class Seen:
    """What came back, and how the connection stood then."""

    data: bytes
    end: str  # fin, reset, or open: nothing more came in time

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def events(self) -> int:
        return self.data.count(b"data: ")


def connect(base_url: str, body: dict = CHAT, endpoint: str = "/chat/completions") -> socket.socket:
    """Send one chat request and return the socket to read from."""
    parts = urlsplit(base_url)
    content = json.dumps(body).encode()
    sock = socket.create_connection((parts.hostname, parts.port), timeout=5)
    head = f"POST {parts.path}{endpoint} HTTP/1.1\r\nhost: test\r\ncontent-length: {len(content)}\r\n\r\n"
    sock.sendall(head.encode() + content)
    return sock


def see(base_url: str, body: dict = CHAT, *, wait: float = 0.3, at_most: int = 2**20) -> Seen:
    """Read until the connection ends, nothing comes for `wait` seconds, or `at_most` bytes are there."""
    data = bytearray()
    with connect(base_url, body) as sock:
        sock.settimeout(wait)
        try:
            while len(data) < at_most:
                block = sock.recv(65_536)
                if not block:
                    return Seen(bytes(data), "fin")
                data += block
        except TimeoutError:
            pass
        except ConnectionResetError:
            return Seen(bytes(data), "reset")
    return Seen(bytes(data), "open")
