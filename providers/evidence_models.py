"""What attempts say about offers, which are opaque here: minutes of counts, scores, degradation."""

from __future__ import annotations

from django.db import models


class MinuteStatistic(models.Model):
    """What one gateway process counted of one offer in one minute; later a quarter of an hour of all."""

    target_id = models.BigIntegerField(help_text="an offer")
    minute = models.PositiveIntegerField(help_text="the first, in minutes since 1970")
    minutes = models.PositiveSmallIntegerField(default=1, help_text="1, or 15 when it was folded")
    process = models.CharField(max_length=16, help_text="of a gateway, made up anew at each start")
    ok = models.PositiveIntegerField(default=0)
    error = models.PositiveIntegerField(default=0)
    timeout = models.PositiveIntegerField(default=0)
    broken_off = models.PositiveIntegerField(default=0)
    rate_limited = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0, help_text="our credential, address or model name")
    rejected = models.PositiveIntegerField(default=0, help_text="the request itself was wrong")
    caller_left = models.PositiveIntegerField(default=0)
    tool_calls = models.PositiveIntegerField(default=0)
    bad_tool_calls = models.PositiveIntegerField(default=0, help_text="whose arguments are no JSON")
    schemas = models.PositiveIntegerField(default=0, help_text="answers that were to be JSON")
    bad_schemas = models.PositiveIntegerField(default=0, help_text="and are none")
    latency = models.BinaryField(help_text="sketch of ms, of answered calls")
    ttft = models.BinaryField(help_text="sketch of ms")
    speed = models.BinaryField(help_text="sketch of tenths of a token per second")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["target_id", "minute", "minutes", "process"], name="one_row_per_minute_and_process"
            )
        ]
        indexes = [models.Index(fields=["minutes", "minute"], name="statistics_by_minute")]

    def __str__(self) -> str:
        return f"{self.target_id} at {self.minute}"
