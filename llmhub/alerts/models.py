"""Who is told of what, once: channels, alerts with their transitions, and deliveries as an outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models

from llmhub.alerts import quiet
from llmhub.alerts.finding import RULES, Finding
from llmhub.audit.actor import Actor
from llmhub.people.models import Team
from llmhub.people.roles import allowed, reach


class ChannelQuerySet(models.QuerySet["Channel"]):
    """The reading vocabulary of channels."""

    def there(self) -> ChannelQuerySet:
        """Channels that were not removed."""
        return self.filter(removed_at=None)

    def seen_by(self, actor: Actor) -> ChannelQuerySet:
        """Channels that `actor` may see: those of teams that they manage, or all."""
        if allowed(actor, "view"):
            return self
        return self.filter(team_id__in=reach(actor, "manage") or ())

    def in_use(self) -> ChannelQuerySet:
        """Channels that are told of alerts."""
        return self.there().filter(paused=False)


class Channel(models.Model):
    """A way to tell people or programs of alerts."""

    class Kind(models.TextChoices):
        """How it is reached."""

        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Signed webhook"
        CHAT = "chat", "Slack, Teams and others"

    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind)
    address = models.CharField(
        max_length=500, blank=True, help_text="e-mail addresses, or a URL; empty: all owners, by e-mail"
    )
    sealed = models.TextField(blank=True, help_text="the signing secret, or the URL of a chat, encrypted")
    address_ref = models.CharField(max_length=300, blank=True, help_text="`env:NAME` or `file:/PATH`")
    secret_ref = models.CharField(max_length=300, blank=True, help_text="the same, of the signing secret")
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="channels",
        help_text="whose it is, told only of its alerts; empty: the hub's",
    )  # fmt: skip
    rules = models.JSONField(default=list, blank=True, help_text="only alerts of these; empty: all")
    paused = models.BooleanField(default=False)
    quiet = models.CharField(
        max_length=11, blank=True, help_text="hours of only what is critical, `22:00-07:00`; empty: none"
    )
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name, of its quiet hours")
    from_file = models.BooleanField(default=False, help_text="it goes when llmhub.toml no longer says it")
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(removed_at=None), name="one_channel_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def quiet_until(self, at: datetime) -> datetime | None:
        """Return when the quiet hours end that a moment lies in; None where it lies in none."""
        return quiet.until(quiet.parse(self.quiet), ZoneInfo(self.time_zone), at)

    def wants(self, alert: Alert) -> bool:
        """Return whether it is told of this alert."""
        is_of_team = self.team_id is None or self.team_id == alert.team_id
        return is_of_team and (not self.rules or alert.rule in self.rules)


class AlertQuerySet(models.QuerySet["Alert"]):
    """The reading vocabulary of alerts."""

    def seen_by(self, actor: Actor) -> AlertQuerySet:
        """Alerts that `actor` may read: those of their teams, or all."""
        teams = reach(actor)
        return self if teams is None else self.filter(team_id__in=teams)

    def of(self, finding: Finding) -> AlertQuerySet:
        """The alert of a finding, if there is one."""
        rule, subject, period, threshold = finding.identity
        return self.filter(rule=rule, subject=subject, period=period, threshold=threshold)

    def open(self) -> AlertQuerySet:
        """Alerts whose condition holds."""
        return self.exclude(state=Alert.State.RESOLVED)

    def firing(self) -> AlertQuerySet:
        """Alerts that people were told of and whose condition holds."""
        return self.filter(state=Alert.State.FIRING)

    def demanding(self, now: datetime) -> AlertQuerySet:
        """Firing alerts that ask for somebody, and that nobody has acknowledged or put off."""
        quiet = models.Q(severity="notice") | models.Q(snoozed_until__gt=now)
        return self.firing().filter(acknowledged_at=None).exclude(quiet)

    def worst_first(self) -> AlertQuerySet:
        """The same, critical ones first, then the newest."""
        rank = models.Case(
            models.When(severity="critical", then=0), models.When(severity="warning", then=1), default=2
        )
        return self.order_by(rank, "-fired_at", "-threshold")


class Alert(models.Model):
    """A condition that a rule found, from when it held until it no longer did."""

    class State(models.TextChoices):
        """pending: it holds, not long enough yet; firing: people were told; resolved: it holds no more."""

        PENDING = "pending", "Pending"
        FIRING = "firing", "Firing"
        RESOLVED = "resolved", "Resolved"

    rule = models.CharField(max_length=20, choices=list(RULES.items()))
    subject = models.CharField(max_length=200)
    period = models.BigIntegerField(default=0, help_text="Unix seconds, 0: none")
    threshold = models.PositiveIntegerField(default=0, help_text="percent, of a retirement days, 0: none")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    severity = models.CharField(max_length=10, default="warning")
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="alerts")
    title = models.CharField(max_length=250)
    text = models.TextField(blank=True)
    path = models.CharField(max_length=300, default="/", help_text="the page that shows it")
    facts = models.JSONField(default=dict, help_text="the numbers of the last transition")
    pending_at = models.DateTimeField(help_text="since when its condition holds")
    fired_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)
    snoozed_until = models.DateTimeField(
        null=True, blank=True, help_text="told again then, if it still fires"
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject", "period", "threshold"], name="an_alert_is_there_once"
            )
        ]
        indexes = [models.Index(fields=["rule"], name="open_alerts", condition=~models.Q(state="resolved"))]

    def __str__(self) -> str:
        return self.title


class Transition(models.Model):
    """An alert became pending, fired, was told again, or was resolved: with its words and numbers."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="transitions")
    number = models.PositiveIntegerField(help_text="1 for the first of its alert")
    state = models.CharField(max_length=10, choices=Alert.State)
    at = models.DateTimeField()
    title = models.CharField(max_length=250)
    text = models.TextField(blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ["alert", "number"]
        constraints = [models.UniqueConstraint(fields=["alert", "number"], name="transitions_have_an_order")]

    def __str__(self) -> str:
        return f"{self.alert_id}: {self.state}"


class Delivery(models.Model):
    """One message of one channel: written with its transition, sent by a worker, kept as a log."""

    class State(models.TextChoices):
        """waiting: to be sent, or sent again; held: a part of the digest after quiet hours."""

        WAITING = "waiting", "Waiting"
        HELD = "held", "Waits for the digest"
        SENT = "sent", "Sent"
        FAILED = "failed", "Given up"

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="deliveries")
    transition = models.ForeignKey(
        Transition, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries",
        help_text="empty: a test, or a digest",
    )  # fmt: skip
    is_digest = models.BooleanField(default=False, help_text="it tells what its parts were held back with")
    digest = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="parts",
        help_text="the message that tells this one with others",
    )  # fmt: skip
    message_id = models.CharField(max_length=40, unique=True, help_text="the same each time it is sent")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(help_text="not sent before")
    leased_until = models.DateTimeField(null=True, blank=True, help_text="a worker sends it until then")
    error = models.CharField(max_length=300, blank=True, help_text="of the last attempt")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["transition", "channel"], name="a_channel_is_told_once")
        ]
        indexes = [
            models.Index(fields=["next_at"], name="deliveries_due", condition=models.Q(state="waiting")),
            models.Index(fields=["next_at"], name="deliveries_held", condition=models.Q(state="held")),
        ]

    def __str__(self) -> str:
        return self.message_id


def facts_of(finding: Finding) -> dict[str, Any]:
    """Return what an alert takes over from a finding."""
    return {
        "title": finding.title[:250],
        "text": finding.text,
        "severity": finding.severity,
        "team_id": finding.team_id,
        "path": finding.path[:300],
        "facts": dict(finding.facts),
    }
