"""Pure: what a messages body asks for beside its messages, in the fields of a chat body.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any

import msgspec

from providers.translators.base import Malformed, Unsayable
from providers.translators.messages_chat_names import MAX_NAME, MAX_USER, digest, short
from providers.translators.messages_chat_reading import (
    Format,
    Thinking,
    Tool,
    ToolChoice,
    decoded,
    read,
    said,
)
from providers.translators.messages_chat_schema import is_strict
from providers.wire import Body, Terms, value_of

MAX_STOPS = 4  # sequences
_DEFAULT_SAMPLING = {"temperature": 1, "top_p": 1}
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_BELOW = ((1024, "minimal"), (2048, "low"), (4096, "medium"))  # tokens of a budget, and the effort it is
# Without these an answer would be another one than was asked for.
_NEEDED = {
    "container": "code runs in no container there",
    "mcp_servers": "the provider calls no MCP servers",
    "inference_geo": "the provider cannot be told where to compute",
}
_SAID = {
    "messages", "system", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "metadata",
    "tools", "tool_choice", "thinking", "output_config", "output_format", "cache_control",
    "model", "stream", "stream_options", "llmhub",
}  # fmt: skip


def refuse_what_is_needed(body: Body) -> None:
    """Raise `Unsayable` where the body asks for what the answer would be wrong without."""
    for field, why in _NEEDED.items():
        if said(body, field) and bytes(body[field]) not in {b"[]", b'"global"'}:
            raise Unsayable(f"{field!r} cannot be said to this model's provider: {why}", param=field)


def unknown_in(body: Body) -> set[str]:
    """Return the fields that have no equivalent, whatever they say."""
    return {field for field in body if field not in _SAID and said(body, field)}


def limit(body: Body, terms: Terms, lost: set[str]) -> dict[str, Any]:
    """Return the bound of the answer, which a model's own bound lowers: that is told."""
    most = read(body, "max_tokens", int)
    if most is None or most < 0:
        raise Malformed("'max_tokens' is missing: say how long the answer may be", param="max_tokens")
    if most == 0:
        raise Unsayable("'max_tokens': 0 only fills a cache, which cannot be asked for", param="max_tokens")
    bound = terms.output_limit_tokens or most
    if most > bound:
        lost.add(f"max_tokens>{bound}")
    return {terms.limit_field: min(most, bound)}


def sampling(body: Body, terms: Terms, lost: set[str]) -> dict[str, Any]:
    """Return how the model is to choose its words; a field at its default asks for nothing."""
    taken = {"temperature": terms.sampling, "top_p": terms.sampling, "top_k": terms.top_k}
    refused = {field for field, is_taken in taken.items() if said(body, field) and not is_taken}
    lost |= {field for field in refused if value_of(body[field]) != _DEFAULT_SAMPLING.get(field)}
    return {field: body[field] for field, is_taken in taken.items() if said(body, field) and is_taken}


def stops(body: Body, terms: Terms, lost: set[str]) -> dict[str, Any]:
    """Return the first sequences that end the answer: the chat dialect takes four, some models none."""
    sequences = read(body, "stop_sequences", list[str]) or []
    sent = sequences[: MAX_STOPS if terms.stop else 0]
    if len(sent) < len(sequences):
        lost.add("stop_sequences")
    return {"stop": sent} if sent else {}


def user(body: Body, lost: set[str]) -> dict[str, Any]:
    """Return for whom the call is; an id that is too long becomes a digest, the same one every time."""
    about = read(body, "metadata", dict[str, Any]) or {}
    lost |= {f"metadata.{name}" for name in about if name != "user_id"}
    name = about.get("user_id")
    if not name or not isinstance(name, str):
        return {}
    return {"user": name if len(name) <= MAX_USER else digest(name)}


def tools(body: Body, terms: Terms, lost: set[str]) -> dict[str, Any]:
    """Return the tools and how they are to be used. Raises `Unsayable` on a tool of the provider's own."""
    written = [_tool(raw, terms, lost) for raw in read(body, "tools", list[msgspec.Raw]) or []]
    choice = read(body, "tool_choice", ToolChoice)
    if not written:
        if choice and choice.type not in {"auto", "none"}:
            raise Malformed(
                "'tool_choice' asks for a tool, and there is none in 'tools'", param="tool_choice"
            )
        return {}
    sent: dict[str, Any] = {"tools": written}
    if choice:
        sent["tool_choice"] = _choice(choice)
        if choice.disable_parallel_tool_use:
            sent["parallel_tool_calls"] = False
    return sent


def long_names(body: Body) -> dict[str, str]:
    """Return the name of each tool that was shortened, by what stands for it."""
    names = [tool.name for tool in read(body, "tools", list[Tool]) or []]
    return {short(name, MAX_NAME): name for name in names if len(name) > MAX_NAME}


def reasoning(body: Body, terms: Terms, lost: set[str]) -> dict[str, Any]:
    """Return how much the model is to think."""
    thinking = read(body, "thinking", Thinking)
    config = read(body, "output_config", Body) or {}
    effort = decoded(config["effort"], str, "output_config") if said(config, "effort") else None
    kind = thinking.type if thinking else ""
    if thinking and thinking.display == "omitted":
        lost.add("thinking.display")
    if thinking and kind == "enabled":
        if effort:
            lost.add("output_config.effort")  # the budget says it more exactly
        return _budget(thinking.budget_tokens or 0, terms)
    if kind not in {"", "adaptive"}:  # disabled, and what no other dialect knows
        lost |= {"thinking", "output_config.effort"} if effort else {"thinking"}
        return {}
    if terms.reasoning == "object":
        asked = {"effort": effort} if effort else {"enabled": True} if thinking else {}
        return {"reasoning": asked} if asked else {}
    return {"reasoning_effort": effort} if effort else {}


def answer_format(body: Body, terms: Terms, lost: set[str]) -> dict[str, Any]:
    """Return the schema that the answer is to follow."""
    config = read(body, "output_config", Body) or {}
    lost |= {
        f"output_config.{name}" for name in config if name not in {"effort", "format"} and said(config, name)
    }
    wanted = decoded(config["format"], Format, "output_config") if said(config, "format") else None
    asked = wanted or read(body, "output_format", Format)
    if not asked:
        return {}
    if asked.type != "json_schema" or not terms.json_schema:
        raise Unsayable(
            f"an answer in the format {asked.type!r} cannot be asked of this model's provider",
            param="output_config",
        )
    schema = {"name": "answer", "schema": asked.schema, "strict": is_strict(asked.schema)}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _tool(raw: msgspec.Raw, terms: Terms, lost: set[str]) -> dict[str, Any]:
    fields = decoded(raw, dict[str, msgspec.Raw], "tools")
    kind = read(fields, "type", str) or "custom"
    if kind != "custom":
        raise Unsayable(f"{kind!r} is a tool that this model's provider does not run", param="tools")
    tool: Tool = decoded(raw, Tool, "tools")
    lost |= {
        f"tools.{name}" for name in fields.keys() - {"type", *Tool.__struct_fields__} if said(fields, name)
    }
    function: dict[str, Any] = {"name": short(tool.name, MAX_NAME), "parameters": tool.input_schema}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    mark = {"cache_control": tool.cache_control} if tool.cache_control and terms.cache_control else {}
    return {"type": "function", "function": function, **mark}


def _choice(choice: ToolChoice) -> Any:
    if choice.type == "tool" and choice.name:
        return {"type": "function", "function": {"name": short(choice.name, MAX_NAME)}}
    if choice.type not in _CHOICES:
        raise Malformed(
            f"'tool_choice' of type {choice.type!r}: use auto, any, tool or none", param="tool_choice"
        )
    return _CHOICES[choice.type]


def _budget(tokens: int, terms: Terms) -> dict[str, Any]:
    if terms.reasoning == "object":
        return {"reasoning": {"max_tokens": tokens}}
    effort = next((word for below, word in _BELOW if tokens < below), "high")
    return {"reasoning_effort": effort}
