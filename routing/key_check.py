"""Check a key by its text, without a call to any provider."""

from __future__ import annotations

from billing.models import ApiKey
from llmhub.lib import clock, secrets
from routing.key_verdict import Verdict, judge
from routing.load import load_snapshot


def check_key(text: str) -> Verdict:
    """Return what the key of this text can do now; the text is looked up by its digest and not kept."""
    digest = secrets.digest(text)
    revoked = ApiKey.objects.filter(digest=digest, revoked_at__isnull=False).first()
    if revoked is not None:
        return Verdict(f"This key, {revoked.name!r}, was revoked: make a new one.")
    return judge(load_snapshot(), digest, now=clock.now())


def check_one(key: ApiKey) -> Verdict:
    """Return what a key that is known can do now."""
    if key.revoked_at is not None:
        return Verdict(f"This key, {key.name!r}, was revoked: make a new one.")
    return judge(load_snapshot(), key.digest, now=clock.now())
