"""What can be called, and for how much."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from catalog import discovery_models  # noqa: F401  (Django finds models by this module)
from catalog.fields import PriceField
from catalog.pricing import PriceValue
from catalog.words import CAPABILITIES, MODALITIES, NAME_PATTERN
from llmhub.lib import money
from providers.models import Provider
from providers.rates import AMOUNTS, Rates

name_letters = RegexValidator(
    NAME_PATTERN, "use letters, digits and . _ - : @ / ~ +, beginning with a letter or digit"
)


class Origin(models.TextChoices):
    """Who wrote a row of the catalog; the bundled data and discovery change only what they wrote."""

    BUNDLED = "bundled", "Bundled"
    DISCOVERED = "discovered", "Discovered"
    FILE = "file", "File"
    PERSON = "person", "Person"


def known_capabilities(value: Any) -> None:
    """Raise `ValidationError` unless `value` is a list of words of `CAPABILITIES`."""
    _known(value, CAPABILITIES)


def known_modalities(value: Any) -> None:
    """Raise `ValidationError` unless `value` is a list of words of `MODALITIES`."""
    _known(value, MODALITIES)


def _known(value: Any, words: Iterable[str]) -> None:
    if not isinstance(value, list) or (strange := [word for word in value if word not in words]):
        shown = value if not isinstance(value, list) else strange
        raise ValidationError(f"{shown!r}: use a list of {', '.join(words)}")


class PublicName(models.Model):
    """A name callers can ask for; one table, so that one constraint refuses every collision."""

    class Kind(models.TextChoices):
        """What the name stands for."""

        ENTRY = "entry", "Model"
        ALIAS = "alias", "Alias"
        ROUTE = "route", "Route"

    name = models.CharField(max_length=200, primary_key=True, validators=[name_letters])
    kind = models.CharField(max_length=10, choices=Kind)

    def __str__(self) -> str:
        return self.name


class EntryQuerySet(models.QuerySet["CatalogEntry"]):
    """The reading vocabulary of the catalog."""

    def listed(self) -> EntryQuerySet:
        """Entries a person may pick."""
        return self.filter(withdrawn_at=None)


class CatalogEntry(models.Model):
    """One model as llmhub offers it.

    A curated entry was written by a person and is never changed by discovery.
    """

    class Source(models.TextChoices):
        """Who wrote the entry."""

        CURATED = "curated", "Curated"
        DISCOVERED = "discovered", "Discovered"

    slug = models.CharField(
        max_length=200, unique=True, validators=[name_letters], help_text="the id callers use: author/model"
    )
    name = models.CharField(max_length=200)
    family = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=10, choices=Source, default=Source.CURATED)
    origin = models.CharField(max_length=20, choices=Origin, default=Origin.PERSON)
    description = models.TextField(blank=True)
    context_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="tokens; empty: unknown")
    output_limit_tokens = models.PositiveIntegerField(
        null=True, blank=True, help_text="tokens; empty: unknown"
    )
    input_modalities = models.JSONField(default=list, blank=True, validators=[known_modalities])
    output_modalities = models.JSONField(default=list, blank=True, validators=[known_modalities])
    capabilities = models.JSONField(
        default=list,
        blank=True,
        validators=[known_capabilities],
        help_text="words of catalog.words.CAPABILITIES",
    )
    parameters = models.JSONField(
        default=dict, blank=True, help_text="descriptors by name, as in providers.adapters.parameters"
    )
    described_by = models.ForeignKey(
        Provider,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="whose list a discovered entry's facts are from",
    )
    stands_for = models.CharField(
        max_length=200, blank=True, help_text="the model behind a name that its provider moves"
    )
    knowledge_on = models.DateField(null=True, blank=True, help_text="training data ends")
    released_on = models.DateField(null=True, blank=True)
    deprecated_on = models.DateField(null=True, blank=True)
    sunset_on = models.DateField(null=True, blank=True, help_text="no longer answers from this day on")
    replacement = models.CharField(max_length=200, blank=True, help_text="the entry to use instead")
    facts_source = models.URLField(max_length=300, blank=True)
    facts_checked_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class Alias(models.Model):
    """Another name for an entry."""

    name = models.OneToOneField(PublicName, on_delete=models.PROTECT, primary_key=True, db_column="name")
    entry = models.ForeignKey(CatalogEntry, on_delete=models.PROTECT, related_name="aliases")
    origin = models.CharField(max_length=20, choices=Origin, default=Origin.PERSON)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name_id


class Offer(models.Model):
    """An entry at one provider."""

    entry = models.ForeignKey(CatalogEntry, on_delete=models.CASCADE, related_name="offers")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="offers")
    upstream_id = models.CharField(max_length=200, help_text="what the provider calls the model")
    origin = models.CharField(max_length=20, choices=Origin, default=Origin.PERSON)
    rank = models.PositiveSmallIntegerField(default=100, help_text="lower is tried first")
    params = models.JSONField(default=dict, blank=True, help_text="the offer's layer of parameters")
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rank", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "provider", "upstream_id"], name="one_offer_per_upstream_id"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} at {self.provider_id}"


class PriceQuerySet(models.QuerySet["Price"]):
    """The reading vocabulary of prices."""

    def begun(self, moment: datetime) -> PriceQuerySet:
        """Prices that began at or before `moment`, newest first; the newest may have ended since."""
        return self.filter(effective_from__lte=moment).order_by("-effective_from", "-id")


class Price(models.Model):
    """What one offer costs from a moment on, in USD per million tokens; succeeded or ended, never changed.

    A long-context tier is a row of its own: it applies to the whole call when its input is
    strictly greater than `above_input_tokens`. NULL in a cache price: cached tokens cost
    as much as input.
    """

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="prices")
    effective_from = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, help_text="unknown from then on, until the next")
    above_input_tokens = models.PositiveIntegerField(default=0, help_text="tokens; 0: the base price")
    input = PriceField()
    output = PriceField()
    cache_read = PriceField(null=True, blank=True)
    cache_write = PriceField(null=True, blank=True, help_text="5-minute lifetime")
    cache_write_1h = PriceField(null=True, blank=True)
    per_request = PriceField(null=True, blank=True, help_text="USD per request")
    web_search = PriceField(null=True, blank=True, help_text="USD per search; empty: not known")
    meters = models.JSONField(
        default=dict, blank=True, help_text="USD per unit of what is not computed, by the provider's word"
    )
    input_nano = models.BigIntegerField(editable=False, help_text="nano-USD per million tokens, to sort by")
    output_nano = models.BigIntegerField(editable=False, help_text="nano-USD per million tokens, to sort by")
    origin = models.CharField(max_length=20, choices=Origin, default=Origin.PERSON)
    source = models.URLField(max_length=300, blank=True)
    checked_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PriceQuerySet.as_manager()

    class Meta:
        ordering = ["offer", "-effective_from", "above_input_tokens"]
        constraints = [
            models.UniqueConstraint(
                fields=["offer", "effective_from", "above_input_tokens"], name="one_price_per_moment_and_tier"
            )
        ]

    def __str__(self) -> str:
        return f"{self.input}/{self.output} USD per million tokens"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with the whole-number columns that lists sort by."""
        self.complete()
        super().save(*args, **kwargs)

    def complete(self) -> None:
        """Check the row and fill its whole-number columns: `bulk_create` does not call `save`."""
        self.full_clean(exclude=["offer", "input_nano", "output_nano"], validate_unique=False)
        self.input_nano = money.to_nano(self.input)
        self.output_nano = money.to_nano(self.output)

    @property
    def rates(self) -> Rates:
        """The numbers of this row, to compare with others."""
        amounts = {name: getattr(self, name) for name in AMOUNTS}
        return Rates(**amounts, above_input_tokens=self.above_input_tokens)

    def value(self) -> PriceValue:
        """Return the row as calls are priced with it."""
        return PriceValue(
            id=self.pk,
            effective_from=self.effective_from,
            ends_at=self.ends_at,
            input=self.input,
            output=self.output,
            cache_read=self.cache_read,
            cache_write=self.cache_write,
            cache_write_1h=self.cache_write_1h,
            per_request=self.per_request or PriceValue.per_request,
            web_search=self.web_search,
            above_input_tokens=self.above_input_tokens,
        )
