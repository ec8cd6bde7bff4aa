"""Pure: the words that entries are described with."""

from __future__ import annotations

import re

CAPABILITIES = {
    "tools": "calls tools",
    "parallel_tools": "calls several tools at once",
    "json_mode": "answers in JSON",
    "json_schema": "answers by a JSON schema",
    "stream": "streams",
    "vision": "reads images",
    "documents": "reads documents",
    "audio_in": "hears audio",
    "audio_out": "speaks",
    "reasoning": "reasons before it answers",
    "caching": "caches prompts",
    "web_search": "searches the web",
}

MODALITIES = ("text", "image", "document", "audio", "video", "embedding")

# What tells models apart comes first; what nearly all of them can do, last.
TELLING = (
    "reasoning",
    "vision",
    "tools",
    "audio_in",
    "audio_out",
    "web_search",
    "documents",
    "caching",
    *CAPABILITIES,
)


def most_telling(capabilities: list[str]) -> list[str]:
    """Return the words of a model, those that say most about it first."""
    order = {word: place for place, word in reversed(list(enumerate(TELLING)))}
    return sorted(capabilities, key=lambda word: order.get(word, len(TELLING)))


# What a public name is made of: it stands in a URL path and in a header as it is, and real
# ids hold / : @ ~ and dots.
NAME_PATTERN = r"^[A-Za-z0-9~][A-Za-z0-9._:@/~+-]*\Z"
MAX_NAME = 200  # letters


def is_public_name(text: str) -> bool:
    """Return whether callers could ask for a model by this name."""
    return len(text) <= MAX_NAME and re.match(NAME_PATTERN, text) is not None
