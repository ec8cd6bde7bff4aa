"""Keep, remove and open the credentials we hold with providers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from django.core.exceptions import ValidationError
from django.db import transaction

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, outside, secrets
from llmhub.lib.outside import MAX_LETTERS, SENDABLE
from llmhub.people.roles import require
from providers.errors import TargetMisconfigured
from providers.models import Credential, Provider
from providers.provider import subject
from providers.status_change import check_soon, forget_checks


class CredentialUnreadable(ValueError):
    """A credential cannot be opened; the message says why, and holds nothing of it."""


@dataclass(frozen=True)
class _Opened:
    """A secret that was opened a moment ago."""

    secret: str = field(repr=False)
    until: float  # on the monotonic clock


_OPEN_SECONDS = 5.0
_MAX_OPENED = 1000
_opened: dict[str, _Opened] = {}  # by what is kept of it: the sealed text, or the reference


class Kept(Protocol):
    """A credential as it is kept: a row, or its copy in a snapshot."""

    @property
    def sealed(self) -> str:
        """The secret, encrypted; "" for a reference."""

    @property
    def reference(self) -> str:
        """`env:NAME` or `file:PATH`; "" for a sealed secret."""


@transaction.atomic
def set_credential(
    *,
    actor: Actor,
    provider: Provider,
    label: str = "default",
    secret: str | None = None,
    reference: str | None = None,
    weight: int | None = None,
) -> Credential:
    """Keep a provider's secret, or the reference it is read from; one of the same label is replaced.

    It is in use from now on, also where the one that it replaces was taken out. Without a
    `weight` a replaced one keeps its own.

    Raises `ValidationError` on both or neither, on a secret that no header can carry, and on a
    reference from a person or a program that has no access to this machine.
    """
    require(actor, "configure")
    if bool(secret) == bool(reference):
        raise ValidationError({"secret": "give either the secret or a reference (env:NAME, file:PATH) to it"})
    _lock(provider)
    credential = Credential.objects.filter(provider=provider, label=label).first()
    credential = credential or Credential(provider=provider, label=label)
    credential.sealed, credential.hint = "", ""
    credential.disabled_reason, credential.disabled_at = "", None
    credential.checked_at, credential.check_outcome, credential.check_message = None, "", ""
    credential.from_file = actor.kind == "file"
    credential.created_at = clock.now()
    credential.weight = credential.weight if weight is None else weight
    credential.reference = _checked_reference(actor, reference) if reference else ""
    if secret:
        credential.seal(checked_secret(secret))
    credential.full_clean()
    credential.save()
    check_soon(provider)
    told = {"label": label, "reference": credential.reference, "weight": credential.weight}
    log.record(actor, "credential.set", subject(provider), after=told)
    return credential


@transaction.atomic
def remove_credential(*, actor: Actor, provider: Provider, label: str = "default") -> None:
    """Forget a credential. Raises `Credential.DoesNotExist` when there is none of this label."""
    require(actor, "configure")
    saved = _lock(provider)
    Credential.objects.get(provider=provider, label=label).delete()
    if saved.needs_credential and not saved.credentials.exists():
        forget_checks(saved, why="its last credential was removed", at=clock.now())
        saved.save()
    log.record(actor, "credential.removed", subject(provider), before={"label": label})


def reveal(credential: Kept) -> str:
    """Return the secret itself: the only place that opens one. Keep it no longer than a call takes.

    What took work to open is remembered for seconds, so that a busy gateway neither decrypts nor
    reads a file for every call. Raises `CredentialUnreadable`.
    """
    source, now = credential.reference or credential.sealed, time.monotonic()
    if source in _opened and _opened[source].until > now:
        return _opened[source].secret
    secret = _read(credential.reference) if credential.reference else _decrypted(credential.sealed)
    for old in [old for old, opened in _opened.copy().items() if opened.until <= now]:
        _opened.pop(old, None)
    if not source.startswith("env:") and len(_opened) < _MAX_OPENED:
        _opened[source] = _Opened(secret, until=now + _OPEN_SECONDS)
    return secret


def opened(credential: Kept | None, slug: str) -> str:
    """Return the secret for a call to the provider `slug`, "" where it is called without one.

    Raises `TargetMisconfigured` where it cannot be read.
    """
    if credential is None:
        return ""
    try:
        return reveal(credential)
    except CredentialUnreadable:
        raise TargetMisconfigured(f"llmhub cannot read its credential for {slug!r}") from None


def _decrypted(sealed: str) -> str:
    try:
        return secrets.decrypt(sealed)
    except secrets.Undecryptable as error:
        raise CredentialUnreadable(str(error)) from None


def _read(reference: str) -> str:
    try:
        return outside.read(reference, what="credential")
    except outside.Unreadable as error:
        raise CredentialUnreadable(str(error)) from None


def _lock(provider: Provider) -> Provider:
    """Return the row when no change of its base URL is under way. Refuses a removed provider."""
    saved = Provider.objects.select_for_update().get(pk=provider.pk)
    if saved.removed_at is not None:
        raise ValidationError({"provider": f"{saved.slug!r} was removed: add it again first"})
    if saved.base_url != provider.base_url:
        moved = f"{saved.slug!r} was moved to {saved.base_url} meanwhile: is the credential for there?"
        raise ValidationError({"provider": moved})
    return saved


def checked_secret(secret: str) -> str:
    """Return a secret as it can be sent. Raises `ValidationError`."""
    secret = secret.strip()
    if len(secret) > MAX_LETTERS:
        raise ValidationError({"secret": f"it is longer than {MAX_LETTERS} letters: is it the right one?"})
    if not SENDABLE.fullmatch(secret):
        raise ValidationError(
            {"secret": "it has spaces, line ends or letters that no header can carry: copy it again, alone"}
        )
    return secret


def _checked_reference(actor: Actor, reference: str) -> str:
    try:
        return outside.checked(reference, kind=actor.kind)
    except ValueError as wrong:
        raise ValidationError({"reference": str(wrong)}) from None
