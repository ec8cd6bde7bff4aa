"""Pure: what the messages API refuses beside the conversation: system, tools, the form of the answer.

Sources: https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use,
https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
"""

from __future__ import annotations

from typing import Any

from llmhub.simulator.checks import (
    TOOL_NAME,
    a_list,
    a_match,
    an_object,
    one_of,
    only,
    refuse_unless,
    required,
)
from llmhub.simulator.messages_history import check_block, check_cache_control

TOOL_FIELDS = {
    "allowed_callers", "cache_control", "defer_loading", "description", "eager_input_streaming",
    "input_examples", "input_schema", "name", "strict", "type",
}  # fmt: skip
CHOICES = {"auto": {"disable_parallel_tool_use"}, "any": {"disable_parallel_tool_use"}, "none": set(),
           "tool": {"disable_parallel_tool_use", "name"}}  # fmt: skip
EFFORTS = ("low", "medium", "high", "xhigh", "max")
# Constraints that a schema for the answer may not have.
NO_CONSTRAINTS = {
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
    "maxItems", "uniqueItems", "minProperties", "maxProperties",
}  # fmt: skip
NESTED = ("anyOf", "allOf", "oneOf")


def check_system(system: Any) -> None:
    """Refuse instructions that are neither a text nor blocks of text."""
    if system is None or isinstance(system, str):
        return
    for index, block in enumerate(a_list(system, "system")):
        check_block(block, f"system.{index}", {"text"})


def check_tools(body: dict[str, Any]) -> None:
    """Refuse tools that cannot be called, and a choice that is none of them."""
    tools = a_list(body.get("tools") or [], "tools")
    for index, given in enumerate(tools):
        tool, where = an_object(given, f"tools.{index}"), f"tools.{index}"
        required(tool, ("name",), where)
        if tool.get("type") in {None, "custom"}:
            _check_own(tool, f"{where}.custom")
    names = [tool["name"] for tool in tools]
    refuse_unless(len(set(names)) == len(names), "tools", "Tool names must be unique.")
    if (choice := body.get("tool_choice")) is not None:
        _check_choice(an_object(choice, "tool_choice"), names)


def _check_own(tool: dict[str, Any], where: str) -> None:
    """Refuse a tool of the caller's own that is not described as it must be."""
    only(tool, TOOL_FIELDS, where)
    required(tool, ("input_schema",), where)
    a_match(tool["name"], TOOL_NAME, f"{where}.name")
    schema = an_object(tool["input_schema"], f"{where}.input_schema")
    refuse_unless(schema.get("type") == "object", f"{where}.input_schema.type", "Input should be 'object'")
    said = tool.get("description", "")
    refuse_unless(isinstance(said, str), f"{where}.description", "Input should be a valid string")
    check_cache_control(tool, where)
    if tool.get("strict"):
        check_schema(schema, f"{where}.input_schema")


def _check_choice(choice: dict[str, Any], names: list[str]) -> None:
    kind = choice.get("type")
    one_of(kind or "", CHOICES, "tool_choice.type")
    refuse_unless(names, "tool_choice", "it may only be given with tools")
    only(choice, {"type", *CHOICES[str(kind)]}, f"tool_choice.{kind}")
    if kind == "tool":
        required(choice, ("name",), "tool_choice.tool")
        refuse_unless(
            choice["name"] in names, "tool_choice", f"tool {choice['name']!r} is not among the tools"
        )


def check_output(given: Any, *, adaptive: bool) -> None:
    """Refuse an effort that this model does not take, and a schema that no answer is made by."""
    config = an_object(given or {}, "output_config")
    only(config, ("effort", "format"), "output_config")
    one_of(config.get("effort"), EFFORTS, "output_config.effort")
    refuse_unless(adaptive or config.get("effort") is None, "output_config.effort", "not taken by this model")
    if config.get("format") is not None:
        where = "output_config.format"
        form = an_object(config["format"], where)
        required(form, ("type", "schema"), where)
        one_of(form["type"], ("json_schema",), f"{where}.type")
        only(form, ("type", "schema"), where)
        check_schema(an_object(form["schema"], f"{where}.schema"), f"{where}.schema")


def check_schema(schema: dict[str, Any], where: str) -> None:
    """Refuse constraints that cannot be kept, and an object that is open."""
    only(schema, schema.keys() - NO_CONSTRAINTS, where, "this keyword is not supported")
    refuse_unless(schema.get("minItems", 0) in {0, 1}, f"{where}.minItems", "only 0 and 1 are supported")
    if schema.get("type") == "object":
        closed = schema.get("additionalProperties") is False
        refuse_unless(closed, where, "for 'object' type, 'additionalProperties' must be explicitly false")
    for place, inner in _inside(schema):
        if isinstance(inner, dict):
            check_schema(inner, f"{where}.{place}")


def _inside(schema: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the schemas inside a schema, and where they stand."""
    found = [("items", schema.get("items"))]
    for group in ("properties", "$defs", "definitions"):
        found += [(f"{group}.{name}", inner) for name, inner in (schema.get(group) or {}).items()]
    for group in NESTED:
        found += [(f"{group}.{index}", inner) for index, inner in enumerate(schema.get(group) or [])]
    return found
