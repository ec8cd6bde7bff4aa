"""Read the configuration from the database into a `Snapshot`, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import cast

from django.conf import settings
from django.db.models import Max

from billing.budget import in_force
from billing.call_rules import rule_book
from billing.content_consent import in_force as content_in_force
from billing.models import ApiKey
from billing.scopes import by_subject
from catalog.models import Alias, CatalogEntry, Offer, Price
from catalog.pricing import PriceValue
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from llmhub.people.models import Organisation
from providers.models import Credential, Provider
from routing.models import Route, RouteTarget
from routing.policy_words import Policy
from routing.reach import Reach
from routing.retiring import notice
from routing.snapshot import (
    Caller,
    EntryValue,
    OfferValue,
    ProviderValue,
    RouteValue,
    SealedCredential,
    Snapshot,
    TargetValue,
)

_TRIES = 5


class ChangesTooFast(RuntimeError):
    """Each time the configuration was read, it had changed meanwhile."""


def current_version() -> int:
    """Return the version of the configuration: the id of the last audit event."""
    return AuditEvent.objects.aggregate(last=Max("id"))["last"] or 0


def load_snapshot() -> Snapshot:
    """Return the configuration as it is now, all of it of one version.

    A change that lands while it is read would mix two versions: the credential of a provider with
    the address it was moved to. Raises `ChangesTooFast` when that happens again and again.
    """
    for _ in range(_TRIES):
        snapshot = _read(current_version())
        if current_version() == snapshot.version:
            return snapshot
    raise ChangesTooFast("the configuration changes faster than it can be read")


def _read(version: int) -> Snapshot:
    providers = _providers()
    entries = _entries(_offers(providers, _prices(clock.now())))
    aliases = Alias.objects.values_list("name_id", "entry__slug")
    return Snapshot(
        version=version,
        keys=_keys(),
        entries=entries,
        aliases={name: slug for name, slug in aliases if slug in entries},
        routes=_routes(entries),
        providers=frozenset(provider.slug for provider in providers.values()),
        paused_reason=_paused_reason(),
        console_url=settings.PUBLIC_URL,
        budgets=by_subject(in_force()),
        rules=rule_book(),
        content_until=content_in_force(clock.now()),
    )


def callable_entries() -> dict[str, EntryValue]:
    """Return the models that can be called as the gateway sees them, by slug."""
    return _entries(_offers(_providers(), _prices(clock.now())))


def _routes(entries: dict[str, EntryValue]) -> dict[str, RouteValue]:
    """Return the routes that have a target: one whose models were all withdrawn cannot be called."""
    by_id = {entry.id: entry for entry in entries.values()}
    targets: dict[str, list[tuple[bool, TargetValue]]] = defaultdict(list)
    for row in RouteTarget.objects.select_related("provider").order_by("route_id", "rank", "id"):
        if row.entry_id in by_id:
            provider = row.provider.slug if row.provider else ""
            value = TargetValue(by_id[row.entry_id], provider, row.weight)
            targets[row.route_id].append((row.is_for_want, value))
    return {
        row.name_id: RouteValue(
            name=row.name_id,
            targets=tuple(target for is_for_want, target in targets[row.name_id] if not is_for_want),
            policy=cast("Policy", row.policy),
            require=frozenset(row.require),
            max_cost_multiple=row.max_cost_multiple,
            explore_percent=row.explore_percent,
            keeps_sessions=row.keeps_sessions,
            escalates=row.escalates,
            default_output_tokens=row.default_output_tokens,
            over_budget=tuple(target for is_for_want, target in targets[row.name_id] if is_for_want),
        )
        for row in Route.objects.all()
        if any(not is_for_want for is_for_want, _ in targets[row.name_id])
    }


def _paused_reason() -> str:
    reasons = Organisation.objects.exclude(paused_reason="").values_list("paused_reason", flat=True)
    return reasons.first() or ""


def _keys() -> dict[str, Caller]:
    """Return who calls by the digests of their keys; after a rotation both texts work for a while."""
    found: dict[str, Caller] = {}
    for key in ApiKey.objects.active().select_related("team", "person"):
        found[key.digest] = caller = _caller(key)
        if key.old_digest and key.old_until:
            ends = min(key.old_until, key.expires_at or key.old_until)
            found[key.old_digest] = replace(caller, expires_at=ends, was_replaced=True)
    return found


def _caller(key: ApiKey) -> Caller:
    return Caller(
        key_id=key.pk,
        key_name=key.name,
        team_id=key.team_id,
        team_slug=key.team.slug,
        person_id=key.person_id,
        deactivated_person=key.person.email if key.person and not key.person.is_active else "",
        expires_at=key.expires_at,
        paused_reason=key.paused_reason,
        requests_per_minute=key.requests_per_minute,
        tokens_per_minute=key.tokens_per_minute,
        reach=Reach.of(key.allowed_models, key.allowed_providers, key.team.allowed_routes),
    )


def _providers() -> dict[int, ProviderValue]:
    credentials: dict[int, list[SealedCredential]] = defaultdict(list)
    has_some: set[int] = set()  # also those that are all out: a call without one would be refused
    for row in Credential.objects.order_by("id"):
        has_some.add(row.provider_id)
        if row.disabled_reason:
            continue
        value = SealedCredential(row.pk, row.sealed, row.reference, row.label, row.weight)
        credentials[row.provider_id].append(value)
    return {
        row.pk: ProviderValue(
            id=row.pk,
            slug=row.slug,
            kind=row.kind,
            dialect=row.dialect,
            base_url=row.base_url,
            needs_credential=row.needs_credential or row.pk in has_some,
            paused_reason=row.paused_reason,
            credentials=tuple(credentials[row.pk]),
        )
        for row in Provider.objects.listed()
    }


def _prices(now: datetime) -> dict[int, list[PriceValue]]:
    """Return the prices of each offer, newest first, down to the ones in force at `now`."""
    found: dict[int, list[PriceValue]] = defaultdict(list)
    in_force: dict[int, datetime] = {}
    for row in Price.objects.order_by("offer_id", "-effective_from", "above_input_tokens"):
        if in_force.get(row.offer_id, row.effective_from) != row.effective_from:
            continue  # succeeded: no call will be priced with it
        if row.effective_from <= now:
            in_force[row.offer_id] = row.effective_from
        found[row.offer_id].append(row.value())
    return found


def _offers(
    providers: dict[int, ProviderValue], prices: dict[int, list[PriceValue]]
) -> dict[int, list[OfferValue]]:
    found: dict[int, list[OfferValue]] = defaultdict(list)
    for row in Offer.objects.filter(withdrawn_at=None).order_by("rank", "id"):
        if row.provider_id in providers:
            value = OfferValue(
                id=row.pk,
                upstream_id=row.upstream_id,
                provider=providers[row.provider_id],
                prices=tuple(prices.get(row.pk, ())),
                entry_id=row.entry_id,
            )
            found[row.entry_id].append(value)
    return found


def _entries(offers: dict[int, list[OfferValue]]) -> dict[str, EntryValue]:
    """Return the entries a person chose; a discovered one is called after it was promoted."""
    rows = CatalogEntry.objects.listed().filter(source=CatalogEntry.Source.CURATED)
    return {
        row.slug: EntryValue(
            id=row.pk,
            slug=row.slug,
            name=row.name,
            family=row.family,
            created_at=int(row.created_at.timestamp()),
            context_tokens=row.context_tokens,
            output_limit_tokens=row.output_limit_tokens,
            capabilities=tuple(row.capabilities),
            input_modalities=tuple(row.input_modalities),
            output_modalities=tuple(row.output_modalities),
            sunset_on=row.sunset_on,
            replacement=row.replacement,
            notice=notice(row.deprecated_on, row.sunset_on),
            parameters=row.parameters,
            offers=tuple(offers.get(row.pk, ())),
        )
        for row in rows
    }
