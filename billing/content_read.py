"""Read what was said in a call: encrypted at rest, opened for who may, and each opening in the audit log."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction

from billing.content_consent import may_read
from billing.content_models import CallContent, ContentConsent
from billing.content_writer import MOST_BYTES
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, ids, secrets
from llmhub.people.models import Team
from llmhub.people.roles import NotAllowed


class NotKept(LookupError):
    """Nothing of this call is kept; the message says why that may be."""


@dataclass(frozen=True)
class Content:
    """What was said in one call."""

    id: int
    kept_until: datetime
    request: str = field(repr=False)
    answer: str = field(repr=False)
    request_bytes: int  # of the whole
    answer_bytes: int

    @property
    def request_is_cut(self) -> bool:
        """Whether only the beginning of the request is kept."""
        return self.request_bytes > MOST_BYTES

    @property
    def answer_is_cut(self) -> bool:
        """Whether only the beginning of the answer is kept."""
        return self.answer_bytes > MOST_BYTES


def kept_until(row_id: int, *, now: datetime) -> datetime | None:
    """Return until when the content of a call is kept, None where it is not."""
    rows = CallContent.objects.filter(pk=row_id)
    found = rows.values_list("team_id", "delete_after").first() if settings.CONTENT_ALLOWED else None
    consent = ContentConsent.objects.filter(team_id=found[0]).first() if found else None
    if found is None or consent is None or row_id <= consent.deleted_to:
        return None
    until = min(found[1], consent.until)
    return until if until > now else None


def answer_of(row_id: int, *, team_id: int) -> str | None:
    """Return the answer of a call of this team, for who makes the call again; None: it is not kept whole.

    Of a caller who left while the call was being written down nothing is kept: that is no answer.
    """
    if kept_until(row_id, now=clock.now()) is None:
        return None
    whole = CallContent.objects.filter(answer_bytes__gt=0, answer_bytes__lte=MOST_BYTES)
    row = whole.filter(pk=row_id, team_id=team_id).first()
    try:
        return None if row is None else secrets.decrypt(row.answer)
    except secrets.Undecryptable:
        return None


def open_content(*, actor: Actor, row_id: int) -> Content:
    """Return the content of a call, and write down who looked.

    Raises `NotKept`, `NotAllowed`, and `Undecryptable` where its key is no longer in the key ring.
    """
    until = kept_until(row_id, now=clock.now())
    row = CallContent.objects.filter(pk=row_id).first() if until else None
    if row is None or until is None:
        raise NotKept(f"nothing of {ids.request_id(row_id)} is kept: its team had not switched content on")
    if not may_read(actor, row.team_id):
        raise NotAllowed(
            f"{actor.label} may not read what was said in calls: managers of the team, admins and owners may"
        )
    found = Content(
        id=row.pk,
        kept_until=until,
        request=secrets.decrypt(row.request),
        answer=secrets.decrypt(row.answer),
        request_bytes=row.request_bytes,
        answer_bytes=row.answer_bytes,
    )
    slug = Team.objects.values_list("slug", flat=True).get(pk=row.team_id)
    with transaction.atomic():
        log.record(actor, "content.viewed", f"request:{ids.request_id(row_id)}", after={"team": slug})
    return found
