"""Repeat the answer of a call that is made once, where its team has content kept."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from django.db import DatabaseError

from billing.content_read import answer_of
from llmhub.lib import ids
from routing.gateway.account import Account
from routing.gateway.exchange import Exchange
from routing.gateway.hub import Hub
from routing.gateway.once import AlreadyDone, cost_text

log = logging.getLogger(__name__)

REPEATED = "x-llmhub-repeated"
_WRITTEN = 0.6  # seconds after its end in which what was said in a call is written


async def answer_again(hub: Hub, exchange: Exchange, account: Account, done: AlreadyDone) -> bool:
    """Answer as the first call was answered, under its id; False where that cannot be.

    It has to be a whole good answer, and kept as a whole.
    """
    first, team_id = done.first, account.caller.team_id
    if account.request.stream or first is None or (first.status, first.http_status) != ("ok", 200):
        return False
    if team_id not in hub.watch.snapshot.content_until:
        return False
    read = partial(answer_of, first.id, team_id=team_id)
    try:
        content = await hub.reader.run(read)
        if content is None:
            await asyncio.sleep(_WRITTEN)
            content = await hub.reader.run(read)
    except DatabaseError as exc:
        log.warning("the answer of %s cannot be read to be repeated: %s", ids.request_id(first.id), exc)
        return False
    if content is None:
        return False
    exchange.id = first.id  # whose answer it is, and whose cost
    exchange.facts |= {"repeated": True}
    exchange.answer_headers[REPEATED] = "true"
    if cost := cost_text(first):
        exchange.answer_headers["x-llmhub-cost"] = cost
    await exchange.answer(content.encode())
    return True
