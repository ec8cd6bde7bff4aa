"""What to tell of models that end soon: each team whose keys still call one, at each notice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time

from billing.callers import DAYS, Caller, callers
from billing.retirement_models import RetirementNotice
from billing.retirement_notice import still_called
from llmhub.alerts import alert
from llmhub.alerts.finding import RETIREMENT, Finding, Severity
from llmhub.alerts.models import Alert
from llmhub.lib import clock, figures

_NAMED = 5  # keys in the text; the facts have all


def look(now: datetime | None = None) -> None:
    """Bring the alerts in line with what ends and who calls it. Safe to run twice."""
    now = now or clock.now()
    found = {finding.identity: finding for finding in _findings(now)}
    subjects = {finding.subject for finding in found.values()}
    for row in Alert.objects.open().filter(rule=RETIREMENT):
        if (row.rule, row.subject, row.period, row.threshold) not in found:
            alert.resolve(row, text=_why_over(row, subjects, now), now=now)
    alert.settle(RETIREMENT, found.values(), now=now)


def _findings(now: datetime) -> Iterator[Finding]:
    for notice in still_called(now):
        teams: dict[int, list[Caller]] = defaultdict(list)
        for caller in callers(notice.entry_id, now=now):
            if caller.key.revoked_at is None:
                teams[caller.key.team_id].append(caller)
        yield from (_of_team(notice, some, now) for some in teams.values())


def _of_team(notice: RetirementNotice, keys: Sequence[Caller], now: datetime) -> Finding:
    entry, team = notice.entry, keys[0].key.team
    left = (notice.sunset_on - now.date()).days
    ends = datetime.combine(notice.sunset_on, time.min, tzinfo=UTC)
    instead = f"Use {entry.replacement} instead" if entry.replacement else "Name one to use instead"
    return Finding(
        RETIREMENT,
        f"retiring:{entry.pk}:{team.pk}",
        f"{team.name} still calls {entry.slug}, which ends {_in(left)}"[:250],
        f"In the last {DAYS} days: {_named(keys)}. From {notice.sunset_on:%-d %B %Y}, midnight UTC, these "
        f"calls are refused with 410. {instead}; Switch model says what that would meet.",
        period=int(ends.timestamp()),
        threshold=notice.threshold_days,
        severity=_severity(notice.threshold_days),
        team_id=team.pk,
        path="/retirements/",
        facts={
            "model": entry.slug,
            "sunset_on": notice.sunset_on.isoformat(),
            "days_left": left,
            "replacement": entry.replacement or None,
            "team": team.slug,
            "callers": [
                {"key": each.key.pk, "name": each.key.name, "requests": each.requests} for each in keys
            ],
        },
    )


def _in(days: int) -> str:
    return "tomorrow" if days == 1 else f"in {days} days"


def _named(keys: Sequence[Caller]) -> str:
    named = [f"{each.key.name} ({figures.count(each.requests)} calls)" for each in keys[:_NAMED]]
    rest = len(keys) - _NAMED
    return ", ".join(named) + (f" and {rest} more keys" if rest > 0 else "")


def _severity(days: int) -> Severity:
    """Return how much it matters: a month ahead nobody has to act at once."""
    return "critical" if days <= 1 else "warning" if days <= 7 else "notice"


def _why_over(row: Alert, subjects: set[str], now: datetime) -> str:
    if row.subject in subjects:
        return "The next reminder has come."
    if row.period <= now.timestamp():
        return "It has ended: calls are refused with 410."
    return f"It is to stay, ends on another day, or these keys have not called it for {DAYS} days."
