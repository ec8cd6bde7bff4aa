"""Read the whole configuration from the database, as llmhub.toml would say it.

Keys of callers, people and calls are no configuration: a backup has them. Neither is what the hub
found out by itself, such as a credential that its provider refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from billing import amount, thresholds
from billing.budget import unit_of
from billing.budget_names import Names
from billing.call_rules_models import CallRules
from billing.models import Budget
from billing.rollup_tags import report_tags
from billing.rules import ORGANISATION
from catalog.models import CatalogEntry
from catalog.seed import bundled
from llmhub.config.fields import BUDGET_KEYS, HUB_KEYS, PROVIDER_KEYS, RULE_KEYS, TEAM_KEYS
from llmhub.config.schema import UNLIMITED
from llmhub.config.state_channels import read_channels
from llmhub.config.state_inbox import read_inbox_rules
from llmhub.config.state_models import read_aliases, read_models
from llmhub.config.state_routes import read_routes
from llmhub.config.things import Thing, known
from llmhub.lib import clock, money
from llmhub.people import organisation
from llmhub.people.models import Team
from providers.adapters import KINDS
from providers.models import Credential, Provider


def read_all() -> list[Thing]:
    """Return everything that the file can say, in the order in which it says it."""
    providers = list(read_providers())
    models = list(read_models(clock.now()))
    budgets = list(_budgets())
    return [
        *_hub(),
        *providers,
        *models,
        *read_aliases(),
        *read_routes(),
        *(thing for thing in budgets if thing.path == ("budgets",)),
        *_teams([thing for thing in budgets if thing.path != ("budgets",)]),
        *read_channels(),
        *read_inbox_rules(),
    ]


def read_providers() -> Iterator[Thing]:
    """Yield every provider, each before its credentials; of removed ones, those that are built in."""
    for row in Provider.objects.prefetch_related("credentials"):
        path, built_in = ("providers", row.slug), is_built_in(row.slug)
        if row.removed_at is None:
            values = known({key: getattr(row, field) for key, field in PROVIDER_KEYS.items()})
            if row.probe_ceiling_nano is not None:
                values["probe_ceiling"] = money.text(row.probe_ceiling_nano)
            defaults = _defaults(row.kind) if built_in else {}
            yield Thing(path, values, is_bundled=values == defaults, defaults=defaults)
            yield from (_credential((*path, "credentials"), each) for each in row.credentials.all())
        elif built_in:
            yield Thing(path, {"kind": row.kind, "removed": True})


def is_built_in(slug: str) -> bool:
    """Return whether every installation has a provider of this name."""
    return slug in KINDS and bool(KINDS[slug].base_url)


def _defaults(kind: str) -> dict[str, Any]:
    built_in = KINDS[kind]
    return {
        "kind": built_in.name,
        "name": built_in.label,
        "base_url": built_in.base_url,
        "dialect": built_in.dialects[0],
        "needs_credential": built_in.needs_credential,
    }


def _credential(path: tuple[str, ...], row: Credential) -> Thing:
    """Return where a credential is kept, never what it is; one without `ref` was typed in."""
    values = known({"ref": row.reference, "weight": row.weight})
    return Thing(path, values, key=row.label, owner="file" if row.from_file else "person")


def _hub() -> Iterator[Thing]:
    hub = organisation.current()
    values = {key: getattr(hub, field) or None for key, field in HUB_KEYS.items()}
    yield Thing(("hub",), known({**values, "report_tags": report_tags()}))
    yield from _call_rules(("hub", "call_rules"), CallRules.objects.filter(team_id=ORGANISATION))


def _call_rules(path: tuple[str, ...], rows: Iterable[CallRules]) -> Iterator[Thing]:
    for row in rows:
        values = {key: getattr(row, field) for key, field in RULE_KEYS.items()}
        if row.allowance_nano is not None:
            values["allowance"] = money.text(row.allowance_nano)
        if said := known(values):
            yield Thing(path, said)


def _teams(budgets: list[Thing]) -> Iterator[Thing]:
    rules = {row.team_id: row for row in CallRules.objects.all()}
    for team in Team.objects.order_by("slug"):
        path = ("teams", team.slug)
        values = {key: getattr(team, field) for key, field in TEAM_KEYS.items()}
        yield Thing(path, {key: value for key, value in values.items() if value is not None})
        yield from _call_rules((*path, "call_rules"), [rules[team.pk]] if team.pk in rules else [])
        yield from (thing for thing in budgets if thing.path[:2] == path)


def _budgets() -> Iterator[Thing]:
    """Yield the budgets of what the file can name, by what they limit."""
    scopes = [Budget.Scope.ORGANISATION, Budget.Scope.TEAM, Budget.Scope.TAG]
    scopes += [Budget.Scope.PROVIDER, Budget.Scope.MODEL]
    rows = list(Budget.objects.in_force().filter(scope__in=scopes))
    names, there = Names.of(rows), _nameable() if rows else {}
    found = []
    for row in rows:
        name = names.name(row)
        if row.scope not in there or name in there[row.scope]:
            found.append(_budget(row, name))
    yield from sorted(found, key=lambda thing: (thing.path, thing.key))


def _budget(row: Budget, name: str) -> Thing:
    values = {key: getattr(row, field) for key, field in BUDGET_KEYS.items()}
    values = known(values)
    values["cap"] = UNLIMITED if row.cap is None else amount.show(row.cap, unit_of(row))
    values["alert_at"] = list(thresholds.percents(row.alert_at))
    kind = f"{row.per}, {row.unit}, {'hard' if row.hard else 'soft'}"
    if row.scope == Budget.Scope.TEAM:
        del values["scope"]
        return Thing(("teams", name, "budgets"), values, key=kind, owner=row.origin)
    whose = known({"scope": values.pop("scope"), "name": name})
    return Thing(
        ("budgets",), {**whose, **values}, key=f"{':'.join(whose.values())}, {kind}", owner=row.origin
    )


def _nameable() -> dict[str, set[str]]:
    """Return the providers and models that a file may name: those that are there, here or everywhere."""
    providers = set(Provider.objects.listed().values_list("slug", flat=True))
    models = set(CatalogEntry.objects.listed().values_list("slug", flat=True))
    return {
        Budget.Scope.PROVIDER: providers | {slug for slug in KINDS if is_built_in(slug)},
        Budget.Scope.MODEL: models | {entry.slug for entry in bundled()},
    }
