"""The models of this hub as they are searched: kept in memory, made anew when the catalog changed."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Max, Min

from catalog.models import CatalogEntry, Offer, Price
from catalog.pricing import has_ended
from catalog.search import Doc, Index, build
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock

_ABOUT = ("model:", "provider:", "catalog:", "alias:")  # audit events after which models may be others
_MAX_AGE = 3600.0  # seconds: for what was changed past the audit log, as by hand in the database


@dataclass(frozen=True)
class _Made:
    index: Index
    version: int
    at: float
    until: datetime | None  # when the next dated price begins

    @property
    def is_old(self) -> bool:
        """Whether time alone made it another one."""
        is_over = self.until is not None and self.until <= clock.now()
        return is_over or time.monotonic() - self.at > _MAX_AGE


_lock = threading.Lock()
_made: dict[str, _Made] = {}  # by database


def current() -> Index:
    """Return the index of the catalog as it is now; a change is seen at the next search."""
    with _lock:
        made = _made.get("default")
        seen, is_changed = _changes_since(made.version if made else None)
        if made is None or is_changed or made.is_old:
            until = _next_price()  # first: one that begins meanwhile is not missed
            made = _Made(build(_docs()), seen, time.monotonic(), until)
        _made["default"] = replace(made, version=seen)
    return made.index


def families() -> list[str]:
    """Return the families of the models as they were at the last search, by name."""
    made = _made.get("default")
    index = made.index if made else current()
    return sorted({doc.family for doc in index.docs if doc.family})


def forget() -> None:
    """Make the index anew at the next search."""
    with _lock:
        _made.clear()


def _changes_since(version: int | None) -> tuple[int, bool]:
    """Return the last audit event, and whether one since `version` may have changed a model."""
    if version is None:
        return AuditEvent.objects.aggregate(last=Max("id"))["last"] or 0, True
    newer = list(AuditEvent.objects.filter(id__gt=version).order_by("id").values_list("id", "object"))
    last = newer[-1][0] if newer else version
    return last, any(about.startswith(_ABOUT) for _, about in newer)


def _next_price() -> datetime | None:
    begins: datetime | None = Price.objects.filter(effective_from__gt=clock.now()).aggregate(
        at=Min("effective_from")
    )["at"]
    return begins


def _docs() -> list[Doc]:
    offers, cheapest = _offers()
    return [
        Doc(
            slug=slug,
            name=name,
            family=family,
            source=source,
            providers=frozenset(offers.get(pk, ())),
            capabilities=frozenset(can),
            takes=frozenset(takes),
            gives=frozenset(gives),
            context=context,
            input_nano=cheapest.get(pk, (None, None))[0],
            output_nano=cheapest.get(pk, (None, None))[1],
            released_on=released,
            is_leaving=bool(deprecated or sunset),
        )
        for pk, slug, name, family, source, can, takes, gives, context, released, deprecated, sunset in (
            CatalogEntry.objects.listed().values_list(
                "pk", "slug", "name", "family", "source", "capabilities", "input_modalities",
                "output_modalities", "context_tokens", "released_on", "deprecated_on", "sunset_on",
            )
        )
    ]  # fmt: skip


def _offers() -> tuple[dict[int, set[str]], dict[int, tuple[int, int]]]:
    """Return the providers of each entry, and its cheapest base price in force, input and output."""
    providers: dict[int, set[str]] = defaultdict(set)
    entry_of: dict[int, int] = {}
    rows = Offer.objects.filter(withdrawn_at=None, provider__removed_at=None)
    for pk, entry_id, slug in rows.values_list("pk", "entry_id", "provider__slug"):
        providers[entry_id].add(slug)
        entry_of[pk] = entry_id
    newest: dict[int, tuple[int, int] | None] = {}
    now = clock.now()
    prices = Price.objects.filter(above_input_tokens=0, effective_from__lte=now)
    for offer_id, given, made, ends_at in prices.order_by("effective_from", "id").values_list(
        "offer_id", "input_nano", "output_nano", "ends_at"
    ):
        newest[offer_id] = None if has_ended(ends_at, now) else (given, made)
    cheapest: dict[int, tuple[int, int]] = {}
    for offer_id, price in newest.items():
        if price is not None and offer_id in entry_of:
            entry_id = entry_of[offer_id]
            cheapest[entry_id] = min(cheapest.get(entry_id, price), price, key=sum)
    return providers, cheapest
