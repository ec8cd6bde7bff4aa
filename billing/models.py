"""Who pays: keys, budgets, and the ledger.

The ledger's tables (`Counter`, `Reservation`, `UsageRecord`, `Attempt`) are written by
billing/ledger.py alone. They have no foreign keys out: a record outlives what it was about.
Amounts are nano-USD; ids of the ledger are those of `llmhub.lib.ids`.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models

from billing import more_models  # noqa: F401
from billing.querysets import ApiKeyQuerySet, BudgetQuerySet
from catalog.models import Origin
from llmhub.lib import ids, money
from llmhub.lib.id_field import IdField
from llmhub.people.models import Team, User


class ApiKey(models.Model):
    """A caller's key to the gateway; its text is shown once and kept as a digest."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="keys")
    person = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="keys",
        help_text="empty: a service",
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, help_text="the first letters, to tell keys apart")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the whole key")
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=200, blank=True)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True, help_text="empty: no limit")
    tokens_per_minute = models.PositiveIntegerField(null=True, blank=True, help_text="empty: no limit")
    allowed_models = models.JSONField(default=list, blank=True, help_text="names, or acme/*; empty: all")
    allowed_providers = models.JSONField(default=list, blank=True, help_text="short names; empty: all")
    old_digest = models.CharField(
        max_length=64, unique=True, null=True, blank=True, help_text="of the text before the last rotation"
    )
    old_until = models.DateTimeField(null=True, blank=True, help_text="until when the old text works")

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(requests_per_minute=0), name="key_allows_a_request"),
            models.CheckConstraint(condition=~models.Q(tokens_per_minute=0), name="key_allows_a_token"),
        ]

    def __str__(self) -> str:
        return self.name


class Budget(models.Model):
    """A limit: configuration only; what was spent is in `Counter`."""

    class Scope(models.TextChoices):
        """Whose calls count."""

        ORGANISATION = "organisation", "Organisation"
        TEAM = "team", "Team"
        KEY = "key", "Key"
        PERSON = "person", "Person"
        PROVIDER = "provider", "Provider"
        MODEL = "model", "Model"
        TAG = "tag", "Tag"

    class Per(models.TextChoices):
        """How often it begins anew, by the clock in its zone."""

        HOUR = "hour", "Hour"
        DAY = "day", "Day"
        WEEK = "week", "Week"
        MONTH = "month", "Month"
        YEAR = "year", "Year"
        TOTAL = "total", "Total"

    class Unit(models.TextChoices):
        """What is counted; amounts in USD are whole nano-USD."""

        USD = "usd", "USD"
        TOKENS = "tokens", "Tokens"
        REQUESTS = "requests", "Requests"

    scope = models.CharField(max_length=20, choices=Scope)
    scope_id = models.BigIntegerField(default=0, help_text="whose: 0 for the organisation and for tags")
    tag = models.CharField(max_length=141, blank=True, help_text="name=value, where the scope is a tag")
    per = models.CharField(max_length=10, choices=Per)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name")
    unit = models.CharField(max_length=10, choices=Unit, default=Unit.USD)
    cap = models.BigIntegerField(
        null=True, blank=True, help_text="in the unit, USD as nano-USD; empty: unlimited"
    )
    raised_cap = models.BigIntegerField(null=True, blank=True, help_text="the cap until `raised_until`")
    raised_until = models.BigIntegerField(null=True, blank=True, help_text="Unix seconds; empty: not raised")
    hard = models.BooleanField(default=True)
    contact = models.CharField(max_length=200, blank=True, help_text="whom a refused caller may ask for more")
    alert_at = models.CharField(max_length=60, blank=True, default="50,80,100", help_text="percents")
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.PERSON)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = BudgetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cap=None) | models.Q(cap__gte=0, cap__lte=money.MAX_CAP_NANO),
                name="cap_is_zero_to_ten_to_the_eighteenth",
            ),
            models.CheckConstraint(
                condition=models.Q(raised_cap=None, raised_until=None)
                | models.Q(
                    raised_cap__gt=models.F("cap"), raised_cap__lte=money.MAX_CAP_NANO, raised_until__gt=0
                ),
                name="a_raise_is_more_and_ends",
            ),
            models.CheckConstraint(
                condition=models.Q(scope="organisation", scope_id=0, tag="")
                | models.Q(scope="tag", scope_id=0, tag__gt="")
                | models.Q(scope__in=["team", "key", "person", "provider", "model"], scope_id__gt=0, tag=""),
                name="budget_is_of_somebody",
            ),
            models.CheckConstraint(
                condition=models.Q(per__in=["hour", "day", "week", "month", "year", "total"]),
                name="budget_has_a_period",
            ),
            models.CheckConstraint(
                condition=models.Q(unit__in=["usd", "tokens", "requests"]), name="budget_has_a_unit"
            ),
            models.UniqueConstraint(
                fields=["scope", "scope_id", "tag", "per", "unit", "hard"],
                condition=models.Q(removed_at=None),
                name="one_budget_of_a_kind",
            ),
        ]

    def cap_at(self, at: datetime) -> int | None:
        """Return what the ledger holds calls at `at` to: the raised cap while that is in force."""
        raised = self.raised_until is not None and at.timestamp() < self.raised_until
        return self.raised_cap if raised else self.cap


class Counter(models.Model):
    """What one budget has spent and holds in one period, in its unit; made on first use."""

    pk = models.CompositePrimaryKey("budget_id", "period_start")
    budget_id = models.BigIntegerField()
    period_start = models.BigIntegerField(help_text="Unix seconds, by the clock in the budget's zone")
    spent = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(held__gte=0), name="held_is_not_negative")]


class Reservation(models.Model):
    """What a call in flight may cost at most, with the moment until which it holds that."""

    id = IdField(primary_key=True)  # the id of the usage record to come
    expires_at = models.BigIntegerField(help_text="Unix seconds")
    amount_nano = models.BigIntegerField()
    counters = models.TextField(blank=True, help_text="what is held where, see billing/ledger_rows.py")
    facts = models.TextField(default="{}", help_text="JSON: what the record needs if nobody settles")


class UsageRecord(models.Model):
    """One logical request of a caller, whatever it took upstream; of refusals, the first of many.

    One that is `adjusted` is no request: it is a correction, see billing/adjustment_models.py.
    """

    class Status(models.TextChoices):
        """How the request ended."""

        OK = "ok", "OK"
        ERROR = "error", "Error"
        CANCELLED = "cancelled", "Caller left"
        INTERRUPTED = "interrupted", "Interrupted"
        REFUSED = "refused", "Refused"
        ADJUSTED = "adjusted", "Adjusted"

    id = IdField(primary_key=True)
    team_id = models.BigIntegerField(null=True)
    key_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True, help_text="whose key it was then; empty: a service's")
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
    needs = models.PositiveSmallIntegerField(
        null=True, help_text="bits of billing/asked.py; empty: not known"
    )
    parameters = models.BigIntegerField(null=True, help_text="likewise, those that its caller gave")
    refusals = models.PositiveIntegerField(default=0, help_text="how many it stands for; 0: it was none")
    reason = models.CharField(
        max_length=300,
        blank=True,
        help_text="of a refusal: what its caller was told; of an adjustment: what for",
    )
    plan = models.TextField(  # noqa: DJ001  a full table takes an empty column at once
        null=True, help_text="where it might have gone and why, as routing writes it; empty: not known"
    )
    repeated_nano = models.BigIntegerField(
        null=True, help_text="what a cache of its prompt's beginning would have saved; empty: nothing"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "key_id",
                "error_code",
                models.F("id") / ids.PER_MINUTE,
                condition=models.Q(status="refused"),
                name="one_refusal_a_minute",
            )
        ]
        indexes = [
            models.Index(fields=["team_id", "id"], name="usage_by_team"),
            models.Index(fields=["key_id", "id"], name="usage_by_key"),
            models.Index(
                fields=["person_id", "id"], name="usage_by_person", condition=models.Q(person_id__gt=0)
            ),
        ]


class Attempt(models.Model):
    """One upstream call of a request."""

    id = IdField(primary_key=True)
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
    web_searches = models.PositiveIntegerField(default=0, help_text="of the provider's own")
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
