"""A call that a provider answers: try each candidate of a plan until one does. No ORM here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from billing.entries import LedgerUnavailable, Settle
from billing.totals import total
from llmhub.lib import money
from routing import prefixes
from routing.gateway.account import Account
from routing.gateway.admission import Admission
from routing.gateway.attempt import describe
from routing.gateway.caller_request import ReadRequest
from routing.gateway.cascade import answered
from routing.gateway.content import keeping
from routing.gateway.errors import Refusal
from routing.gateway.exchange import Exchange
from routing.gateway.hub import Hub
from routing.gateway.once import AlreadyDone, once_for
from routing.gateway.once_more import answer_again
from routing.gateway.opening import ask_for_tokens, correct_tokens, open_call, session_of
from routing.gateway.repeated import beginning
from routing.plan import Candidate
from routing.snapshot import Caller

log = logging.getLogger(__name__)

LEFT = "caller_left"  # the error code of a call whose caller left
_LAST_MOMENT = 1.5  # seconds for a settle when the process stops: it is said before the end of `Flights.stop`


async def complete(
    hub: Hub, exchange: Exchange, caller: Caller, content: bytes, *, reader: ReadRequest
) -> None:
    """Answer one call that `reader` reads. Raises `Refusal` where it ends before anything is sent."""
    account, route, snapshot = await open_call(hub, exchange, caller, content, reader)
    key = account.request.extras.idempotency_key
    if key:
        account.once = await once_for(hub.large, caller, key, path=exchange.path, content=content)
    admission = Admission(hub, account, snapshot)
    foreseen = ask_for_tokens(hub, account)
    hub.retries[account.destination.name].call(time.monotonic())
    if account.request.size.body_bytes >= prefixes.LEAST:
        request, now = account.request, time.monotonic()
        account.repeated_bytes = hub.prefixes.repeated(
            caller.key_id, request.model, beginning(request.body), now=now
        )
    try:
        candidates = await admission.first(route.candidates)
        exchange.keeping = keeping(snapshot, caller, content, at=account.at)
        await _serve(hub, exchange, account, admission, candidates)
    except AlreadyDone as done:
        if not await answer_again(hub, exchange, account, done):
            raise
    finally:
        correct_tokens(hub, account, foreseen)
        if exchange.keeping is not None:
            exchange.keeping.hand_over(hub.contents, account.id)


async def _serve(
    hub: Hub, exchange: Exchange, account: Account, admission: Admission, candidates: Sequence[Candidate]
) -> None:
    """Try, settle, answer: whatever happens in between, the reservation is settled once.

    The last bytes go out after the settle is on disk, and only then.
    """
    exchange.has_record, exchange.account = True, account
    exchange.finishes = account.payment.rules.finishes
    try:
        last: bytes | Refusal = await _answer(hub, exchange, account, admission, candidates)
        ended = _ended(exchange, account)
        if session := session_of(account.caller, account.request, account.destination):
            hub.sessions.answered(session, account.answering.candidate.offer.id, now=time.monotonic())
    except Refusal as refusal:
        last = refusal
        status = 0 if exchange.is_left else exchange.status or refusal.code.status
        ended = account.settle("error", http_status=status, error_code=refusal.name)
    except asyncio.CancelledError:
        await _settle_unheard(hub, exchange, account)
        raise
    try:
        await _write(hub, exchange, ended)
    except LedgerUnavailable as exc:
        last = last if isinstance(last, Refusal) else _unwritten(exchange, exc)
        if not exchange.has_begun:
            exchange.keeping = None  # the record says that it was answered, and what is sent is no answer
    cost = _count(hub, exchange, account, ended)
    await _finish(exchange, account, last, cost)


def _ended(exchange: Exchange, account: Account) -> Settle:
    """Return how a call ended that was answered, be its caller there or not."""
    if exchange.is_left:
        return account.settle("cancelled", http_status=0, error_code=LEFT)
    return account.settle("ok", http_status=200)


async def _answer(
    hub: Hub, exchange: Exchange, account: Account, admission: Admission, candidates: Sequence[Candidate]
) -> bytes:
    """Return the last bytes of the answer. Raises `Refusal`, whatever went wrong."""
    try:
        async with asyncio.timeout(hub.limits.deadline):
            return await answered(hub, exchange, account, admission, candidates)
    except TimeoutError:
        message = f"The request took longer than {hub.limits.deadline:.0f} s"
        raise Refusal("deadline_exceeded", message) from None
    except Refusal:
        raise
    except Exception as exc:  # a fault of ours: the caller gets an answer, the reservation its settle
        log.exception("request %s failed", exchange.request_id)
        raise Refusal("internal_error", f"A fault of llmhub; it was logged as {exchange.request_id}") from exc


async def _write(hub: Hub, exchange: Exchange, ended: Settle) -> None:
    """Return when a settle is on disk; a caller that leaves does not wait, a process that stops does.

    Raises `LedgerUnavailable`; it is written later then.
    """
    try:
        await hub.ledger.settle(ended)
    except asyncio.CancelledError:
        if not exchange.is_interrupted:
            raise
        try:
            async with asyncio.timeout(_LAST_MOMENT):
                await hub.ledger.settle(ended)  # once more: it comes out when the first was written
        except TimeoutError:
            raise LedgerUnavailable("this llmhub process is stopping before it is written") from None


async def _settle_unheard(hub: Hub, exchange: Exchange, account: Account) -> None:
    """Settle a call that was cancelled: its caller left, or this process is stopping."""
    stopping = Refusal("shutting_down", "This llmhub process is stopping")
    if exchange.is_interrupted:
        status = exchange.status or stopping.code.status
        ended = account.settle("interrupted", http_status=status, error_code=stopping.name)
    else:
        ended = account.settle("cancelled", http_status=0, error_code=LEFT)
    try:
        await asyncio.shield(hub.ledger.settle(ended))
    except LedgerUnavailable:
        log.warning("request %s is not written yet; its settle waits", exchange.request_id)
    _count(hub, exchange, account, ended)
    if exchange.is_interrupted:
        await exchange.refuse(stopping)


def _unwritten(exchange: Exchange, error: LedgerUnavailable) -> Refusal:
    """Return what takes the place of an answer that nobody can account for yet.

    No SDK may try again by itself: the call would be paid for twice.
    """
    message = f"The call was served and must not be sent again, but {error}"
    details = {"request_id": exchange.request_id, "served": True}
    remedies = (f"see GET /v1/requests/{exchange.request_id} when the database is back",)
    return Refusal("not_written_yet", message, details=details, remedies=remedies)


async def _finish(exchange: Exchange, account: Account, last: bytes | Refusal, cost: str | None) -> None:
    """Send what is left of the answer, or the error in its place."""
    if cost is not None:
        exchange.answer_headers["x-llmhub-cost"] = cost
    if isinstance(last, Refusal):
        exchange.answer_headers["x-llmhub-attempts"] = str(len(account.notes))
        await exchange.refuse(last)
    elif exchange.has_begun:
        await exchange.write(last, last=True)
    else:
        describe(exchange, account)
        await exchange.answer(last)


def _count(hub: Hub, exchange: Exchange, account: Account, ended: Settle) -> str | None:
    """Tell metrics and log what happened, and return what it cost in USD, None where nobody knows."""
    totals, cost = total(ended.attempts), None
    if totals.cost_nano is not None:
        cost = money.text(totals.cost_nano)
    hub.metrics.ended(ended, totals, [note.candidate.offer.provider.slug for note in account.notes])
    exchange.facts |= {
        "provider": account.answering.candidate.offer.provider.slug if account.notes else "",
        "attempts": len(account.notes),
        "ended": ended.status,
        "cost": cost,
    }
    return cost
