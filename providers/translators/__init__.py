"""Pure: which translator carries a call from one dialect to another: a pair is one file and one row."""

from __future__ import annotations

from providers.translators.base import CannotTranslate, Malformed, Translated, Translator, Unsayable
from providers.translators.chat_messages import chat_to_messages
from providers.translators.messages_chat import messages_to_chat

__all__ = ["TRANSLATORS", "CannotTranslate", "Malformed", "Translated", "Translator", "Unsayable"]

TRANSLATORS: dict[tuple[str, str], Translator] = {  # (the caller's dialect, the provider's)
    ("chat", "messages"): chat_to_messages,
    ("messages", "chat"): messages_to_chat,
}
