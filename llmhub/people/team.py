"""Make and name teams."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib.slugs import refuse_reserved
from llmhub.people.models import Team
from llmhub.people.roles import require


@transaction.atomic
def create_team(*, actor: Actor, name: str, slug: str = "") -> Team:
    """Save a new team. Raises `ValidationError` when the name is empty or taken."""
    require(actor, "configure")
    team = Team(name=name.strip(), slug=slug or slugify(name)[:64].strip("-"))
    if not team.slug:
        raise ValidationError({"name": f"{name!r} gives no short name: use at least one letter or digit"})
    refuse_reserved(team.slug)
    team.full_clean()
    team.save()
    log.record(actor, "team.created", f"team:{team.slug}", after={"name": team.name})
    return team


@transaction.atomic
def rename_team(*, actor: Actor, team: Team, name: str) -> Team:
    """Save another name for a team; its short name stays. Raises `ValidationError` on an empty one."""
    require(actor, "configure")
    before, after = {"name": team.name}, {"name": name.strip()}
    if before != after:
        team.name = name.strip()
        team.full_clean()
        team.save(update_fields=["name"])
        log.record(actor, "team.renamed", f"team:{team.slug}", before=before, after=after)
    return team
