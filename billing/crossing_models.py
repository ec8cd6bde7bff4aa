"""That a budget has spent a percent of its cap."""

from __future__ import annotations

from django.db import models


class Crossing(models.Model):
    """A budget crossed a threshold in a period: written once, by the transaction that settled the call.

    It goes away when the cap is raised so far that it is no longer crossed; then it can be crossed again.
    """

    budget_id = models.BigIntegerField()
    period_start = models.BigIntegerField(help_text="Unix seconds, as of its counter")
    threshold = models.PositiveSmallIntegerField(help_text="percent of the cap")
    spent = models.BigIntegerField(help_text="in the budget's unit, when it was crossed")
    cap = models.BigIntegerField(help_text="of that moment")
    crossed_at = models.BigIntegerField(help_text="Unix seconds")
    told_at = models.DateTimeField(null=True, blank=True, help_text="when an alert was made of it")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["budget_id", "period_start", "threshold"], name="a_threshold_is_crossed_once"
            )
        ]
        indexes = [
            models.Index(fields=["id"], name="crossings_to_tell", condition=models.Q(told_at=None)),
        ]

    def __str__(self) -> str:
        return f"budget {self.budget_id}: {self.threshold} %"
