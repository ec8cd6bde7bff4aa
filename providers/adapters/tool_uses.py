"""Pure: what a provider's own tools did in a call, as its usage counts it.

Sources: https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool,
https://openrouter.ai/docs/guides/features/server-tools and https://docs.x.ai/docs/guides/live-search
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.adapters.reading import mapping, tokens

_SEARCHES = "web_search_requests"
_FREE = ("web_fetch_requests",)  # costs the tokens that it brings
_ALL = ("tool_calls_requested", "tool_calls_executed")  # of any tool, searches among them
_PLACES = ("server_tool_use", "server_tool_use_details")  # one or the other
_SOURCES = "num_sources_used"  # of a search that is billed by what it brings


def tool_uses(usage: Mapping[str, Any]) -> tuple[int, bool]:
    """Return the web searches in a usage, and whether it counts uses of other tools that may be billed."""
    counted = {name: count for place in _PLACES for name, count in mapping(usage.get(place)).items()}
    searches = max(_count(counted.get(_SEARCHES)), _count(usage.get("num_search_queries")))
    uses = {name: _count(count) for name, count in counted.items() if name not in (_SEARCHES, *_FREE)}
    others = any(count for name, count in uses.items() if name not in _ALL) or bool(usage.get(_SOURCES))
    return searches, others or uses.get(_ALL[1], 0) > searches


def _count(value: Any) -> int:
    return tokens(value) or 0
