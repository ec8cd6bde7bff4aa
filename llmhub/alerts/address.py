"""Check where a channel sends to, and say it without what is secret of it."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from llmhub.alerts import chat
from llmhub.alerts.models import Channel
from llmhub.lib import egress

MOST_RECIPIENTS = 20
NO_MAIL = "no mail server is set: set LLMHUB_SMTP_URL and restart, then e-mail works"


def checked(kind: str, address: str, *, is_later: bool = False) -> str:
    """Return an address as its channel keeps it. Raises `ValidationError`, which says what to write.

    With `is_later` a mail server may be set later, as where a file says the channel.
    """
    if kind == Channel.Kind.EMAIL and not is_later and not settings.SMTP_URL:
        raise ValidationError({"kind": NO_MAIL})
    try:
        return {"email": _mail, "webhook": _web, "chat": _chat}[kind](address.strip())
    except (egress.EgressRefused, chat.NotAService) as refused:
        raise ValidationError({"address": str(refused)}) from None


def _mail(address: str) -> str:
    found = list(dict.fromkeys(address.replace(",", " ").replace(";", " ").split()))
    if len(found) > MOST_RECIPIENTS:
        raise ValidationError({"address": f"at most {MOST_RECIPIENTS} addresses: use a mailing list"})
    for each in found:
        try:
            validate_email(each)
        except ValidationError:
            raise ValidationError({"address": f"{each[:60]!r} is no e-mail address"}) from None
    return ", ".join(found)


def _web(address: str) -> str:
    egress.check_url(address, loopback=False)
    return address


def _chat(address: str) -> str:
    chat.service_of(address)
    return address


def shown(channel: Channel) -> str:
    """Return where a channel sends to; of a URL only the host, for its path may be a secret."""
    if channel.address_ref:
        return channel.address_ref
    if channel.kind == Channel.Kind.EMAIL:
        nobody_named = "managers of the team" if channel.team_id else "all owners, and managers of the team"
        return channel.address or nobody_named
    if channel.kind == Channel.Kind.CHAT:
        return channel.address
    parts = urlsplit(channel.address)
    return f"{parts.scheme}://{parts.netloc}{'/…' if parts.path.strip('/') else ''}"
