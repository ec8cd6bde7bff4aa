"""An answer without its dialect: text, tool calls, why it ended, and what it counted."""

from __future__ import annotations

import json
from dataclasses import dataclass

_STOPS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tools",
    "tool_calls": "tools",
    "function_call": "tools",
    "refusal": "filter",
    "content_filter": "filter",
}


@dataclass(frozen=True)
class Neutral:
    """One answer."""

    text: str
    tools: list
    stop: str | None
    input_tokens: int | None  # cached ones included; None: it says nothing
    cached: int
    output_tokens: int | None

    def differences(self, other: Neutral) -> list[str]:
        """What differs; what this one does not say cannot."""
        silent = {"input_tokens", "cached", "output_tokens"} if self.input_tokens is None else set()
        silent |= {"stop"} if self.stop is None else set()
        return [
            f"{name}: {value!r} became {getattr(other, name)!r}"
            for name, value in vars(self).items()
            if name not in silent and value != getattr(other, name)
        ]


def arguments(text):
    try:
        return json.loads(text or "{}")
    except json.JSONDecodeError:
        return text


def chat(text, tools, finish, usage) -> Neutral:
    """From the parts of a chat answer."""
    usage = usage or {}
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    called = [[name, arguments(given)] for name, given in tools]
    counted = usage.get("prompt_tokens"), cached, usage.get("completion_tokens")
    return Neutral(text or "", called, _STOPS.get(finish, finish), *counted)


def messages(blocks, stop, usage) -> Neutral:
    """From the parts of a messages answer."""
    usage = usage or {}
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    read = [usage.get(name) or 0 for name in names]
    called = [
        [
            block["name"],
            arguments(block["input"]) if isinstance(block["input"], str) else block["input"] or {},
        ]
        for block in blocks
        if block["type"] == "tool_use"
    ]
    text = "".join(block.get("text") or "" for block in blocks if block["type"] == "text")
    counted = (sum(read) if usage else None), read[1], usage.get("output_tokens")
    return Neutral(text, called, _STOPS.get(stop, stop), *counted)


# --- as the real SDKs hear it ------------------------------------------------------------------


def heard_by_chat(model, *, stream: bool) -> Neutral:
    """A call through the openai SDK."""
    if not stream:
        answer = model.ask(max_tokens=64).parse()
        choice = answer.choices[0]
        tools = [(call.function.name, call.function.arguments) for call in choice.message.tool_calls or []]
        text = choice.message.content or choice.message.refusal
        return chat(text, tools, choice.finish_reason, answer.usage and answer.usage.model_dump())
    text, tools, finish, usage = "", {}, None, None
    for chunk in model.stream(max_tokens=64, stream_options={"include_usage": True}):
        usage = chunk.usage.model_dump() if chunk.usage else usage
        for choice in (each for each in chunk.choices if not each.index):
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or []:
                slot = tools.setdefault(call.index, ["", ""])
                slot[0] = call.function.name or slot[0]
                slot[1] += call.function.arguments or ""
    return chat(text, [tuple(tools[index]) for index in sorted(tools)], finish, usage)


def heard_by_messages(model, *, stream: bool) -> Neutral:
    """A call through the anthropic SDK."""
    if stream:
        asked = {"model": model.name, "max_tokens": 64, "messages": [{"role": "user", "content": "Hello"}]}
        with model.messages().messages.stream(**asked) as events:
            answer = events.get_final_message()
    else:
        answer = model.say().parse()
    blocks = [block.model_dump() for block in answer.content]
    return messages(blocks, answer.stop_reason, answer.usage.model_dump())
