"""What the demo's calls say about its offers: minutes and quarters, as gateways would have counted them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from billing.models import Attempt
from catalog.models import Offer
from llmhub.demo import cast
from llmhub.lib import ids
from providers import statistics_rows
from providers.degradation_watch import minute_of
from providers.evidence_models import MinuteStatistic
from providers.statistics import REMEMBERED
from providers.statistics_retention import FOLDED, QUARTER
from providers.statistics_rows import Kept, row_of
from providers.tally import Ending, Outcome, Tally

DAYS = timedelta(days=8)
PROCESS = "demo"
ALIKE = 20  # calls that each of the last day stands for: else a quiet Sunday has too few for a score
_DAY = timedelta(days=1)
_LEAST_TOKENS = 8
_ENDINGS: dict[str, Ending] = {
    "upstream_timeout": "timeout",
    "upstream_truncated": "broken_off",
    "upstream_rate_limited": "rate_limited",
    "upstream_refused_credential": "refused",
    "upstream_rejected": "rejected",
}


def write(now: datetime) -> None:
    """Count the calls of the last days that nobody has counted yet."""
    minute = minute_of(now)
    before = (minute - REMEMBERED) // QUARTER * QUARTER
    counted = MinuteStatistic.objects.order_by("-minute").values_list("minute", "minutes").first()
    first = max(minute - int(DAYS.total_seconds() // 60), 0 if counted is None else sum(counted))
    failing = _failing()
    tallies: dict[tuple[int, int, int], Tally] = {}
    since = ids.first_at(datetime.fromtimestamp(first * 60, now.tzinfo))
    for attempt in Attempt.objects.filter(id__gte=since).exclude(offer_id=None).iterator(chunk_size=2000):
        at, minutes = attempt.started_at_ms // 60_000, 1
        if at < before:
            at, minutes = at // QUARTER * QUARTER, QUARTER
        tally = tallies.setdefault((attempt.offer_id or 0, at, minutes), Tally())
        tally.add(_outcome(attempt))
        if at * 60 >= (now - _DAY).timestamp():
            for outcome in _alike(attempt, failing.get(attempt.offer_id or 0, 0.0)):
                tally.add(outcome)
    rows = [
        row_of(Kept(target, begins, FOLDED if minutes > 1 else PROCESS, tally, minutes))
        for (target, begins, minutes), tally in sorted(tallies.items())
        if first <= begins < minute
    ]
    statistics_rows.write(rows, pause=0)


def _failing() -> dict[int, float]:
    """Return the share of calls that fail at each offer of the cast."""
    shares = {row.slug: row.failing for row in cast.PROVIDERS}
    rows = Offer.objects.filter(provider__slug__in=shares).values_list("pk", "provider__slug")
    return {offer_id: shares[slug] for offer_id, slug in rows}


def _alike(attempt: Attempt, failing: float) -> Iterator[Outcome]:
    """Yield more calls like one that was answered; some of them fail."""
    dice, model = random.Random(attempt.pk), _outcome(attempt)  # noqa: S311 - plausible, not secret
    for _ in range(ALIKE - 1 if model.ending == "ok" else 0):
        spread = dice.lognormvariate(0, 0.25)
        yield (
            Outcome("error")
            if dice.random() < failing
            else Outcome(
                "ok",
                latency_ms=round(model.latency_ms * spread),
                ttft_ms=None if model.ttft_ms is None else round(model.ttft_ms * spread),
                tokens_per_second=model.tokens_per_second and model.tokens_per_second / spread,
            )
        )


def _outcome(attempt: Attempt) -> Outcome:
    if attempt.status == "cancelled":
        return Outcome("caller_left")
    if attempt.status != "ok":
        return Outcome(_ENDINGS.get(attempt.error_code, "error"))
    took = attempt.latency_ms - (attempt.ttft_ms or 0)
    counts = attempt.output_tokens >= _LEAST_TOKENS and took > 0
    return Outcome(
        "ok",
        latency_ms=attempt.latency_ms,
        ttft_ms=attempt.ttft_ms,
        tokens_per_second=attempt.output_tokens * 1000 / took if counts else None,
    )
