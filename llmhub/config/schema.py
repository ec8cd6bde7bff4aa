"""Pure: the shape of llmhub.toml. docs/llmhub-toml.md explains it; `config schema` gives it to editors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from billing.amount import parse_cap, parse_usd
from billing.rules import MAX_OUTPUT_TOKENS
from billing.thresholds import HIGHEST, MOST
from llmhub.alerts import quiet
from llmhub.config.schema_models import ModelSection
from llmhub.config.schema_routes import RouteSection
from llmhub.config.section import Section
from llmhub.config.values import (
    Cap,
    Dialect,
    EventKind,
    InboxAction,
    KindName,
    PublicName,
    Reference,
    Rule,
    Slug,
    Zone,
)
from llmhub.lib import money
from llmhub.lib.reference import is_reference
from providers.probe_amount import parse_ceiling
from providers.weights import MAX_WEIGHT

# Words of CONTRACT that have no meaning yet: each says so instead of being taken for a typing mistake.
LATER = ("presets", "params", "experiments")
UNLIMITED = "unlimited"  # a cap that only counts

_LONGEST_LABEL = 60  # of Credential.label
_REASON = Field(max_length=200)


class CallRulesSection(Section):
    """How calls under a hard budget are bounded; what is not given stays as it is."""

    default_output_tokens: Annotated[int, Field(ge=1, le=MAX_OUTPUT_TOKENS)] | None = None
    unpriced: Literal["block", "allow"] | None = None
    allowance: Annotated[str, Field(max_length=60, description="USD")] | None = None
    when_left: Literal["cancel", "finish"] | None = None

    @model_validator(mode="after")
    def _is_amount(self) -> CallRulesSection:
        if self.allowance is not None:
            parse_usd(self.allowance, maximum_nano=money.MAX_CALL_NANO)
        return self


class HubSection(Section):
    """The installation itself."""

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    timezone: Zone | None = None
    paused: Annotated[str, _REASON] | None = None  # the reason; "" lets calls through
    require_second_factor: bool | None = None  # of everyone who uses the console
    report_tags: list[str] | None = None
    call_rules: CallRulesSection | None = None


class CredentialSection(Section):
    """A credential of a provider; written as a text, it is only the reference."""

    ref: Reference
    label: Annotated[str, Field(min_length=1, max_length=_LONGEST_LABEL)] | None = (
        None  # None: made from the reference
    )
    weight: Annotated[int, Field(ge=0, le=MAX_WEIGHT)] | None = None  # None: as it is; 1 where it is new


def label_of(reference: str) -> str:
    """Return the label that a reference of the file goes by: itself, its middle left out when it is long."""
    if len(reference) <= _LONGEST_LABEL:
        return reference
    half = _LONGEST_LABEL // 2
    return f"{reference[: half - 1]}…{reference[-half:]}"


def _as_table(value: Any) -> Any:
    return {"ref": value} if isinstance(value, str) else value


CredentialEntry = Annotated[
    CredentialSection,
    BeforeValidator(_as_table, json_schema_input_type=Reference | CredentialSection),
]


class ProviderSection(Section):
    """A company or server that answers calls."""

    kind: KindName
    removed: bool = False  # a built-in one that is not wanted
    name: str | None = None
    base_url: str | None = None
    dialect: Dialect | None = None
    needs_credential: bool | None = None
    paused: Annotated[str, _REASON] | None = None  # the reason; "" lets calls through
    credentials: list[CredentialEntry] | None = None  # None: whatever the console has
    probe_ceiling: Annotated[str, Field(max_length=20, description="USD a day, or off")] | None = None

    @model_validator(mode="after")
    def _labels_differ(self) -> ProviderSection:
        labels = [each.label or label_of(each.ref) for each in self.credentials or ()]
        if twice := sorted({label for label in labels if labels.count(label) > 1}):
            raise ValueError(f"two credentials have the label {twice[0]!r}: give each a label of its own")
        return self

    @model_validator(mode="after")
    def _is_amount(self) -> ProviderSection:
        if self.probe_ceiling is not None:
            parse_ceiling(self.probe_ceiling)
        return self

    @model_validator(mode="after")
    def _is_there(self) -> ProviderSection:
        if self.removed and self.model_fields_set - {"kind", "removed"}:
            raise ValueError("a removed provider has only its kind: leave the other keys out")
        return self


class BudgetSection(Section):
    """What a team may spend in each period."""

    cap: Cap
    per: Literal["hour", "day", "week", "month", "year", "total"]
    unit: Literal["usd", "tokens", "requests"] = "usd"
    hard: bool = True
    contact: Annotated[str, Field(max_length=200)] = ""  # whom a refused caller may ask for more
    alert_at: Annotated[list[Annotated[int, Field(ge=1, le=HIGHEST)]], Field(max_length=MOST)] | None = None
    timezone: Zone | None = None  # None: the hub's

    @property
    def amount(self) -> str | None:
        """The cap, None where nothing limits."""
        return None if self.cap == UNLIMITED else self.cap

    @property
    def kind(self) -> str:
        """What tells it from the other budgets of the same thing."""
        return f"{self.per}, {self.unit}, {'hard' if self.hard else 'soft'}"

    @model_validator(mode="after")
    def _is_amount(self) -> BudgetSection:
        if self.amount is not None:
            parse_cap(self.amount, self.unit)
        return self


class OtherBudgetSection(BudgetSection):
    """What all calls, those to a provider or model, or those with a tag may cost."""

    scope: Literal["organisation", "provider", "model", "tag"]
    name: str = ""  # of the provider or model, or the tag: `env=prod`

    @property
    def kind(self) -> str:
        """What tells it from the other budgets."""
        return f"{self.scope}{':' * bool(self.name)}{self.name}, {super().kind}"


def _refuse_twins(budgets: Sequence[BudgetSection]) -> None:
    twice = [kind for kind, count in Counter(each.kind for each in budgets).items() if count > 1]
    if twice:
        raise ValueError(f"two budgets ({twice[0]}) limit the same in the same way: write one")


class TeamSection(Section):
    """Who calls are made for."""

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    routes: list[PublicName] | None = None  # that its keys may ask for; None: as it is, every route at first
    call_rules: CallRulesSection | None = None
    budgets: list[BudgetSection] | None = None  # None: whatever the console has

    @model_validator(mode="after")
    def _budgets_differ(self) -> TeamSection:
        _refuse_twins(self.budgets or ())
        return self


class ChannelSection(Section):
    """Who is told of alerts; what is secret of it is a reference."""

    kind: Literal["email", "webhook", "chat"]
    address: Annotated[str, Field(max_length=500)] = ""  # of a chat a reference; of a webhook it can be one
    secret: Reference | None = None  # of a webhook; None: llmhub makes one
    team: Slug | None = None  # None: every alert
    rules: list[Rule] = []  # []: every rule
    quiet: Annotated[str, Field(max_length=20)] = ""  # `22:00-07:00`
    timezone: Zone | None = None  # of the quiet hours; None: the hub's
    paused: bool | None = None  # None: as it is

    @model_validator(mode="after")
    def _fits(self) -> ChannelSection:
        quiet.parse(self.quiet)
        if self.kind == "chat" and not is_reference(self.address):
            raise ValueError("the address of a chat is a secret: write env:NAME or file:/PATH")
        if self.kind != "webhook" and self.secret is not None:
            raise ValueError("only a webhook has a secret: leave it out")
        return self


class InboxRuleSection(Section):
    """What is decided without asking on what changes at providers."""

    kind: EventKind
    action: InboxAction
    provider: Slug | None = None  # None: at any

    @property
    def key(self) -> str:
        """What tells it from the other rules: one for a kind and a provider."""
        return f"{self.kind} at {self.provider}" if self.provider else self.kind


class Config(Section):
    """llmhub.toml."""

    hub: HubSection = HubSection()
    providers: dict[Slug, ProviderSection] = {}
    models: dict[PublicName, ModelSection] = {}
    aliases: dict[PublicName, PublicName] = {}
    routes: dict[PublicName, RouteSection] = {}
    budgets: list[OtherBudgetSection] = []
    teams: dict[Slug, TeamSection] = {}
    channels: dict[Annotated[str, Field(min_length=1, max_length=60)], ChannelSection] = {}
    inbox_rules: list[InboxRuleSection] = []

    @model_validator(mode="after")
    def _rules_differ(self) -> Config:
        keys = [each.key for each in self.inbox_rules]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"two inbox_rules decide on {twice[0]}: write one")
        return self

    @model_validator(mode="after")
    def _budgets_differ(self) -> Config:
        _refuse_twins(self.budgets)
        return self


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, which editors check and complete it by."""
    schema = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "llmhub.toml"}
