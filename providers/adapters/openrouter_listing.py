"""Pure: read one model of OpenRouter's list of models.

Source: https://openrouter.ai/docs/api-reference/models/get-models
Prices are decimal strings in USD per single unit; ours are USD per million tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from providers.adapters.listing import day, day_of_seconds
from providers.adapters.parameters import EFFORTS, described, fits
from providers.adapters.reading import items, mapping, name, text, tokens, usd
from providers.listing import Listing
from providers.rates import Rates

_MTOK = Decimal(1_000_000)
_AMOUNTS = {
    "prompt": "input",
    "completion": "output",
    "input_cache_read": "cache_read",
    "input_cache_write": "cache_write",
    "input_cache_write_1h": "cache_write_1h",
}
# Charged by something else than the tokens llmhub counts: kept and shown, not computed with.
# `image` stands for a token, as all recorded lists show, though the schema says picture.
METERS = (
    "audio", "input_audio_cache", "audio_output", "image", "image_output", "image_token",
    "internal_reasoning",
)  # fmt: skip
_WORDS = {  # a parameter it takes → what that means it can do
    "tools": "tools",
    "parallel_tool_calls": "parallel_tools",
    "response_format": "json_mode",
    "structured_outputs": "json_schema",
    "reasoning": "reasoning",
    "web_search_options": "web_search",
}
_SIGHT = {"image": "vision", "file": "documents", "audio": "audio_in"}
_MODALITIES = {"file": "document", "embeddings": "embedding"}
MAX_DESCRIPTION = 2_000  # letters

# Fields of the list that are left out on purpose, and why; a test compares both with real lists.
DROPPED = {
    "canonical_slug": "a dated name; two ids may share it, so it identifies nothing",
    "hugging_face_id": "another site's name of the weights",
    "per_request_limits": "always null",
    "supported_voices": "speech is not served",
    "benchmarks": "other people's rankings, without their method",
    "links": "an address derived from the id",
    "architecture.modality": "said again, in parts, by the two lists of modalities",
    "architecture.tokenizer": "a family name, too coarse to count with",
    "architecture.instruct_type": "of use for raw completions only",
    "top_provider.context_length": "of one of its providers; a call may reach another",
    "top_provider.is_moderated": "of one of its providers; a call may reach another",
    "alias_target.name": "said by the target's own row",
}
KEPT = {
    "id", "name", "created", "description", "context_length", "architecture.input_modalities",
    "architecture.output_modalities", "pricing", "top_provider.max_completion_tokens",
    "supported_parameters", "default_parameters", "knowledge_cutoff", "expiration_date", "reasoning",
    "alias_target.slug",
}  # fmt: skip


def read_listing(row: dict[str, Any]) -> Listing:
    """Return what one row of the list says; what cannot be believed in it counts as not said."""
    architecture, pricing = mapping(row.get("architecture")), mapping(row.get("pricing"))
    inputs, outputs = _modalities(architecture, "input"), _modalities(architecture, "output")
    return Listing(
        upstream_id=name(row["id"]),
        name=name(row.get("name")),
        context_tokens=tokens(row.get("context_length")) or None,
        output_limit_tokens=tokens(mapping(row.get("top_provider")).get("max_completion_tokens")) or None,
        description=text(row.get("description")).replace("\0", "")[:MAX_DESCRIPTION],
        input_modalities=inputs,
        output_modalities=outputs,
        capabilities=_capabilities(row, pricing),
        parameters=_parameters(row),
        released_on=day_of_seconds(row.get("created")),
        knowledge_on=day(row.get("knowledge_cutoff")),
        sunset_on=day(row.get("expiration_date")),
        stands_for=name(mapping(row.get("alias_target")).get("slug")),
        tiers=_tiers(pricing),
        meters={meter: amount for meter in METERS if (amount := usd(pricing.get(meter)))},
        raw=row,
    )


def _modalities(architecture: Mapping[str, Any], side: str) -> tuple[str, ...]:
    words = filter(None, map(name, items(architecture.get(f"{side}_modalities"))))
    return tuple(_MODALITIES.get(word, word) for word in words)


def _capabilities(row: Mapping[str, Any], pricing: Mapping[str, Any]) -> tuple[str, ...]:
    takes = set(map(name, items(row.get("supported_parameters"))))
    architecture = mapping(row.get("architecture"))
    found = {_WORDS[word] for word in takes & _WORDS.keys()} | {"stream"}
    found |= {
        _SIGHT[word] for word in map(name, items(architecture.get("input_modalities"))) if word in _SIGHT
    }
    if "audio" in items(architecture.get("output_modalities")):
        found.add("audio_out")
    if "input_cache_read" in pricing:
        found.add("caching")
    return tuple(sorted(found))


def _parameters(row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found = described(filter(None, map(name, items(row.get("supported_parameters")))))
    for parameter, value in mapping(row.get("default_parameters")).items():
        if parameter in found and _can_be(value, found[parameter]):
            found[parameter]["default"] = value
    reasoning = mapping(row.get("reasoning"))
    efforts = [word for word in EFFORTS if word in items(reasoning.get("supported_efforts"))]
    effort = found.get("reasoning_effort")
    if effort and efforts:
        effort["values"] = efforts
        is_on = reasoning.get("mandatory") is True or reasoning.get("default_enabled") is True
        if is_on and reasoning.get("default_effort") in efforts:
            effort["default"] = reasoning["default_effort"]
    if "reasoning" in found:
        found["reasoning"] |= {
            fact: reasoning[fact]
            for fact in ("mandatory", "default_enabled", "supports_max_tokens")
            if isinstance(reasoning.get(fact), bool)
        }
    return found


def _can_be(value: Any, descriptor: Mapping[str, Any]) -> bool:
    """Return whether a default is a number that the parameter can have."""
    kind = descriptor["type"]
    if kind not in ("number", "integer", "any") or not fits(value, "number") or not fits(value, kind):
        return False
    low, high = descriptor.get("min", value), descriptor.get("max", value)
    return bool(low <= value <= high)


def _tiers(pricing: Mapping[str, Any]) -> tuple[Rates, ...]:
    """Return the base price and its long-context tiers; () where it is not known before the call."""
    base = _amounts(pricing)
    if "input" not in base or "output" not in base:
        return ()
    for theirs, ours in (("request", "per_request"), ("web_search", "web_search")):
        if fee := usd(pricing.get(theirs)):
            base[ours] = fee
    tiers: dict[int, dict[str, Decimal]] = {0: base}
    for override in map(mapping, items(pricing.get("overrides"))):
        changed = {amount: value for amount, value in _amounts(override).items() if amount in base}
        above = tokens(override.get("min_prompt_tokens")) or 0
        if "utc_start" in override or "utc_days" in override:  # at some hours: the dearer one is the bound
            before = tiers.get(above, base)
            changed = {amount: max(value, before[amount]) for amount, value in changed.items()}
        elif not above:
            continue  # a condition that llmhub does not know
        tiers[above] = {**tiers.get(above, base), **changed}
    return tuple(Rates(**tiers[above], above_input_tokens=above) for above in sorted(tiers))


def _amounts(pricing: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return USD per million tokens by our names; a price of -1 means that it is not known."""
    found = {ours: usd(pricing.get(theirs)) for theirs, ours in _AMOUNTS.items()}
    return {ours: _plain(amount * _MTOK) for ours, amount in found.items() if amount is not None}


def _plain(amount: Decimal) -> Decimal:
    """Return the same number without zeros at its end or an exponent."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()
