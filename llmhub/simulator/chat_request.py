"""Pure: what a strict server of the chat dialect refuses, asked for by the switch `exacting`.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from llmhub.simulator.checks import (
    a_list,
    a_match,
    a_number,
    an_object,
    one_of,
    only,
    refuse_unless,
    required,
)
from llmhub.simulator.replies import BadRequest

KNOWN = {
    "audio", "cache_control", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs",
    "max_completion_tokens", "max_tokens", "messages", "metadata", "modalities", "model", "n",
    "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key", "prompt_cache_options",
    "prompt_cache_retention", "reasoning", "reasoning_effort", "response_format", "safety_identifier", "seed",
    "service_tier", "stop", "store", "stream", "stream_options", "temperature", "tool_choice", "tools",
    "top_k", "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
}  # fmt: skip
ROLES = ("developer", "system", "user", "assistant", "tool", "function")
PARTS = {
    "system": {"text"}, "developer": {"text"}, "tool": {"text"}, "assistant": {"text", "refusal"},
    "user": {"text", "image_url", "input_audio", "file"}, "function": set(),
}  # fmt: skip
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
MOST_STOPS = 4


def check(content: bytes) -> None:
    """Refuse what a strict server refuses. Raises `BadRequest`."""
    try:
        body = an_object(msgspec.json.decode(content), "body")
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise BadRequest(f"We could not parse the JSON body of your request: {exc}") from exc
    only(body, KNOWN, "", "Unrecognized request argument")
    required(body, ("model", "messages"))
    _check_options(body)
    _check_tools(body)
    _check_messages(a_list(body["messages"], "messages"))


def _check_options(body: dict[str, Any]) -> None:
    both = body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None
    refuse_unless(not both, "max_tokens", "it and 'max_completion_tokens' cannot both be set")
    for field in ("max_tokens", "max_completion_tokens", "n"):
        a_number(body.get(field), field, low=1, high=10_000_000, whole=True)
    a_number(body.get("temperature"), "temperature", low=0, high=2)
    a_number(body.get("top_p"), "top_p", low=0, high=1)
    one_of(body.get("reasoning_effort"), EFFORTS, "reasoning_effort")
    stops = body.get("stop")
    refuse_unless(not isinstance(stops, list) or len(stops) <= MOST_STOPS, "stop", f"at most {MOST_STOPS}")
    streams = body.get("stream") is True or body.get("stream_options") is None
    refuse_unless(streams, "stream_options", "only allowed when 'stream' is true")
    form = an_object(body.get("response_format") or {"type": "text"}, "response_format")
    one_of(form.get("type") or "", ("text", "json_object", "json_schema"), "response_format.type")
    if form["type"] == "json_schema":
        wanted = an_object(form.get("json_schema"), "response_format.json_schema")
        a_match(wanted.get("name"), NAME, "response_format.json_schema.name")


def _check_tools(body: dict[str, Any]) -> None:
    names = []
    for index, given in enumerate(a_list(body.get("tools") or [], "tools")):
        tool, where = an_object(given, f"tools[{index}]"), f"tools[{index}]"
        one_of(tool.get("type") or "", ("function", "custom"), f"{where}.type")
        if tool["type"] == "function":
            function = an_object(tool.get("function"), f"{where}.function")
            a_match(function.get("name"), NAME, f"{where}.function.name")
            names.append(function["name"])
    choice = body.get("tool_choice")
    for field in ("tool_choice", "parallel_tool_calls"):
        allowed = body.get("tools") or body.get(field) is None
        refuse_unless(allowed, field, "only allowed when 'tools' are given")
    if isinstance(choice, dict) and choice.get("type") == "function":
        wanted = an_object(choice.get("function"), "tool_choice.function").get("name")
        refuse_unless(wanted in names, "tool_choice", f"function {wanted!r} is not among the tools")
    elif not isinstance(choice, dict):
        one_of(choice, ("none", "auto", "required"), "tool_choice")


def _check_messages(messages: list[Any]) -> None:
    """Refuse messages that are none, and calls of tools that are not answered by those that follow."""
    refuse_unless(messages, "messages", "at least one message is required")
    open_calls: list[str] = []
    for index, given in enumerate(messages):
        message, where = an_object(given, f"messages[{index}]"), f"messages[{index}]"
        one_of(message.get("role") or "", ROLES, f"{where}.role")
        if message["role"] == "tool":
            answers = str(message.get("tool_call_id"))
            refuse_unless(answers in open_calls, where, f"no 'tool_calls' before it has the id {answers!r}")
            open_calls.remove(answers)
        else:
            refuse_unless(
                not open_calls, where, f"'tool_calls' must be followed by their tools: {open_calls}"
            )
        _check_content(message, where)
        if message["role"] == "assistant":
            open_calls = _calls(message, where)
    refuse_unless(not open_calls, "messages", f"'tool_calls' must be followed by their tools: {open_calls}")


def _check_content(message: dict[str, Any], where: str) -> None:
    content, role = message.get("content"), message["role"]
    if content is None:
        says = role == "function" or (
            role == "assistant"
            and any(message.get(field) for field in ("tool_calls", "function_call", "refusal"))
        )
        refuse_unless(says, f"{where}.content", "it must not be null")
    elif not isinstance(content, str):
        for index, part in enumerate(a_list(content, f"{where}.content")):
            kind = an_object(part, f"{where}.content[{index}]").get("type") or ""
            one_of(kind, PARTS[role], f"{where}.content[{index}].type")
            required(part, (kind,), f"{where}.content[{index}]")


def _calls(message: dict[str, Any], where: str) -> list[str]:
    """Return the ids of the calls in a message."""
    if message.get("tool_calls") is None:
        return []
    calls = a_list(message["tool_calls"], f"{where}.tool_calls")
    refuse_unless(calls, f"{where}.tool_calls", "it must not be empty")
    for index, given in enumerate(calls):
        place = f"{where}.tool_calls[{index}]"
        call = an_object(given, place)
        refuse_unless(isinstance(call.get("id"), str) and call["id"], f"{place}.id", "Field required")
        one_of(call.get("type") or "", ("function", "custom"), f"{place}.type")
        if call["type"] == "function":
            function = an_object(call.get("function"), f"{place}.function")
            a_match(function.get("name"), NAME, f"{place}.function.name")
            said = function.get("arguments")
            refuse_unless(isinstance(said, str), f"{place}.function.arguments", "it must be a text")
    ids = [call["id"] for call in calls]
    refuse_unless(len(set(ids)) == len(ids), where, "ids of 'tool_calls' must be unique")
    return ids
