"""What people does by itself; llmhub/celery.py says when."""

from __future__ import annotations

from celery import shared_task

from llmhub.people import invitation_mail, link_mail
from llmhub.people.session_store import SessionStore


@shared_task(time_limit=60, expires=600, acks_late=False)
def send_link(email: str) -> bool:
    """Mail a sign-in link to who has this address. Not repeated: a second link would end the first."""
    return link_mail.send(email)


@shared_task(time_limit=300, expires=60)
def mail_invitations() -> int:
    """Mail invitations that wait. Safe to run twice: one is claimed by one worker."""
    return invitation_mail.send_due()


@shared_task(time_limit=120, expires=120)
def clear_sessions() -> None:
    """Delete sessions that are over. Safe to run twice."""
    SessionStore.clear_expired()
