"""Pure: Anthropic itself, whose newest models a compatible server does not have.

Source: https://platform.claude.com/docs/en/about-claude/models/overview
"""

from __future__ import annotations

from providers.adapters.claude_ids import NEWEST, terms_of
from providers.adapters.messages import MessagesAdapter
from providers.wire import Terms


class AnthropicAdapter(MessagesAdapter):
    """Its older models all have a version in their id: one without is newer than any that is known."""

    def terms(self, upstream_id: str) -> Terms:
        """Return what a model takes by the version in its id; without one, what the newest take."""
        return terms_of(upstream_id, otherwise=NEWEST)
