"""Breakers hear of attempts that say nothing for long, while they still wait: beside the calls."""

from __future__ import annotations

import asyncio
import logging
import time

from providers.errors import ProviderTimeout
from providers.live import Live
from providers.silence import LEAST, patience
from routing.gateway.account import Account
from routing.gateway.flight import Flights
from routing.gateway.hub import Hub
from routing.gateway.note import Note

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two looks
_UNKNOWN = Live()


async def watch(hub: Hub, flights: Flights) -> None:
    """Look for silent attempts for ever."""
    while True:
        await asyncio.sleep(EVERY)
        try:
            look(hub, flights, time.monotonic())
        except Exception:  # a fault of ours: calls go on, and time out as they did
            log.exception("attempts that say nothing cannot be looked for")


def look(hub: Hub, flights: Flights, now: float) -> None:
    """Tell the breakers of attempts that have said nothing for longer than their offers ever take."""
    for exchange in flights.running():
        account = exchange.account
        if account is not None and account.notes and now - account.notes[-1].started >= LEAST:
            _judge(hub, account, account.notes[-1], now)


def _judge(hub: Hub, account: Account, note: Note, now: float) -> None:
    if note.entry is None or note.is_silent or note.status is not None or note.ttft_ms is not None:
        return
    offer = note.candidate.offer
    limit = note.carried.defaulted or account.request.size.output_limit
    tokens = None if account.request.stream else limit
    most = patience(hub.statistics.live(now).get(offer.id, _UNKNOWN), output_tokens=tokens)
    if most is not None and now - note.started >= most:
        note.is_silent = True
        hub.breakers.failed(offer, note.entry, ProviderTimeout("it says nothing"), now)
