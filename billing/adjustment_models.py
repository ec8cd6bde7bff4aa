"""Why there is an entry in the ledger that is no call: a correction that a person posted."""

from __future__ import annotations

from django.db import models

from llmhub.lib import ids


class Adjustment(models.Model):
    """What a usage record of status `adjusted` does not say; its amount and whose it is stay when that goes.

    No foreign keys out: it outlives what it was about.
    """

    usage_id = models.BigIntegerField(unique=True, help_text="its usage record: the id says when it counts")
    once = models.CharField(
        max_length=150, unique=True, help_text="of a post that is repeated: it counts once"
    )
    corrects_id = models.BigIntegerField(null=True, help_text="the usage record that was wrong")
    offer_id = models.BigIntegerField(null=True, help_text="whose price was wrong; empty: not repriced")
    team_id = models.BigIntegerField(null=True)
    key_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    provider_id = models.BigIntegerField(null=True)
    amount_nano = models.BigIntegerField(help_text="nano-USD, below 0 where too much was charged")
    reason = models.CharField(max_length=300)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["corrects_id"], name="adjustment_of_a_call"),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(amount_nano=0), name="adjustment_changes_something"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="adjustment_has_a_reason"),
        ]

    @property
    def corrects(self) -> str | None:
        """The public id of the request that was wrong."""
        return None if self.corrects_id is None else ids.request_id(self.corrects_id)
