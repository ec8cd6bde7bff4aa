"""Bring the bundled catalog into the database: at first start and after each update.

What a person or a file wrote is left alone; a model that left the data is withdrawn, not
deleted; a price that changed becomes a new row from its day on, never an edit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from django.db import transaction

from catalog import curated
from catalog.curated import CuratedEntry
from catalog.models import CatalogEntry, Origin, PublicName
from catalog.seed_offers import OfferSeeder
from llmhub.audit import log
from llmhub.audit.actor import SYSTEM
from llmhub.lib import clock
from providers.adapters import KINDS
from providers.models import Provider

DATA = Path(__file__).resolve().parent / "data"
_FACTS = [
    "name", "family", "context_tokens", "output_limit_tokens", "input_modalities", "output_modalities",
    "capabilities", "parameters", "knowledge_on", "released_on", "deprecated_on", "sunset_on", "replacement",
    "facts_source", "facts_checked_on",
]  # fmt: skip


@dataclass
class Seeded:
    """What a seeding changed, by name; `skipped` says what was in the way."""

    providers: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)
    prices: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def anything(self) -> bool:
        """Whether a row was written."""
        return any(rows for name, rows in asdict(self).items() if name != "skipped")

    def __str__(self) -> str:
        counts = (f"{len(rows)} {name}" for name, rows in asdict(self).items() if rows)
        return ", ".join(counts) or "nothing changed"


@cache
def bundled() -> tuple[CuratedEntry, ...]:
    """Return the catalog that comes with this version, read once. Raises `curated.BadCatalog`."""
    return curated.load({path.name: path.read_text(encoding="utf-8") for path in DATA.glob("*.toml")})


def seed() -> Seeded:
    """Bring the bundled catalog into the database; a second run changes nothing and writes nothing."""
    return seed_with(bundled())


@transaction.atomic
def seed_with(entries: tuple[CuratedEntry, ...]) -> Seeded:
    """Bring `entries` into the database, with one audit event when something changed."""
    seeded = Seeded()
    _seed_providers(seeded)
    rows = _seed_entries(entries, seeded)
    _withdraw_others({entry.slug for entry in entries}, seeded)
    OfferSeeder(rows, seeded).seed([entry for entry in entries if entry.slug in rows])
    if seeded.anything():
        after = {name: rows for name, rows in asdict(seeded).items() if rows}
        log.record(SYSTEM, "catalog.seeded", "catalog:bundled", after=after)
    return seeded


def _seed_providers(seeded: Seeded) -> None:
    """Make the built-in providers, without a credential; one that was removed stays removed."""
    known = set(Provider.objects.values_list("slug", flat=True))
    for kind in KINDS.values():
        if kind.base_url and kind.name not in known:
            Provider.objects.create(
                slug=kind.name,
                name=kind.label,
                kind=kind.name,
                dialect=kind.dialects[0],
                base_url=kind.base_url,
                needs_credential=kind.needs_credential,
            )
            seeded.providers.append(kind.name)


def _seed_entries(entries: tuple[CuratedEntry, ...], seeded: Seeded) -> dict[str, CatalogEntry]:
    """Save the entries that are ours to save and return their rows by slug."""
    taken = dict(PublicName.objects.values_list("name", "kind"))
    rows = {row.slug: row for row in CatalogEntry.objects.filter(slug__in=[entry.slug for entry in entries])}
    ours: dict[str, CatalogEntry] = {}
    for entry in entries:
        row = rows.get(entry.slug)
        if row is not None and not _is_ours(row):
            continue
        is_others = taken.get(entry.slug, PublicName.Kind.ENTRY) != PublicName.Kind.ENTRY
        if is_others or (row is None and entry.slug in taken):
            seeded.skipped.append(f"{entry.slug}: the name is taken ({taken[entry.slug]})")
            continue
        ours[entry.slug] = _seed_entry(entry, row, seeded)
    return ours


def _is_ours(row: CatalogEntry) -> bool:
    return row.origin == Origin.BUNDLED or row.source == CatalogEntry.Source.DISCOVERED


def _seed_entry(entry: CuratedEntry, row: CatalogEntry | None, seeded: Seeded) -> CatalogEntry:
    wanted = {name: _plain(getattr(entry, name)) for name in _FACTS}
    wanted |= {"source": CatalogEntry.Source.CURATED, "origin": Origin.BUNDLED, "withdrawn_at": None}
    if row is None:
        row = CatalogEntry(slug=entry.slug, **wanted)
        row.full_clean(validate_unique=False, validate_constraints=False)
        row.save()
        PublicName.objects.create(name=entry.slug, kind=PublicName.Kind.ENTRY)
        seeded.added.append(entry.slug)
        return row
    if row.source == CatalogEntry.Source.DISCOVERED:
        PublicName.objects.get_or_create(name=entry.slug, defaults={"kind": PublicName.Kind.ENTRY})
    differing = [name for name, value in wanted.items() if getattr(row, name) != value]
    if differing:
        for name in differing:
            setattr(row, name, wanted[name])
        row.full_clean(validate_unique=False, validate_constraints=False)
        row.save(update_fields=differing)
        seeded.changed.append(entry.slug)
    return row


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _withdraw_others(kept: set[str], seeded: Seeded) -> None:
    """Withdraw bundled entries that the data no longer holds: usage records still point at them."""
    gone = CatalogEntry.objects.listed().filter(origin=Origin.BUNDLED).exclude(slug__in=kept)
    seeded.withdrawn += gone.values_list("slug", flat=True)
    if seeded.withdrawn:
        gone.update(withdrawn_at=clock.now())
