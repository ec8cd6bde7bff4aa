"""What a person proves themselves with beside the password, and where they are signed in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models


class SecondFactorQuerySet(models.QuerySet["SecondFactor"]):
    """The reading vocabulary of second factors."""

    def of(self, person_id: int | None) -> SecondFactorQuerySet:
        """The one that a person is asked for, if there is one."""
        return self.filter(user_id=person_id, confirmed_at__isnull=False)


class SecondFactor(models.Model):
    """The authenticator app of one person; until it is confirmed it is a draft that nobody is asked for."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factor"
    )
    sealed = models.TextField(help_text="the secret shared with the app, encrypted with the key ring")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_step = models.BigIntegerField(
        default=0, help_text="30-second step of the last code: none works twice"
    )

    objects = SecondFactorQuerySet.as_manager()


class RecoveryCode(models.Model):
    """A code that takes the place of the app once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes"
    )
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the code")


class ConsoleSession(AbstractBaseSession):
    """A session of the console that knows whose it is, so that a person can see and end theirs."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="sessions"
    )

    @classmethod
    def get_session_store_class(cls) -> Any:
        """Return the store that reads and writes these rows."""
        from llmhub.people.session_store import SessionStore

        return SessionStore
