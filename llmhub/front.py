"""The front: the ASGI callable on the public port.

`/v1/*`, `/healthz`, `/readyz` and `/metrics` are the gateway's; everything else is relayed to the
console process. Both learn who is asking from here: `X-Forwarded-For` of strangers is not believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

from llmhub.lib import forwarded
from llmhub.lib.asgi import App, Message, Receive, Scope, Send, header
from llmhub.lib.bounded import Bounded
from llmhub.relay import Relay

_GATEWAY_PATHS = frozenset({"/v1", "/healthz", "/readyz", "/metrics"})


class Front:
    """Tells the two doors apart."""

    def __init__(self, *, gateway: App, relay: Relay, trusted: Sequence[forwarded.Network] = ()) -> None:
        self._gateway = gateway
        self._relay = relay
        self._console = Bounded(relay)
        self._trusted = trusted
        self._is_trusted = lru_cache(maxsize=1024)(partial(forwarded.is_trusted, trusted=trusted))
        self._is_leaving = False

    def leave(self) -> None:
        """Close each connection with its next answer: another process is about to take over.

        A connection that is closed while its caller sends the next call is a failed call.
        """
        self._is_leaving = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the server's life."""
        if scope["type"] == "lifespan":
            async with self._relay:
                await self._gateway(scope, receive, send)
        elif scope["type"] == "http":
            app = self._gateway if is_gateways(scope["path"]) else self._console
            await app(self._seen(scope), receive, _closing(send) if self._is_leaving else send)

    def _seen(self, scope: Scope) -> Scope:
        """Return the scope with the caller's own address and scheme, proxies of ours looked through."""
        peer, port = scope.get("client") or ("", 0)
        if not self._is_trusted(peer):
            return scope
        address = forwarded.client(peer, header(scope, b"x-forwarded-for"), self._trusted)
        scheme = header(scope, b"x-forwarded-proto") or scope["scheme"]
        return {**scope, "client": (address, port), "scheme": scheme}


def is_gateways(path: str) -> bool:
    """Return whether the gateway answers this path."""
    return path.startswith("/v1/") or path in _GATEWAY_PATHS


def _closing(send: Send) -> Send:
    async def send_and_close(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"connection", b"close")]
        await send(message)

    return send_and_close


def make_front() -> Front:
    """Return the front of this installation, as its settings say."""
    import django

    django.setup()
    from django.conf import settings

    from routing.gateway.app import make_gateway

    return Front(
        gateway=make_gateway(),
        relay=Relay(settings.CONSOLE_URL or settings.CONSOLE_SOCKET),
        trusted=settings.TRUSTED_NETWORKS,
    )
