"""What people does by itself; llmhub/celery.py says when."""

from __future__ import annotations

from celery import shared_task

from llmhub.people import link_mail
from llmhub.people.session_store import SessionStore


@shared_task(time_limit=60, expires=600, acks_late=False)
def send_link(email: str) -> bool:
    """Mail a sign-in link to who has this address. Not repeated: a second link would end the first."""
    return link_mail.send(email)


@shared_task(time_limit=120, expires=120)
def clear_sessions() -> None:
    """Delete sessions that are over. Safe to run twice."""
    SessionStore.clear_expired()
