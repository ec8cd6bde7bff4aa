"""That a budget refused calls."""

from __future__ import annotations

from django.db import models


class BudgetRefusal(models.Model):
    """How many calls one budget refused in one period, and what the last of them wanted.

    The ledger counts them with the refusals themselves; an alert and the pages of budgets read it.
    """

    budget_id = models.BigIntegerField()
    period_start = models.BigIntegerField(help_text="Unix seconds, as of its counter")
    times = models.BigIntegerField(help_text="calls that were refused")
    first_at = models.BigIntegerField(help_text="Unix seconds")
    last_at = models.BigIntegerField(help_text="Unix seconds")
    amount = models.BigIntegerField(help_text="what the last one could take, in the budget's unit")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["budget_id", "period_start"], name="one_count_of_refusals")
        ]
        indexes = [models.Index(fields=["last_at"], name="refusals_of_budgets_by_time")]

    def __str__(self) -> str:
        return f"budget {self.budget_id}: {self.times} refused"
