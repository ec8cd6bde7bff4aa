"""The attempts of one call: candidate after candidate, until one answers or nothing more may be tried."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from providers.breaker import Entry
from providers.errors import CredentialRefused, ProviderError, ProviderUnavailable, RateLimited, TooLong
from routing.explain import pass_over
from routing.gateway.account import Account
from routing.gateway.admission import Admission
from routing.gateway.attempt import send_stream, send_whole
from routing.gateway.errors import Refusal, from_failures
from routing.gateway.evidence import outcome_of
from routing.gateway.exchange import Exchange
from routing.gateway.hub import Hub
from routing.gateway.note import Note
from routing.plan import Candidate
from routing.snapshot import SealedCredential


class NotAdmitted(Exception):
    """No budget lets a further leg of a call through."""


async def first_answer(
    hub: Hub,
    exchange: Exchange,
    account: Account,
    admission: Admission,
    candidates: Sequence[Candidate],
    *,
    is_admitted: bool = True,
    is_held: bool = False,
) -> bytes:
    """Return what the first candidate gives that answers; for the first one money is held already.

    The next one is tried where the failure allows it, the caller is there and has seen nothing yet, and
    the process has not made too many further attempts for this model. An answer that `is_held` is not
    shown to the caller. Raises `Refusal` from the failures.
    """
    before = len(account.notes)
    failures: list[ProviderError] = []
    retries = hub.retries[account.destination.name]
    for candidate in _candidates(hub, account, candidates, failures):
        if len(account.notes) - before == hub.limits.attempts:
            break
        if (failures or not is_admitted) and not await admission.next(candidate):
            continue
        try:
            credential, entry = _enter(hub, account, candidate)
        except ProviderError as exc:
            failures.append(exc)
            pass_over(account.decision, candidate, "failing")
            continue
        if len(account.notes) > before and not retries.may_retry():
            hub.breakers.left(candidate.offer, entry)
            break
        try:
            note = account.begin(candidate, credential, is_held=is_held)
            return await _attempt(hub, exchange, account, note, entry)
        except ProviderError as exc:
            failures.append(exc)
            if exchange.has_begun or exchange.is_left or not exc.retryable:
                break
    raise _ended(failures)


def _reads_less(candidate: Candidate, account: Account) -> bool:
    """Return whether a model is known to read less than the one that the call was too long for."""
    known, before = candidate.entry.context_tokens, account.answering.candidate.entry.context_tokens
    return known is not None and before is not None and known < before


def _ended(failures: list[ProviderError]) -> Refusal | NotAdmitted:
    return from_failures(failures) if failures else NotAdmitted()


async def _attempt(
    hub: Hub,
    exchange: Exchange,
    account: Account,
    note: Note,
    entry: Entry,
) -> bytes:
    """Return the last bytes of one attempt's answer; breaker and credential hear how it ended."""
    send = send_stream if account.request.stream else send_whole
    offer, credential = note.candidate.offer, note.credential
    note.entry, note.on_first_token = entry, partial(hub.breakers.answers, offer, entry)
    try:
        answer = await send(hub, exchange, account, note)
    except ProviderError as exc:
        note.fail(exc)
        if not note.is_silent:  # else that was told before
            hub.breakers.failed(offer, entry, exc, time.monotonic())
        hub.missing.failed(offer.id, exc, time.monotonic())
        if not _is_a_series(account, exc):
            now, at = time.monotonic(), offer.provider
            hub.credentials.failed(credential, offer.upstream_id, exc, now=now, provider=at)
        hub.statistics.record(offer.id, outcome_of(account, note, exc))
        raise
    except BaseException as exc:
        if not note.is_silent:
            hub.breakers.left(offer, entry)
        hub.statistics.record(offer.id, outcome_of(account, note, exc, deadline=hub.limits.deadline))
        raise
    hub.breakers.succeeded(offer, entry, time.monotonic())
    hub.missing.answered(offer.id)
    hub.statistics.record(offer.id, outcome_of(account, note))
    return answer


def _is_a_series(account: Account, error: ProviderError) -> bool:
    """Return whether a call lost a credential before, to the same kind of refusal.

    401 is about the credential alone. Others may be about the call: it takes out one at most.
    """
    about_the_call = isinstance(error, CredentialRefused) and error.status != 401
    lost = [note for note in account.notes[:-1] if note.error_code == CredentialRefused.code]
    return about_the_call and any(note.http_status not in (0, 401, 404, 405, 410) for note in lost)


def _candidates(
    hub: Hub, account: Account, candidates: Sequence[Candidate], failures: Sequence[ProviderError]
) -> Iterator[Candidate]:
    """Yield each candidate; again, where only its credential failed and its provider has another.

    One that was not tried, for its cost, is not yielded again for the failure of the one before.
    """
    for candidate in candidates:
        if failures and isinstance(failures[-1], TooLong) and _reads_less(candidate, account):
            continue
        before = len(failures)
        yield candidate
        while len(failures) > before and isinstance(failures[-1], CredentialRefused | RateLimited):
            if not hub.credentials.has_other(**_asked(hub, account, candidate)):
                break
            before = len(failures)
            yield candidate


def _enter(hub: Hub, account: Account, candidate: Candidate) -> tuple[SealedCredential | None, Entry]:
    """Return credential and breaker's entry. Raises `ProviderError` where no attempt may be made."""
    credential = hub.credentials.pick(**_asked(hub, account, candidate))
    entry = hub.breakers.enter(candidate.offer, time.monotonic())
    if entry is None:
        slug = candidate.offer.provider.slug
        error = ProviderUnavailable(f"{slug!r} fails; another call tries just now whether it is well")
        error.was_sent = False
        raise error
    return credential, entry


def _asked(hub: Hub, account: Account, candidate: Candidate) -> dict[str, Any]:
    return {
        "provider": candidate.offer.provider,
        "model": candidate.offer.upstream_id,
        "tried": account.tried_at(candidate),
        # Of the configuration that the candidate is from: a later one may know more than it does.
        "version": hub.watch.snapshot.version if account.decision is None else account.decision.version,
        "now": time.monotonic(),
    }
