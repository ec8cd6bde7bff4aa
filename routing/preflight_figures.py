"""Pure: what the move does to the bill, to latency and to errors, from calls that were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.recent import Call, Recent, Repriced, percentile
from llmhub.lib import figures
from routing.preflight import Check, Evidence, ModelFacts, OfferFacts, Status, many
from routing.preflight_calls import Traffic

DEARER = 0.10  # of the price: more than this is worth a look
SLOWER = 1.5  # times as slow
LEAST = 20  # calls of the new model before they say anything
ERRORS = 0.01  # of the calls: so much more of them failing is worth a look
_DAYS = 30
_CAVEAT = (
    "A new model begins with an empty cache, and may count the same text as more or fewer tokens: these are"
    " the recorded tokens, cached ones included."
)


@dataclass(frozen=True)
class Month:
    """What the calls that are to move cost in the last 30 days."""

    requests: int
    spend_nano: int
    unpriced: int  # calls of unknown cost, which are not in it
    path: str  # the report that says so


def price(
    traffic: Traffic, month: Month, target: ModelFacts, offers: Sequence[OfferFacts], *, at: datetime
) -> Check:
    """Say what the recorded tokens would cost at the new model's prices."""
    first = next((offer for offer in offers if not offer.why_not), None)
    priced = [(offer, traffic.recent.repriced(offer.prices, at=at)) for offer in offers]
    paid = Evidence("Paid in 30 days", _spent(month), month.path)
    evidence = [traffic.evidence, paid]
    evidence += [
        Evidence(f"The same tokens at {offer.name}", _repriced(found), offer.path) for offer, found in priced
    ]
    if not traffic.recent.calls:
        return _price("unknown", "No call of the last 30 days to compare with.", evidence)
    found = next((found for offer, found in priced if offer is first), None)
    if first is None or found is None:
        where = f" at {first.name}" if first else ""
        said = f"The price of {target.slug}{where} is not known: set it, or its calls count as unknown cost."
        return _price("unknown", said, evidence)
    if not found.calls or not found.paid_nano:
        said = f"What {traffic.of} cost is not known: there is nothing to compare with."
        return _price("unknown", said, evidence)
    return _compared(traffic, month, first, found, evidence)


def _compared(
    traffic: Traffic, month: Month, offer: OfferFacts, found: Repriced, evidence: list[Evidence]
) -> Check:
    change = (found.other_nano - found.paid_nano) / found.paid_nano
    status: Status = "warn" if change > DEARER else "ok"
    paid = month.spend_nano
    # Exact where the calls looked at are all there were, else by their share of the month's spend.
    after = found.other_nano if paid == found.paid_nano else round(paid * found.other_nano / found.paid_nano)
    said = (
        f"At {offer.name} the same tokens cost {_percent(change)}: ${_usd(found.other_nano)} instead of"
        f" ${_usd(found.paid_nano)} for {traffic.of}; per month about ${_usd(after)} instead of"
        f" ${_usd(paid)}."
    )
    if found.unpaid:
        said += f" Left out: {many(found.unpaid, 'call')} of unknown cost."
    if any(call.cache_read_tokens or call.cache_write_tokens for call in traffic.recent.calls):
        evidence.append(Evidence("Cached input", _cached(traffic.recent)))
    return _price(status, f"{said} {_CAVEAT}", evidence)


def _cached(recent: Recent) -> str:
    read = sum(call.cache_read_tokens for call in recent.calls)
    whole = sum(call.input_tokens for call in recent.calls)
    return f"{figures.share(read, whole)} of the input tokens were read from a cache"


def _spent(of: Month) -> str:
    more = f", without {many(of.unpriced, 'call')} of unknown cost" if of.unpriced else ""
    return f"${_usd(of.spend_nano)} for {many(of.requests, 'call')}{more}"


def _repriced(found: Repriced | None) -> str:
    if found is None:
        return "no price is known"
    return f"${_usd(found.other_nano)} instead of ${_usd(found.paid_nano)}"


def _usd(nano: int) -> str:
    return figures.usd(nano)


def _percent(change: float) -> str:
    if abs(change) < 0.0005:
        return "as much as now"
    if change >= 1:
        return f"{1 + change:.1f} times as much"
    return f"{abs(change) * 100:.1f} % {'more' if change > 0 else 'less'}"


def _price(status: Status, said: str, evidence: Sequence[Evidence]) -> Check:
    return Check("price", "Price", status, said, tuple(evidence))


@dataclass(frozen=True)
class Behaviour:
    """How the attempts at a model went."""

    attempts: int
    failed: int
    p50_ms: int | None
    p95_ms: int | None
    ttft_p50_ms: int | None
    tokens_per_second: float | None

    @classmethod
    def of(cls, recent: Recent) -> Behaviour:
        """Return it of some calls."""
        latencies = [call.latency_ms for call in recent.answered]
        firsts = [call.ttft_ms for call in recent.answered if call.ttft_ms is not None]
        return cls(
            attempts=len(recent.calls),
            failed=recent.failed,
            p50_ms=percentile(latencies, 50),
            p95_ms=percentile(latencies, 95),
            ttft_p50_ms=percentile(firsts, 50),
            tokens_per_second=_speed(recent.answered),
        )

    @property
    def said(self) -> str:
        """It in one line."""
        parts = [
            f"{many(self.attempts, 'attempt')}",
            f"median {figures.duration(self.p50_ms)}",
            f"95 % within {figures.duration(self.p95_ms)}",
            f"{figures.share(self.failed, self.attempts)} failed",
        ]
        if self.ttft_p50_ms is not None:
            parts.append(f"first token after {figures.duration(self.ttft_p50_ms)}")
        if self.tokens_per_second is not None:
            parts.append(f"{figures.speed(self.tokens_per_second)} tokens a second")
        return ", ".join(parts)


def _speed(calls: Sequence[Call]) -> float | None:
    """Return the median speed of the answers that streamed."""
    speeds = sorted(
        call.output_tokens * 1000 / (call.latency_ms - call.ttft_ms)
        for call in calls
        if call.ttft_ms is not None and call.latency_ms > call.ttft_ms and call.output_tokens
    )
    return speeds[len(speeds) // 2] if speeds else None


def behaviour(source: Traffic, target: Traffic, slug: str, whose: str) -> Check:
    """Say how much slower, and how much more often failing, the new model was."""
    old, new = Behaviour.of(source.recent), Behaviour.of(target.recent)
    evidence = [
        Evidence("Now", old.said if old.attempts else "no calls", source.path),
        Evidence(f"{slug}, calls of {whose}", new.said if new.attempts else "no calls", target.path),
    ]
    if new.attempts < LEAST or old.p50_ms is None:
        what = many(new.attempts, "call")
        said = f"{whose.capitalize()} made {what} to {slug} in the last {_DAYS} days: {LEAST} say something."
        if new.attempts >= LEAST:
            said = f"No call of the last {_DAYS} days to compare the {what} to {slug} with."
        return _behaviour("unknown", said, evidence)
    said = f"{_slower(old.p50_ms, new.p50_ms)} at the median ({figures.duration(new.p50_ms)} instead of"
    said += f" {figures.duration(old.p50_ms)}), 95 % within {figures.duration(new.p95_ms)} instead of"
    said += f" {figures.duration(old.p95_ms)}; {figures.share(new.failed, new.attempts)} of"
    said += f" {many(new.attempts, 'attempt')} failed instead of {figures.share(old.failed, old.attempts)}."
    is_slower = _times(old.p50_ms, new.p50_ms) > SLOWER or _times(old.p95_ms, new.p95_ms) > SLOWER
    fails_more = new.failed / new.attempts - old.failed / old.attempts > ERRORS
    return _behaviour("warn" if is_slower or fails_more else "ok", said, evidence)


def _times(old: int | None, new: int | None) -> float:
    """Return how many times as slow; an answer that never came in full is slower than any."""
    if new is None:
        return float("inf")
    return new / old if old else 1.0


def _slower(old: int, new: int | None) -> str:
    if new is None or not old:
        return "Not known how fast it answers"
    change = (new - old) / old
    if abs(change) < 0.005:
        return "As fast"
    if change >= 1:
        return f"{1 + change:.1f} times as slow"
    return f"{abs(change) * 100:.0f} % {'slower' if change > 0 else 'faster'}"


def _behaviour(status: Status, said: str, evidence: Sequence[Evidence]) -> Check:
    return Check("behaviour", "Latency and errors", status, said, tuple(evidence))
