"""One screen of the models that a search finds, as they are now."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from catalog.availability import EntryNow, entries_now, offers_with_providers
from catalog.models import CatalogEntry
from catalog.search import Hit, Key, Query, after, find
from catalog.search_index import current
from llmhub.lib import clock


class BadCursor(ValueError):
    """A place in a list that no search gave."""


@dataclass(frozen=True)
class Found:
    """What a search found: one screen of it, and how much there is of each source."""

    rows: list[EntryNow]
    total: int
    by_source: dict[str, int]  # whatever source is looked for
    next_cursor: str = ""  # "" at the end


def search(query: Query, *, cursor: str = "", limit: int = 50) -> Found:
    """Return a screen of the models that fit. Raises `BadCursor`."""
    key = _key(cursor) if cursor else None
    every = find(current(), replace(query, source=""))
    hits = [hit for hit in every if query.source in {"", hit.doc.source}]
    try:
        screen = after(hits, key, limit + 1)
    except TypeError as error:  # a place in a list of another order
        raise BadCursor(cursor) from error
    counts = Counter(hit.doc.source for hit in every)
    return Found(
        rows=models(hit.doc.slug for hit in screen[:limit]),
        total=len(hits),
        by_source=dict(counts),
        next_cursor=_cursor(screen[limit - 1]) if len(screen) > limit else "",
    )


def models(slugs: Iterable[str]) -> list[EntryNow]:
    """Return models by id as they are now, in the order of `slugs`; one that is not there is left out."""
    wanted = list(slugs)
    entries = CatalogEntry.objects.filter(slug__in=wanted).prefetch_related(offers_with_providers())
    rows = {
        row.entry.slug: row for row in entries_now(list(entries.select_related("described_by")), clock.now())
    }
    return [rows[slug] for slug in wanted if slug in rows]


def _cursor(hit: Hit) -> str:
    return base64.urlsafe_b64encode(json.dumps(hit.key).encode()).decode().rstrip("=")


def _key(cursor: str) -> Key:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = tuple(json.loads(base64.urlsafe_b64decode(padded.encode("ascii"))))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise BadCursor(cursor) from error
    if not key or not all(isinstance(part, float | str) for part in key):
        raise BadCursor(cursor)
    return key
