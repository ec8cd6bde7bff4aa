"""Make people, change what they may do, and the links that sign them in."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, secrets
from llmhub.people.models import Role, SignInLink, User
from llmhub.people.roles import require

LINK_LIFETIME = timedelta(hours=1)


class LinkNotUsable(ValueError):
    """The link is unknown, used, or too old; the message says how to get a new one."""


@transaction.atomic
def create_user(*, actor: Actor, email: str, name: str = "", role: str = Role.VIEWER) -> User:
    """Save a new person without a password. Raises `ValidationError` on a bad or taken address."""
    require(actor, "own")
    user = User(email=User.objects.normalize_email(email).strip().lower(), name=name.strip(), role=role)
    user.set_unusable_password()
    user.full_clean()
    user.save()
    log.record(actor, "user.created", f"user:{user.email}", after={"role": user.role})
    return user


@transaction.atomic
def change_role(*, actor: Actor, user: User, role: str) -> None:
    """Save a person's role. Raises `ValidationError` on an unknown role and for the last owner."""
    require(actor, "own")
    user = User.objects.select_for_update().get(pk=user.pk)
    before, user.role = user.role, role
    if role == before:
        return
    user.full_clean(exclude=["password"])
    _spare_last_owner(user)
    user.save()
    log.record(
        actor, "user.role_changed", f"user:{user.email}", before={"role": before}, after={"role": role}
    )


@transaction.atomic
def deactivate_user(*, actor: Actor, user: User) -> None:
    """Sign a person out everywhere and stop their gateway keys; a second time changes nothing.

    The password goes too: sessions hang on it, so that all of them end at once. The keys are not
    revoked: they work again when the person is activated, or when they are given to somebody else.
    Raises `ValidationError` for the last owner, without whom nobody could let people in.
    """
    require(actor, "own")
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        return
    _spare_last_owner(user)
    user.is_active = False
    user.set_unusable_password()
    user.save()
    SignInLink.objects.filter(user=user, used_at=None).delete()
    log.record(actor, "user.deactivated", f"user:{user.email}", after={"stopped_keys": _keys_of(user)})


@transaction.atomic
def activate_user(*, actor: Actor, user: User) -> None:
    """Let a person sign in again, by a new link, and their keys call; a second time changes nothing."""
    require(actor, "own")
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        log.record(actor, "user.activated", f"user:{user.email}", after={"working_keys": _keys_of(user)})


def _keys_of(user: User) -> list[str]:
    """Return the gateway keys of a person that were not revoked, as the audit log names them."""
    return [
        f"key:{pk}" for pk in user.keys.filter(revoked_at=None).order_by("pk").values_list("pk", flat=True)
    ]


def _spare_last_owner(user: User) -> None:
    others = User.objects.filter(role=Role.OWNER, is_active=True).exclude(pk=user.pk)
    if not others.exists():
        raise ValidationError(f"{user.email} is the only owner who can sign in: make another owner first")


@transaction.atomic
def make_link(*, actor: Actor, user: User) -> str:
    """Return the token of a new one-time sign-in link; earlier unused links of the person end."""
    require(actor, "own")
    SignInLink.objects.filter(user=user, used_at=None).delete()
    token = secrets.new_token(secrets.SIGN_IN_LINK)
    SignInLink.objects.create(user=user, digest=secrets.digest(token), expires_at=clock.now() + LINK_LIFETIME)
    log.record(actor, "user.link_made", f"user:{user.email}")
    return token


def sign_in_address(token: str) -> str:
    """Return the address that a new link's token makes."""
    return settings.PUBLIC_URL + reverse("people:use_link", args=[token])


@transaction.atomic
def use_link(token: str) -> User:
    """Return the person whose link this is, and end the link. Raises `LinkNotUsable`."""
    now = clock.now()
    used = SignInLink.objects.filter(
        digest=secrets.digest(token), used_at=None, expires_at__gt=now, user__is_active=True
    ).update(used_at=now)
    if not used:
        raise LinkNotUsable("This sign-in link was used or is too old. Make a new one: ./run user link EMAIL")
    link = SignInLink.objects.select_related("user").get(digest=secrets.digest(token))
    actor = Actor(kind="user", label=link.user.email, role=link.user.role, id=link.user.pk)
    log.record(actor, "user.link_used", f"user:{link.user.email}")
    return link.user
