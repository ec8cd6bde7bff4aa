"""What discovery found: runs, lists that wait for a person, events, and rules that decide on them."""

from __future__ import annotations

from django.db import models

from catalog.listing_diff import EVENTS
from providers.models import Provider

EVENT_KINDS = [(kind.value, kind.value.replace("_", " ")) for kind in EVENTS]


class DiscoveryRun(models.Model):
    """One reading of a provider's list of models; never changed afterwards."""

    class Trigger(models.TextChoices):
        """What made it run."""

        SCHEDULE = "schedule", "By itself"
        BUTTON = "button", "By a person"
        COMMAND = "command", "By the command line"
        FILE = "file", "From a file"
        ACCEPTED = "accepted", "A held list was accepted"
        BUNDLED = "bundled", "The list that comes with llmhub"

    class Outcome(models.TextChoices):
        """What came of it."""

        FIRST = "first", "First list"
        CHANGED = "changed", "Changed"
        UNCHANGED = "unchanged", "Unchanged"
        HELD = "held", "Held back"
        FAILED = "failed", "Failed"

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="discovery_runs")
    trigger = models.CharField(max_length=10, choices=Trigger)
    outcome = models.CharField(max_length=10, choices=Outcome)
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(default=0)
    list_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the list as it was sent")
    listed = models.PositiveIntegerField(default=0, help_text="models in the list")
    counts = models.JSONField(default=dict, help_text="changes by kind")
    said = models.TextField(blank=True, help_text="why it failed, or is held back")
    by = models.CharField(max_length=200, blank=True, help_text="who asked for it")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["provider", "-id"], name="runs_of_provider")]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.started_at:%Y-%m-%d %H:%M} {self.outcome}"


class HeldList(models.Model):
    """A list that is not believed until a person says so; the newest of a provider."""

    provider = models.OneToOneField(Provider, on_delete=models.CASCADE, primary_key=True)
    run = models.ForeignKey(DiscoveryRun, on_delete=models.CASCADE, related_name="+")
    content = models.BinaryField(help_text="the list as it was sent, compressed")


class DiscoveryState(models.Model):
    """When a provider's list is read next, and what was known of the last readings."""

    provider = models.OneToOneField(
        Provider, on_delete=models.CASCADE, primary_key=True, related_name="discovery"
    )
    next_at = models.DateTimeField(help_text="a worker that takes the turn moves it first")
    refreshed_at = models.DateTimeField(null=True, help_text="last run, whatever came of it")
    succeeded_at = models.DateTimeField(null=True, help_text="last run that got a list that was believed")
    list_hash = models.CharField(max_length=64, blank=True, help_text="of the list that is believed")
    failed_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, help_text="of the last run; empty: it was well")
    failures = models.PositiveIntegerField(default=0, help_text="runs in a row that failed")


class CatalogEvent(models.Model):
    """One thing that happened to one listed model, in the inbox until somebody decides on it."""

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", "To decide"
        APPLIED = "applied", "Applied"
        ACCEPTED = "accepted", "Accepted"
        IGNORED = "ignored", "Ignored"
        SUPERSEDED = "superseded", "Succeeded by a later one"

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="catalog_events")
    run = models.ForeignKey(
        DiscoveryRun,
        on_delete=models.PROTECT,
        null=True,
        related_name="events",
        help_text="empty: no list said it, but answers to calls",
    )
    upstream_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=24, choices=EVENT_KINDS)
    entry = models.ForeignKey(
        "catalog.CatalogEntry", on_delete=models.SET_NULL, null=True, related_name="events"
    )
    is_curated = models.BooleanField(default=False, help_text="it is about a model that a person chose")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "-id"], name="events_by_state"),
            models.Index(fields=["provider", "upstream_id", "-id"], name="events_of_listing"),
        ]

    def __str__(self) -> str:
        return f"{self.upstream_id}: {self.kind}"


class InboxRule(models.Model):
    """What is decided on events of a kind without asking: the newest that fits counts, `hold` before all."""

    class Action(models.TextChoices):
        """What happens to an event."""

        ACCEPT = "accept", "Accept"
        IGNORE = "ignore", "Ignore"
        HOLD = "hold", "Always ask"

    kind = models.CharField(max_length=24, choices=EVENT_KINDS)
    provider = models.ForeignKey(
        Provider, on_delete=models.CASCADE, null=True, blank=True, help_text="empty: any"
    )
    action = models.CharField(max_length=10, choices=Action)
    from_file = models.BooleanField(default=False, help_text="it goes when llmhub.toml no longer says it")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "provider"], name="one_rule_per_kind_and_provider"),
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(provider=None), name="one_rule_per_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.kind}"
