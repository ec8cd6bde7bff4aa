"""A call to a route that escalates: the next target answers where the one before gave nothing of use.

What the whole may cost is held from the beginning. An answer that is looked at is held back until then;
the last target's goes out as it comes. Where no later target answers, the caller gets what there is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import groupby

from routing import text_form
from routing.answer_check import Fault, Form, fault_of, form_of, said_stream, said_whole
from routing.gateway.account import Account
from routing.gateway.admission import Admission
from routing.gateway.attempt import begin_stream, tell_again
from routing.gateway.errors import Refusal
from routing.gateway.exchange import Exchange
from routing.gateway.hub import Hub
from routing.gateway.large import LARGE, TRANSLATED
from routing.gateway.note import Note
from routing.gateway.tries import NotAdmitted, first_answer
from routing.plan import Candidate

Trying = Callable[[], Awaitable[bytes]]
ESCALATED = "escalated_"  # before the fault, as the reason of a fallback
CUT_SHORT = "cut_short"  # why a further leg ended whose time was up
_TO_GIVE = 0.5  # seconds before the deadline of a call: then the answer there is is given


async def answered(
    hub: Hub, exchange: Exchange, account: Account, admission: Admission, candidates: Sequence[Candidate]
) -> bytes:
    """Return the last bytes of the answer of the first leg that gives one of use. Raises `Refusal`."""
    legs = [tuple(leg) for _, leg in groupby(candidates, key=lambda each: each.leg)]
    if len(legs) == 1:
        return await first_answer(hub, exchange, account, admission, candidates)
    form = form_of(account.request.body, account.request.dialect)
    kept: tuple[Note, bytes] | None = None
    for number, leg in enumerate(legs):
        is_held = number < len(legs) - 1
        trying = partial(
            first_answer, hub, exchange, account, admission, leg, is_admitted=number == 0, is_held=is_held
        )
        if kept is not None:
            last = await _instead(hub, exchange, account, trying)
        else:
            last = await _first(exchange, trying, is_held=is_held)
        if last is None:
            continue
        if not is_held:
            return last
        note = account.notes[-1]
        fault = await _fault(hub, account, note, last, form)
        if not fault or exchange.is_left:  # nobody waits for a better one
            return await _give(exchange, account, note, last)
        note.error_code = ESCALATED + fault
        kept = note, last
    if kept is None:
        raise _as_refusal(NotAdmitted())
    return await _give(exchange, account, *kept)


async def _first(exchange: Exchange, trying: Trying, *, is_held: bool) -> bytes | None:
    """Return what a leg answers, None where the next one may. Raises `Refusal`."""
    try:
        return await trying()
    except (Refusal, NotAdmitted) as exc:
        if exchange.has_begun or exchange.is_left or not is_held:
            raise _as_refusal(exc) from None
    return None


async def _instead(hub: Hub, exchange: Exchange, account: Account, trying: Trying) -> bytes | None:
    """Return what a leg answers; None where it gives nothing in time, as there is an answer already."""
    left = _left(hub, account)
    account.cut_at = time.monotonic() + left
    try:
        async with asyncio.timeout(left):
            return await trying()
    except (Refusal, NotAdmitted, TimeoutError) as exc:
        if exchange.has_begun:
            raise
        if isinstance(exc, TimeoutError):
            account.notes[-1].end("error", CUT_SHORT)
    return None


def _left(hub: Hub, account: Account) -> float:
    """Return the seconds that further legs may take, where there is an answer to give after them."""
    return max(0.0, hub.limits.deadline - _TO_GIVE - (time.monotonic() - account.started))


async def _fault(hub: Hub, account: Account, note: Note, last: bytes, form: Form) -> Fault:
    """Return what is wrong with an answer; a large one is looked at beside the event loop."""
    is_stream, dialect = account.request.stream, account.request.dialect
    content = note.events if is_stream else last

    def look() -> Fault:
        return fault_of((said_stream if is_stream else said_whole)(content, dialect), form)

    work = TRANSLATED * len(content)
    if form.schema is not None and not text_form.is_loaded():
        work = LARGE + 1  # a library may be loaded first
    return await hub.large.run(work, look)


async def _give(exchange: Exchange, account: Account, note: Note, last: bytes) -> bytes:
    """Let the caller have an answer that was held back, and return its last bytes."""
    account.given, note.is_held = note, False
    if not account.request.stream:
        return last
    account.first_token(note)
    await begin_stream(exchange, account)
    tell_again(exchange, account, note)
    await exchange.write(note.events)
    assert note.finish is not None
    return note.finish()


def _as_refusal(error: Refusal | NotAdmitted) -> Refusal:
    if isinstance(error, Refusal):
        return error
    return Refusal("no_candidate", "No target of the route could be tried within its budgets")
