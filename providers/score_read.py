"""Scores as they were worked out last."""

from __future__ import annotations

from collections.abc import Collection

from providers.evidence_models import KeptScore


def of_providers(ids: Collection[int]) -> dict[int, KeptScore]:
    """Return how each of some providers did as a whole, in one query; without calls it is left out."""
    rows = KeptScore.objects.filter(provider_id__in=ids, target_id=0)
    return {row.provider_id: row for row in rows}


def of_offers(ids: Collection[int]) -> dict[int, KeptScore]:
    """Return how each of some offers did, in one query; without calls it is left out."""
    return {row.target_id: row for row in KeptScore.objects.filter(target_id__in=ids)}
