"""What one call used and how it ended, as the ledger will be told."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from billing.charge import ALL, charged
from billing.charge import held as held_by
from billing.entries import AttemptEntry, Once, Reserve, Room, Settle, Status
from billing.totals import total
from catalog.pricing import cost_of
from llmhub.lib import money
from providers.wire import Usage
from routing.bound import BYTES_PER_TOKEN
from routing.demand import NOTHING_AHEAD, Demand, Payment, price_at, supplier_of
from routing.explain import Decision, kept_text
from routing.gateway.asked import asked
from routing.gateway.caller_request import CallerRequest
from routing.gateway.carriage import Carried
from routing.gateway.chat_contents import SERVER_TOOLS, WEB_SEARCH
from routing.gateway.estimate import at_least, estimate
from routing.gateway.note import Note
from routing.gateway.reading import Heard
from routing.gateway.repeated import saved_nano
from routing.plan import Candidate
from routing.resolve import Destination
from routing.snapshot import Caller, EntryValue, OfferValue, SealedCredential


@dataclass(slots=True)
class Account:
    """One call of a caller, from its reservation to its settle."""

    id: int
    caller: Caller
    destination: Destination
    request: CallerRequest
    at: datetime  # decides which price is in force
    payment: Payment
    default_output: int | None = None  # tokens; set where the caller set no limit and a hard cap applies
    decision: Decision | None = None  # where it may go, and why
    once: Once | None = None  # None: its caller sent no Idempotency-Key
    held: Reserve | None = None  # what the ledger holds for the call
    room: Room | None = None  # what was left of the tightest budget then
    carried: Carried | None = None  # the call as the candidate that was admitted last gets it
    started: float = field(default_factory=time.monotonic)
    notes: list[Note] = field(default_factory=list)
    passed_over: str = ""  # why the first choice was not even tried
    at_candidate: Candidate | None = None  # that was admitted last
    given: Note | None = None  # whose answer the caller gets, where that is not the last one
    cut_at: float | None = None  # when a further leg is cut, for an answer that is there (monotonic)
    ahead: Demand = NOTHING_AHEAD  # what later legs may take: it is held from the beginning
    ttft_ms: int | None = None
    repeated_bytes: int = 0  # of the beginning of the prompt, sent before
    ended: tuple[AttemptEntry, ...] | None = None  # what the ledger was told; None: not yet

    @property
    def entry(self) -> EntryValue:
        """The model that was admitted last; before that, the one that is named first."""
        return self.destination.entry if self.at_candidate is None else self.at_candidate.entry

    def reservation(self, candidate: Candidate, demand: Demand, *, seconds: float) -> Reserve:
        """Return what is held while a candidate is tried, at most `seconds`: earlier attempts included."""
        offer = candidate.offer
        so_far = [self._entry(note) for note in self.notes]
        spent = charged(ALL, so_far, unknown_nano=self.payment.unknown_nano)
        demand = demand + self.ahead
        amount_nano = min(demand.nano + spent, money.MAX_CALL_NANO)
        return Reserve(
            id=self.id,
            amount_nano=amount_nano,
            expires_at=int(self.at.timestamp() + seconds),
            holds=self.payment.holds(demand, supplier_of(offer), so_far),
            facts={
                "team_id": self.caller.team_id,
                "key_id": self.caller.key_id,
                "person_id": self.caller.person_id,
                "requested": self.request.model,
                "streamed": self.request.stream,
                "dialect": self.request.dialect,
                "entry_id": candidate.entry.id,
                "offer_id": offer.id,
                "provider_id": offer.provider.id,
                "tags": self.request.extras.tags,
                "session": self.request.extras.session,
                "plan": kept_text(self.decision),
                "cost_nano": self._unheard_nano(offer, so_far, amount_nano),
            },
            once=self.once,
        )

    def is_over_max_cost(self, demand: Demand) -> bool:
        """Return whether an attempt might cost more than the caller allows, earlier ones included."""
        most = self.payment.max_cost_nano
        if most is None:
            return False
        so_far = [self._entry(note) for note in self.notes]
        return demand.nano + charged(ALL, so_far, unknown_nano=self.payment.unknown_nano) > most

    def _unheard_nano(
        self, offer: OfferValue, so_far: Sequence[AttemptEntry], amount_nano: int
    ) -> int | None:
        """Return the estimate of a call that nobody settles; counting is free."""
        if self.request.operation == "count":
            return 0
        return amount_nano if self._is_bounded(offer, so_far) else None

    def _is_bounded(self, offer: OfferValue, so_far: Sequence[AttemptEntry]) -> bool:
        """Return whether what is held bounds the cost: by prices, or by the allowance for what has none."""
        is_priced = price_at(offer.prices, self.at) is not None and total(so_far).cost_nano is not None
        return is_priced or self.payment.unknown_nano > 0

    def is_covered(self, wanted: Reserve) -> bool:
        """Return whether what is held already is enough for another reservation of the same budgets.

        Also what the sweeper would write has to be: the estimate of a call that nobody settles.
        """
        if self.held is None or set(wanted.holds) != set(self.held.holds):
            return False
        estimate, before = wanted.facts["cost_nano"], self.held.facts["cost_nano"]
        if estimate is None or before is None or estimate > before:
            return False
        there = {hold: held_by(hold, self.held.amount_nano) for hold in self.held.holds}
        return all(held_by(hold, wanted.amount_nano) <= there[hold] for hold in wanted.holds)

    def remaining(self) -> tuple[int, int] | None:
        """Return the id of the tightest budget and what is left of it; None where none has a limit.

        A call that has not ended still holds the most that it may take.
        """
        if self.room is None or self.held is None:
            return None
        left = self.room.left
        if self.notes and self.notes[-1].status is not None:
            hold = next(hold for hold in self.held.holds if hold.budget_id == self.room.budget_id)
            left += self.room.taken - charged(hold, self._entries(), unknown_nano=self.payment.unknown_nano)
        return self.room.budget_id, max(left, 0)

    def begin(
        self, candidate: Candidate, credential: SealedCredential | None, *, is_held: bool = False
    ) -> Note:
        """Note that an attempt begins at the candidate that was admitted last."""
        assert self.carried is not None
        number = len(self.notes) + 1
        note = Note(
            number=number, candidate=candidate, carried=self.carried, credential=credential, is_held=is_held
        )
        self.notes.append(note)
        return note

    @property
    def answering(self) -> Note:
        """The attempt whose answer the caller gets."""
        return self.given or self.notes[-1]

    def tried_at(self, candidate: Candidate) -> list[int]:
        """Return the ids of the credentials that were used at a candidate's provider."""
        provider_id = candidate.offer.provider.id
        at = [note.credential for note in self.notes if note.candidate.offer.provider.id == provider_id]
        return [credential.id for credential in at if credential is not None]

    def first_token(self, note: Note) -> None:
        """Note that the first content has come."""
        if note.ttft_ms is None:
            note.ttft_ms = note.elapsed_ms
            if note.on_first_token is not None:
                note.on_first_token()
        if not note.is_held:
            self.ttft_ms = int((time.monotonic() - self.started) * 1000)

    def tokens_used(self) -> int:
        """Return the input and output of all attempts."""
        return sum(entry.input_tokens + entry.output_tokens for entry in self._entries())

    @property
    def fallback_reason(self) -> str:
        """Why the first candidate did not serve; "" when there was no fallback."""
        is_first = len(self.notes) < 2 or self.given is self.notes[0]
        return self.passed_over or ("" if is_first else self.notes[0].error_code)

    def cost_text(self) -> str | None:
        """Return what the call costs as it stands, in USD, or None when nobody knows."""
        nano = total(self._entries()).cost_nano
        return None if nano is None else money.text(nano)

    def settle(self, status: Status, *, http_status: int, error_code: str = "") -> Settle:
        """Return how the call ended; an attempt that still runs ends with it."""
        for note in self.notes:
            note.end(status, error_code)
        last = self.answering if self.notes else None
        self.ended = tuple(self._entry(note) for note in self.notes)
        return Settle(
            id=self.id,
            requested=self.request.model,
            status=status,
            attempts=self.ended,
            team_id=self.caller.team_id,
            key_id=self.caller.key_id,
            person_id=self.caller.person_id,
            streamed=self.request.stream,
            dialect=self.request.dialect,
            http_status=http_status,
            error_code=error_code,
            finish_reason=last.heard.finish_reason if last else "",
            fallback_reason=self.fallback_reason,
            unknown_nano=self.payment.unknown_nano,
            capped_nano=self._capped_nano(),
            latency_ms=int((time.monotonic() - self.started) * 1000),
            ttft_ms=self.ttft_ms,
            tags=self.request.extras.tags,
            session=self.request.extras.session,
            **asked(self.request),
            plan=kept_text(self.decision),
            repeated_nano=self._repeated_nano() if status == "ok" and self.repeated_bytes else None,
            frees_key=self.once is not None and all(note.is_refused for note in self.notes),
        )

    def _capped_nano(self) -> int | None:
        """Return what is held, where a hard cap in USD applied to an attempt."""
        bounds = self.payment.bounding
        is_capped = self.held and any("usd" in bounds(note.candidate.offer) for note in self.notes)
        return self.held.amount_nano if self.held and is_capped else None

    def _repeated_nano(self) -> int | None:
        usage, offer = self.usage_of(self.answering), self.answering.candidate.offer
        return None if usage is None else saved_nano(self.repeated_bytes, usage, offer.prices, at=self.at)

    def _entries(self) -> Sequence[AttemptEntry]:
        """Return what the ledger was told, or would be told now."""
        return [self._entry(note) for note in self.notes] if self.ended is None else self.ended

    def _entry(self, note: Note) -> AttemptEntry:
        offer = note.candidate.offer
        usage = self.usage_of(note)
        cost = None if usage is None else cost_of(usage, offer.prices, at=self.at)
        counted = usage or Usage()
        return AttemptEntry(
            number=note.number,
            status=note.status or "ok",
            started_at_ms=note.started_at_ms,
            latency_ms=note.latency_ms,
            entry_id=note.candidate.entry.id,
            offer_id=offer.id,
            provider_id=offer.provider.id,
            price_id=cost.price_id if cost else None,
            upstream_model=note.heard.model,
            upstream_request_id=note.heard.upstream_id,
            http_status=note.http_status,
            error_code=note.error_code,
            input_tokens=counted.input_tokens,
            output_tokens=counted.output_tokens,
            cache_read_tokens=counted.cache_read_tokens,
            cache_write_tokens=counted.cache_write_tokens,
            cache_write_1h_tokens=counted.cache_write_1h_tokens,
            reasoning_tokens=counted.reasoning_tokens,
            web_searches=counted.web_searches,
            usage_estimated=counted.estimated,
            cost_nano=cost.nano if cost else None,
            computed_nano=cost.computed_nano if cost else None,
            cost_source=cost.source if cost else "",
            ttft_ms=note.ttft_ms,
        )

    def usage_of(self, note: Note) -> Usage | None:
        """Return what an attempt used: as its provider says, else estimated; None where it failed unused.

        An answer that did not come to its end has used no less than what was heard of it.
        """
        heard, seen_bytes = note.heard, self._seen_bytes(note.heard)
        if heard.usage is not None:
            is_final = heard.finish_reason or note.status in {None, "ok"}
            found = heard.usage if is_final else at_least(heard.usage, text_bytes=seen_bytes)
            return found if not self.request.size.unbounded else self._with_uncounted(note, found)
        if note.is_free:
            return None
        unseen = 0.0 if self.request.stream else note.latency_ms / 1000
        return estimate(self.request.size, text_bytes=seen_bytes, unseen_seconds=unseen)

    def _with_uncounted(self, note: Note, usage: Usage) -> Usage:
        """Return a usage that says so where searches of the provider's may be billed that it does not count.

        Servers of the chat dialect bill them by the call and leave them out of their usage.
        """
        may_search = self.request.size.unbounded in (WEB_SEARCH, SERVER_TOOLS)
        is_silent = note.candidate.adapter.dialect == "chat" and not usage.web_searches
        return replace(usage, other_rates=True) if may_search and is_silent else usage

    def _seen_bytes(self, heard: Heard) -> int:
        """Return the bytes of an answer; of what was too large to be read no more than its limit allows."""
        return heard.text_bytes + min(heard.unread_bytes, BYTES_PER_TOKEN * self.request.size.output_tokens)
