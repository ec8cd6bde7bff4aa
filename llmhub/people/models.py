"""Who may do what: people, teams, the organisation, and keys of programs that manage."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from llmhub.people import sign_in_models  # noqa: F401


class Role(models.TextChoices):
    """What a person or a service key may do in the organisation, each more than the one below."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    VIEWER = "viewer", "Viewer"


class Organisation(models.Model):
    """The one organisation of this installation: a single row with id 1."""

    name = models.CharField(max_length=100, default="llmhub")
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name")
    paused_reason = models.CharField(
        max_length=200, blank=True, help_text="while not empty, the gateway answers 503 with it"
    )
    requires_second_factor = models.BooleanField(
        default=False, help_text="nobody uses the console without a second factor"
    )

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes people; there is no superuser, a role says what a person may do."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the person of this e-mail address, whatever its case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in with an e-mail address."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100, blank=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email


class SignInLink(models.Model):
    """A link that signs one person in once, within its time."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token in the link")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class Team(models.Model):
    """Who calls are made for and paid by."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name


class ServiceKey(models.Model):
    """A key with which a program uses the management API; it is no gateway key."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name
