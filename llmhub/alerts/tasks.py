"""What alerts do by themselves; llmhub/celery.py says when. Rules are tasks of the apps that know them."""

from __future__ import annotations

from celery import shared_task

from llmhub.alerts import alert, outbox, owners
from llmhub.alerts.sending import send_due
from llmhub.lib import clock


@shared_task(time_limit=300, expires=60)
def send() -> int:
    """Send what waits in the outbox. Safe to run twice: a message is claimed by one worker."""
    owners.see_to_channel()
    now = clock.now()
    alert.wake(now)
    outbox.end_quiet(now)
    alert.forget(now)
    return send_due()
