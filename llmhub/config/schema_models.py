"""Pure: the models of llmhub.toml, where they are offered, and for how much."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from llmhub.config.fields import FACTS, MODEL_KEYS
from llmhub.config.schema_parameters import ParameterName, ParameterSection
from llmhub.config.section import Section
from llmhub.config.values import Amount, Capability, Modality, Moment, PublicName, Slug, Tokens, one_of
from providers.rates import AMOUNTS, Rates, faults

UNSETTABLE = tuple(fact.key for fact in FACTS if fact.can_be_empty)
ONE_PARAMETER = "parameters."  # `parameters.top_k` in `unset`: that one alone


def _fact_key(value: str) -> str:
    return value if value.startswith(ONE_PARAMETER) else one_of(UNSETTABLE)(value)


_FactKey = Annotated[
    str,
    AfterValidator(_fact_key),
    WithJsonSchema({"anyOf": [{"enum": list(UNSETTABLE)}, {"pattern": r"^parameters\."}], "type": "string"}),
]


class RatesSection(Section):
    """The amounts of a price, in USD per million tokens; per request and per search in USD."""

    cache_read: Amount | None = None
    cache_write: Amount | None = None
    cache_write_1h: Amount | None = None
    per_request: Amount | None = None
    web_search: Amount | None = None

    def rates(self, *, above: int = 0) -> Rates:
        """Return the amounts as one tier."""
        amounts = {name: getattr(self, name) for name in AMOUNTS}
        return Rates(**amounts, above_input_tokens=above)


class TierSection(RatesSection):
    """Another price for whole calls of more than `above` input tokens."""

    above: Tokens
    input: Amount
    output: Amount


class PriceSection(RatesSection):
    """A price with its tiers, and where it was read."""

    input: Amount | None = None
    output: Amount | None = None
    tiers: list[TierSection] = []
    meters: dict[str, Amount] | None = None  # USD per unit of what is not computed; None: as it is
    source: str | None = None  # None: as it is
    checked: date | None = None  # None: as it is

    def price(self) -> tuple[Rates, ...]:
        """Return the base price and its tiers, or nothing when the file gives none."""
        if self.input is None:
            return ()
        return (self.rates(), *(tier.rates(above=tier.above) for tier in self.tiers))

    @model_validator(mode="after")
    def _is_whole(self) -> PriceSection:
        given = [name for name in AMOUNTS if getattr(self, name) is not None]
        beside = self.tiers or any(each is not None for each in (self.meters, self.source, self.checked))
        if (given or beside) and (self.input is None or self.output is None):
            raise ValueError('a price needs input and output: write "0" for what costs nothing')
        if given and (wrong := faults(self.price())):
            raise ValueError("; ".join(wrong))
        return self


class LaterSection(PriceSection):
    """A price that holds from a moment to come."""

    since: Moment
    input: Amount
    output: Amount


class OfferSection(PriceSection):
    """A model at one provider; without amounts its price is unknown, which is not free."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    rank: Annotated[int, Field(ge=0, le=32_767)] | None = None
    withdrawn: bool = False
    discovered: bool = False  # its price is what the provider's list says
    later: list[LaterSection] | None = None  # None: whatever is planned stays planned

    @model_validator(mode="after")
    def _is_alone_or_in_order(self) -> OfferSection:
        if self.withdrawn and self.model_fields_set - {"id", "withdrawn"}:
            raise ValueError("a withdrawn offer has only its id: leave the other keys out")
        if self.discovered and self.model_fields_set - {"id", "rank", "discovered"}:
            raise ValueError("a discovered offer has only id and rank: the provider's list has its price")
        begins = [each.since for each in self.later or ()]
        if begins != sorted(set(begins)):
            raise ValueError("later prices must follow each other: write them by their day, one for each")
        return self


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


Offers = Annotated[
    list[OfferSection],
    Field(min_length=1),
    BeforeValidator(_as_list, json_schema_input_type=OfferSection | list[OfferSection]),
]


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
    parameters: dict[ParameterName, ParameterSection] | None = None  # those it does not name stay
    stands_for: Annotated[str, Field(max_length=200)] | None = None
    knowledge: date | None = None
    released: date | None = None
    deprecated: date | None = None
    sunset: date | None = None
    replacement: PublicName | None = None
    source: str | None = None
    checked: date | None = None
    unset: list[_FactKey] = []  # facts that nobody knows, whatever comes with llmhub
    withdrawn: bool = False
    offers: dict[Slug, Offers] = {}

    def facts(self, there: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the facts that the section says, by the names of the entry's fields.

        `there` are the parameters that the entry has: those that the section does not name stay.
        """
        keys = self.model_fields_set & set(MODEL_KEYS) - {"parameters"}
        given = self.model_dump(include=keys, exclude_none=True)
        empty = {fact.field: fact.empty() for fact in FACTS if fact.key in self.unset}
        said = empty | {MODEL_KEYS[key]: value for key, value in given.items()}
        if self.parameters is not None or any(key.startswith(ONE_PARAMETER) for key in self.unset):
            said["parameters"] = self._parameters_over(said.get("parameters", there or {}))
        return said

    def _parameters_over(self, there: Mapping[str, Any]) -> dict[str, Any]:
        own = {name: section.descriptor(name) for name, section in (self.parameters or {}).items()}
        return {
            name: each for name, each in {**there, **own}.items() if ONE_PARAMETER + name not in self.unset
        }

    @model_validator(mode="after")
    def _says_one_thing(self) -> ModelSection:
        named = {*self.model_fields_set, *(ONE_PARAMETER + name for name in self.parameters or ())}
        if both := sorted(named & set(self.unset)):
            raise ValueError(f"{both[0]} has a value and is in unset: take one of them out")
        if self.withdrawn and self.model_fields_set - {"withdrawn"}:
            raise ValueError("a withdrawn model has no other keys: leave them out")
        twice = [
            f"{provider} offers {offer.id!r}"
            for provider, offers in self.offers.items()
            for offer in offers
            if [each.id for each in offers].count(offer.id) > 1
        ]
        if twice:
            raise ValueError(f"{twice[0]} twice: write it once")
        return self
