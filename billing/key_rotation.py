"""Give a key a new text; the old one goes on working for a while, so that nothing has to stop."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from billing.key import require_revocable
from billing.models import ApiKey
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, secrets

LONGEST_HOURS = 30 * 24


@transaction.atomic
def rotate_key(*, actor: Actor, key: ApiKey, overlap_hours: int = 24) -> tuple[ApiKey, str]:
    """Return the key with its new text, which is never seen again; the old one works for `overlap_hours`.

    It is the same key: its budgets, limits, reach and history go on. A text from an earlier rotation ends
    at once. Raises `ValidationError` on a key that was revoked or has expired, and on a number out of
    range; 0 ends the old text at once.
    """
    require_revocable(actor, key)
    row = ApiKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    now = clock.now()
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise ValidationError("this key has ended: make a new one")
    if not 0 <= overlap_hours <= LONGEST_HOURS:
        raise ValidationError({"overlap_hours": f"write a number of hours from 0 to {LONGEST_HOURS}"})
    token = secrets.new_token(secrets.GATEWAY_KEY)
    before = {"prefix": row.prefix}
    row.old_digest, row.old_until = (
        (row.digest, now + timedelta(hours=overlap_hours)) if overlap_hours else (None, None)
    )
    row.prefix, row.digest = secrets.hint(token), secrets.digest(token)
    row.save(update_fields=["prefix", "digest", "old_digest", "old_until"])
    after = {"prefix": row.prefix, "old_works_until": row.old_until.isoformat() if row.old_until else None}
    log.record(actor, "key.rotated", f"key:{row.pk}", before=before, after=after)
    return row, token


@transaction.atomic
def end_old_text(*, actor: Actor, key: ApiKey) -> None:
    """End the text from before the last rotation now; without one nothing changes."""
    require_revocable(actor, key)
    if ApiKey.objects.filter(pk=key.pk).exclude(old_digest=None).update(old_digest=None, old_until=None):
        log.record(actor, "key.old_text_ended", f"key:{key.pk}", before={"name": key.name})
