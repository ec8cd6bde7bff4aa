"""Bring the channels of llmhub.toml into the database."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from llmhub.alerts.channel import change_channel, create_channel, remove_channel
from llmhub.alerts.models import Channel
from llmhub.audit.actor import Actor
from llmhub.config.apply_models import At
from llmhub.config.schema import ChannelSection, Config
from llmhub.people.models import Team


def apply_channels(config: Config, actor: Actor, at: At) -> None:
    """Save the channels of the file; those that people made beside them stay.

    What the file had and has no more is removed.
    """
    kept = set()
    for name, section in config.channels.items():
        with at("channels", name):
            kept.add(_saved(actor, name, section).pk)
    for row in Channel.objects.there().filter(from_file=True).exclude(pk__in=kept):
        remove_channel(actor=actor, channel=row)


def _saved(actor: Actor, name: str, section: ChannelSection) -> Channel:
    """Return the channel of a section; one of another kind is another channel."""
    row = Channel.objects.there().filter(name=name).first()
    if row is not None and row.kind != section.kind:
        remove_channel(actor=actor, channel=row)
        row = None
    values: dict[str, Any] = {
        "address": section.address,
        "secret": section.secret or "",
        "team": _team(section.team),
        "rules": section.rules,
        "quiet": section.quiet,
        "from_file": True,
    }
    if section.timezone is not None:
        values["time_zone"] = section.timezone
    if row is None:
        row, _ = create_channel(actor=actor, name=name, kind=section.kind, **values)
        values = {}
    if section.paused is not None:
        values["paused"] = section.paused
    return change_channel(actor=actor, channel=row, **values) if values else row


def _team(slug: str | None) -> Team | None:
    if slug is None:
        return None
    found = Team.objects.filter(slug=slug).first()
    if found is None:
        raise ValidationError({"team": f"{slug!r} is no team: write it into the file, or make it first"})
    return found
