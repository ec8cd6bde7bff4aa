"""What the provider's own SDK accepts as a messages call, field for field."""

from __future__ import annotations

from functools import cache
from typing import get_type_hints

from anthropic import types
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from pydantic import TypeAdapter

BLOCKS = {
    "text": types.TextBlockParam,
    "image": types.ImageBlockParam,
    "document": types.DocumentBlockParam,
    "tool_use": types.ToolUseBlockParam,
    "tool_result": types.ToolResultBlockParam,
    "thinking": types.ThinkingBlockParam,
    "redacted_thinking": types.RedactedThinkingBlockParam,
}
CHOICES = {
    "auto": types.ToolChoiceAutoParam,
    "any": types.ToolChoiceAnyParam,
    "tool": types.ToolChoiceToolParam,
    "none": types.ToolChoiceNoneParam,
}
THINKING = {
    "enabled": types.ThinkingConfigEnabledParam,
    "adaptive": types.ThinkingConfigAdaptiveParam,
    "disabled": types.ThinkingConfigDisabledParam,
}
KINDS = {"tool_choice": CHOICES, "thinking": THINKING}
SOURCES = {
    ("image", "base64"): types.Base64ImageSourceParam,
    ("image", "url"): types.URLImageSourceParam,
    ("document", "base64"): types.Base64PDFSourceParam,
    ("document", "url"): types.URLPDFSourceParam,
    ("document", "text"): types.PlainTextSourceParam,
}


# Taken by older models, and gone from the newest SDK.
SAMPLING = {"temperature": float, "top_p": float, "top_k": int}


def accept(sent) -> None:
    """Fail unless the SDK's types accept `sent`, and know each of its fields."""
    for field in SAMPLING.keys() & sent.keys():
        _adapter(SAMPLING[field]).validate_python(sent[field])
    others = {field: value for field, value in sent.items() if field not in SAMPLING}
    _fits(MessageCreateParamsNonStreaming, {"model": "m", **others})
    for block in sent.get("system", []):
        _fits(types.TextBlockParam, block)
    for tool in sent.get("tools", []):
        _fits(types.ToolParam, tool)
    for turn in sent["messages"]:
        assert turn.keys() == {"role", "content"}
        for block in turn["content"]:
            _block(block)
    for field, kinds in KINDS.items():
        if field in sent:
            _fits(kinds[sent[field]["type"]], sent[field])
    _fits(types.OutputConfigParam, sent.get("output_config", {}))


def _block(block) -> None:
    _fits(BLOCKS[block["type"]], block)
    if "source" in block:
        _fits(SOURCES[block["type"], block["source"]["type"]], block["source"])
    if block["type"] == "tool_result":
        for inner in block.get("content", []):
            assert inner["type"] in ("text", "image", "document")
            _block(inner)


def _fits(kind, value) -> None:
    unknown = value.keys() - _fields(kind)
    assert not unknown, f"{kind.__name__} has no {unknown}"
    _adapter(kind).validate_python(value)


@cache
def _fields(kind):
    return get_type_hints(kind).keys()


@cache
def _adapter(kind):
    return TypeAdapter(kind)
