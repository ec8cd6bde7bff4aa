"""Pure: a request of the messages dialect: what is refused as the real API does, and what is asked for.

Sources: https://platform.claude.com/docs/en/api/messages,
https://platform.claude.com/docs/en/api/messages-count-tokens,
https://platform.claude.com/docs/en/api/versioning
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from llmhub.simulator.checks import a_list, a_number, an_object, one_of, only, refuse_unless, required
from llmhub.simulator.messages_history import Block, check_last_turn, check_messages
from llmhub.simulator.messages_options import check_output, check_system, check_tools
from llmhub.simulator.replies import Ask, BadRequest

VERSIONS = ("2023-06-01", "2026-10-21")
COUNTED = {
    "cache_control", "context_management", "mcp_servers", "messages", "model", "output_config",
    "output_format", "speed", "system", "thinking", "tool_choice", "tools",
}  # fmt: skip
KNOWN = COUNTED | {
    "container", "diagnostics", "inference_geo", "max_tokens", "metadata", "service_tier", "stop_sequences",
    "stream", "temperature", "top_k", "top_p",
}  # fmt: skip
SAMPLING = ("temperature", "top_p", "top_k")
LEAST_BUDGET = 1024
MOST_MARKS = 4  # of the cache in one request
MOST_TOKENS = 10_000_000
ONE_HOUR = re.compile(rb'"ttl"\s*:\s*"1h"')


def read(content: bytes, headers: Mapping[str, str], *, adaptive: bool, counts: bool = False) -> Ask:
    """Return what a request asks for; `counts`: only its input shall be counted. Raises `BadRequest`.

    `adaptive`: the model is one of those that think as they see fit and take no sampling parameters.
    """
    version = headers.get("anthropic-version", "")
    refuse_unless(version, "anthropic-version", "header is required")
    refuse_unless(version in VERSIONS, "anthropic-version", f"{version!r} is no version")
    body = _body(content)
    only(body, COUNTED if counts else KNOWN, "")
    required(body, ("model", "messages") if counts else ("model", "max_tokens", "messages"))
    refuse_unless(isinstance(body["model"], str), "model", "Input should be a valid string")
    turns = check_messages(body["messages"])
    check_system(body.get("system"))
    check_tools(body)
    check_output(body.get("output_config"), adaptive=adaptive)
    thinking = _thinking(body, adaptive=adaptive, counts=counts)
    if not counts:
        _check_options(body)
        _check_sampling(body, thinks=thinking != "disabled", adaptive=adaptive, newest=version == VERSIONS[1])
    check_last_turn(turns, thinks=thinking != "disabled", budget=thinking == "enabled", adaptive=adaptive)
    marks = content.count(b'"cache_control"')
    refuse_unless(
        marks <= MOST_MARKS, "cache_control", f"at most {MOST_MARKS} blocks may have it, not {marks}"
    )
    return _ask(body, turns, thinks=thinking != "disabled")


def wants_one_hour(content: bytes) -> bool:
    """Whether what is written to the cache shall be kept for an hour."""
    return ONE_HOUR.search(content) is not None


def _body(content: bytes) -> dict[str, Any]:
    try:
        return an_object(msgspec.json.decode(content), "body")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise BadRequest(f"The request body is not valid JSON: {exc}") from exc


def _thinking(body: dict[str, Any], *, adaptive: bool, counts: bool) -> str:
    """Return how the model shall think, in the request's word. Raises `BadRequest`."""
    if body.get("thinking") is None:
        return "disabled"
    thinking = an_object(body["thinking"], "thinking")
    kind = thinking.get("type")
    one_of(kind or "", ("enabled", "adaptive", "disabled"), "thinking.type")
    only(
        thinking,
        {"type", "display"} | ({"budget_tokens"} if kind == "enabled" else set()),
        f"thinking.{kind}",
    )
    if kind == "enabled":
        refuse_unless(not adaptive, "thinking", "`thinking.type.enabled` is not supported for this model")
        required(thinking, ("budget_tokens",), "thinking.enabled")
        budget = thinking["budget_tokens"]
        a_number(budget, "thinking.enabled.budget_tokens", low=LEAST_BUDGET, high=MOST_TOKENS, whole=True)
        refuse_unless(
            counts or budget < body["max_tokens"], "max_tokens", "it must be greater than the thinking budget"
        )
    if kind == "adaptive":
        refuse_unless(adaptive, "thinking", "adaptive thinking is not supported on this model")
    forced = (body.get("tool_choice") or {}).get("type") in {"any", "tool"}
    refuse_unless(
        counts or kind == "disabled" or not forced, "tool_choice", "a tool cannot be forced with thinking"
    )
    return str(kind)


def _check_options(body: dict[str, Any]) -> None:
    a_number(body["max_tokens"], "max_tokens", low=0, high=MOST_TOKENS, whole=True)
    refuse_unless(isinstance(body.get("stream", False), bool), "stream", "Input should be true or false")
    only(an_object(body.get("metadata", {}), "metadata"), ("user_id",), "metadata")
    one_of(body.get("service_tier"), ("auto", "standard_only"), "service_tier")
    for index, stop in enumerate(a_list(body.get("stop_sequences") or [], "stop_sequences")):
        fits = isinstance(stop, str) and stop.strip()
        refuse_unless(fits, f"stop_sequences.{index}", "each stop sequence must contain non-whitespace")


def _check_sampling(body: dict[str, Any], *, thinks: bool, adaptive: bool, newest: bool) -> None:
    a_number(body.get("temperature"), "temperature", low=0, high=1)
    a_number(body.get("top_p"), "top_p", low=0, high=1)
    a_number(body.get("top_k"), "top_k", low=0, high=MOST_TOKENS, whole=True)
    given = [field for field in SAMPLING if body.get(field) is not None]
    refuse_unless(not (newest and given), ", ".join(given), f"not taken since version {VERSIONS[1]}")
    changed = [field for field in given if field != "temperature" or body[field] != 1]
    refuse_unless(not (adaptive and changed), ", ".join(changed), "this model does not take it")
    if thinks:
        refuse_unless(body.get("temperature", 1) == 1, "temperature", "it may only be 1 with thinking")
        refuse_unless("top_k" not in given, "top_k", "it cannot be set with thinking")
        refuse_unless((body.get("top_p") or 1) >= 0.95, "top_p", "it must be at least 0.95 with thinking")


def _ask(body: dict[str, Any], turns: list[tuple[str, list[Block]]], *, thinks: bool) -> Ask:
    """Return the request as far as the simulator cares; equal words get equal replies in both dialects."""
    texts = [_system(body)] if body.get("system") else []
    texts += [" ".join(_words(blocks)) for _, blocks in turns]
    asked = [" ".join(_words(blocks)) for role, blocks in turns if role == "user"]
    choice = body.get("tool_choice") or {}
    output = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    answered = any(block.get("type") == "tool_result" for block in turns[-1][1])
    return Ask(
        model=body["model"],
        prompt=asked[-1],
        prompt_tokens=3 + sum(4 + -(-len(text) // 4) for text in texts),
        seed=msgspec.json.encode([body["model"], texts, None]),
        stream=body.get("stream") is True,
        max_tokens=body.get("max_tokens"),
        tools=_tools(body.get("tools") or [], choice, answered=answered),
        parallel=choice.get("disable_parallel_tool_use") is not True,
        schema=output.get("schema"),
        thinks=thinks,
        stops=tuple(body.get("stop_sequences") or ()),
        call_prefix="toolu_",
    )


def _system(body: dict[str, Any]) -> str:
    system = body["system"]
    return system if isinstance(system, str) else " ".join(_words(system))


def _words(blocks: list[Block]) -> Iterator[str]:
    """Yield the text of blocks; what is no text counts as a few words."""
    for block in blocks:
        kind = block.get("type")
        if kind == "tool_result":
            content = block.get("content", "")
            yield content if isinstance(content, str) else " ".join(_words(content))
        elif kind == "tool_use":
            yield f"{block['name']} {msgspec.json.encode(block['input']).decode()}"
        else:
            yield str(block.get("text") or block.get("thinking") or "[attachment]")


def _tools(given: list[Any], choice: Mapping[str, Any], *, answered: bool) -> tuple[tuple[str, Any], ...]:
    """Return the functions that may be called now: none once results are there, unless one is forced."""
    forced = choice.get("type") in {"any", "tool"}
    if choice.get("type") == "none" or (answered and not forced):
        return ()
    own = [tool for tool in given if tool.get("type") in {None, "custom"}]
    wanted = [tool for tool in own if tool["name"] == choice["name"]] if choice.get("type") == "tool" else own
    return tuple((tool["name"], tool["input_schema"]) for tool in wanted)
