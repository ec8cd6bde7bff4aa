"""What billing does by itself; llmhub/celery.py says when."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from billing import (
    alert_rules,
    budget_alerts,
    budget_burn,
    content_clear,
    export,
    forecasts,
    raise_alerts,
    refusal_alerts,
    retention,
    retirement_alerts,
    retirement_notice,
    rollup,
    rollup_day,
)
from billing import reconcile as reconciling
from billing import sweep as sweeping


@shared_task(time_limit=120, expires=120)
def sweep() -> int:
    """Release reservations whose call can no longer settle, and forget old idempotency keys.

    Safe to run twice.
    """
    sweeping.forget_keys()
    return sweeping.sweep()


@shared_task(time_limit=120, expires=120)
def roll_up() -> int:
    """Add up what is out of date, then days of it that have ended. Safe to run twice."""
    done = rollup.recompute()
    rollup_day.recompute()
    return done


@shared_task(time_limit=900, expires=900)
def clear_old_calls() -> int:
    """Delete calls that are older than they are kept. Safe to run twice."""
    return retention.clear(settings.RETENTION_DAYS)


@shared_task(time_limit=900, expires=900)
def clear_content() -> int:
    """Delete what was said in calls and may no longer be kept. Safe to run twice."""
    return content_clear.clear()


@shared_task(time_limit=300, expires=300)
def reconcile() -> int:
    """Compare roll-ups and counters with the ledger, and days with roll-ups. Safe to run twice."""
    return len(reconciling.check()) + rollup_day.compare()


@shared_task(time_limit=300, expires=60)
def write_exports() -> int:
    """Write exports on from where the last run stopped, and delete old files. Safe to run twice."""
    export.clear_old()
    return export.write_open()


@shared_task(time_limit=120, expires=600)
def notice_retirements() -> int:
    """Write down who still calls what ends soon, and tell them. Safe to run twice."""
    made = len(retirement_notice.notice_due())
    retirement_alerts.look()
    return made


@shared_task(time_limit=120, expires=30)
def look_for_budget_alerts() -> None:
    """Tell of thresholds that budgets crossed, what they refused and who asks for more. Safe to run twice."""
    budget_alerts.look()
    refusal_alerts.look()
    raise_alerts.look()


@shared_task(time_limit=120, expires=60)
def look_for_money_alerts() -> None:
    """Tell of calls of unknown cost, and of sums that differ from the ledger. Safe to run twice."""
    alert_rules.look()


@shared_task(time_limit=120, expires=60)
def look_for_burning_budgets() -> None:
    """Tell of budgets that are spent much faster than their caps allow. Safe to run twice."""
    budget_burn.look()


@shared_task(time_limit=300, expires=300)
def forecast_budgets() -> int:
    """Foretell what budgets will have spent when their periods end. Safe to run twice."""
    return forecasts.look()
