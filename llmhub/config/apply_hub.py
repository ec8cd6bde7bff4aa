"""Bring the hub's own settings and the teams of llmhub.toml into the database."""

from __future__ import annotations

from billing.call_rules import set_rules
from billing.rollup_tags import set_report_tags
from llmhub.audit.actor import Actor
from llmhub.config.apply_models import At
from llmhub.config.schema import CallRulesSection, Config, HubSection
from llmhub.people import organisation
from llmhub.people.models import Team
from llmhub.people.team import create_team, rename_team
from routing.team_routes import set_team_routes


def apply_hub(section: HubSection, actor: Actor, at: At) -> None:
    """Save what the file says of the hub itself; the rest stays as it is."""
    now = organisation.current()
    if section.name is not None or section.timezone is not None:
        with at("hub"):
            organisation.describe(
                actor=actor, name=section.name or now.name, time_zone=section.timezone or now.time_zone
            )
    if section.paused is not None and section.paused.strip() != now.paused_reason:
        with at("hub", "paused"):
            _pause(actor, section.paused)
    if section.require_second_factor is not None:
        with at("hub", "require_second_factor"):
            organisation.require_second_factor(actor=actor, required=section.require_second_factor)
    if section.report_tags is not None:
        with at("hub", "report_tags"):
            set_report_tags(actor=actor, names=section.report_tags)
    _save_rules(actor, None, section.call_rules, at)


def apply_teams(config: Config, actor: Actor, at: At) -> None:
    """Save every team of the file; a team that is not in the file is left alone."""
    there = {team.slug: team for team in Team.objects.all()}
    for slug, section in config.teams.items():
        with at("teams", slug):
            if slug not in there:
                there[slug] = create_team(actor=actor, slug=slug, name=section.name or slug)
            elif section.name is not None:
                rename_team(actor=actor, team=there[slug], name=section.name)
            if section.routes is not None:
                set_team_routes(actor=actor, team=there[slug], names=section.routes)
        _save_rules(actor, there[slug], section.call_rules, at)


def _pause(actor: Actor, reason: str) -> None:
    if reason.strip():
        organisation.pause(actor=actor, reason=reason)
    else:
        organisation.resume(actor=actor)


def _save_rules(actor: Actor, team: Team | None, section: CallRulesSection | None, at: At) -> None:
    if section is None:
        return
    with at(*(("teams", team.slug) if team else ("hub",)), "call_rules"):
        set_rules(actor=actor, team=team, **section.model_dump(exclude_none=True))
