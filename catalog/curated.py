"""Pure: read the curated catalog, TOML files with one family each.

A model holds only what differs from its family. It takes an inherited value away with
`unset`, adds capabilities with `plus` and drops them with `minus`; an offer with the price of
another says so with `price_of`. docs/catalog.md has the format.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalog import parameters
from catalog.lifecycle import leads_back
from catalog.tables import Finding, Table
from catalog.words import CAPABILITIES, MODALITIES
from providers.adapters.parameters import completed
from providers.rates import AMOUNTS, Rates, faults

_PRICE_KEYS = {*AMOUNTS, "tiers", "since", "source", "checked"}
_EDITS = ("unset", "plus", "minus")


@dataclass(frozen=True)
class CuratedOffer:
    """An entry at one provider, and what it costs there since a day."""

    provider: str  # slug, which for built-in providers is the kind
    upstream_id: str
    rank: int
    since: date
    tiers: tuple[Rates, ...]  # the base price first
    source: str
    checked_on: date


@dataclass(frozen=True)
class CuratedEntry:
    """One model of the curated catalog; the fields are those of `CatalogEntry`."""

    slug: str
    name: str
    family: str
    context_tokens: int | None
    output_limit_tokens: int | None
    input_modalities: tuple[str, ...]
    output_modalities: tuple[str, ...]
    capabilities: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, Any]]  # descriptors by name
    knowledge_on: date | None
    released_on: date | None
    deprecated_on: date | None
    sunset_on: date | None
    replacement: str
    facts_source: str
    facts_checked_on: date
    offers: tuple[CuratedOffer, ...]


class BadCatalog(ValueError):
    """The curated catalog has findings; nothing of it is used."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


def load(texts: Mapping[str, str]) -> tuple[CuratedEntry, ...]:
    """Return the entries of all files by slug; `texts` is file name → content.

    Raises `BadCatalog` with every finding: a bad catalog is rejected whole.
    """
    findings: list[Finding] = []
    entries: dict[str, CuratedEntry] = {}
    files: dict[str, str] = {}
    for file, text in sorted(texts.items()):
        for entry in _read_file(file, text, findings):
            if entry.slug in entries:
                findings.append(Finding(file, f"models.{entry.slug}", "stands in another file too"))
            entries[entry.slug], files[entry.slug] = entry, file
    replacements = {entry.slug: entry.replacement for entry in entries.values()}
    for slug, replacement in replacements.items():
        if replacement and replacement not in entries:
            message = f"{replacement!r} is no model of the catalog"
            findings.append(Finding(files[slug], f"models.{slug}.replacement", message))
        elif leads_back(slug, replacements):
            message = f"{replacement!r} leads back to the model itself"
            findings.append(Finding(files[slug], f"models.{slug}.replacement", message))
    if findings:
        raise BadCatalog(findings)
    return tuple(entries[slug] for slug in sorted(entries))


def _read_file(file: str, text: str, findings: list[Finding]) -> list[CuratedEntry]:
    try:
        top = Table(file, "", tomllib.loads(text), findings)
    except tomllib.TOMLDecodeError as exc:
        findings.append(Finding(file, "", f"is no TOML: {exc}"))
        return []
    family, models = top.table("family"), top.table("models")
    top.done()
    if not models:
        top.note("models", "is empty")
    found = []
    for slug, own in models.items():
        if not isinstance(own, dict):
            top.note(f"models.{slug}", "is no table")
            continue
        entry = _entry(Table(file, f"models.{slug}", _inherit(family, own), findings), slug)
        if entry is not None:
            found.append(entry)
    return found


def _inherit(family: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return the model's own table laid over its family's; `unset` takes values away."""
    kept = {key: value for key, value in family.items() if key not in _names(own.get("unset"))}
    merged: dict[str, Any] = {**kept, **own}
    if isinstance(merged.get("parameters"), dict):
        merged["parameters"] = _parameters_over(family.get("parameters"), own)
    defaults = family.get("offers", {})
    if isinstance(own.get("offers"), dict) and isinstance(defaults, dict):
        merged["offers"] = {
            provider: {**defaults.get(provider, {}), **offer} if isinstance(offer, dict) else offer
            for provider, offer in own["offers"].items()
        }
    capabilities = _names(merged.get("capabilities"))
    plus, minus = _names(own.get("plus")), _names(own.get("minus"))
    if plus or minus:
        merged["capabilities"] = [word for word in [*capabilities, *plus] if word not in minus]
    return merged


def _parameters_over(inherited: Any, own: dict[str, Any]) -> Any:
    """Return the model's parameters laid over its family's, each replaced whole."""
    unset = _names(own.get("unset"))
    kept = inherited if isinstance(inherited, dict) and "parameters" not in unset else {}
    mine = own.get("parameters", {})
    if not isinstance(mine, dict):
        return mine
    return {name: each for name, each in {**kept, **mine}.items() if f"parameters.{name}" not in unset}


def _names(value: Any) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _entry(table: Table, slug: str) -> CuratedEntry | None:
    released = table.day("released")
    offers = _offers(table, released)
    checked = table.day("checked")
    entry = CuratedEntry(
        slug=slug,
        name=table.text("name", required=True),
        family=table.text("family", required=True),
        context_tokens=table.whole("context"),
        output_limit_tokens=table.whole("output_limit"),
        input_modalities=table.words("takes", MODALITIES),
        output_modalities=table.words("gives", MODALITIES),
        capabilities=table.words("capabilities", CAPABILITIES),
        parameters=_parameters(table),
        knowledge_on=table.day("knowledge"),
        released_on=released,
        deprecated_on=table.day("deprecated"),
        sunset_on=table.day("sunset"),
        replacement=table.text("replacement"),
        facts_source=table.text("source", required=True),
        facts_checked_on=checked or date.min,
        offers=offers,
    )
    for key in _EDITS:
        table.words(key)
    table.done()
    _check(table, entry, checked)
    return entry


def _parameters(table: Table) -> dict[str, dict[str, Any]]:
    """Return the descriptors, completed by what the chat dialect says, each with its source."""
    source = table.text("parameters_source")
    found = {}
    for name, own in table.table("parameters").items():
        if not isinstance(own, dict):
            table.note(f"parameters.{name}", "is no table: write {} for what the chat dialect says of it")
            continue
        found[name] = completed(name, {"source": source, **own} if source else own)
    for name, descriptor in found.items():
        for key, message in parameters.faults(descriptor, found):
            table.note(f"parameters.{name}.{key}", message)
        if "source" not in descriptor:
            table.note(f"parameters.{name}.source", "is missing, and so is parameters_source")
    return found


def _check(table: Table, entry: CuratedEntry, checked: date | None) -> None:
    if checked is None:
        table.note("checked", "is missing: the day on which the source was read")
    if not entry.offers:
        table.note("offers", "is missing: name at least one provider")
    for key, words in (("takes", entry.input_modalities), ("gives", entry.output_modalities)):
        if not words:
            table.note(key, "is missing")
    if (
        entry.context_tokens
        and entry.output_limit_tokens
        and entry.output_limit_tokens > entry.context_tokens
    ):
        table.note("output_limit", "is greater than context")


def _offers(table: Table, released: date | None) -> tuple[CuratedOffer, ...]:
    offers = table.table("offers")
    found = []
    for provider, own in offers.items():
        if not isinstance(own, dict):
            table.note(f"offers.{provider}", "is no table")
            continue
        values = dict(own)
        twin = values.pop("price_of", None)
        if twin is not None:
            if not isinstance(offers.get(twin), dict) or twin == provider:
                table.note(f"offers.{provider}.price_of", f"{twin!r} is no other offer of this model")
                continue
            values = {key: offers[twin][key] for key in offers[twin].keys() & _PRICE_KEYS} | values
        offer = _offer(table.child(f"offers.{provider}", values), provider, released)
        if offer is not None:
            found.append(offer)
    return tuple(found)


def _offer(table: Table, provider: str, released: date | None) -> CuratedOffer | None:
    since = table.day("since") or released
    checked = table.day("checked")
    base = _rates(table, above=0)
    tiers = tuple(_tier(table, number, row) for number, row in enumerate(table.tables("tiers"), start=1))
    whole = tuple(rates for rates in (base, *tiers) if rates is not None)
    offer_id = table.text("id", required=True)
    source = table.text("source", required=True)
    rank = table.whole("rank") or 100
    table.done()
    for fault in faults(whole) if len(whole) == 1 + len(tiers) else []:
        table.note("tiers", fault)
    if since is None:
        table.note("since", "is missing: the day from which the price holds (or the model's released)")
    if checked is None:
        table.note("checked", "is missing: the day on which the price was read at its source")
    if since is None or checked is None:
        return None
    return CuratedOffer(provider, offer_id, rank, since, whole, source, checked)


def _tier(offer: Table, number: int, row: dict[str, Any]) -> Rates | None:
    table = offer.child(f"tiers[{number}]", row)
    above = table.whole("above")
    if above is None:
        table.note("above", "is missing: the number of input tokens above which the tier applies")
    rates = _rates(table, above=above or 0)
    table.done()
    return rates


def _rates(table: Table, *, above: int) -> Rates | None:
    base_input, output = table.amount("input", required=True), table.amount("output", required=True)
    rest = {name: table.amount(name) for name in AMOUNTS[2:]}
    if base_input is None or output is None:
        return None
    return Rates(base_input, output, **rest, above_input_tokens=above)
