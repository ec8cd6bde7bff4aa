"""Which process makes ids with which worker bits."""

from __future__ import annotations

from django.db import models


class Worker(models.Model):
    """A lease on the worker bits of ids: no two processes alive make ids with the same ones."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    lease_until = models.BigIntegerField(help_text="Unix seconds")
    owner = models.CharField(max_length=64)
