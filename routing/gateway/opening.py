"""What is decided about a call before anything is held for it: who pays, how large it may get."""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from llmhub.lib import clock
from routing.demand import Payment, payment
from routing.explain import Decision, nowhere
from routing.gateway.account import Account
from routing.gateway.caller_request import CallerRequest, ReadRequest
from routing.gateway.errors import Refusal
from routing.gateway.estimate import estimate
from routing.gateway.exchange import Exchange
from routing.gateway.hub import Hub
from routing.plan import Asking, Moment, Plan, plan
from routing.reach import refuse_out_of_reach
from routing.resolve import Destination, resolve
from routing.sessions import Session
from routing.snapshot import Caller, Snapshot
from routing.who_could import with_who_could


async def open_call(
    hub: Hub, exchange: Exchange, caller: Caller, content: bytes, reader: ReadRequest
) -> tuple[Account, Plan, Snapshot]:
    """Return the account of the call that `reader` reads, where it may go, and by which configuration.

    Raises `Refusal`; nothing is held yet.
    """
    snapshot, now = hub.watch.snapshot, clock.now()
    read = partial(reader, headers=exchange.headers, known_providers=snapshot.providers)
    request = exchange.asked = await hub.large.read(content, read)
    destination = resolve(snapshot, request.model, now=now)
    if destination.route is None:
        refuse_out_of_reach(caller.reach, destination.asked, destination.name, key_name=caller.key_name)
    asking = asking_of(request, caller, seed=exchange.request_id)
    moment = moment_of(hub, caller, request, destination, at=now)
    decision = exchange.decision = Decision(
        snapshot.version, destination, asking, moment, Plan(()), caller.key_id, request.extras.max_cost_nano
    )
    try:
        route = decision.plan = plan(destination, asking, moment)
    except Refusal as refusal:
        decision.plan = nowhere(destination, asking, moment, refusal)
        raise with_who_could(refusal, snapshot, caller.reach, asking.needs) from None
    exchange.facts |= {"model": destination.name, "streamed": request.stream}
    account = open_account(snapshot, caller, destination, request, route, id_=exchange.id, at=now)
    account.decision = decision
    return account, route, snapshot


def asking_of(request: CallerRequest, caller: Caller, *, seed: str = "") -> Asking:
    """Return what of a request decides where it may go."""
    extras = request.extras
    return Asking(
        dialect=request.dialect,
        operation=request.operation,
        only=extras.providers,
        reach=caller.reach,
        needs=request.needs,
        size=request.size,
        streams=request.stream,
        policy=extras.policy,
        seed=extras.session or seed,
    )


def moment_of(
    hub: Hub, caller: Caller, request: CallerRequest, destination: Destination, *, at: datetime
) -> Moment:
    """Return what is known now that decides where a call goes."""
    now = time.monotonic()
    waits = hub.breakers.waits(now)
    route, policy = destination.route, request.extras.policy or destination.policy
    if route is None and len(destination.entry.offers) < 2:
        return Moment(at, waits=waits)
    live = hub.missing.among(hub.statistics.live(now), now)
    if route is None and policy == "priority":
        return Moment(at, waits=waits, live=live)
    session = session_of(caller, request, destination)
    return Moment(
        at,
        waits=waits,
        live=live,
        mixes=hub.mixes.of(caller.team_id, now=now),
        session_offer=hub.sessions.offer_of(session, now=now) if session else None,
    )


def session_of(caller: Caller, request: CallerRequest, destination: Destination) -> Session | None:
    """Return the session that a call goes on with, None where it may go anywhere."""
    route, session = destination.route, request.extras.session
    if route is None or not route.keeps_sessions or not session:
        return None
    return caller.team_id, session, route.name


def open_account(
    snapshot: Snapshot,
    caller: Caller,
    destination: Destination,
    request: CallerRequest,
    route: Plan,
    *,
    id_: int,
    at: datetime,
) -> Account:
    """Return the account of a call; one without a limit gets the default one where a hard cap applies."""
    extras = request.extras
    pays = payment(
        snapshot.budgets,
        snapshot.rules.of(caller.team_id),
        caller,
        extras.tags,
        at=at,
        max_cost_nano=extras.max_cost_nano,
    )
    size = request.size
    if size.files:
        size = replace(size, context_tokens=destination.entry.context_tokens)
    own = destination.route.default_output_tokens if destination.route else None
    default = _default_output(pays, route, own) if size.output_limit is None else None
    if default is not None:
        size = replace(size, output_limit=default)
    return Account(
        id=id_,
        caller=caller,
        destination=destination,
        request=replace(request, size=size),
        at=at,
        payment=pays,
        default_output=default,
    )


def _default_output(pays: Payment, route: Plan, own: int | None) -> int | None:
    """Return the tokens an answer may have where its caller sets no limit; None where nothing may refuse.

    `own` is what the route itself says.
    """
    limited = any(pays.bounding(candidate.offer) & {"usd", "tokens"} for candidate in route.candidates)
    if not limited:
        return None
    default = own or pays.rules.default_output_tokens
    return min(default, *(each.entry.output_limit_tokens or default for each in route.candidates))


def ask_for_tokens(hub: Hub, account: Account) -> int:
    """Take the tokens of a call's input from its key's minute and return how many were taken.

    Raises `Refusal` when the minute has not that many left.
    """
    foreseen = estimate(account.request.size, text_bytes=0).input_tokens
    wait = hub.rates.ask(account.caller, "tokens", foreseen, now=time.monotonic())
    if wait:
        limit = account.caller.tokens_per_minute
        raise _limited(account.caller, f"{limit} tokens", wait)
    return foreseen


def correct_tokens(hub: Hub, account: Account, foreseen: int) -> None:
    """Take what a call used beyond its input, or put back what was not used."""
    if account.caller.tokens_per_minute is not None:
        used = account.tokens_used() - foreseen
        hub.rates.correct(account.caller, "tokens", used, now=time.monotonic())


def ask_for_request(hub: Hub, caller: Caller) -> None:
    """Take a request from the key's minute. Raises `Refusal` when none is left."""
    wait = hub.rates.ask(caller, "requests", 1, now=time.monotonic())
    if wait:
        raise _limited(caller, f"{caller.requests_per_minute} requests", wait)


def _limited(caller: Caller, limit: str, wait: float) -> Refusal:
    """Return what the caller is told that has to wait."""
    message = f"The key {caller.key_name!r} may use {limit} a minute: wait {wait:.1f} s"
    return Refusal("rate_limited", message, retry_after=wait)
