"""Bring the budgets of llmhub.toml into the database."""

from __future__ import annotations

from billing import thresholds
from billing.budget import change_budget, create_budget, remove_budget, same_kind
from billing.models import Budget
from catalog.models import Origin
from llmhub.audit.actor import Actor
from llmhub.config.apply_models import At
from llmhub.config.schema import BudgetSection, Config


def apply_budgets(config: Config, actor: Actor, at: At) -> None:
    """Save the budgets of the file; those that people made beside them stay.

    What the file had and has no more is removed, also with a team's whole section.
    """
    kept: set[int] = set()
    for slug, section in config.teams.items():
        for number, budget in enumerate(section.budgets or ()):
            with at("teams", slug, "budgets", number):
                kept.add(_saved(actor, Budget.Scope.TEAM, slug, budget).pk)
    for number, other in enumerate(config.budgets):
        with at("budgets", number):
            kept.add(_saved(actor, other.scope, other.name, other).pk)
    gone = Budget.objects.in_force().filter(origin=Origin.FILE).exclude(pk__in=kept)
    for row in gone:
        remove_budget(actor=actor, budget=row)


def _saved(actor: Actor, scope: str, name: str, section: BudgetSection) -> Budget:
    """Return the budget of a section; one of another time zone is another budget."""
    row = same_kind(scope=scope, name=name, per=section.per, unit=section.unit, hard=section.hard)
    if row is not None and section.timezone not in (None, row.time_zone):
        remove_budget(actor=actor, budget=row)
        row = None
    if row is not None:
        kept = thresholds.percents(row.alert_at)
        return change_budget(
            actor=actor,
            budget=row,
            cap=section.amount,
            contact=section.contact,
            alert_at=kept if section.alert_at is None else section.alert_at,
            origin=Origin.FILE,
        )
    return create_budget(
        actor=actor,
        scope=scope,
        name=name,
        per=section.per,
        cap=section.amount,
        unit=section.unit,
        hard=section.hard,
        time_zone=section.timezone or "",
        contact=section.contact,
        alert_at=thresholds.DEFAULT if section.alert_at is None else section.alert_at,
        origin=Origin.FILE,
    )
