"""Calls that are to run once only, by what their callers called them."""

from __future__ import annotations

from django.db import models


class IdempotencyKey(models.Model):
    """That a call was reserved under an `Idempotency-Key`; how it ended says its usage record.

    Written by the ledger with the reservation: of two calls with one key, the row is there for one.
    """

    digest = models.CharField(primary_key=True, max_length=64, help_text="of gateway key and header value")
    body_digest = models.CharField(max_length=64)
    usage_id = models.BigIntegerField(unique=True, help_text="the call; says when it was made, too")
