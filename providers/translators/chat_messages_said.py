"""Pure: what an answer says, in the words of the chat dialect; whole answers and streams share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.adapters.reading import mapping, text

REFUSED = "The model refused to answer."  # where the provider gives no explanation
_FINISH_REASONS = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}


@dataclass(frozen=True)
class AnswerTerms:
    """What must be known of a call to read its answer."""

    given_names: Mapping[str, str] = field(default_factory=dict)  # of tools that were sent under another
    answer_tool: str = ""  # the input of this tool is the answer; "" where there is none
    speaks_of_functions: bool = False  # the caller reads `function_call`
    shows_reasoning: bool = True
    created: int = 0  # Unix seconds

    def call(self, call_id: Any, name: str, arguments: str) -> dict[str, Any]:
        """Return a call of a tool."""
        function = {"name": self.given_names.get(name, name), "arguments": arguments}
        return {"id": text(call_id), "type": "function", "function": function}


def finish_reason_of(stop_reason: Any, *, called: bool, legacy: bool) -> str:
    """Return why an answer ended; `called`: it calls a tool of the caller's."""
    if stop_reason == "tool_use" and called:
        return "function_call" if legacy else "tool_calls"
    return _FINISH_REASONS.get(text(stop_reason), "stop")


def refusal_of(stop_reason: Any, details: Any) -> str | None:
    """Return the words of a refusal, None where there is none."""
    return (text(mapping(details).get("explanation")) or REFUSED) if stop_reason == "refusal" else None


def annotations_of(citations: list[Any], start: int, end: int) -> list[dict[str, Any]]:
    """Return the citations of web pages for the letters from `start` up to `end`."""
    cited = [mapping(citation) for citation in citations]
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "url": one["url"],
                "title": text(one.get("title")),
                "start_index": start,
                "end_index": end,
            },
        }
        for one in cited
        if text(one.get("url"))
    ]
