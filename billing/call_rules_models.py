"""How calls under a hard cap are bounded, and what becomes of those whose caller leaves."""

from __future__ import annotations

from django.db import models

from llmhub.lib import money


class CallRules(models.Model):
    """How calls are bounded, and end, by the rules of the organisation, or what a team has otherwise."""

    class Unpriced(models.TextChoices):
        """What happens to a call of a model without a price under a hard cap in USD."""

        BLOCK = "block", "Refuse"
        ALLOW = "allow", "Let through"

    class WhenLeft(models.TextChoices):
        """What becomes of a call whose caller leaves before its answer is whole."""

        CANCEL = "cancel", "End it at once"
        FINISH = "finish", "Let it finish, and throw its answer away"

    team_id = models.BigIntegerField(unique=True, help_text="0: the organisation")
    default_output_tokens = models.PositiveIntegerField(
        null=True, blank=True, help_text="where a call sets no limit; empty: as above"
    )
    unpriced = models.CharField(max_length=10, choices=Unpriced, blank=True, help_text="empty: as above")
    allowance_nano = models.BigIntegerField(
        null=True, blank=True, help_text="nano-USD held for a call that tokens do not bound; empty: as above"
    )

    when_left = models.CharField(
        max_length=10,
        choices=WhenLeft,
        blank=True,
        help_text="empty: as above, in the end that it is cancelled",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(allowance_nano=None)
                | models.Q(allowance_nano__gte=0, allowance_nano__lte=money.MAX_CALL_NANO),
                name="allowance_is_a_cost_of_one_call",
            ),
            models.CheckConstraint(
                condition=~models.Q(default_output_tokens=0), name="default_output_is_not_nothing"
            ),
        ]
