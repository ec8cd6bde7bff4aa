"""Pure: the words that entries are described with."""

from __future__ import annotations

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
