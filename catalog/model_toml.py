"""What llmhub.toml would say of one model of the catalog."""

from __future__ import annotations

from catalog.availability import EntryNow
from catalog.models import Origin
from catalog.toml_patch import OfferLines, toml_patch
from catalog.words import CAPABILITIES, MODALITIES


def toml_of(row: EntryNow, *, as_name: str = "") -> str:
    """Return the lines for an entry with its offers, their prices in force and its aliases."""
    entry = row.entry
    facts = {
        "name": entry.name,
        "family": entry.family,
        "context": entry.context_tokens,
        "output_limit": entry.output_limit_tokens,
        "takes": [word for word in entry.input_modalities if word in MODALITIES],
        "gives": [word for word in entry.output_modalities if word in MODALITIES],
        "capabilities": [word for word in entry.capabilities if word in CAPABILITIES],
        "stands_for": entry.stands_for,
        "knowledge": entry.knowledge_on,
        "released": entry.released_on,
        "deprecated": entry.deprecated_on,
        "sunset": entry.sunset_on,
        "replacement": entry.replacement,
    }
    offers = [
        OfferLines(
            each.offer.provider.slug,
            each.offer.upstream_id,
            each.offer.rank,
            tuple(price.rates for price in each.prices),
            is_discovered=each.offer.origin == Origin.DISCOVERED,
            meters=each.price.meters if each.price else {},
        )
        for each in row.offers
    ]
    names = set(entry.aliases.values_list("name_id", flat=True)) | ({as_name} if as_name else set())
    return toml_patch(entry.slug, facts, offers, names - {entry.slug}, entry.parameters)
