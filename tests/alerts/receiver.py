"""A receiver of webhooks and a mail server, each on a real port, that keep what they were sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socketserver
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """Keeps what arrives; answers `status`, and first of all those in `statuses`."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.statuses: list[int] = []
        self.delay = 0.0  # seconds before it answers
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.keep({k.lower(): v for k, v in self.headers.items()}, body)
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("location", "http://169.254.169.254/")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def keep(self, headers: dict[str, str], body: bytes) -> int:
        with self._lock:
            self.got.append((headers, body))
        time.sleep(self.delay)
        with self._lock:
            return self.statuses.pop(0) if self.statuses else self.status

    def documents(self) -> list[dict]:
        return [json.loads(body) for _, body in self.got]

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]


@contextmanager
def receiving():
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As a receiver checks it, written from the specification and not from our code."""
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    key = base64.b64decode(secret.split("_", 1)[1])
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return f"v1,{expected}" in headers["webhook-signature"].split(" ")


class _Smtp(socketserver.StreamRequestHandler):
    def handle(self):
        self._say("220 here")
        lines: list[str] = []
        receivers: list[str] = []
        reading = False
        for raw in self.rfile:
            line = raw.decode().rstrip("\r\n")
            if reading:
                if line == ".":
                    self.server.mails.append("\n".join(lines))
                    self.server.receivers.append(receivers)
                    reading = False
                    self._say("250 taken")
                else:
                    lines.append(line)
            elif line.upper() == "DATA":
                reading = True
                self._say("354 go on")
            elif line.upper() == "QUIT":
                self._say("221 bye")
                return
            elif line.upper().startswith("RCPT") and "nobody@" in line:
                self._say("550 no such person")
            elif line.upper().startswith("RCPT"):
                receivers.append(line.partition("<")[2].rstrip(">"))
                self._say("250 fine")
            else:
                self._say("250 fine")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server():
    """A server that takes all mail but to nobody@."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp) as server:
        server.mails, server.receivers = [], []
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
