"""Price a span of calls anew, where the price of an offer was wrong: what differs first, then entries.

The right price is the one in force at the offer now: it is set like any other, and later calls go by it.
Each call that differs gets one adjustment of its own, so its page, its team and its budgets have it. What
a provider reported is what it charged, and stays.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum

from billing import adjustment
from billing.adjustment import Draft
from billing.adjustment_models import Adjustment
from billing.attempts_read import usage_of
from billing.models import Attempt, UsageRecord
from catalog.models import Offer, Price
from catalog.pricing import PriceValue, cost_usd, in_force, price_for
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, ids, money
from llmhub.people import organisation
from llmhub.people.roles import require

MOST = 5_000  # calls of one repricing that somebody waits for on a page
MOST_OF_A_COMMAND = 200_000
_AT_ONCE = 100  # calls in one transaction: a gateway waits no longer than that
_LONGEST_CALL = timedelta(days=1)  # an attempt is written so much after its call began, at most
_PROVIDERS_WORD = ("reported", "reconciled")


@dataclass(frozen=True)
class Span:
    """Which calls: those of one offer that came from one moment until before another."""

    offer: Offer
    since: datetime
    until: datetime
    most: int = MOST  # more calls are refused


@dataclass(frozen=True)
class Sums:
    """What some calls that differ were charged for the offer, and what they should have been."""

    calls: int = 0
    charged_nano: int = 0  # with earlier repricings
    right_nano: int = 0

    @property
    def difference_nano(self) -> int:
        """What is to be posted."""
        return self.right_nano - self.charged_nano

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.calls + other.calls,
            self.charged_nano + other.charged_nano,
            self.right_nano + other.right_nano,
        )


@dataclass(frozen=True)
class Repricing:
    """What differs, or was posted: by day, and what was left alone."""

    prices: tuple[PriceValue, ...]  # the tiers that count
    days: Mapping[date, Sums] = field(default_factory=dict)  # of the calls, in the organisation's zone
    calls: int = 0  # looked at
    reported: int = 0  # left: the provider said what they cost
    unclear: int = 0  # left: of unknown cost for more than this price

    @property
    def total(self) -> Sums:
        """The sum of the days."""
        return sum(self.days.values(), Sums())


def span_of(*, provider: str, model: str, since: datetime, until: datetime, most: int = MOST) -> Span:
    """Return the calls until now that words name. Raises `ValidationError` without one offer and a range."""
    if since >= until:
        raise ValidationError({"since": "the range ends before it begins: choose an earlier start"})
    offers = list(Offer.objects.filter(provider__slug=provider, entry__slug=model)[:2])
    if len(offers) != 1:
        count = "several offers" if offers else "no offer"
        raise ValidationError(
            {"model": f"{provider[:60]!r} has {count} of {model[:80]!r}: see the model's page"}
        )
    return Span(offers[0], since, min(until, clock.now() + _LONGEST_CALL), most)


def preview(span: Span) -> Repricing:
    """Return what a repricing would post. Raises `ValidationError` on too many calls, and without a price."""
    found = _nothing(span)
    for some in _batches(span):
        found = _merged(found, some, _differing(span, some, found.prices))
    return found


def post(span: Span, *, actor: Actor, reason: str, once: str, in_their_months: bool = False) -> Repricing:
    """Post one adjustment for each call that differs, and return what was posted.

    What was posted before with this key is left out, and so is what an earlier repricing put right.
    Calls of months that have ended count in this month, or in their own with `in_their_months`. Raises like
    `preview`, and `NotAllowed`; what was posted before a failure stays, and a repeat goes on from there.
    """
    require(actor, "configure")
    reason, once = adjustment.reason_of(reason), adjustment.once_of(once)
    found = _nothing(span)
    for some in _batches(span):
        with transaction.atomic():
            list(UsageRecord.objects.filter(pk__in=some).order_by("pk").select_for_update().values_list("pk"))
            differing = _differing(span, some, found.prices, but=once)
            found = _merged(found, some, differing)
            _write(span, differing, actor=actor, reason=reason, once=once, in_their_months=in_their_months)
    return found


@dataclass
class _Differing:
    """Of some calls: what differs, by call, and how many were left alone why."""

    sums: dict[int, Sums] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)


def _nothing(span: Span) -> Repricing:
    prices = [row.value() for row in Price.objects.filter(offer=span.offer)]
    now = in_force(prices, at=clock.now())
    if not now:
        raise ValidationError("this offer has no price: set the right one first, calls are priced by it")
    return Repricing(tuple(sorted(now, key=lambda price: price.above_input_tokens)))


def _batches(span: Span) -> Iterator[list[int]]:
    """Return the calls in small numbers, the oldest first. Raises `ValidationError` on too many."""
    first, end = ids.first_at(span.since), ids.first_at(span.until)
    attempts = Attempt.objects.filter(
        offer_id=span.offer.pk, id__gte=first, id__lt=ids.first_at(span.until + _LONGEST_CALL),
        usage_id__gte=first, usage_id__lt=end,
    )  # fmt: skip
    found = sorted(set(attempts.values_list("usage_id", flat=True)[: 4 * span.most]))
    if len(found) > span.most:
        raise ValidationError(f"these are more than {span.most} calls: choose fewer days, or use the command")
    return (found[start : start + _AT_ONCE] for start in range(0, len(found), _AT_ONCE))


def _differing(span: Span, some: Sequence[int], prices: Sequence[PriceValue], *, but: str = "") -> _Differing:
    """Return what differs of some calls, those left out that were adjusted with the key `but`."""
    grouped: defaultdict[int, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(usage_id__in=some, offer_id=span.offer.pk):
        grouped[attempt.usage_id].append(attempt)
    records = UsageRecord.objects.in_bulk(some)
    before = Adjustment.objects.filter(corrects_id__in=some, offer_id=span.offer.pk)
    posted = dict(before.values_list("corrects_id").annotate(Sum("amount_nano")))
    done = set(
        before.filter(once__in=[_once(but, id_) for id_ in some]).values_list("corrects_id", flat=True)
    )
    found = _Differing()
    for usage_id in some:
        if usage_id in done or usage_id not in records:
            continue
        if any(attempt.cost_source in _PROVIDERS_WORD for attempt in grouped[usage_id]):
            found.left["reported"] += 1
            continue
        sums = _priced(records[usage_id], grouped[usage_id], prices)
        if sums is None:
            found.left["unclear"] += 1
            continue
        sums = replace(sums, charged_nano=sums.charged_nano + posted.get(usage_id, 0))
        if sums.difference_nano:
            found.sums[usage_id] = sums
    return found


def _priced(record: UsageRecord, attempts: Sequence[Attempt], prices: Sequence[PriceValue]) -> Sums | None:
    """Return what a call was charged for an offer, and should have been; None where nobody can say."""
    if record.cost_nano is None and record.attempts > 1:
        return None  # which part is known is charged, the whole is not said
    charged = right = 0
    for attempt in attempts:
        if attempt.status != "ok" and not (attempt.input_tokens or attempt.output_tokens):
            continue  # it failed unused: nothing at whatever price
        price = price_for(prices, input_tokens=attempt.input_tokens, at=clock.now())
        if price is None or (attempt.web_searches and price.web_search is None):
            return None
        charged += min(max(attempt.cost_nano or 0, 0), money.MAX_CALL_NANO)
        right += min(money.to_nano(cost_usd(usage_of(attempt), price)), money.MAX_CALL_NANO)
    return Sums(1, charged, right)


def _write(
    span: Span, differing: _Differing, *, actor: Actor, reason: str, once: str, in_their_months: bool
) -> None:
    if not differing.sums:
        return
    now, offer = clock.now(), span.offer
    records = UsageRecord.objects.in_bulk(differing.sums)
    drafts = [
        Draft(
            once=_once(once, usage_id),
            amount_nano=sums.difference_nano,
            at=_counts_at(usage_id, in_their_months=in_their_months, now=now),
            of=adjustment.columns_of(records[usage_id]),
            supplier=(offer.provider_id, offer.entry_id),
            corrects_id=usage_id,
            offer_id=offer.pk,
        )
        for usage_id, sums in differing.sums.items()
    ]
    total = sum(draft.amount_nano for draft in drafts)
    said = {"usd": money.text(total), "calls": len(drafts), "reason": reason, "once": once}
    log.record(actor, "adjustment.repriced", f"offer:{offer.pk}", after=said)
    adjustment.write(drafts, reason=reason, made_by=actor.label, now=now)


def _counts_at(usage_id: int, *, in_their_months: bool, now: datetime) -> datetime:
    called_at = ids.moment_of(usage_id)
    month = adjustment.month_of(called_at) if in_their_months else ""
    return adjustment.counts_at(called_at, month=month, now=now)


def _once(once: str, usage_id: int) -> str:
    return f"{once}:{ids.request_id(usage_id)}"


def _merged(found: Repricing, some: Sequence[int], differing: _Differing) -> Repricing:
    days: defaultdict[date, Sums] = defaultdict(Sums, found.days)
    zone = ZoneInfo(organisation.current().time_zone)
    for usage_id, sums in differing.sums.items():
        days[ids.moment_of(usage_id).astimezone(zone).date()] += sums
    return replace(
        found,
        days=dict(days),
        calls=found.calls + len(some),
        reported=found.reported + differing.left["reported"],
        unclear=found.unclear + differing.left["unclear"],
    )
