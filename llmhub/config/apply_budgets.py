"""Bring the budgets of llmhub.toml into the database."""

from __future__ import annotations

from billing.budget import change_budget, create_budget, remove_budget
from billing.models import Budget
from catalog.models import Origin
from llmhub.audit.actor import Actor
from llmhub.config.apply_models import At
from llmhub.config.schema import BudgetSection, Config
from llmhub.people.models import Team


def apply_budgets(config: Config, actor: Actor, at: At) -> None:
    """Save the budgets of each team that lists some; those that people made beside them stay.

    What the file had and has no more is removed, also with the team's whole section.
    """
    kept: set[int] = set()
    for slug, section in config.teams.items():
        for number, budget in enumerate(section.budgets or ()):
            with at("teams", slug, "budgets", number):
                kept.add(_saved(actor, Team.objects.get(slug=slug), budget).pk)
    gone = Budget.objects.in_force().filter(origin=Origin.FILE).exclude(pk__in=kept)
    for row in gone:
        remove_budget(actor=actor, budget=row)


def _saved(actor: Actor, team: Team, section: BudgetSection) -> Budget:
    """Return the budget of a section; one of another time zone is another budget."""
    found = Budget.objects.in_force().filter(
        scope="team", scope_id=team.pk, per=section.per, unit=section.unit, hard=section.hard
    )
    row = found.first()
    if row is not None and section.timezone not in (None, row.time_zone):
        remove_budget(actor=actor, budget=row)
        row = None
    if row is not None:
        return change_budget(actor=actor, budget=row, cap=section.cap, origin=Origin.FILE)
    return create_budget(
        actor=actor,
        scope="team",
        name=team.slug,
        per=section.per,
        cap=section.cap,
        unit=section.unit,
        hard=section.hard,
        time_zone=section.timezone or "",
        origin=Origin.FILE,
    )
