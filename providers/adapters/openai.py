"""Pure: OpenAI itself, which speaks the chat dialect as every compatible server does but for some words.

Source: https://platform.openai.com/docs/api-reference/chat/create#chat-create-max_completion_tokens
"""

from __future__ import annotations

import re

from providers.adapters.chat import ChatAdapter
from providers.wire import Terms

# o1, o4-mini-2025-04-16, gpt-5, gpt-5.2-pro, gpt-6, but not gpt-5-chat-latest; also tuned: ft:o4-mini:acme
_REASONS = re.compile(r"(?:ft:)?(?:o[1-9](?![a-z0-9])|gpt-(?:[5-9]|[1-9][0-9])(?![0-9]))(?!.*-chat)")


class OpenAiAdapter(ChatAdapter):
    """Its reasoning models refuse `max_tokens`; all its models take the newer name."""

    support = ChatAdapter.support | {"caching"}

    def terms(self, upstream_id: str) -> Terms:
        """Return what a model takes: none takes `top_k`, those that reason no sampling and no stop texts.

        Source: https://platform.openai.com/docs/guides/latest-model#parameter-compatibility
        """
        plain = not _REASONS.match(upstream_id)
        return Terms(limit_field="max_completion_tokens", sampling=plain, stop=plain)
