"""What is decided about a call before anything is held for it: who pays, how large it may get."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from functools import partial

from llmhub.lib import clock
from routing.demand import Payment, payment
from routing.gateway.account import Account
from routing.gateway.caller_request import CallerRequest, ReadRequest
from routing.gateway.errors import Refusal
from routing.gateway.estimate import estimate
from routing.gateway.exchange import Exchange
from routing.gateway.hub import Hub
from routing.plan import Plan, plan
from routing.reach import refuse_out_of_reach
from routing.resolve import resolve
from routing.snapshot import Caller, EntryValue, Snapshot


async def open_call(
    hub: Hub, exchange: Exchange, caller: Caller, content: bytes, reader: ReadRequest
) -> tuple[Account, Plan, Snapshot]:
    """Return the account of the call that `reader` reads, where it may go, and by which configuration.

    Raises `Refusal`; nothing is held yet.
    """
    snapshot, now = hub.watch.snapshot, clock.now()
    read = partial(reader, headers=exchange.headers, known_providers=snapshot.providers)
    request = exchange.asked = await hub.large.read(content, read)
    entry = resolve(snapshot, request.model, now=now)
    refuse_out_of_reach(caller.reach, request.model, entry.slug, key_name=caller.key_name)
    route = plan(
        entry,
        dialect=request.dialect,
        operation=request.operation,
        only=request.extras.providers,
        reach=caller.reach,
        waits=hub.breakers.waits(time.monotonic()),
    )
    exchange.facts |= {"model": entry.slug, "streamed": request.stream}
    account = open_account(snapshot, caller, entry, request, route, id_=exchange.id, at=now)
    return account, route, snapshot


def open_account(
    snapshot: Snapshot,
    caller: Caller,
    entry: EntryValue,
    request: CallerRequest,
    route: Plan,
    *,
    id_: int,
    at: datetime,
) -> Account:
    """Return the account of a call; one without a limit gets the default one where a hard cap applies."""
    pays = payment(
        snapshot.budgets, snapshot.rules.of(caller.team_id), caller, entry, request.extras.tags, at=at
    )
    size = replace(request.size, context_tokens=entry.context_tokens)
    default = _default_output(pays, entry, route) if size.output_limit is None else None
    if default is not None:
        size = replace(size, output_limit=default)
    return Account(
        id=id_,
        caller=caller,
        entry=entry,
        request=replace(request, size=size),
        at=at,
        payment=pays,
        default_output=default,
    )


def _default_output(pays: Payment, entry: EntryValue, route: Plan) -> int | None:
    """Return the tokens an answer may have where its caller sets no limit; None where nothing may refuse."""
    limited = any(pays.bounding(candidate.offer) & {"usd", "tokens"} for candidate in route.candidates)
    if not limited:
        return None
    default = pays.rules.default_output_tokens
    return min(default, entry.output_limit_tokens or default)


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
