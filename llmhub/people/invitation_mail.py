"""Invitations by mail: a row waits with its sealed link until a worker has sent it.

Whoever claims a row has it for a while; a worker that dies leaves it to the next one. A mail server that
is away is asked again for some hours, one that refuses the address is not.
"""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta

from django.db.models import F

from llmhub.lib import clock, mail, secrets
from llmhub.people import invitation as invitations
from llmhub.people import organisation
from llmhub.people.models import Invitation

LEASE = timedelta(minutes=2)  # longer than any sending takes
BACKOFF = (10, 60, 300, 1800, 7200, 21600)  # seconds after each attempt that failed
_AT_ONCE = 20
_STATE = Invitation.Mail
_TEXT = """\
{who} invites you to {what}.

{link}

The link lets you in once, until {until} (UTC). If you do not expect it, ignore this mail: nobody but you
has the link.
"""


def send_due() -> int:
    """Send invitations whose time has come; return how many were taken. Safe to run twice, also at once."""
    now = clock.now()
    _give_up_closed(now)
    due = Invitation.objects.filter(mail=_STATE.WAITING, mail_at__lte=now).select_related("team")
    return sum(_send(row) for row in due.order_by("id")[:_AT_ONCE] if _take(row, now))


def _give_up_closed(now: datetime) -> None:
    """Send no link that lets nobody in any more."""
    waiting = Invitation.objects.filter(mail=_STATE.WAITING)
    waiting.exclude(pk__in=invitations.opened(now).values("pk")).update(
        mail=_STATE.FAILED, mail_at=now, mail_sealed="", mail_error="it was not open any more"
    )


def _take(row: Invitation, now: datetime) -> bool:
    """Claim one as it was read; of several workers that try, one gets it."""
    same = Invitation.objects.filter(pk=row.pk, mail=_STATE.WAITING, mail_attempts=row.mail_attempts)
    if not same.update(mail_attempts=F("mail_attempts") + 1, mail_at=now + LEASE):
        return False
    row.mail_attempts += 1
    return True


def _send(row: Invitation) -> bool:
    try:
        subject, text = _words(row, invitations.link_address(secrets.decrypt(row.mail_sealed)))
        mail.send(to=row.email, subject=subject, text=text, headers={"Auto-Submitted": "auto-generated"})
    except (smtplib.SMTPRecipientsRefused, secrets.Undecryptable) as error:
        refused = isinstance(error, smtplib.SMTPRecipientsRefused)
        _ended(row, _STATE.FAILED, "the mail server refuses this address" if refused else str(error))
    except (OSError, smtplib.SMTPException) as error:
        _not_taken(row, f"the mail server did not take it: {str(error) or type(error).__name__}")
    else:
        _ended(row, _STATE.SENT)
        return True
    return False


def _words(row: Invitation, link: str) -> tuple[str, str]:
    """Return subject and text; the names in them are of one line."""
    hub = " ".join(organisation.current().name.split())
    team = " ".join(row.team.name.split()) if row.team else ""
    what = f"the team {team} at {hub}, as {row.get_team_role_display().lower()}" if team else hub
    text = _TEXT.format(who=row.created_by, what=what, link=link, until=f"{row.expires_at:%-d %B %Y, %H:%M}")
    return f"Your invitation to {team or hub}", text


def _not_taken(row: Invitation, error: str) -> None:
    if row.mail_attempts > len(BACKOFF):
        _ended(row, _STATE.FAILED, error)
    else:
        wait = timedelta(seconds=BACKOFF[row.mail_attempts - 1])
        _mine(row, mail_at=clock.now() + wait, mail_error=error[:300])


def _ended(row: Invitation, state: str, error: str = "") -> None:
    _mine(row, mail=state, mail_at=clock.now(), mail_error=error[:300], mail_sealed="")


def _mine(row: Invitation, **values: object) -> None:
    """Write what became of it, unless the claim ran out and another worker has it."""
    mine = Invitation.objects.filter(pk=row.pk, mail=_STATE.WAITING, mail_attempts=row.mail_attempts)
    mine.update(**values)
