"""Who answers: providers and the credentials we hold with them."""

from __future__ import annotations

from django.db import models

from llmhub.lib import secrets


class ProviderQuerySet(models.QuerySet["Provider"]):
    """The reading vocabulary of providers."""

    def listed(self) -> ProviderQuerySet:
        """Providers that were not removed."""
        return self.filter(removed_at=None)


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
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = ProviderQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

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
        default=1, help_text="share of the calls beside the others; 0: only when no other can be used"
    )
    disabled_reason = models.CharField(max_length=200, blank=True, help_text="not empty: it is not used")
    disabled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["provider", "label"], name="one_credential_per_label")]

    def __str__(self) -> str:
        return f"{self.provider_id}:{self.label}"

    def seal(self, secret: str) -> None:
        """Keep `secret`, encrypted, with the hint that may be shown."""
        self.sealed = secrets.encrypt(secret)
        self.hint = secret[-4:] if len(secret) >= 16 else ""
