"""That the callers of a model were told of its end."""

from __future__ import annotations

from django.db import models

from catalog.models import CatalogEntry


class RetirementNotice(models.Model):
    """A model ends within so many days, and these keys still call it; made once for each threshold."""

    entry = models.ForeignKey(CatalogEntry, on_delete=models.CASCADE, related_name="retirement_notices")
    sunset_on = models.DateField()
    threshold_days = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    callers = models.JSONField(help_text="keys that called it in the last 30 days: key, team, requests")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "sunset_on", "threshold_days"], name="one_notice_per_threshold"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} ends on {self.sunset_on}: {self.threshold_days} days"
