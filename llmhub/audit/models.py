"""Who changed what: an append-only log in which every event carries the hash of the one before."""

from __future__ import annotations

from typing import Any

from django.db import models


class AuditEvent(models.Model):
    """One change of configuration. Never changed, never deleted."""

    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=200, help_text="how the actor was called at the time")
    action = models.CharField(max_length=60, help_text="for example provider.created")
    object = models.CharField(max_length=250, help_text="for example provider:lab")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-id"]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the event. Raises `ValueError` on a second save: history is not rewritten."""
        if self.pk is not None and not self._state.adding:
            raise ValueError("an audit event is never changed")
        super().save(*args, **kwargs)
