"""Where calls go: routes and their targets."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from billing.rules import MAX_OUTPUT_TOKENS
from catalog.models import CatalogEntry, Origin, PublicName, known_capabilities
from providers.models import Provider
from routing.policy_words import POLICIES, SAYS
from routing.route_limits import EXPLORE_PERCENT, MAX_COST_MULTIPLE, MOST_EXPLORED, MOST_WEIGHT


class RouteQuerySet(models.QuerySet["Route"]):
    """The reading vocabulary of routes."""

    def with_targets(self) -> RouteQuerySet:
        """Routes with what they list, each with its model and provider."""
        rows = RouteTarget.objects.select_related("entry", "provider")
        return self.prefetch_related(models.Prefetch("targets", rows))


class Route(models.Model):
    """A name that callers ask for, whose calls go to one of several models."""

    name = models.OneToOneField(PublicName, on_delete=models.PROTECT, primary_key=True, db_column="name")
    description = models.CharField(max_length=500, blank=True)
    policy = models.CharField(
        max_length=20,
        choices=[(policy, SAYS[policy]) for policy in POLICIES],
        default="priority",
        help_text="how the targets are ranked for each call",
    )
    require = models.JSONField(
        default=list,
        blank=True,
        validators=[known_capabilities],
        help_text="capabilities that every target must have, whatever a call needs",
    )
    max_cost_multiple = models.DecimalField(
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        default=MAX_COST_MULTIPLE,
        validators=[MinValueValidator(1)],
        help_text="a target that is expected to cost more than so many times the first choice is not tried; "
        "empty: no limit",
    )
    explore_percent = models.PositiveSmallIntegerField(
        default=EXPLORE_PERCENT,
        validators=[MaxValueValidator(MOST_EXPLORED)],
        help_text="percent of calls that go first to an offer about which little is known",
    )
    keeps_sessions = models.BooleanField(
        default=True, help_text="calls of one session go where the last one was answered"
    )
    escalates = models.BooleanField(
        default=False,
        help_text="the next target answers only where the answer of the one before is cut off, refused, "
        "empty or not of the form asked for",
    )
    default_output_tokens = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_OUTPUT_TOKENS)],
        help_text="of a call under a hard cap that sets no limit; empty: as the team's rules say",
    )
    origin = models.CharField(max_length=20, choices=Origin, default=Origin.PERSON)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RouteQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name_id


class RouteTarget(models.Model):
    """A model of a route, or that model at one provider."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="targets")
    entry = models.ForeignKey(CatalogEntry, on_delete=models.PROTECT, related_name="route_targets")
    provider = models.ForeignKey(
        Provider,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="route_targets",
        help_text="empty: any",
    )
    rank = models.PositiveSmallIntegerField(help_text="lower is listed first")
    weight = models.PositiveSmallIntegerField(
        default=1,
        validators=[MaxValueValidator(MOST_WEIGHT)],
        help_text="share of the calls, where the policy is weighted",
    )
    is_for_want = models.BooleanField(
        default=False, help_text="tried only where no budget lets a call go to the others"
    )

    class Meta:
        ordering = ["rank", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["route", "entry", "provider", "is_for_want"], name="each_target_once"
            ),
            models.UniqueConstraint(  # SQLite tells two targets without a provider apart
                fields=["route", "entry", "is_for_want"],
                condition=models.Q(provider=None),
                name="each_target_anywhere_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} of {self.route_id}"
