"""Pure: the tools of a chat call, and which of them may be called, in the messages dialect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from providers.translators.base import Malformed, Unsayable
from providers.translators.chat_messages_content import with_cache_control
from providers.translators.chat_messages_fields import Fields, a_list, a_text, an_object
from providers.translators.chat_messages_names import NAME_LENGTH, Names
from providers.translators.chat_messages_schema import NotStrict, strict_schema
from providers.wire import Terms

NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}
_PLAIN_CHOICES = {"auto": "auto", "required": "any", "none": "none"}


@dataclass(frozen=True)
class Tools:
    """The tools of one call."""

    names: Names
    definitions: tuple[dict[str, Any], ...] = ()
    choice: dict[str, Any] | None = None  # None: nothing was said
    legacy: bool = False  # the caller speaks of functions, and reads one call at a time

    @property
    def forced(self) -> bool:
        """Whether the model must call one."""
        return self.choice is not None and self.choice["type"] in ("any", "tool")

    def sent(self) -> dict[str, Any]:
        """Return the fields of the messages dialect."""
        if not self.definitions:
            return {}
        return {"tools": list(self.definitions)} | ({"tool_choice": self.choice} if self.choice else {})


def tools_of(fields: Fields, terms: Terms) -> Tools:
    """Return the tools that a call offers. Raises `Malformed` and `Unsayable`."""
    tools = a_list(fields.take("tools") or [], at="tools")
    functions = a_list(fields.take("functions") or [], at="functions")
    choice, function_call = fields.take("tool_choice"), fields.take("function_call")
    one_at_a_time = fields.take("parallel_tool_calls") is False
    legacy = bool(functions) and not tools
    if legacy:
        tools = [{"type": "function", "function": function} for function in functions]
        choice = _of_function_call(function_call)
        one_at_a_time = True
    names = Names(NAME_LENGTH)
    found = [_function(tool, f"tools[{place}]") for place, tool in enumerate(tools)]
    names.keep(function["name"] for function in found)
    definitions = tuple(
        with_cache_control(_definition(function, f"tools[{place}]", names, terms, fields), tool)
        for place, (function, tool) in enumerate(zip(found, tools, strict=True))
    )
    offered = Tools(names, definitions, None, legacy)
    return _chosen(offered, choice, one_at_a_time=one_at_a_time)


def with_called_tools(tools: Tools) -> Tools:
    """Return `tools` with a definition of each tool that earlier turns called and none may call now.

    The messages dialect wants tools to be defined wherever messages speak of them.
    """
    called = tools.names.all()
    if tools.definitions or not called:
        return tools
    definitions = tuple({"name": name, "input_schema": NO_PARAMETERS} for name in called)
    return replace(tools, definitions=definitions, choice={"type": "none"})


def _function(tool: Any, at: str) -> dict[str, Any]:
    kind = an_object(tool, at=at).get("type", "function")
    if kind != "function":
        raise Unsayable(f"{at!r} is of type {kind!r}: the provider takes functions", param=f"{at}.type")
    function = an_object(tool.get("function"), at=f"{at}.function")
    a_text(function.get("name"), at=f"{at}.function.name")
    return function


def _definition(
    function: dict[str, Any], at: str, names: Names, terms: Terms, fields: Fields
) -> dict[str, Any]:
    described = function.get("description")
    parameters = function.get("parameters")
    schema = NO_PARAMETERS if parameters is None else an_object(parameters, at=f"{at}.function.parameters")
    definition: dict[str, Any] = {
        "name": names.of(function["name"]),
        "input_schema": {"type": "object", **schema},
    }
    if isinstance(described, str) and described:
        definition["description"] = described
    if function.get("strict") is True:
        definition |= _strict(definition["input_schema"], terms, fields)
    return with_cache_control(definition, function)


def _strict(schema: dict[str, Any], terms: Terms, fields: Fields) -> dict[str, Any]:
    """Return what makes a definition strict, where the model takes that and the schema allows it."""
    try:
        if terms.json_schema:
            return {"input_schema": strict_schema(schema), "strict": True}
    except NotStrict:
        pass
    fields.drop("tools.function.strict")
    return {}


def _of_function_call(value: Any) -> Any:
    """Return the deprecated `function_call` as a `tool_choice`."""
    return {"type": "function", "function": value} if isinstance(value, dict) else value


def _chosen(tools: Tools, choice: Any, *, one_at_a_time: bool) -> Tools:
    if not tools.definitions:
        if choice not in (None, "auto", "none"):
            raise Malformed("'tool_choice' asks for a tool, and 'tools' holds none", param="tool_choice")
        return tools
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        tools, choice = _allowed(
            tools, an_object(choice.get("allowed_tools"), at="tool_choice.allowed_tools")
        )
    sent = _choice(choice, tools)
    if one_at_a_time and (sent is None or sent["type"] != "none"):
        sent = {**(sent or {"type": "auto"}), "disable_parallel_tool_use": True}
    return replace(tools, choice=sent)


def _choice(choice: Any, tools: Tools) -> dict[str, Any] | None:
    if choice is None:
        return None
    if isinstance(choice, str) and choice in _PLAIN_CHOICES:
        return {"type": _PLAIN_CHOICES[choice]}
    if isinstance(choice, dict) and choice.get("type") == "custom":
        raise Unsayable("'tool_choice' names a custom tool: use a function", param="tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "function":
        return {"type": "tool", "name": _named(choice, tools)}
    raise Malformed("'tool_choice' must be auto, required, none or a function", param="tool_choice")


def _allowed(tools: Tools, allowed: dict[str, Any]) -> tuple[Tools, Any]:
    """Return the allowed ones of `tools`, and the choice among them."""
    listed = a_list(allowed.get("tools"), at="tool_choice.allowed_tools.tools")
    names = {_named(an_object(tool, at="tool_choice"), tools) for tool in listed}
    kept = tuple(tool for tool in tools.definitions if tool["name"] in names)
    if not kept:
        raise Malformed("'tool_choice' allows no tool", param="tool_choice")
    return replace(tools, definitions=kept), allowed.get("mode", "auto")


def _named(choice: dict[str, Any], tools: Tools) -> str:
    """Return the tool that `choice` names, as it is sent. Raises `Malformed`."""
    function = an_object(choice.get("function"), at="tool_choice.function")
    given = a_text(function.get("name"), at="tool_choice.function.name")
    if not tools.names.knows(given):
        raise Malformed(f"'tool_choice' names {given!r}, which is no tool", param="tool_choice")
    return tools.names.of(given)
