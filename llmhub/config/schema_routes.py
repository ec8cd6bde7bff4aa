"""Pure: the routes of llmhub.toml: names whose calls go to one of several models."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from billing.rules import MAX_OUTPUT_TOKENS
from llmhub.config.section import Section
from llmhub.config.values import Capability, PublicName, Slug, one_of
from routing.policy_words import POLICIES
from routing.route_limits import MOST_EXPLORED, MOST_TARGETS, MOST_WEIGHT

INHERIT = "inherit"  # as the rules of the team say
NO_LIMIT = "unlimited"  # fallbacks may cost anything


class TargetSection(Section):
    """A model that calls may go to; written as a text, it is only the model."""

    model: PublicName
    provider: Slug | None = None  # None: wherever it is offered
    weight: Annotated[int, Field(ge=0, le=MOST_WEIGHT)] = 1


def _as_table(value: Any) -> Any:
    return {"model": value} if isinstance(value, str) else value


TargetEntry = Annotated[
    TargetSection, BeforeValidator(_as_table, json_schema_input_type=PublicName | TargetSection)
]
Targets = Annotated[list[TargetEntry], Field(max_length=MOST_TARGETS)]
PolicyName = Annotated[
    str, AfterValidator(one_of(POLICIES)), WithJsonSchema({"enum": list(POLICIES), "type": "string"})
]


def _is_multiple(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value == NO_LIMIT or (is_number and 1 <= value < 10_000):
        return value
    raise ValueError(f'must be a number from 1 to 9999, without quotes, or "{NO_LIMIT}"')


Multiple = Annotated[int | float | Literal["unlimited"], BeforeValidator(_is_multiple)]


class RouteSection(Section):
    """A route; what is not given stays as it is, or is as docs/routing.md says where it is new."""

    description: Annotated[str, Field(max_length=500)] | None = None
    policy: PolicyName | None = None
    targets: Annotated[Targets, Field(min_length=1)]
    over_budget: Targets | None = None
    require: list[Capability] | None = None
    max_cost_multiple: Multiple | None = None
    explore_percent: Annotated[int, Field(ge=0, le=MOST_EXPLORED)] | None = None
    keeps_sessions: bool | None = None
    escalates: bool | None = None
    default_output_tokens: Annotated[int, Field(ge=1, le=MAX_OUTPUT_TOKENS)] | Literal["inherit"] | None = (
        None
    )

    def facts(self) -> dict[str, Any]:
        """Return what the section says besides targets, by the names of the route's fields."""
        keys = self.model_fields_set - {"targets", "over_budget", "max_cost_multiple"}
        facts: dict[str, Any] = self.model_dump(include=keys, exclude_none=True)
        if facts.get("default_output_tokens") == INHERIT:
            facts["default_output_tokens"] = None
        if self.max_cost_multiple is not None:
            unlimited = self.max_cost_multiple == NO_LIMIT
            facts["max_cost_multiple"] = None if unlimited else Decimal(str(self.max_cost_multiple))
        return facts

    def all_targets(self) -> Sequence[tuple[str, int, TargetSection]]:
        """Return every target, with the key of its list and its place there."""
        lists = {"targets": self.targets, "over_budget": self.over_budget or []}
        return [(key, place, each) for key, some in lists.items() for place, each in enumerate(some)]
