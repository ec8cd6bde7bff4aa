"""The gateway as an ASGI application: the way of a request to what answers it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from billing.entries import LedgerUnavailable
from llmhub.lib import clock, secrets
from llmhub.lib.asgi import Receive, Scope, Send
from routing.gateway import chat, models, probes, requests
from routing.gateway.authenticate import authenticate, key_in
from routing.gateway.errors import Refusal
from routing.gateway.exchange import CallerLeft, Exchange
from routing.gateway.extras import HOP_HEADER
from routing.gateway.flight import Flights
from routing.gateway.hub import Hub
from routing.gateway.life import Life
from routing.snapshot import Caller

log = logging.getLogger("llmhub.gateway")

Endpoint = Callable[[Hub, Exchange, Caller, bytes], Awaitable[None]]

_ENDPOINTS: dict[str, tuple[str, Endpoint]] = {
    "/v1/chat/completions": ("POST", chat.complete),
    "/v1/models": ("GET", models.list_models),
}
_UNDER: dict[str, tuple[str, Endpoint]] = {
    "/v1/models/": ("GET", models.show_model),
    "/v1/requests/": ("GET", requests.show_request),
}


class Gateway:
    """Answers `/v1/*`, `/healthz`, `/readyz`, `/metrics`, and the server's lifespan."""

    def __init__(self) -> None:
        self._flights = Flights()
        self._life = Life(self._flights)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the server's life."""
        if scope["type"] == "lifespan":
            await self._life.run(receive, send)
        elif scope["type"] == "http":
            exchange = Exchange(scope, receive, send)
            hub = self._life.hub
            if exchange.path == "/healthz":
                await probes.healthz(exchange)
            elif hub is None:
                await exchange.refuse(Refusal("shutting_down", "This llmhub process is not serving"))
            elif exchange.path == "/readyz":
                await probes.readyz(hub, exchange, is_stopping=self._flights.is_stopping)
            elif exchange.path == "/metrics":
                await probes.metrics(hub, exchange)
            else:
                await self._answer(hub, exchange)

    async def _answer(self, hub: Hub, exchange: Exchange) -> None:
        """Answer under /v1, whatever happens, and write one line about it."""
        endpoint = "unknown"
        hub.metrics.in_flight.inc()
        try:
            exchange.id = hub.ledger.next_id()
            self._check_admission(hub, exchange)
            endpoint, method, function = _find(exchange.path)
            _check_method(exchange, method)
            caller = _caller(hub, exchange)
            content = await exchange.read_body() if method == "POST" else b""
            await self._flights.run(exchange, _refusing(hub, exchange, function, caller, content))
        except CallerLeft:
            exchange.facts["code"] = "caller_left"
        except LedgerUnavailable as exc:
            await exchange.refuse(Refusal("ledger_unavailable", f"The ledger cannot be written: {exc}"))
        except Refusal as refusal:
            await exchange.refuse(refusal)
        finally:
            hub.metrics.in_flight.dec()
            _report(hub, exchange, endpoint)

    def _check_admission(self, hub: Hub, exchange: Exchange) -> None:
        if self._flights.is_stopping:
            raise Refusal("shutting_down", "This llmhub process is stopping")
        if exchange.headers.get(HOP_HEADER) == hub.name:
            raise Refusal(
                "loop_detected",
                "This call came from this same llmhub: a provider's base URL points back to it",
            )


async def _refusing(hub: Hub, exchange: Exchange, function: Endpoint, caller: Caller, content: bytes) -> None:
    """Call an endpoint; what it refuses and what breaks in it become answers."""
    try:
        await function(hub, exchange, caller, content)
    except Refusal as refusal:
        await exchange.refuse(refusal)
    except Exception:
        log.exception("request %s failed", exchange.request_id)
        message = f"A fault of llmhub; it was logged as {exchange.request_id}"
        await exchange.refuse(Refusal("internal_error", message))


def _find(path: str) -> tuple[str, str, Endpoint]:
    """Return the endpoint of a path: its name in metrics, its method, its function."""
    if path in _ENDPOINTS:
        return path, *_ENDPOINTS[path]
    for prefix, (method, function) in _UNDER.items():
        if path.startswith(prefix) and len(path) > len(prefix):
            return prefix + "{id}", method, function
    served = ", ".join([*_ENDPOINTS, *(f"{prefix}{{id}}" for prefix in _UNDER)])
    raise Refusal("not_served", f"llmhub does not serve {path[:200]!r}; it serves {served}")


def _check_method(exchange: Exchange, method: str) -> None:
    if exchange.method != method:
        exchange.answer_headers["allow"] = method
        raise Refusal(
            "method_not_allowed", f"{exchange.path[:200]!r} answers {method}, not {exchange.method}"
        )


def _caller(hub: Hub, exchange: Exchange) -> Caller:
    digest = secrets.digest(key_in(exchange.headers))
    caller = authenticate(hub.watch.snapshot, digest, now=clock.now())
    exchange.facts |= {"team": caller.team_slug, "key_id": caller.key_id}
    return caller


def _report(hub: Hub, exchange: Exchange, endpoint: str) -> None:
    code = str(exchange.facts.get("code", ""))
    hub.metrics.requests.labels(endpoint, str(exchange.status), code).inc()
    hub.metrics.seconds.labels(endpoint).observe(exchange.elapsed_ms / 1000)
    facts = {
        "request_id": exchange.request_id,
        "endpoint": endpoint,
        "status": exchange.status,
        "latency_ms": exchange.elapsed_ms,
        **exchange.facts,
    }
    log.info("request", extra=facts)


def make_gateway() -> Gateway:
    """Return the gateway of this process, with Django set up; it starts with the server's lifespan."""
    return Gateway()
