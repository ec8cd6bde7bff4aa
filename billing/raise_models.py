"""Who asked for a higher cap for a while, and what became of it."""

from __future__ import annotations

from django.db import models


class RaiseRequest(models.Model):
    """Somebody asks for more of a budget, until an end; kept with its outcome."""

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", "Open"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    budget = models.ForeignKey("billing.Budget", on_delete=models.CASCADE, related_name="raise_requests")
    cap = models.BigIntegerField(help_text="in the budget's unit, USD as nano-USD")
    until = models.BigIntegerField(help_text="Unix seconds")
    reason = models.CharField(max_length=300)
    asked_by = models.CharField(max_length=200, help_text="what who asked is called")
    asker = models.CharField(max_length=40, default="", help_text="kind and id of who asked: user:5")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    decided_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True, help_text="of who decided")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "asker"],
                condition=models.Q(state="open") & ~models.Q(asker=""),
                name="one_open_request_of_a_person",
            )
        ]
