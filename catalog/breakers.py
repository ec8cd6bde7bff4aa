"""How the breakers of offers stand, for pages, programs and alerts, and closing one by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from catalog.models import Offer
from llmhub.audit.actor import Actor
from providers import breaker_log
from providers.breaker_models import BreakerEvent
from providers.models import Provider

State = BreakerEvent.State
_ORDER = [State.OPEN, State.HALF_OPEN, State.CLOSED]


@dataclass(frozen=True)
class BreakerNow:
    """The breaker of an offer that has been open within the time that events are kept."""

    offer: Offer
    state: BreakerEvent.State
    last: BreakerEvent
    opened: BreakerEvent | None  # when it opened last, with the numbers; None: that is forgotten

    @property
    def open_until(self) -> datetime | None:
        """Until when no call goes out; None unless it is open."""
        return self.last.open_until if self.state == State.OPEN else None

    @property
    def is_closed(self) -> bool:
        """Whether calls go out."""
        return self.state == State.CLOSED


def offers_with_breakers(provider: Provider | None = None) -> QuerySet[Offer]:
    """Return the offers that have events, of one provider if given."""
    known = BreakerEvent.objects.order_by().values("target_id")
    rows = Offer.objects.filter(withdrawn_at=None, provider__removed_at=None, pk__in=known)
    if provider is not None:
        rows = rows.filter(provider=provider)
    return rows.select_related("entry", "provider")


def breakers_of(offers: Iterable[Offer], now: datetime) -> list[BreakerNow]:
    """Return how the breakers of these offers stand, those that let no call through first.

    What happened at another address than the provider has now says nothing: that was another server.
    """
    rows = {offer.pk: offer for offer in offers}
    last = breaker_log.newest(rows)
    opened = breaker_log.newest(rows, after=State.OPEN)
    found = []
    for id_, event in last.items():
        offer = rows[id_]
        state = breaker_log.state_of(event, base_url=offer.provider.base_url, now=now)
        found.append(BreakerNow(offer, state, event, opened.get(id_)))
    return sorted(found, key=lambda row: (_ORDER.index(row.state), -row.last.pk))


def failing(now: datetime) -> list[BreakerNow]:
    """Return the breakers that are not closed."""
    ids = [event.target_id for event in breaker_log.newest().values() if event.after != State.CLOSED]
    return [row for row in breakers_of(offers_with_breakers().filter(pk__in=ids), now) if not row.is_closed]


def close_breaker(*, actor: Actor, offer: Offer) -> BreakerEvent:
    """Let calls go to an offer again, at every gateway within seconds.

    Raises `ValidationError` where they go there already.
    """
    return breaker_log.close_by_hand(
        actor=actor,
        target_id=offer.pk,
        base_url=offer.provider.base_url,
        about=f"model:{offer.entry.slug}",
        told={"provider": offer.provider.slug, "upstream_id": offer.upstream_id},
    )


def lately_closed(since: datetime, now: datetime) -> list[BreakerNow]:
    """Return the breakers that closed after `since`, by a call that was answered, and stayed closed."""
    events = BreakerEvent.objects.filter(at__gt=since, reason=BreakerEvent.Reason.PROBE_ANSWERED)
    ids = list(events.order_by().values_list("target_id", flat=True).distinct())
    return [row for row in breakers_of(offers_with_breakers().filter(pk__in=ids), now) if row.is_closed]
