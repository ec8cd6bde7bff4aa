"""The demo's configuration, written by the same functions as a person's."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connections, transaction
from django.utils.text import slugify

from billing.budget import create_budget
from billing.key import create_key
from billing.models import ApiKey, Budget
from catalog.alias import add_alias
from catalog.entry import create_entry
from catalog.models import CatalogEntry, PublicName
from catalog.offer import add_offer, set_price
from llmhub.audit.actor import SYSTEM
from llmhub.demo import cast, shelf
from llmhub.lib import clock
from llmhub.people.models import Team, User
from llmhub.people.person import create_user
from llmhub.people.team import create_team
from providers.check import Outcome
from providers.credential import set_credential
from providers.credential_state import set_weight, take_out
from providers.models import Credential, Provider
from providers.provider import create_provider, update_provider
from providers.saved_check import check_and_save
from routing.route import Target, create_route

OPENED = timedelta(days=100)  # ago: when everything of the demo was made
KEYS = "demo-keys.json"  # in the home: the texts of the keys, for the calls that come in while it runs
TAKEN_OUT = timedelta(days=2, hours=5)  # ago: when a credential was refused
CHECKS = 10  # of a provider at most, a fifth of a second apart: the simulator may still be starting
REPRICED = timedelta(days=12)  # ago: when prices that have a `before` changed


@transaction.atomic
def write(simulator_url: str, now: datetime) -> None:
    """Make providers, models, teams, people and keys, once; later only see to the address."""
    if Provider.objects.filter(slug=cast.PROVIDERS[0].slug).exists():
        _follow(simulator_url)
        _make_routes()
        return
    with clock.pretending(now - OPENED):
        _make_all(simulator_url, now)
    for row in cast.PROVIDERS:
        _take_out(row, now - TAKEN_OUT)
    for model in (Team, ApiKey, Provider, Budget):  # nothing is younger than its first call
        model.objects.update(created_at=now - OPENED)


def _make_all(simulator_url: str, now: datetime) -> None:
    providers = {row.slug: _make_provider(row, simulator_url) for row in cast.PROVIDERS}
    entries = {row.slug: _make_model(row, providers, now) for row in shelf.MODELS}
    for alias, slug in shelf.ALIASES.items():
        add_alias(actor=SYSTEM, name=alias, entry=entries[slug])
    _make_routes()
    teams = {name: create_team(actor=SYSTEM, name=name) for name in cast.TEAMS}
    people = {name: _make_person(name, role) for name, role in cast.PEOPLE}
    keys = {
        row.key: create_key(
            actor=SYSTEM,
            team=teams[row.team],
            name=row.key,
            person=people.get(row.person),
            requests_per_minute=row.requests_per_minute,
        )
        for row in cast.SERVICES
    }
    (settings.HOME / KEYS).write_text(json.dumps({name: text for name, (_, text) in keys.items()}))
    for budget in cast.BUDGETS:
        _make_budget(budget)


def _make_routes() -> None:
    """Make the routes whose names are free: a demo of an earlier version has none."""
    entries = {row.slug: row for row in CatalogEntry.objects.listed()}
    taken = set(PublicName.objects.values_list("name", flat=True))
    for row in shelf.ROUTES:
        if row.name not in taken and entries.keys() >= {*row.targets, *row.over_budget}:
            create_route(
                actor=SYSTEM,
                name=row.name,
                description=row.description,
                policy=row.policy,
                targets=[Target(entries[slug]) for slug in row.targets],
                over_budget=[Target(entries[slug]) for slug in row.over_budget],
            )


def _make_person(name: str, role: str) -> User:
    return create_user(actor=SYSTEM, email=f"{slugify(name)}@example.org", name=name, role=role)


def _make_budget(row: cast.DemoBudget) -> None:
    """Make a budget without a cap: which one is plausible shows when its calls are there."""
    create_budget(
        actor=SYSTEM, scope=row.scope, name=row.name, per=row.per, cap=None, unit=row.unit, hard=row.hard
    )


def _follow(simulator_url: str) -> None:
    """Point the providers at the simulator's address of this start; a new one clears credentials."""
    for row in cast.PROVIDERS:
        saved = Provider.objects.get(slug=row.slug)
        address = _address(row, simulator_url)
        if saved.base_url != address:
            moved = update_provider(actor=SYSTEM, provider=saved, base_url=address)
            _set_credential(row, moved)
            _take_out(row, clock.now())


def _address(row: cast.DemoProvider, simulator_url: str) -> str:
    return f"{simulator_url.rstrip('/')}/listed/{row.slug}/{row.switches}/v1"


def _make_provider(row: cast.DemoProvider, simulator_url: str) -> Provider:
    provider = create_provider(
        actor=SYSTEM,
        slug=row.slug,
        name=row.name,
        kind=row.kind,
        dialect=row.dialect,
        base_url=_address(row, simulator_url),
        needs_credential=row.needs_credential,
    )
    _set_credential(row, provider)
    return provider


def _set_credential(row: cast.DemoProvider, provider: Provider) -> None:
    if not row.needs_credential:
        return
    for label, weight in row.credentials:
        secret = f"demo-{row.slug}-{label}-opens-nothing"
        set_credential(actor=SYSTEM, provider=provider, label=label, secret=secret)
        set_weight(actor=SYSTEM, provider=provider, label=label, weight=weight)


def _take_out(row: cast.DemoProvider, moment: datetime) -> None:
    """Use the credential no more that a provider refuses, if there is one."""
    for kept in Credential.objects.filter(provider__slug=row.slug, label=row.taken_out):
        with clock.pretending(moment):
            take_out(kept.pk, kept, reason="the provider refuses it: its trial is over (401)")


def _make_model(row: shelf.DemoModel, providers: dict[str, Provider], now: datetime) -> CatalogEntry:
    """Make an entry with its offers and what they cost, before and now."""
    entry = create_entry(
        actor=SYSTEM,
        slug=row.slug,
        name=row.name,
        family=row.family,
        description=row.description,
        context_tokens=row.context,
        output_limit_tokens=row.output_limit or None,
        input_modalities=list(row.takes),
        output_modalities=list(row.gives),
        capabilities=list(row.capabilities),
        released_on=shelf.RELEASED,
    )
    for rank, at in enumerate(row.offers, start=1):
        offer = add_offer(
            actor=SYSTEM,
            entry=entry,
            provider=providers[at.provider],
            upstream_id=at.upstream_id,
            rank=rank * 10,
        )
        if at.before:
            set_price(actor=SYSTEM, offer=offer, tiers=[at.before], effective_from=now - OPENED)
        if at.rates:
            tiers = [rates for rates in (at.rates, at.long_rates) if rates]
            changed = now - (REPRICED if at.before else OPENED)
            begins = changed.replace(hour=0, minute=0, second=0, microsecond=0)  # a day has one price
            set_price(actor=SYSTEM, offer=offer, tiers=tiers, effective_from=begins)
    return entry


def check_providers() -> None:
    """Check the demo's providers, so that pages show how they are; for when the simulator runs."""
    ours = Provider.objects.listed().filter(slug__in=[row.slug for row in cast.PROVIDERS])
    for provider in ours:
        for _ in range(CHECKS):
            if check_and_save(provider).outcome != Outcome.UNREACHABLE:
                break
            time.sleep(0.2)
    connections.close_all()
