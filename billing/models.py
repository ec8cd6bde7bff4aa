"""Who pays: keys, budgets, and the ledger.

The ledger's tables (`Counter`, `Reservation`, `UsageRecord`, `Attempt`) are written by
billing/ledger.py alone. They have no foreign keys out: a record outlives what it was about.
Amounts are nano-USD; ids of the ledger are those of `llmhub.lib.ids`.
"""

from __future__ import annotations

from django.db import models

from llmhub.lib import money
from llmhub.people.models import Team


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """The reading vocabulary of gateway keys."""

    def active(self) -> ApiKeyQuerySet:
        """Keys that were not revoked; whether one has expired is decided by the clock of the call."""
        return self.filter(revoked_at=None)


class ApiKey(models.Model):
    """A caller's key to the gateway; its text is shown once and kept as a digest."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, help_text="the first letters, to tell keys apart")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the whole key")
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=200, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class Budget(models.Model):
    """A limit on spending: configuration only; what was spent is in `Counter`."""

    scope = models.CharField(max_length=20, help_text="organisation, team, key, …")
    scope_id = models.BigIntegerField(default=0)
    per = models.CharField(max_length=10, help_text="hour, day, week, month, year or total")
    time_zone = models.CharField(max_length=64, default="UTC")
    cap_nano = models.BigIntegerField(null=True, help_text="nano-USD; empty: unlimited")
    hard = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cap_nano=None)
                | models.Q(cap_nano__gte=0, cap_nano__lte=money.MAX_CAP_NANO),
                name="cap_is_zero_to_one_billion_usd",
            )
        ]


class Counter(models.Model):
    """What one budget has spent and holds in one period; made on first use."""

    pk = models.CompositePrimaryKey("budget_id", "period_start")
    budget_id = models.BigIntegerField()
    period_start = models.BigIntegerField(help_text="Unix seconds, by the clock in the budget's zone")
    spent_nano = models.BigIntegerField(default=0)
    held_nano = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(held_nano__gte=0), name="held_is_not_negative")
        ]


class Reservation(models.Model):
    """What a call in flight may cost at most, with the moment until which it holds that."""

    id = models.BigAutoField(primary_key=True)  # the id of the usage record to come
    expires_at = models.BigIntegerField(help_text="Unix seconds")
    amount_nano = models.BigIntegerField()
    counters = models.TextField(blank=True, help_text="budget:period_start, comma-separated")
    facts = models.TextField(default="{}", help_text="JSON: what the record needs if nobody settles")

    class Meta:
        indexes = [models.Index(fields=["expires_at"])]


class Worker(models.Model):
    """A lease on the worker bits of ids: no two processes alive make ids with the same ones."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    lease_until = models.BigIntegerField(help_text="Unix seconds")
    owner = models.CharField(max_length=64)


class UsageRecord(models.Model):
    """One logical request of a caller, whatever it took upstream."""

    class Status(models.TextChoices):
        """How the request ended."""

        OK = "ok", "OK"
        ERROR = "error", "Error"
        CANCELLED = "cancelled", "Caller left"
        INTERRUPTED = "interrupted", "Interrupted"

    id = models.BigAutoField(primary_key=True)
    team_id = models.BigIntegerField(null=True)
    key_id = models.BigIntegerField(null=True)
    cost_centre = models.CharField(max_length=20, blank=True, help_text="health, … for calls without a key")
    entry_id = models.BigIntegerField(null=True)
    offer_id = models.BigIntegerField(null=True, help_text="the offer that answered, or was tried last")
    provider_id = models.BigIntegerField(null=True)
    price_id = models.BigIntegerField(null=True)
    requested = models.CharField(max_length=200, help_text="the name the caller asked for")
    dialect = models.CharField(max_length=20, default="chat")
    streamed = models.BooleanField(default=False)
    status = models.CharField(max_length=12, choices=Status)
    http_status = models.PositiveSmallIntegerField(default=0, help_text="what the caller got; 0: it had left")
    error_code = models.CharField(max_length=40, blank=True)
    finish_reason = models.CharField(max_length=40, blank=True)
    fallback_reason = models.CharField(max_length=60, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cache_read_tokens = models.PositiveBigIntegerField(default=0)
    cache_write_tokens = models.PositiveBigIntegerField(default=0)
    reasoning_tokens = models.PositiveBigIntegerField(default=0)
    cost_nano = models.BigIntegerField(null=True, help_text="nano-USD; empty: unknown")
    cost_source = models.CharField(max_length=12, blank=True)
    unpriced_reason = models.CharField(max_length=100, blank=True)
    latency_ms = models.PositiveIntegerField(default=0)
    ttft_ms = models.PositiveIntegerField(null=True)
    tags = models.JSONField(default=dict, blank=True)
    session = models.CharField(max_length=100, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["team_id", "id"], name="usage_by_team"),
            models.Index(fields=["key_id", "id"], name="usage_by_key"),
        ]


class Attempt(models.Model):
    """One upstream call of a request."""

    id = models.BigAutoField(primary_key=True)
    usage_id = models.BigIntegerField(help_text="the usage record")
    number = models.PositiveSmallIntegerField(help_text="1 for the first")
    entry_id = models.BigIntegerField(null=True)
    offer_id = models.BigIntegerField(null=True)
    provider_id = models.BigIntegerField(null=True)
    price_id = models.BigIntegerField(null=True)
    upstream_model = models.CharField(max_length=200, blank=True, help_text="what the provider says answered")
    upstream_request_id = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=12, choices=UsageRecord.Status)
    http_status = models.PositiveSmallIntegerField(default=0, help_text="the provider's; 0: no answer")
    error_code = models.CharField(max_length=40, blank=True)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cache_read_tokens = models.PositiveBigIntegerField(default=0)
    cache_write_tokens = models.PositiveBigIntegerField(default=0)
    cache_write_1h_tokens = models.PositiveBigIntegerField(default=0)
    reasoning_tokens = models.PositiveBigIntegerField(default=0)
    usage_estimated = models.BooleanField(default=False)
    cost_nano = models.BigIntegerField(null=True)
    computed_nano = models.BigIntegerField(null=True, help_text="ours, beside a reported cost")
    cost_source = models.CharField(max_length=12, blank=True)
    started_at_ms = models.BigIntegerField(help_text="Unix milliseconds")
    latency_ms = models.PositiveIntegerField(default=0)
    ttft_ms = models.PositiveIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["usage_id"], name="attempt_by_usage"),
            models.Index(fields=["offer_id", "id"], name="attempt_by_offer"),
        ]
