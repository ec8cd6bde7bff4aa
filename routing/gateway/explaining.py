"""POST /v1/explain: where a call would go and why. Nothing is sent, nothing is held, nothing is recorded."""

from __future__ import annotations

import time
from functools import partial
from urllib.parse import parse_qs

import msgspec
from msgspec.structs import replace

from billing import standing
from llmhub.lib import clock
from routing.gateway.caller_request import ReadRequest
from routing.gateway.errors import Refusal
from routing.gateway.exchange import Exchange
from routing.gateway.foresight import Ahead, ahead_of, explained_of, with_budgets
from routing.gateway.hub import Hub
from routing.gateway.opening import moment_of
from routing.gateway.readers import READERS
from routing.reach import refuse_out_of_reach
from routing.resolve import resolve
from routing.snapshot import Caller


async def explain(hub: Hub, exchange: Exchange, caller: Caller, content: bytes) -> None:
    """Answer where a call with this body would go, and what each candidate would take."""
    found = explained_of(await look_ahead(hub, exchange, caller, content))
    await exchange.answer(msgspec.json.encode({"object": "explanation", **msgspec.to_builtins(found)}))


async def look_ahead(hub: Hub, exchange: Exchange, caller: Caller, content: bytes) -> Ahead:
    """Return what would become of a call. Raises `Refusal` where its model may not be asked for at all."""
    exchange.has_record = True  # who asks is no refused call
    snapshot, now = hub.watch.snapshot, clock.now()
    reader = partial(_reader(exchange), headers=exchange.headers, known_providers=snapshot.providers)
    request = exchange.asked = await hub.large.read(content, reader)
    destination = resolve(snapshot, request.model, now=now)
    if destination.route is None:
        refuse_out_of_reach(caller.reach, destination.asked, destination.name, key_name=caller.key_name)
    moment = moment_of(hub, caller, request, destination, at=now)
    mixes = await hub.mixes.fresh(caller.team_id, now=time.monotonic())
    whole = replace(moment, mixes=mixes, live=hub.statistics.live(time.monotonic()))
    work = partial(ahead_of, snapshot, caller, request, destination, moment, whole=whole, id_=exchange.id)
    found = await hub.large.run(request.size.body_bytes, work)
    verdicts = await hub.reader.run(partial(standing.verdicts, found.wanted, at=now))
    return await hub.large.run(request.size.body_bytes, partial(with_budgets, found, verdicts))


def _reader(exchange: Exchange) -> ReadRequest:
    """Return what reads the body: `?dialect=` says in which one it is, chat where nothing is said."""
    dialect = parse_qs(exchange.query).get("dialect", ["chat"])[-1]
    if dialect not in READERS:
        said = f"dialect={dialect[:40]!r} is not known here: use {', '.join(READERS)}"
        raise Refusal("invalid_request", said, param="dialect")
    return READERS[dialect]
