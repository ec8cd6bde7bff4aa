"""Check a key by its text, without a call to any provider."""

from __future__ import annotations

from django.db.models import Q

from billing.models import ApiKey
from llmhub.audit.actor import Actor
from llmhub.lib import clock, secrets
from llmhub.people.roles import allowed
from routing.key_verdict import Verdict, judge
from routing.load import load_snapshot


def check_key(text: str, *, by: Actor) -> Verdict:
    """Return what the key of this text can do now; the text is looked up by its digest and not kept.

    Of a key of a team that the one who asks may not read, nothing is said.
    """
    digest = secrets.digest(text)
    key = ApiKey.objects.filter(Q(digest=digest) | Q(old_digest=digest)).first()
    if key is not None and not allowed(by, "read", team=key.team_id):
        return Verdict("This key is of a team that you are not in: ask one of its people.")
    return _judged(key, digest)


def check_one(key: ApiKey) -> Verdict:
    """Return what a key that is known can do now."""
    return _judged(key, key.digest)


def _judged(key: ApiKey | None, digest: str) -> Verdict:
    if key is not None and key.revoked_at is not None:
        return Verdict(f"This key, {key.name!r}, was revoked: make a new one.")
    return judge(load_snapshot(), digest, now=clock.now())
