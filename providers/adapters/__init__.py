"""Pure: the kinds of provider, and which adapter speaks which dialect with them.

A provider is one file here and one row of `KINDS`, never a branch elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from providers.adapters.anthropic import AnthropicAdapter
from providers.adapters.base import Adapter, DialectNotServed
from providers.adapters.chat import ChatAdapter
from providers.adapters.messages import MessagesAdapter
from providers.adapters.openai import OpenAiAdapter
from providers.adapters.openrouter import OpenRouterAdapter

__all__ = ["KINDS", "Adapter", "DialectNotServed", "Kind", "adapter_for"]


@dataclass(frozen=True)
class Kind:
    """What is known about a provider before anybody configures it."""

    name: str
    label: str
    dialects: tuple[str, ...]  # the first is the default
    base_url: str  # "": the person who adds it says it
    needs_credential: bool
    lists_openly: bool = False  # its list of models is given to everybody


KINDS = {
    kind.name: kind
    for kind in (
        Kind("openai", "OpenAI", ("chat",), "https://api.openai.com/v1", needs_credential=True),
        Kind("anthropic", "Anthropic", ("messages",), "https://api.anthropic.com", needs_credential=True),
        Kind(
            "openrouter",
            "OpenRouter",
            ("chat",),
            "https://openrouter.ai/api/v1",
            needs_credential=True,
            lists_openly=True,
        ),
        Kind("custom", "Custom (compatible server)", ("chat", "messages"), "", needs_credential=False),
    )
}

_ADAPTERS: dict[tuple[str, str], Adapter] = {
    ("openai", "chat"): OpenAiAdapter(),
    ("openrouter", "chat"): OpenRouterAdapter(),
    ("anthropic", "messages"): AnthropicAdapter(),
    ("custom", "chat"): ChatAdapter(),
    ("custom", "messages"): MessagesAdapter(),
}


def adapter_for(kind: str, dialect: str) -> Adapter:
    """Return the adapter that speaks `dialect` with providers of `kind`.

    Raises `DialectNotServed` when there is none; the gateway drops such an offer.
    """
    try:
        return _ADAPTERS[kind, dialect]
    except KeyError:
        served = sorted(known for name, known in _ADAPTERS if name == kind)
        raise DialectNotServed(
            f"providers of kind {kind!r} are not spoken to in the dialect {dialect!r}: "
            f"use {' or '.join(served) if served else 'a provider of another kind'}"
        ) from None
