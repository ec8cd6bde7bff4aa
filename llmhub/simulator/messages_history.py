"""Pure: what the messages API refuses in a conversation: blocks, tools and their results, thinking.

Sources: https://platform.claude.com/docs/en/api/messages,
https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls,
https://platform.claude.com/docs/en/build-with-claude/extended-thinking
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from collections import Counter
from collections.abc import Iterator
from typing import Any

from llmhub.simulator.checks import (
    TOOL_ID,
    TOOL_NAME,
    a_list,
    a_match,
    an_object,
    one_of,
    only,
    refuse_unless,
    required,
)
from llmhub.simulator.messages import signature

Block = dict[str, Any]
# Of each block what it must have and what it may have besides.
BLOCKS: dict[str, tuple[set[str], set[str]]] = {
    "text": ({"text"}, {"cache_control", "citations"}),
    "image": ({"source"}, {"cache_control", "transformations"}),
    "document": ({"source"}, {"cache_control", "citations", "context", "title"}),
    "search_result": ({"content", "source", "title"}, {"cache_control", "citations"}),
    "tool_use": ({"id", "name", "input"}, {"cache_control", "caller", "toolset_name"}),
    "tool_result": ({"tool_use_id"}, {"cache_control", "content", "is_error", "toolset_name"}),
    "thinking": ({"thinking", "signature"}, set()),
    "redacted_thinking": ({"data"}, set()),
    "tool_reference": ({"tool_name"}, {"cache_control"}),
}
BY_ROLE = {
    "user": {"text", "image", "document", "search_result", "tool_result"},
    "assistant": {"text", "tool_use", "thinking", "redacted_thinking"},
}
IN_RESULT = {"text", "image", "document", "search_result", "tool_reference"}
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
SOURCES = {
    "base64": {"media_type", "data"},
    "url": {"url"},
    "file": {"file_id"},
    "text": {"media_type", "data"},
    "content": {"content"},
}
# What a provider's own tools leave in a history; the simulator does not look into it.
OF_SERVER_TOOLS = re.compile(
    r"(server|mcp)_tool_use|[a-z_]+_tool_result|container_upload|compaction|fallback"
)
THINKING = {"thinking", "redacted_thinking"}


def check_messages(messages: Any) -> list[tuple[str, list[Block]]]:
    """Return the turns of a conversation, role and blocks, neighbours of one role made one.

    Raises `BadRequest`.
    """
    refuse_unless(a_list(messages, "messages"), "messages", "at least one message is required")
    turns: list[tuple[str, list[Block]]] = []
    for index, message in enumerate(messages):
        role, blocks = _message(message, f"messages.{index}", is_last=index == len(messages) - 1)
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        else:
            turns.append((role, blocks))
    refuse_unless(turns[0][0] == "user", "messages", 'the first message must have the role "user"')
    _check_tools(turns)
    return turns


def _message(given: Any, where: str, *, is_last: bool) -> tuple[str, list[Block]]:
    """Return role and blocks of one message; a plain text is one block."""
    message = an_object(given, where)
    required(message, ("role", "content"), where)
    only(message, ("role", "content"), where)
    role, content = message["role"], message["content"]
    one_of(role, BY_ROLE, f"{where}.role")
    if isinstance(content, str):
        refuse_unless(content or (is_last and role == "assistant"), where, "its content must not be empty")
        return role, [{"type": "text", "text": content}] if content else []
    blocks = a_list(content, f"{where}.content")
    refuse_unless(blocks or (is_last and role == "assistant"), where, "its content must not be empty")
    for index, block in enumerate(blocks):
        check_block(block, f"{where}.content.{index}", BY_ROLE[role])
    return role, list(blocks)


def check_block(given: Any, where: str, allowed: set[str]) -> None:
    """Refuse a block that is not as its type wants it."""
    block = an_object(given, where)
    kind = str(block.get("type"))
    if OF_SERVER_TOOLS.fullmatch(kind) and kind != "tool_result":
        return
    refuse_unless(kind in allowed, where, f"no block of the type {kind!r} may stand here")
    must, may = BLOCKS[kind]
    required(block, sorted(must), f"{where}.{kind}")
    only(block, {"type", *must, *may}, f"{where}.{kind}")
    check_cache_control(block, f"{where}.{kind}")
    if kind in _CHECKS:
        _CHECKS[kind](block, f"{where}.{kind}")


def check_cache_control(block: Block, where: str) -> None:
    """Refuse a mark of the cache that is none."""
    if (mark := block.get("cache_control")) is not None:
        where = f"{where}.cache_control"
        refuse_unless(an_object(mark, where).get("type") == "ephemeral", where, "its type is 'ephemeral'")
        only(mark, ("type", "ttl"), where)
        one_of(mark.get("ttl"), ("5m", "1h"), f"{where}.ttl")


def _text(block: Block, where: str) -> None:
    refuse_unless(isinstance(block["text"], str), f"{where}.text", "Input should be a valid string")
    refuse_unless(block["text"], "messages", f"text content blocks must be non-empty ({where})")
    refuse_unless(
        block["text"].strip(), "messages", f"text content blocks must contain non-whitespace text ({where})"
    )


def _source(block: Block, where: str) -> None:
    source = an_object(block["source"], f"{where}.source")
    kind = source.get("type")
    one_of(kind or "", SOURCES, f"{where}.source.type")
    required(source, sorted(SOURCES[str(kind)]), f"{where}.source")
    only(source, {"type", *SOURCES[str(kind)]}, f"{where}.source")
    if block["type"] == "image" and kind == "base64":
        one_of(source["media_type"], IMAGE_TYPES, f"{where}.source.base64.media_type")
    if kind == "base64":
        refuse_unless(_is_base64(source["data"]), f"{where}.source.base64.data", "it is no Base64")


def _is_base64(data: Any) -> bool:
    try:
        return isinstance(data, str) and bool(a2b_base64(data, strict_mode=True))
    except (Error, ValueError):
        return False


def _tool_use(block: Block, where: str) -> None:
    a_match(block["id"], TOOL_ID, f"{where}.id")
    a_match(block["name"], TOOL_NAME, f"{where}.name")
    an_object(block["input"], f"{where}.input")


def _tool_result(block: Block, where: str) -> None:
    a_match(block["tool_use_id"], TOOL_ID, f"{where}.tool_use_id")
    refuse_unless(
        isinstance(block.get("is_error", False), bool), f"{where}.is_error", "Input should be true or false"
    )
    content = block.get("content", "")
    if not isinstance(content, str):
        for index, part in enumerate(a_list(content, f"{where}.content")):
            check_block(part, f"{where}.content.{index}", IN_RESULT)


def _thinking(block: Block, where: str) -> None:
    made = isinstance(block["thinking"], str) and block["signature"] == signature(block["thinking"])
    refuse_unless(made, where, "Invalid `signature`: it is not the one this block was made with")


_CHECKS = {
    "text": _text,
    "image": _source,
    "document": _source,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "thinking": _thinking,
}


def _check_tools(turns: list[tuple[str, list[Block]]]) -> None:
    """Refuse a call of a tool without its result at the start of the next turn, and the other way round."""
    for index, (role, blocks) in enumerate(turns):
        where = f"messages.{index}"
        called = [block["id"] for block in blocks if block.get("type") == "tool_use"]
        refuse_unless(len(set(called)) == len(called), where, "`tool_use` ids must be unique")
        if role == "assistant" and called:
            after = turns[index + 1][1] if index + 1 < len(turns) else []
            missing = [each for each in called if each not in set(_leading_results(after))]
            refuse_unless(
                not missing,
                where,
                f"`tool_use` ids without `tool_result` blocks at the start of the next message: {missing}",
            )
        if role == "user":
            _check_results(blocks, turns[index - 1][1] if index else [], where)


def _leading_results(blocks: list[Block]) -> Iterator[str]:
    """Yield the ids of the results that stand before everything else."""
    for block in blocks:
        if block.get("type") != "tool_result":
            return
        yield block["tool_use_id"]


def _check_results(blocks: list[Block], before: list[Block], where: str) -> None:
    results = Counter(block["tool_use_id"] for block in blocks if block.get("type") == "tool_result")
    called = {block["id"] for block in before if block.get("type") == "tool_use"}
    for each, count in results.items():
        refuse_unless(each in called, where, f"unexpected `tool_use_id` in `tool_result` blocks: {each}")
        refuse_unless(count == 1, where, f"more than one `tool_result` block for {each}")


def check_last_turn(
    turns: list[tuple[str, list[Block]]], *, thinks: bool, budget: bool, adaptive: bool
) -> None:
    """Refuse an end of the conversation that the model cannot go on from."""
    role, blocks = turns[-1]
    if role == "assistant":
        refuse_unless(not thinks, "messages", "the last message must not be the assistant's with thinking")
        refuse_unless(not adaptive, "messages", "this model takes no beginning of its own answer")
        text = blocks[-1].get("text", "") if blocks else ""
        refuse_unless(
            text == text.rstrip(), "messages", "the final assistant message must not end in whitespace"
        )
    begun = _first_round(turns)
    if budget and begun:
        first = begun[0].get("type")
        refuse_unless(
            first in THINKING, "messages", f"with thinking, calls of tools begin with it, not with {first!r}"
        )


def _first_round(turns: list[tuple[str, list[Block]]]) -> list[Block]:
    """Return what the assistant said first since the user spoke; nothing where the answer begins anew."""
    found: list[Block] = []
    for role, blocks in reversed(turns):
        if role == "assistant":
            found = blocks
        elif not any(block.get("type") == "tool_result" for block in blocks):
            break
    return found
