"""Who of us a person is that the provider has proven."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from llmhub.audit.actor import Actor
from llmhub.people.models import Role, User
from llmhub.people.oidc import Proven
from llmhub.people.person import create_user

SINGLE_SIGN_ON = Actor(kind="system", label="single sign-on", role="owner")
LOWEST = Role.MEMBER


class NotLetIn(Exception):
    """The provider knows the person, we do not let them in; the message says what to do."""

    def __init__(self, email: str, text: str) -> None:
        self.email = email
        super().__init__(text)


def person_of(proven: Proven) -> User:
    """Return the active person with this address; made, with the lowest role, where that is switched on.

    Raises `NotLetIn`.
    """
    user = User.objects.filter(email__iexact=proven.email).first()
    if user is None:
        user = _make(proven)
    if not user.is_active:
        raise NotLetIn(proven.email, f"{proven.email} was deactivated here. Ask an owner of this hub.")
    return user


def _make(proven: Proven) -> User:
    email = proven.email
    if not settings.OIDC.creates:
        raise NotLetIn(email, f"Nobody here has the address {email}. Ask an owner of this hub to let you in.")
    try:
        with transaction.atomic():
            return create_user(actor=SINGLE_SIGN_ON, email=email, name=proven.name, role=LOWEST)
    except (ValidationError, IntegrityError) as error:
        if user := User.objects.filter(email__iexact=email).first():  # two sign-ins at once
            return user
        raise NotLetIn(email, f"{email} cannot be the address of a person here.") from error
