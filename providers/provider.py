"""Add, change, pause and remove providers."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from django.core.exceptions import ValidationError
from django.db import transaction

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, egress
from llmhub.lib.slugs import refuse_reserved
from llmhub.people.roles import require
from providers.adapters import KINDS
from providers.models import Provider
from providers.status_change import forget_checks

_AUDITED = ("name", "kind", "dialect", "base_url", "needs_credential")


def create_provider(
    *,
    actor: Actor,
    slug: str,
    name: str,
    kind: str,
    base_url: str = "",
    dialect: str = "",
    needs_credential: bool | None = None,
) -> Provider:
    """Save a new provider; what is left empty is what its kind says.

    One that was removed comes back under its short name, with its offers and its history.
    Raises `ValidationError` on a taken name, an unknown kind or dialect, and an address that
    llmhub does not connect to.
    """
    require(actor, "configure")
    refuse_reserved(slug)
    if kind not in KINDS:
        raise ValidationError({"kind": f"{kind!r} is no kind of provider: use {', '.join(KINDS)}"})
    known = KINDS[kind]
    values = {
        "name": name.strip(),
        "kind": kind,
        "base_url": checked_url(base_url or known.base_url),
        "dialect": _checked_dialect(kind, dialect),
        "needs_credential": known.needs_credential if needs_credential is None else needs_credential,
    }
    with transaction.atomic():
        provider = _removed(slug, kind) or Provider(slug=slug)
        for field, value in {
            **values,
            "removed_at": None,
            "paused_reason": "",
            "probe_ceiling_nano": None,
        }.items():
            setattr(provider, field, value)
        provider.full_clean()
        provider.save()
        log.record(actor, "provider.created", subject(provider), after=values)
    return provider


def update_provider(
    *,
    actor: Actor,
    provider: Provider,
    name: str | None = None,
    base_url: str | None = None,
    dialect: str | None = None,
    needs_credential: bool | None = None,
) -> Provider:
    """Change what is given. A new base URL clears the credentials: they were given for the old one.

    Raises `ValidationError` as `create_provider` does.
    """
    require(actor, "configure")
    changes = {
        "name": None if name is None else name.strip(),
        "base_url": None if base_url is None else checked_url(base_url or KINDS[provider.kind].base_url),
        "dialect": None if dialect is None else _checked_dialect(provider.kind, dialect),
        "needs_credential": needs_credential,
    }
    with transaction.atomic():
        saved = Provider.objects.select_for_update().get(pk=provider.pk)
        before = _facts(saved)
        for field, value in changes.items():
            if value is not None:
                setattr(saved, field, value)
        after = _facts(saved)
        if after == before:
            return saved
        if after["base_url"] != before["base_url"]:
            _forget_credentials(saved, why="its address was changed")
        saved.full_clean()
        saved.save()
        log.record(actor, "provider.changed", subject(saved), before=before, after=after)
    return saved


@transaction.atomic
def pause_provider(*, actor: Actor, provider: Provider, reason: str) -> None:
    """Send no call to a provider, for `reason`; an empty reason lets calls through again."""
    require(actor, "configure")
    reason = reason.strip()[:200]
    if Provider.objects.filter(pk=provider.pk).exclude(paused_reason=reason).update(paused_reason=reason):
        action = "provider.paused" if reason else "provider.resumed"
        log.record(actor, action, subject(provider), after={"reason": reason})


@transaction.atomic
def remove_provider(*, actor: Actor, provider: Provider) -> None:
    """Take a provider out of service and forget its credentials; its history stays.

    Raises `ValidationError` while a route lists a model at this provider.
    """
    require(actor, "configure")
    saved = Provider.objects.select_for_update().get(pk=provider.pk)
    if saved.removed_at is not None:
        return
    if routes := sorted(set(saved.route_targets.values_list("route_id", flat=True))):
        raise ValidationError(
            f"{saved.slug} cannot be removed while the route {', '.join(routes)} sends calls to it: "
            "take it out of the route first; pausing it stops its calls at once"
        )
    _forget_credentials(saved, why="it was removed")
    saved.removed_at = clock.now()
    saved.save()
    log.record(actor, "provider.removed", subject(saved), before=_facts(saved))


def subject(provider: Provider) -> str:
    """Return how the audit log names a provider."""
    return f"provider:{provider.slug}"


def _facts(provider: Provider) -> dict[str, str | bool]:
    return {field: getattr(provider, field) for field in _AUDITED}


def _forget_credentials(provider: Provider, *, why: str) -> None:
    """Delete the credentials, and what a check with them found."""
    provider.credentials.all().delete()
    provider.listings.all().delete()
    forget_checks(provider, why=why, at=clock.now())
    provider.listed_at = None


def _removed(slug: str, kind: str) -> Provider | None:
    """Return the removed provider of this short name. Raises `ValidationError` if it was another kind."""
    found = Provider.objects.select_for_update().filter(slug=slug).exclude(removed_at=None).first()
    if found and found.kind != kind:
        raise ValidationError(
            {"slug": f"{slug!r} was a provider of kind {found.kind!r} with a history: take another name"}
        )
    return found


def _checked_dialect(kind: str, dialect: str) -> str:
    known = KINDS[kind]
    if dialect and dialect not in known.dialects:
        raise ValidationError(
            {"dialect": f"{known.label} does not speak {dialect!r}: use {' or '.join(known.dialects)}"}
        )
    return dialect or known.dialects[0]


def checked_url(base_url: str) -> str:
    """Return a base URL in the one spelling that is saved. Raises `ValidationError`."""
    base_url = base_url.strip()
    if not base_url:
        raise ValidationError(
            {"base_url": "give the address of the server, for example http://10.0.0.5:8000/v1"}
        )
    try:
        egress.check_url(base_url, loopback=True)
    except egress.EgressRefused as refusal:
        raise ValidationError({"base_url": str(refusal)}) from None
    parts = urlsplit(base_url)
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", ""))
