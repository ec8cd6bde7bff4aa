"""Pure: which key of llmhub.toml is which field of the database.

The only such list: applying, planning and exporting read it, and a test holds it against the
models, so that a field nobody thought of is a failing test and not a loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fact:
    """A fact of a model: its key in the file, its field of `CatalogEntry`, and its empty value."""

    key: str
    field: str
    empty: Callable[[], Any] = str
    can_be_empty: bool = True


def _nothing() -> None:
    return None


FACTS = (
    Fact("name", "name", can_be_empty=False),
    Fact("family", "family"),
    Fact("description", "description"),
    Fact("context", "context_tokens", _nothing),
    Fact("output_limit", "output_limit_tokens", _nothing),
    Fact("takes", "input_modalities", list),
    Fact("gives", "output_modalities", list),
    Fact("capabilities", "capabilities", list),
    Fact("parameters", "parameters", dict),
    Fact("stands_for", "stands_for"),
    Fact("knowledge", "knowledge_on", _nothing),
    Fact("released", "released_on", _nothing),
    Fact("deprecated", "deprecated_on", _nothing),
    Fact("sunset", "sunset_on", _nothing),
    Fact("replacement", "replacement"),
    Fact("source", "facts_source"),
    Fact("checked", "facts_checked_on", _nothing),
)
MODEL_KEYS = {fact.key: fact.field for fact in FACTS}

PROVIDER_KEYS = {  # of `Provider`; `paused` is text, empty while calls go through
    "kind": "kind",
    "name": "name",
    "base_url": "base_url",
    "dialect": "dialect",
    "needs_credential": "needs_credential",
    "paused": "paused_reason",
    "probe_ceiling": "probe_ceiling_nano",
}
CREDENTIAL_KEYS = {"ref": "reference", "label": "label", "weight": "weight"}
OFFER_KEYS = {"id": "upstream_id", "rank": "rank"}
PRICE_KEYS = {  # of `Price`, whose amounts have the same names in both
    "above": "above_input_tokens",
    "since": "effective_from",
    "source": "source",
    "checked": "checked_on",
    "meters": "meters",
}
ALIAS_KEYS = {"name": "name", "model": "entry"}  # `name = "model"`
ROUTE_KEYS = {  # of `Route`; its name is the table's
    "description": "description",
    "policy": "policy",
    "require": "require",
    "max_cost_multiple": "max_cost_multiple",
    "explore_percent": "explore_percent",
    "keeps_sessions": "keeps_sessions",
    "escalates": "escalates",
    "default_output_tokens": "default_output_tokens",
}
TARGET_KEYS = {"model": "entry", "provider": "provider", "weight": "weight"}
HUB_KEYS = {
    "name": "name",
    "timezone": "time_zone",
    "paused": "paused_reason",
    "require_second_factor": "requires_second_factor",
}
TEAM_KEYS = {"name": "name", "routes": "allowed_routes"}
BUDGET_KEYS = {
    "scope": "scope",
    "cap": "cap",
    "per": "per",
    "unit": "unit",
    "hard": "hard",
    "contact": "contact",
    "alert_at": "alert_at",
    "timezone": "time_zone",
}
CHANNEL_KEYS = {  # of `Channel`; `address` is its reference where it has one
    "kind": "kind",
    "address": "address",
    "secret": "secret_ref",
    "team": "team",
    "rules": "rules",
    "quiet": "quiet",
    "timezone": "time_zone",
    "paused": "paused",
}
INBOX_RULE_KEYS = {"kind": "kind", "action": "action", "provider": "provider"}
RULE_KEYS = {
    "default_output_tokens": "default_output_tokens",
    "unpriced": "unpriced",
    "allowance": "allowance_nano",
    "when_left": "when_left",
}
