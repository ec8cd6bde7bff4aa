"""Files of the ledger that are made in the background."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

from llmhub.lib import ids


class Export(models.Model):
    """One file of calls: what is in it, and how far it is.

    The file is valid up to `bytes`: what stands behind was written after the last checkpoint.
    """

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being written"
        DONE = "done", "Ready"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Deleted"

    class Of(models.TextChoices):
        """What one row is."""

        REQUESTS = "requests", "Requests"
        ATTEMPTS = "attempts", "Attempts"

    class Columns(models.TextChoices):
        """Which columns a row has."""

        NATIVE = "native", "Native"
        FOCUS = "focus", "FOCUS 1.2"

    class Format(models.TextChoices):
        """How rows are written."""

        CSV = "csv", "CSV"
        JSONL = "jsonl", "JSON lines"

    of = models.CharField(max_length=10, choices=Of, default=Of.REQUESTS)
    columns = models.CharField(max_length=10, choices=Columns, default=Columns.NATIVE)
    format = models.CharField(max_length=10, choices=Format, default=Format.CSV)
    since = models.DateTimeField()
    until = models.DateTimeField()
    teams = models.JSONField(
        null=True, blank=True, help_text="ids of the teams whose calls are in it; empty: all"
    )
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    after_id = models.BigIntegerField(default=0, help_text="the last request that is in the file")
    rows = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    stamp = models.BigIntegerField(default=0, help_text="of the worker that writes it, a random number")
    seen_at = models.DateTimeField(null=True, blank=True, help_text="when that worker last wrote")
    made_by = models.CharField(max_length=200, help_text="what who made it is called")
    maker = models.CharField(max_length=40, default="", help_text="kind and id of who made it: user:5")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    @property
    def percent(self) -> int:
        """How far it is in time, which is not how far in rows."""
        if self.state == self.State.DONE:
            return 100
        if not self.after_id:
            return 0
        passed = (ids.moment_of(self.after_id) - self.since) / (self.until - self.since)
        return max(0, min(99, int(passed * 100)))

    @property
    def last_moment(self) -> datetime:
        """The last moment that is in it."""
        return self.until - timedelta(milliseconds=1)

    @property
    def file_name(self) -> str:
        """What the file is called, where it lies and where it is saved."""
        return f"llmhub-{self.of}-{self.since:%Y%m%d}-{self.columns}-{self.pk}.{self.format}"
