"""Pure: the shape of llmhub.toml. docs/llmhub-toml.md explains it; `config schema` gives it to editors."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from billing.amount import parse_cap
from catalog.pricing import MAX_PRICE
from catalog.words import CAPABILITIES, MODALITIES, NAME_PATTERN
from llmhub.lib import money
from providers import reference
from providers.adapters import KINDS
from providers.rates import AMOUNTS, Rates, faults
from providers.weights import MAX_WEIGHT

# Words of CONTRACT that have no meaning yet: each says so instead of being taken for a typing mistake.
LATER = ("routes", "presets", "params", "alert_at", "experiments", "channels")

_LONGEST_LABEL = 60  # of Credential.label
# A dialect is named by its wire format, or by the company whose format it is.
DIALECTS = {kind.name: kind.dialects[0] for kind in KINDS.values() if kind.base_url} | {
    dialect: dialect for kind in KINDS.values() for dialect in kind.dialects
}


def _one_of(words: Any) -> Any:
    known = list(words)

    def check(value: str) -> str:
        if value not in known:
            shown = f"{value[:60]!r} is unknown: use {', '.join(known)}"
            raise PydanticCustomError("unknown_word", "{shown}", {"shown": shown, "known": known})
        return value

    return check


def _amount(value: Any) -> Decimal:
    if not isinstance(value, str):
        raise ValueError('write amounts in quotes, such as "0.15": no digit is lost')
    return money.parse(value, maximum=MAX_PRICE)


def _reference(value: str) -> str:
    if not reference.is_reference(value):
        raise ValueError(  # the value may be the secret itself: it is not repeated
            "is no reference: write env:NAME or file:/PATH, never the secret itself"
        )
    return value


def _timezone(value: str) -> str:
    zones = available_timezones()
    if value not in zones:
        shown = f"{value[:60]!r} is no time zone: write an IANA name such as Europe/Berlin"
        raise PydanticCustomError("unknown_word", "{shown}", {"shown": shown, "known": sorted(zones)})
    return value


Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": money.PATTERN, "description": "USD per million tokens"}),
]
Cap = Annotated[
    str, Field(max_length=60, description='USD as "250.00"; tokens and requests as whole numbers, quoted')
]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
PublicName = Annotated[str, Field(pattern=NAME_PATTERN.replace(r"\Z", "$"), max_length=200)]
Capability = Annotated[
    str, AfterValidator(_one_of(CAPABILITIES)), WithJsonSchema({"enum": list(CAPABILITIES), "type": "string"})
]
Modality = Annotated[
    str, AfterValidator(_one_of(MODALITIES)), WithJsonSchema({"enum": list(MODALITIES), "type": "string"})
]
KindName = Annotated[
    str, AfterValidator(_one_of(KINDS)), WithJsonSchema({"enum": list(KINDS), "type": "string"})
]
Dialect = Annotated[
    str, AfterValidator(_one_of(DIALECTS)), WithJsonSchema({"enum": list(DIALECTS), "type": "string"})
]
Reference = Annotated[
    str,
    AfterValidator(_reference),
    WithJsonSchema({"type": "string", "pattern": reference.PATTERN}),
]
Tokens = Annotated[int, Field(gt=0, le=2**31 - 1)]


class Section(BaseModel):
    """A table of the file: unknown keys are mistakes, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class HubSection(Section):
    """The installation itself."""

    timezone: Annotated[str, AfterValidator(_timezone)] | None = None


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
    name: str | None = None
    base_url: str | None = None
    dialect: Dialect | None = None
    needs_credential: bool | None = None
    credentials: list[CredentialEntry] | None = None  # None: whatever the console has

    @model_validator(mode="after")
    def _labels_differ(self) -> ProviderSection:
        labels = [each.label or label_of(each.ref) for each in self.credentials or ()]
        if twice := sorted({label for label in labels if labels.count(label) > 1}):
            raise ValueError(f"two credentials have the label {twice[0]!r}: give each a label of its own")
        return self


class RatesSection(Section):
    """The amounts of a price, in USD per million tokens."""

    cache_read: Amount | None = None
    cache_write: Amount | None = None
    cache_write_1h: Amount | None = None
    per_request: Amount | None = None

    def rates(self, *, above: int = 0) -> Rates:
        """Return the amounts as one tier."""
        amounts = {name: getattr(self, name) for name in AMOUNTS}
        return Rates(**amounts, above_input_tokens=above)


class TierSection(RatesSection):
    """Another price for whole calls of more than `above` input tokens."""

    above: Tokens
    input: Amount
    output: Amount


class OfferSection(RatesSection):
    """A model at one provider; without amounts its price is unknown, which is not free."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    rank: Annotated[int, Field(ge=0, le=32_767)] | None = None
    input: Amount | None = None
    output: Amount | None = None
    tiers: list[TierSection] = []

    def price(self) -> tuple[Rates, ...]:
        """Return the base price and its tiers, or nothing when the file gives none."""
        if self.input is None:
            return ()
        return (self.rates(), *(tier.rates(above=tier.above) for tier in self.tiers))

    @model_validator(mode="after")
    def _is_whole(self) -> OfferSection:
        given = [name for name in AMOUNTS if getattr(self, name) is not None]
        if (given or self.tiers) and (self.input is None or self.output is None):
            raise ValueError('a price needs input and output: write "0" for what costs nothing')
        if given and (wrong := faults(self.price())):
            raise ValueError("; ".join(wrong))
        return self


class ModelSection(Section):
    """A model as callers see it; what is not given stays as it is."""

    name: str | None = None
    family: str | None = None
    description: str | None = None
    context: Tokens | None = None
    output_limit: Tokens | None = None
    takes: list[Modality] | None = None
    gives: list[Modality] | None = None
    capabilities: list[Capability] | None = None
    knowledge: date | None = None
    released: date | None = None
    deprecated: date | None = None
    sunset: date | None = None
    replacement: PublicName | None = None
    offers: dict[Slug, OfferSection] = {}


class BudgetSection(Section):
    """What a team may spend in each period."""

    cap: Cap
    per: Literal["hour", "day", "week", "month", "year", "total"]
    unit: Literal["usd", "tokens", "requests"] = "usd"
    hard: bool = True
    timezone: Annotated[str, AfterValidator(_timezone)] | None = None  # None: the hub's

    @model_validator(mode="after")
    def _is_amount(self) -> BudgetSection:
        parse_cap(self.cap, self.unit)
        return self


class TeamSection(Section):
    """Who calls are made for."""

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    budgets: list[BudgetSection] | None = None  # None: whatever the console has


class Config(Section):
    """llmhub.toml."""

    hub: HubSection = HubSection()
    providers: dict[Slug, ProviderSection] = {}
    models: dict[PublicName, ModelSection] = {}
    aliases: dict[PublicName, PublicName] = {}
    teams: dict[Slug, TeamSection] = {}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, which editors check and complete it by."""
    schema = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "llmhub.toml"}
