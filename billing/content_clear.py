"""Delete what was said in calls: on its day, when it is switched off, and where nobody may keep it.

Until then it is encrypted, and what a deleted row leaves in a SQLite file is overwritten: an old key and
a copy of the file give nothing back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from billing.content_models import CallContent, ContentConsent
from llmhub.lib import clock, ids

log = logging.getLogger(__name__)

_AT_ONCE = 20  # rows in one transaction, 700 KiB each at most: a gateway waits no longer than that
_PAUSE = 0.02  # seconds between two transactions, in which gateways write
_TRIES = 20  # to empty SQLite's log while nobody reads


def clear(now: datetime | None = None) -> int:
    """Delete what may no longer be there and return of how many calls. Safe to run twice."""
    moment = now or clock.now()
    if not settings.CONTENT_ALLOWED:
        return _delete(CallContent.objects.all())
    deleted = _delete(CallContent.objects.filter(delete_after__lte=moment))
    if settings.RETENTION_DAYS:  # it outlives no call
        oldest = ids.first_at(moment - timedelta(days=settings.RETENTION_DAYS))
        deleted += _delete(CallContent.objects.filter(pk__lt=oldest))
    consents = list(ContentConsent.objects.all())
    deleted += _delete(CallContent.objects.exclude(team_id__in=[row.team_id for row in consents]))
    return deleted + sum(clear_team(row, moment) for row in consents)


def clear_team(consent: ContentConsent, now: datetime | None = None) -> int:
    """Delete what may no longer be there of a team and return of how many calls."""
    rows = CallContent.objects.filter(team_id=consent.team_id)
    if consent.until > (now or clock.now()):
        rows = rows.filter(pk__lte=consent.deleted_to)
    return _delete(rows)


def _delete(rows: QuerySet[CallContent]) -> int:
    if not rows.exists():
        return 0
    deleted = 0
    with _overwriting():
        while found := list(rows.values_list("pk", flat=True)[:_AT_ONCE]):
            deleted += CallContent.objects.filter(pk__in=found).delete()[0]
            time.sleep(_PAUSE)
    log.info("content of %d calls deleted", deleted)
    return deleted


@contextmanager
def _overwriting() -> Iterator[None]:
    """As long as this lasts SQLite overwrites what is deleted; then its log is emptied, too.

    Source: https://www.sqlite.org/pragma.html#pragma_secure_delete
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete = ON")
        try:
            yield
        finally:
            cursor.execute("PRAGMA secure_delete = OFF")
            if not connection.in_atomic_block:
                _empty_log()


def _empty_log() -> None:
    """Write SQLite's log back into its file and empty it; nobody is made to wait for it.

    Source: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
    """
    patience = connection.settings_dict["OPTIONS"].get("timeout", 5) * 1000  # milliseconds
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            for _ in range(_TRIES):
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                if not cursor.fetchone()[0]:
                    return
                time.sleep(_PAUSE)
            log.warning("somebody reads all the time: what was deleted leaves SQLite's log a little later")
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(patience)}")
