"""Who answers: providers and the credentials we hold with them."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models

from llmhub.lib import clock, secrets
from providers import breaker_models, evidence_models  # noqa: F401  (Django finds models by this module)
from providers.weights import MAX_WEIGHT


class ProviderQuerySet(models.QuerySet["Provider"]):
    """The reading vocabulary of providers."""

    def listed(self) -> ProviderQuerySet:
        """Providers that were not removed."""
        return self.filter(removed_at=None)

    def counted(self) -> ProviderQuerySet:
        """The same rows, each with its number of `usable` credentials and of those that are `out`."""
        out = ~models.Q(credentials__disabled_reason="")
        return self.annotate(
            usable=models.Count(
                "credentials", filter=models.Q(credentials__disabled_reason=""), distinct=True
            ),
            out=models.Count("credentials", filter=out, distinct=True),
        )


class Provider(models.Model):
    """A company or server that answers calls."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, help_text="a key of providers.adapters.KINDS")
    dialect = models.CharField(max_length=20, help_text="one of its kind's dialects")
    base_url = models.CharField(max_length=300, help_text="checked by llmhub.lib.egress, without a final /")
    needs_credential = models.BooleanField(default=True)
    paused_reason = models.CharField(max_length=200, blank=True, help_text="not empty: no call is sent")
    checked_at = models.DateTimeField(null=True, blank=True, help_text="last free check")
    check_outcome = models.CharField(
        max_length=30, blank=True, help_text="a value of providers.check.Outcome"
    )
    check_message = models.CharField(max_length=300, blank=True)
    check_latency_ms = models.PositiveIntegerField(null=True, blank=True)
    health = models.CharField(
        max_length=10, blank=True, help_text="providers.health_rules.Health: settled by checks in a row"
    )
    health_since = models.DateTimeField(null=True, blank=True)
    bad_checks = models.PositiveSmallIntegerField(default=0, help_text="in a row")
    health_claimed_at = models.DateTimeField(
        null=True, blank=True, help_text="when a worker last took the turn to check it"
    )
    listed_at = models.DateTimeField(
        null=True, blank=True, help_text="the last check that got its list of models, which is kept"
    )
    probe_ceiling_nano = models.BigIntegerField(
        null=True, blank=True, help_text="nano-USD that billed probes may cost in a day; empty: none is made"
    )
    probe_id = models.BigIntegerField(null=True, blank=True, help_text="the last probe's id in the ledger")
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = ProviderQuerySet.as_manager()
    usable: int  # of rows read by `counted()`
    out: int

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(probe_ceiling_nano=None) | models.Q(probe_ceiling_nano__gt=0),
                name="probe_ceiling_is_more_than_nothing",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Credential(models.Model):
    """A provider's secret, encrypted at rest; it can be replaced and removed, never read back."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="credentials")
    label = models.CharField(max_length=60, default="default")
    sealed = models.TextField(blank=True, help_text="the secret, encrypted")
    reference = models.CharField(
        max_length=300, blank=True, help_text="env:NAME or file:PATH, where the secret came from"
    )
    hint = models.CharField(max_length=12, blank=True, help_text="last 4 letters, to tell two apart")
    weight = models.PositiveSmallIntegerField(
        default=1,
        validators=[MaxValueValidator(MAX_WEIGHT)],
        help_text="share of the calls beside the others; 0: only when no other can be used",
    )
    disabled_reason = models.CharField(max_length=200, blank=True, help_text="not empty: it is not used")
    disabled_at = models.DateTimeField(null=True, blank=True)
    from_file = models.BooleanField(default=False, help_text="llmhub.toml wrote it, and may take it away")
    checked_at = models.DateTimeField(null=True, blank=True, help_text="last free check with it")
    check_outcome = models.CharField(
        max_length=30, blank=True, help_text="a value of providers.check.Outcome"
    )
    check_message = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, help_text="since when it is this secret")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["provider", "label"], name="one_credential_per_label")]

    def __str__(self) -> str:
        return f"{self.provider_id}:{self.label}"

    def seal(self, secret: str) -> None:
        """Keep `secret`, encrypted, with the hint that may be shown."""
        self.sealed = secrets.encrypt(secret)
        self.hint = secret[-4:] if len(secret) >= 16 else ""


class ListedModel(models.Model):
    """One model of a provider's own list, as it was last read; a provider may list thousands."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="listings")
    upstream_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    context_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="tokens; empty: not said")
    raw = models.JSONField(default=dict, blank=True, help_text="its row of the list, as it was sent")
    first_seen_at = models.DateTimeField(default=clock.now)
    missing_since = models.DateTimeField(
        null=True, blank=True, help_text="the first run of those in a row that did not list it"
    )
    vanished_at = models.DateTimeField(null=True, blank=True, help_text="when its absence was believed")

    class Meta:
        ordering = ["upstream_id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "upstream_id"], name="one_listing_per_upstream_id")
        ]

    def __str__(self) -> str:
        return self.upstream_id


class HealthCheck(models.Model):
    """What one free check found; kept for a day."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="health_checks")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=30, help_text="a value of providers.check.Outcome")
    latency_ms = models.PositiveIntegerField()
    message = models.CharField(max_length=300)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["provider", "at"], name="checks_of_provider")]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.outcome}"


class StatusChange(models.Model):
    """The health of a provider changed; rules of higher apps read it."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="status_changes")
    at = models.DateTimeField()
    before = models.CharField(max_length=10, blank=True, help_text="providers.health_rules.Health")
    after = models.CharField(max_length=10, blank=True)
    evidence = models.CharField(max_length=300, help_text="what the check said that settled it")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.before or 'unknown'} to {self.after or 'unknown'}"
