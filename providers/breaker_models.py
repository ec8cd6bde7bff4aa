"""What breakers did: the row of each change, for pages, programs and alerts."""

from __future__ import annotations

from django.db import models


class BreakerEvent(models.Model):
    """The breaker of one offer went from one state to another; kept for 30 days, 100,000 at most."""

    class State(models.TextChoices):
        """Whether calls go out."""

        CLOSED = "closed", "Closed"
        OPEN = "open", "Open"
        HALF_OPEN = "half_open", "Half-open"

    class Reason(models.TextChoices):
        """Why it changed."""

        IN_A_ROW = "in_a_row", "Failures in a row"
        SHARE = "share", "Half of its calls failed"
        PROBE = "probe", "A call tries it"
        PROBE_FAILED = "probe_failed", "The call that tried it failed"
        PROBE_ANSWERED = "probe_answered", "The call that tried it was answered"
        BY_HAND = "by_hand", "Closed by hand"

    target_id = models.BigIntegerField(help_text="the offer")
    base_url = models.CharField(max_length=300, help_text="its address then: another one is another server")
    process = models.CharField(max_length=100, blank=True, help_text="the gateway that saw it")
    at = models.DateTimeField()
    before = models.CharField(max_length=10, choices=State)
    after = models.CharField(max_length=10, choices=State)
    reason = models.CharField(max_length=20, choices=Reason)
    failures = models.PositiveIntegerField(default=0, help_text="in a row")
    calls = models.PositiveIntegerField(default=0, help_text="that ended in the last 10 seconds")
    failed = models.PositiveIntegerField(default=0, help_text="of those")
    open_until = models.DateTimeField(null=True, help_text="empty: it does not open")
    times_opened = models.PositiveIntegerField(default=0, help_text="since it last closed")
    error_code = models.CharField(max_length=40, blank=True, help_text="of the failure that opened it")
    http_status = models.PositiveSmallIntegerField(default=0, help_text="of the same; 0: no answer")
    by = models.CharField(max_length=200, blank=True, help_text="who closed it by hand")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["target_id", "-id"], name="breaker_events_of_target"),
            models.Index(fields=["at"], name="breaker_events_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.target_id}: {self.before} to {self.after}"
