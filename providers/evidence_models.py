"""What attempts say about offers, which are opaque here: minutes of counts, scores, degradation."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from providers.score import Score


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
    cut_short = models.PositiveIntegerField(default=0, help_text="an answer was there, and time was up")
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


class KeptScore(models.Model):
    """How an offer, or a provider as a whole, did when that was last worked out; without calls no row."""

    provider = models.ForeignKey("providers.Provider", on_delete=models.CASCADE, related_name="scores")
    target_id = models.BigIntegerField(default=0, help_text="an offer; 0: the provider itself")
    label = models.CharField(max_length=200, blank=True, help_text="what an offer is called: its model")
    at = models.DateTimeField()
    weight = models.FloatField(help_text="calls, each weighed by its age")
    calls = models.PositiveIntegerField(help_text="in the last 2 hours that say something about it")
    ill = models.PositiveIntegerField(help_text="of them, broken by its illness")
    attempts = models.PositiveIntegerField(help_text="in the last 2 hours, of every kind")
    last_call_at = models.DateTimeField(help_text="to the minute")
    is_suspected = models.BooleanField(
        default=False, help_text="something speaks for more failures than usual, and not enough to say so"
    )
    reliability = models.PositiveSmallIntegerField(null=True, help_text="tenths of a point; empty: no score")
    latency = models.PositiveSmallIntegerField(null=True, help_text="tenths of a point")
    throughput = models.PositiveSmallIntegerField(null=True, help_text="tenths of a point")
    sure = models.FloatField(help_text="lower end of the interval for calls that are answered, 0 to 1")
    latency_ms = models.FloatField(null=True, help_text="median")
    ttft_ms = models.FloatField(null=True, help_text="median")
    tokens_per_second = models.FloatField(null=True, help_text="median")
    peers = models.PositiveSmallIntegerField(default=0, help_text="offers it was compared with")

    class Meta:
        ordering = ["label", "target_id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "target_id"], name="one_score_per_offer"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id}/{self.target_id}: {self.value}"

    @property
    def score(self) -> Score | None:
        """Its terms; None below the calls that a score needs."""
        if self.reliability is None or self.latency is None or self.throughput is None:
            return None
        return Score(*(Decimal(each) / 10 for each in (self.reliability, self.latency, self.throughput)))

    @property
    def value(self) -> Decimal | None:
        """The score, 0 to 100."""
        return None if self.score is None else self.score.value


class Degradation(models.Model):
    """An offer does worse than it usually does, by one measure; rules of alerts read it."""

    provider = models.ForeignKey("providers.Provider", on_delete=models.CASCADE, related_name="degradations")
    target_id = models.BigIntegerField(help_text="an offer")
    label = models.CharField(max_length=200, help_text="what it is called: its model")
    measure = models.CharField(max_length=12, help_text="providers.degradation.Measure")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    began_with = models.CharField(max_length=300, help_text="the numbers that showed it")
    ended_with = models.CharField(max_length=300, blank=True)
    facts = models.JSONField(default=dict, help_text="the same numbers, for programs")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["target_id", "measure"],
                condition=models.Q(ended_at=None),
                name="one_open_degradation_per_measure",
            )
        ]
        indexes = [models.Index(fields=["target_id", "began_at"], name="degradations_of_offer")]

    def __str__(self) -> str:
        return f"{self.label} at {self.provider_id}: {self.measure}"
