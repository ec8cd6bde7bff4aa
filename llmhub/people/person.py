"""Make people, and the links that sign them in."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

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
def make_link(*, actor: Actor, user: User) -> str:
    """Return the token of a new one-time sign-in link; earlier unused links of the person end."""
    require(actor, "own")
    SignInLink.objects.filter(user=user, used_at=None).delete()
    token = secrets.new_token("link")
    SignInLink.objects.create(user=user, digest=secrets.digest(token), expires_at=clock.now() + LINK_LIFETIME)
    log.record(actor, "user.link_made", f"user:{user.email}")
    return token


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
