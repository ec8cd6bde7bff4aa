"""That a call cost more than was held for it, though a hard cap held it to that."""

from __future__ import annotations

from django.db import models


class Overshoot(models.Model):
    """A call whose cost went beyond its reservation under a hard cap in USD; it is booked all the same.

    Written by the transaction that settles it, and deleted with it.
    """

    id = models.BigIntegerField(primary_key=True, help_text="of the call's usage record")
    held_nano = models.BigIntegerField(help_text="nano-USD that were held for it")
    charged_nano = models.BigIntegerField(help_text="nano-USD that its budgets were charged")

    def __str__(self) -> str:
        return f"call {self.pk}: {self.beyond_nano} nano-USD more than was held"

    @property
    def beyond_nano(self) -> int:
        """What it cost beyond what was held."""
        return self.charged_nano - self.held_nano
