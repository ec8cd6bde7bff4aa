"""Read the rules of the inbox from the database, as llmhub.toml would say them."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.discovery_models import InboxRule
from llmhub.config.schema import InboxRuleSection
from llmhub.config.things import Thing


def read_inbox_rules() -> Iterator[Thing]:
    """Yield every rule; one of a provider that was removed decides on nothing."""
    rows = InboxRule.objects.filter(provider__removed_at=None).select_related("provider")
    for row in rows.order_by("kind", "provider__slug"):
        section = InboxRuleSection(
            kind=row.kind, action=row.action, provider=row.provider.slug if row.provider else None
        )
        values = section.model_dump(exclude_none=True)
        yield Thing(("inbox_rules",), values, key=section.key, owner="file" if row.from_file else "person")
