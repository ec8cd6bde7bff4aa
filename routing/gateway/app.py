"""The gateway as an ASGI application: the way of a request to what answers it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from billing.entries import LedgerUnavailable
from llmhub.lib import clock, secrets
from llmhub.lib.asgi import Receive, Scope, Send
from routing.gateway import counting, estimating, explaining, models, probes, requests, usage
from routing.gateway.authenticate import admit, authenticate, key_in, refuse_deactivated
from routing.gateway.chat_request import read_chat
from routing.gateway.embeddings_request import read_embeddings
from routing.gateway.errors import Refusal
from routing.gateway.exchange import CallerLeft, Exchange
from routing.gateway.extras import HOP_HEADER
from routing.gateway.face import CHAT, MESSAGES, Face
from routing.gateway.flight import Flights
from routing.gateway.generate import complete
from routing.gateway.hub import Hub, Limits
from routing.gateway.life import Life
from routing.gateway.messages_request import read_messages
from routing.gateway.opening import ask_for_request
from routing.gateway.turned_away import turn_away
from routing.snapshot import Caller

log = logging.getLogger("llmhub.gateway")

_PROMPT_MS = 500  # who takes longer to send a body is asked for the key once more

Function = Callable[[Hub, Exchange, Caller, bytes], Awaitable[None]]


@dataclass(frozen=True)
class Endpoint:
    """What answers a path; a name that ends in `{id}` takes the rest of the path, slashes included."""

    name: str  # also in metrics
    method: str
    function: Function
    reaches_providers: bool = False  # then it is refused while calls are paused
    asks_for_calls: bool = False  # it reaches nobody, and is let through as a call would be


_ENDPOINTS = (
    Endpoint("/v1/chat/completions", "POST", partial(complete, reader=read_chat), reaches_providers=True),
    Endpoint("/v1/messages", "POST", partial(complete, reader=read_messages), reaches_providers=True),
    Endpoint("/v1/messages/count_tokens", "POST", counting.count_tokens, reaches_providers=True),
    Endpoint("/v1/embeddings", "POST", partial(complete, reader=read_embeddings), reaches_providers=True),
    Endpoint("/v1/explain", "POST", explaining.explain, asks_for_calls=True),
    Endpoint("/v1/estimate", "POST", estimating.estimate, asks_for_calls=True),
    Endpoint("/v1/models", "GET", models.list_models),
    Endpoint("/v1/models/{id}", "GET", models.show_model),
    Endpoint("/v1/requests/{id}", "GET", requests.show_request),
    Endpoint("/v1/usage", "GET", usage.show_usage),
)
_BY_PATH = {endpoint.name: endpoint for endpoint in _ENDPOINTS}


class Gateway:
    """Answers `/v1/*`, `/healthz`, `/readyz`, `/metrics`, and the server's lifespan."""

    def __init__(self, limits: Limits) -> None:
        self._flights = Flights()
        self._life = Life(self._flights, limits)

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
        name = "unknown"
        hub.metrics.in_flight.value += 1
        try:
            exchange.face = _face(exchange.path)
            exchange.id = hub.ledger.next_id()
            _refuse_loop(hub, exchange)
            endpoint = _find(exchange)
            name = endpoint.name
            caller = _caller(hub, exchange)
            if endpoint.reaches_providers or endpoint.asks_for_calls:
                admit(hub.watch.snapshot, caller)
                ask_for_request(hub, caller)
            content = await exchange.read_body() if endpoint.method == "POST" else b""
            self._refuse_when_stopping()
            if exchange.elapsed_ms > _PROMPT_MS:
                caller = _begin_anew(hub, exchange, endpoint)
            await self._flights.run(exchange, _refusing(hub, exchange, endpoint.function, caller, content))
        except CallerLeft:
            exchange.facts["code"] = "caller_left"
        except LedgerUnavailable as exc:
            message = f"The ledger cannot be written: {exc}"
            await turn_away(hub, exchange, Refusal("ledger_unavailable", message))
        except Refusal as refusal:
            await turn_away(hub, exchange, refusal)
        finally:
            hub.metrics.in_flight.value -= 1
            _report(hub, exchange, name)

    def _refuse_when_stopping(self) -> None:
        if self._flights.is_stopping:
            raise Refusal("shutting_down", "This llmhub process is stopping")


async def _refusing(hub: Hub, exchange: Exchange, function: Function, caller: Caller, content: bytes) -> None:
    """Call an endpoint; what it refuses and what breaks in it become answers."""
    try:
        await function(hub, exchange, caller, content)
    except Refusal as refusal:
        await turn_away(hub, exchange, refusal)
    except Exception:
        log.exception("request %s failed", exchange.request_id)
        message = f"A fault of llmhub; it was logged as {exchange.request_id}"
        await turn_away(hub, exchange, Refusal("internal_error", message))


def _find(exchange: Exchange) -> Endpoint:
    """Return what answers a request. Raises `Refusal` where nothing does."""
    path = exchange.path
    prefix = "/".join(path.split("/", 3)[:3])
    endpoint = _BY_PATH.get(path) or (_BY_PATH.get(prefix + "/{id}") if len(path) > len(prefix) + 1 else None)
    if endpoint is None or "{" in path:
        served = ", ".join(_BY_PATH)
        raise Refusal("not_served", f"llmhub does not serve {path[:200]!r}; it serves {served}")
    if exchange.method != endpoint.method:
        exchange.answer_headers["allow"] = endpoint.method
        message = f"{endpoint.name} answers {endpoint.method}, not {exchange.method[:20]}"
        raise Refusal("method_not_allowed", message)
    return endpoint


def _face(path: str) -> Face:
    """Return how errors look on a path, also where nothing is served."""
    return MESSAGES if path.startswith("/v1/messages") else CHAT


def _refuse_loop(hub: Hub, exchange: Exchange) -> None:
    if exchange.headers.get(HOP_HEADER) == hub.name:
        message = "This call came from this same llmhub: a provider's base URL points back to it"
        raise Refusal("loop_detected", message)


def _caller(hub: Hub, exchange: Exchange) -> Caller:
    digest = secrets.digest(key_in(exchange.headers))
    caller = exchange.caller = authenticate(hub.watch.snapshot, digest, now=clock.now())
    exchange.facts |= {"team": caller.team_slug, "key_id": caller.key_id}
    refuse_deactivated(caller)
    return caller


def _begin_anew(hub: Hub, exchange: Exchange, endpoint: Endpoint) -> Caller:
    """Return who calls, now that the body is there: a key may have been revoked or paused meanwhile.

    The call begins here, by its id as by the clock: both say in which period it counts.
    """
    exchange.id = hub.ledger.next_id()
    caller = _caller(hub, exchange)
    if endpoint.reaches_providers or endpoint.asks_for_calls:
        admit(hub.watch.snapshot, caller)
    return caller


def _report(hub: Hub, exchange: Exchange, endpoint: str) -> None:
    code = str(exchange.facts.get("code", ""))
    hub.metrics.requests.add(1, endpoint, str(exchange.status), code)
    hub.metrics.seconds.observe(exchange.elapsed_ms / 1000, endpoint)
    if not log.isEnabledFor(logging.INFO):
        return
    facts = {
        "request_id": exchange.request_id,
        "endpoint": endpoint,
        "status": exchange.status,
        "latency_ms": exchange.elapsed_ms,
        **exchange.facts,
    }
    log.info("request", extra=facts)


def make_gateway(limits: Limits | None = None) -> Gateway:
    """Return the gateway of this process, with Django set up; it starts with the server's lifespan."""
    return Gateway(limits or Limits())
