"""Pure: the form that a chat call wants its answer in, as the messages dialect asks for it.

A schema becomes `output_config.format`. Where the model takes none, or the schema is too open
for it, a forced tool stands in, whose input is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from providers.translators.base import Unsayable
from providers.translators.chat_messages_fields import Fields, a_text, an_object
from providers.translators.chat_messages_schema import NotStrict, strict_schema
from providers.translators.chat_messages_tools import Tools
from providers.wire import Terms

JSON_INSTRUCTION = "Answer with a single JSON object and nothing else: no other text, no Markdown fence."
_ANSWER_TOOL = "json_answer"
_AT = "response_format"


@dataclass(frozen=True)
class Form:
    """How the answer must look; at most one of these is set."""

    instruction: str = ""
    schema: dict[str, Any] | None = None  # that the model itself follows
    tool_schema: dict[str, Any] | None = None  # of the input of a forced tool


def form_of(fields: Fields, terms: Terms) -> Form:
    """Return the form that a call asks for. Raises `Malformed` and `Unsayable`."""
    wanted = fields.take_object(_AT)
    kind = "text" if wanted is None else a_text(wanted.get("type"), at=f"{_AT}.type")
    if wanted is None or kind == "text":
        return Form()
    if kind == "json_object":
        return Form(instruction=JSON_INSTRUCTION)
    if kind != "json_schema":
        raise Unsayable(f"{_AT!r} is of type {kind!r}: use 'json_schema'", param=_AT)
    described = an_object(wanted.get(kind), at=f"{_AT}.{kind}")
    if described.get("schema") is None:
        return Form(instruction=JSON_INSTRUCTION)
    schema = an_object(described["schema"], at=f"{_AT}.{kind}.schema")
    if isinstance(described.get("description"), str):
        schema = {"description": described["description"], **schema}
    return _following(schema, terms)


def with_answer_tool(tools: Tools, form: Form) -> tuple[Tools, str]:
    """Return `tools` with the tool that stands in for the form, and its name; "" where none does.

    Where the caller already forces a tool, the answer is its call and needs no form.
    """
    if form.tool_schema is None or tools.forced:
        return tools, ""
    name = tools.names.fresh(_ANSWER_TOOL)
    tool = {
        "name": name,
        "description": "Give the final answer with this tool.",
        "input_schema": form.tool_schema,
    }
    callable_ = tools.definitions and (tools.choice or {}).get("type") != "none"
    choice = {**(tools.choice or {}), "type": "any"} if callable_ else {"type": "tool", "name": name}
    return replace(tools, definitions=(*tools.definitions, tool), choice=choice), name


def _following(schema: dict[str, Any], terms: Terms) -> Form:
    try:
        if terms.json_schema:
            return Form(schema=strict_schema(schema))
    except NotStrict:
        pass
    if schema.get("type", "object") != "object":
        raise Unsayable(f"{_AT!r} must describe an object", param=_AT)
    if any(key in schema for key in ("anyOf", "oneOf", "allOf", "$ref")):
        raise Unsayable(f"{_AT!r} must describe one object, without a choice at its top", param=_AT)
    return Form(tool_schema={"type": "object", **schema})
