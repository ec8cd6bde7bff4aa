"""Pure: the parameters of a model in llmhub.toml, each a table of what it may be."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from catalog.parameters import MAX_NAME, is_name
from llmhub.config.section import Section
from llmhub.config.values import one_of
from providers.adapters.parameters import TYPES, completed, fits


def _number(value: Any) -> Any:
    if not fits(value, "number"):
        raise ValueError("must be a number, without quotes")
    return value


def _word(value: Any) -> Any:
    if not fits(value, "number") and not isinstance(value, bool | str):
        raise ValueError("must be a number, a text, true or false")
    return value


def _name(value: str) -> str:
    if not is_name(value):
        raise ValueError(
            f"is no name of a parameter: it has 1 to {MAX_NAME} letters, all of which can be seen"
        )
    return value


Number = Annotated[Any, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Word = Annotated[Any, BeforeValidator(_word), WithJsonSchema({"type": ["number", "string", "boolean"]})]
ParameterName = Annotated[str, AfterValidator(_name)]
TypeName = Annotated[
    str, AfterValidator(one_of(TYPES)), WithJsonSchema({"enum": list(TYPES), "type": "string"})
]


class ParameterSection(Section):
    """What one parameter of a call may be; without `type`, what the chat dialect says holds beside it."""

    type: TypeName | None = None
    min: Number | None = None
    max: Number | None = None
    values: Annotated[list[Word], Field(min_length=1)] | None = None
    default: Word | None = None
    requires: list[str] | None = None
    excludes: list[str] | None = None
    mandatory: bool | None = None
    default_enabled: bool | None = None
    supports_max_tokens: bool | None = None
    source: str | None = None

    def descriptor(self, name: str) -> dict[str, Any]:
        """Return it as the catalog keeps it."""
        return completed(name, self.model_dump(exclude_none=True))
