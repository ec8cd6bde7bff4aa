"""What to tell of offers: one whose breaker is not closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from catalog.breakers import BreakerNow, State, failing, lately_closed
from llmhub.alerts import alert
from llmhub.alerts.finding import BREAKER, Finding
from llmhub.alerts.models import Alert
from llmhub.lib import clock
from providers.breaker_models import BreakerEvent

STEADY = timedelta(minutes=1)  # so long it has to be closed: one that opens again and again is told of once
FORGOTTEN = timedelta(days=1)  # so long without a call that tries it, and it is nobody's trouble any more
_EVENTS = 200  # looked at to see since when it fails


def look(now: datetime | None = None) -> None:
    """Bring the alerts of breakers in line with how they stand. Safe to run twice."""
    now = now or clock.now()
    told = set(Alert.objects.open().filter(rule=BREAKER).values_list("subject", flat=True))
    rows = [row for row in failing(now) if row.last.at > now - FORGOTTEN]
    rows += [row for row in lately_closed(now - STEADY, now) if _subject(row) in told]
    alert.settle(BREAKER, _findings(rows), now=now)


def _findings(rows: Iterable[BreakerNow]) -> Iterator[Finding]:
    for row in rows:
        if not row.offer.provider.paused_reason:
            yield _of(row)


def _subject(row: BreakerNow) -> str:
    return f"offer:{row.offer.pk}"


def _of(row: BreakerNow) -> Finding:
    offer, opened = row.offer, row.opened or row.last
    since = _fails_since(row)
    name, where = offer.entry.slug, offer.provider.name
    last = f"HTTP {opened.http_status}" if opened.http_status else "no answer"
    numbers = f"{opened.failures} failures in a row"
    if opened.calls:
        numbers += f", {opened.failed} of {opened.calls} calls within 10 seconds"
    return Finding(
        BREAKER,
        _subject(row),
        f"{name} fails at {where}",
        f"{numbers}, the last with {last} ({opened.error_code or 'unknown'}). It is left alone, and one call "
        "tries it from time to time; calls go to other offers of the same model, where it has some.",
        period=int(since.timestamp()),
        path=f"/providers/{offer.provider.slug}/#provider-breakers",
        facts={
            "model": name,
            "provider": offer.provider.slug,
            "upstream_id": offer.upstream_id,
            "state": row.state.value,
            "since": since.isoformat(),
            "failures_in_a_row": opened.failures,
            "calls_in_10_s": opened.calls,
            "failed_in_10_s": opened.failed,
            "open_until": opened.open_until.isoformat() if opened.open_until else None,
            "times_opened": opened.times_opened,
            "error_code": opened.error_code,
            "http_status": opened.http_status,
        },
    )


def _fails_since(row: BreakerNow) -> datetime:
    """Return when it opened first, without having been closed for long since."""
    events = BreakerEvent.objects.filter(target_id=row.offer.pk, base_url=row.offer.provider.base_url)
    since, later = row.last.at, row.last.at
    for event in events.order_by("-pk")[:_EVENTS]:
        if event.after == State.CLOSED and later - event.at >= STEADY:
            break
        since, later = (event.at if event.after == State.OPEN else since), event.at
    return since
