"""Read channels from the database, as llmhub.toml would say them; what is secret only as its reference."""

from __future__ import annotations

from collections.abc import Iterator

from llmhub.alerts import owners
from llmhub.alerts.models import Channel
from llmhub.config.fields import CHANNEL_KEYS
from llmhub.config.things import Thing, known


def read_channels() -> Iterator[Thing]:
    """Yield every channel by its name; what llmhub makes by itself comes with it."""
    for row in Channel.objects.there().select_related("team").order_by("name"):
        values = known({key: getattr(row, field) for key, field in CHANNEL_KEYS.items()})
        values |= {"address": _address(row), "team": row.team.slug if row.team else ""}
        values = known({key: values[key] for key in CHANNEL_KEYS if key in values})
        if not row.quiet:
            values.pop("timezone")
        if not row.paused:
            values.pop("paused")
        owner = "file" if row.from_file else "person"
        is_ours = row.name == owners.NAME and values == {"kind": "email"}
        yield Thing(("channels", row.name), values, owner=owner, is_bundled=is_ours and not row.from_file)


def _address(row: Channel) -> str:
    """Return where it sends to as a file may say it: the name of a chat's service is no address."""
    return row.address_ref or ("" if row.kind == Channel.Kind.CHAT else row.address)
