"""Pure: OpenAI itself, which speaks the chat dialect as every compatible server does but for a word.

Source: https://platform.openai.com/docs/api-reference/chat/create#chat-create-max_completion_tokens
"""

from __future__ import annotations

from providers.adapters.chat import ChatAdapter
from providers.wire import Terms


class OpenAiAdapter(ChatAdapter):
    """Its reasoning models refuse `max_tokens`; all its models take the newer name."""

    support = ChatAdapter.support | {"caching"}

    def terms(self, upstream_id: str) -> Terms:
        """Return what its models take; none of them takes `top_k`."""
        return Terms(limit_field="max_completion_tokens")
