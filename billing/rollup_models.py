"""What is derived from the ledger: sums per quarter of an hour, and which of them are out of date."""

from __future__ import annotations

from django.db import models

from llmhub.lib.id_field import IdField

SLOTS = 3


class AnySums(models.Model):
    """Sums over calls that an entry of a provider answered; 0 and "" stand for none.

    Ids begin at the first id of their time: like the ledger's, they are ordered by time.
    """

    id = IdField(primary_key=True)
    provider_id = models.BigIntegerField(default=0)
    entry_id = models.BigIntegerField(default=0)
    cost_centre = models.CharField(max_length=20, blank=True)
    refusal_code = models.CharField(max_length=40, blank=True, help_text="of refusals; empty: of calls")
    cost_source = models.CharField(max_length=12, blank=True, help_text="where the cost is from")
    requests = models.BigIntegerField(default=0)
    errors = models.BigIntegerField(default=0, help_text="failed or interrupted")
    interrupted = models.BigIntegerField(default=0)
    cancelled = models.BigIntegerField(default=0, help_text="the caller left")
    refusals = models.BigIntegerField(default=0, help_text="no requests: nothing was done for them")
    unpriced = models.BigIntegerField(default=0, help_text="of unknown cost")
    attempts = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cache_read_tokens = models.BigIntegerField(default=0)
    cache_write_tokens = models.BigIntegerField(default=0)
    reasoning_tokens = models.BigIntegerField(default=0)
    spend_nano = models.BigIntegerField(default=0, help_text="nano-USD, without calls of unknown cost")
    retried = models.BigIntegerField(default=0, help_text="answered, and other attempts were paid for")
    retried_nano = models.BigIntegerField(default=0, help_text="what those other attempts cost")
    failed = models.BigIntegerField(default=0, help_text="failed or interrupted, and paid for")
    failed_nano = models.BigIntegerField(default=0)
    cut = models.BigIntegerField(default=0, help_text="answers that ended at their limit of tokens")
    cut_nano = models.BigIntegerField(default=0, help_text="without what is in retried_nano")
    repeated = models.BigIntegerField(default=0, help_text="began like one before, and no cache was read")
    repeated_nano = models.BigIntegerField(default=0, help_text="what a cache would have saved")

    class Meta:
        abstract = True


class AnyRollUp(AnySums):
    """Sums over calls of one bucket."""

    bucket = models.BigIntegerField(help_text="first second of the quarter of an hour, Unix time")
    latency = models.BinaryField(default=b"", help_text="sketch of ms, of calls that were answered")
    ttft = models.BinaryField(default=b"", help_text="sketch of ms, of streams that were answered")

    class Meta(AnySums.Meta):
        abstract = True


class Asked(models.Model):
    """Who asked, for what: the dimensions of callers."""

    team_id = models.BigIntegerField(default=0)
    key_id = models.BigIntegerField(default=0)
    person_id = models.BigIntegerField(default=0)
    requested = models.CharField(max_length=200, blank=True, help_text="the name that callers asked for")
    tag_1 = models.CharField(max_length=200, blank=True, help_text="value of the report tag in slot 1")
    tag_2 = models.CharField(max_length=200, blank=True)
    tag_3 = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True


class RollUp(AnyRollUp, Asked):
    """Sums over the calls of one bucket that share all dimensions."""

    class Meta(AnyRollUp.Meta):
        indexes = [
            models.Index(fields=["id"], name="rollup_of_people", condition=models.Q(person_id__gt=0)),
            models.Index(fields=["id"], name="rollup_of_refusals", condition=models.Q(refusals__gt=0)),
        ]


class SupplyRollUp(AnyRollUp):
    """The same over all teams, keys, people and tags: few rows, however many callers there are."""


class DayRollUp(AnySums, Asked):
    """The same over a day of the organisation's zone, made of the roll-ups of its buckets."""


class RolledDay(models.Model):
    """A day that is added up, or being added up; a bucket in it that changes ends that."""

    start = models.BigIntegerField(primary_key=True, help_text="its first bucket: day roll-ups have its ids")
    until = models.BigIntegerField(help_text="the bucket after its last")
    zone = models.CharField(max_length=64, help_text="IANA name")
    stamp = models.BigIntegerField(help_text="a new random number each time")
    ready = models.BooleanField(default=False)


class DirtyBucket(models.Model):
    """A bucket whose roll-up is out of date, said by whoever wrote into it: pages read the ledger there."""

    pk = models.CompositePrimaryKey("bucket", "source")
    bucket = models.BigIntegerField()
    source = models.IntegerField(help_text="worker bits: a gateway process has a row of its own")
    stamp = models.BigIntegerField(help_text="a new random number each time")


class ReportTag(models.Model):
    """A tag of calls that roll-ups keep apart."""

    slot = models.PositiveSmallIntegerField(primary_key=True)
    name = models.CharField(max_length=200, unique=True)
    since = models.BigIntegerField(help_text="the first bucket in which the slot means this tag")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(slot__gte=1, slot__lte=SLOTS), name="three_report_tags")
        ]


class Retention(models.Model):
    """One row: from which bucket on the ledger is whole; before it, only roll-ups are."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    whole_from = models.BigIntegerField(default=0)


class Discrepancy(models.Model):
    """A sum that differs from the ledger, from when it was found until it agreed again."""

    kind = models.CharField(max_length=10, help_text="roll-up, spent or held")
    subject = models.CharField(max_length=300, help_text="what it is a sum of")
    period_start = models.BigIntegerField(help_text="its bucket or period, Unix seconds")
    expected = models.JSONField(help_text="by the ledger")
    found = models.JSONField()
    found_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject", "period_start"],
                condition=models.Q(resolved_at=None),
                name="discrepancy_is_open_once",
            )
        ]
