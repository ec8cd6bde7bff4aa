"""What budgets will have spent at the end of their periods, as of the last look."""

from __future__ import annotations

from django.db import models


class BudgetForecast(models.Model):
    """The forecast of one budget, made anew at each look; amounts are in its unit."""

    budget_id = models.BigIntegerField(primary_key=True)
    period_start = models.BigIntegerField(help_text="Unix seconds, as of its counter")
    made_at = models.DateTimeField()
    spent = models.BigIntegerField(help_text="by then")
    low = models.BigIntegerField(help_text="80 % interval")
    expected = models.BigIntegerField()
    high = models.BigIntegerField()
    per_day = models.BigIntegerField(help_text="mean of the whole days so far")
    days = models.PositiveSmallIntegerField(help_text="whole days that it is made of")
    contributors = models.JSONField(default=list, help_text="the largest: what, name, amount")
