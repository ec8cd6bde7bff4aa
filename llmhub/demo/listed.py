"""Pure: what the demo's providers list at first, each in the words of its own kind of list.

Harbor resells many models and says everything about them; Meridian says names, limits and dates,
Aurora names, context and dates, and our own machines in the cellar hardly more than ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from llmhub.demo.shelf import MODELS, RELEASED, DemoModel, DemoOffer
from providers.rates import Rates

Row = dict[str, Any]
_MTOK = Decimal(1_000_000)
_ALWAYS = ("max_tokens", "temperature", "top_p", "stop", "seed", "frequency_penalty", "presence_penalty")
_TAKES = {  # what a model can do → the parameters that say so
    "tools": ("tools", "tool_choice"),
    "parallel_tools": ("parallel_tool_calls",),
    "json_mode": ("response_format",),
    "json_schema": ("structured_outputs",),
    "reasoning": ("reasoning", "include_reasoning"),
    "web_search": ("web_search_options",),
}
_IN = {"vision": "image", "documents": "file", "audio_in": "audio"}
_CHAT = "tools json_mode"
_MORE = f"{_CHAT} json_schema parallel_tools"


@dataclass(frozen=True)
class Listed:
    """A model as Harbor lists it; prices in USD per million tokens, texts."""

    id: str
    name: str
    context: int
    limit: int | None
    input: str
    output: str
    can: str = _CHAT
    released: date = RELEASED
    read: str = ""  # what cached input costs
    about: str = ""
    gives: tuple[str, ...] = ("text",)


_LONG = "zephyrine/zephyrine-grand-instruct-longcontext-2026-09-preview"
RESOLD = (
    Listed("tern/tern-2", "Tern 2", 131_072, 16_384, "0.40", "1.20", _MORE, date(2026, 2, 3),
           about="A steady allrounder for tools and short documents."),
    Listed("tern/tern-2-mini", "Tern 2 Mini", 131_072, 16_384, "0.08", "0.24", _CHAT, date(2026, 2, 3)),
    Listed("tern/tern-3-thinking", "Tern 3 Thinking", 262_144, 65_536, "0.90", "3.60", f"{_MORE} reasoning",
           date(2026, 9, 2), "0.09", about="Reasons at length before it answers; its effort can be set."),
    Listed("finch/finch-1", "Finch 1", 32_768, 4_096, "0.06", "0.06", "", date(2025, 6, 11)),
    Listed("finch/finch-2-vision", "Finch 2 Vision", 65_536, 8_192, "0.12", "0.36", f"{_CHAT} vision",
           date(2026, 1, 20), about="Small, and it sees."),
    Listed("cobalt/cobalt-405b", "Cobalt 405B", 131_072, 16_384, "2.20", "2.80", _MORE, date(2025, 11, 5),
           about="The largest open weights Harbor runs."),
    Listed("cobalt/cobalt-90b-vision", "Cobalt 90B Vision", 131_072, 8_192, "0.75", "0.95", f"{_CHAT} vision",
           date(2025, 11, 5)),
    Listed("cobalt/cobalt-guard", "Cobalt Guard", 16_384, 1_024, "0.15", "0.15", "json_mode",
           date(2025, 11, 5), about="Says whether a text breaks a policy."),
    Listed("marlin/marlin-pro", "Marlin Pro", 1_048_576, 65_536, "1.25", "10.00",
           f"{_MORE} reasoning vision documents audio_in", date(2026, 6, 17), "0.125",
           about="A million tokens of context, and everything a document can hold."),
    Listed("marlin/marlin-flash", "Marlin Flash", 1_048_576, 65_536, "0.15", "0.60",
           f"{_MORE} vision documents audio_in", date(2026, 6, 17), "0.015",
           about="The quick sibling of Marlin Pro with the same context."),
    Listed("marlin/marlin-search", "Marlin Search", 200_000, 8_192, "1.00", "4.00", f"{_CHAT} web_search",
           date(2026, 7, 1), about="Looks things up on the web and names its sources."),
    Listed("juniper/juniper-large-2", "Juniper Large 2", 131_072, 32_768, "2.00", "6.00", _MORE,
           date(2026, 3, 24)),
    Listed("juniper/juniper-small-2", "Juniper Small 2", 131_072, 32_768, "0.10", "0.30", _MORE,
           date(2026, 3, 24)),
    Listed("juniper/juniper-embed", "Juniper Embed", 8_192, None, "0.02", "0", "", date(2025, 10, 8),
           gives=("embeddings",)),
    Listed("saffron/saffron-r1", "Saffron R1", 163_840, 65_536, "0.50", "2.15", f"{_CHAT} reasoning",
           date(2026, 5, 28), about="Open weights that reason."),
    Listed("saffron/saffron-v4", "Saffron V4", 163_840, 32_768, "0.27", "1.10", _MORE, date(2026, 8, 19),
           "0.07"),
    Listed("basalt/basalt-coder-480b", "Basalt Coder 480B", 262_144, 65_536, "0.80", "3.20", _MORE,
           date(2026, 7, 22), about="For agents that write code for hours."),
    Listed("basalt/basalt-coder-30b", "Basalt Coder 30B", 262_144, 65_536, "0.09", "0.30", _CHAT,
           date(2026, 7, 22)),
    Listed("vesper/vesper-voice", "Vesper Voice", 32_768, 4_096, "0.60", "2.40", "audio_in",
           date(2026, 4, 2), gives=("text", "audio"), about="Hears and speaks."),
    Listed("orchard/orchard-12b", "Orchard 12B", 32_768, 8_192, "0.04", "0.04", "json_mode",
           date(2025, 8, 14)),
    Listed(_LONG, "Zephyrine Grand Instruct, long context, preview of September 2026", 2_097_152, 131_072,
           "0.0375", "0.1875", _MORE, date(2026, 9, 24)),
)  # fmt: skip


def first_lists() -> dict[str, dict[str, Row]]:
    """Return the lists by provider, and in each the rows by id."""
    lists = {
        "aurora": (*_of_shelf("aurora", _named), *_AURORA),
        "harbor": (*_of_shelf("harbor", _resold), *map(in_full, RESOLD)),
        "meridian": (*_of_shelf("meridian", _limited), *_MERIDIAN),
        "cellar": (*_of_shelf("cellar", _served), *_CELLAR),
    }
    return {provider: {row["id"]: row for row in rows} for provider, rows in lists.items()}


def _of_shelf(provider: str, row: Any) -> Iterator[Row]:
    """Yield what a provider says of the models of the demo's catalog that it offers."""
    for model in MODELS:
        yield from (row(model, offer) for offer in model.offers if offer.provider == provider)


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def named(id_: str, name: str, context: int, released: date) -> Row:
    """Return a row of a list that says names and contexts."""
    return {"id": id_, "name": name, "context_window": context, "created": _seconds(released)}


def _named(model: DemoModel, offer: DemoOffer) -> Row:
    return named(offer.upstream_id, model.name, model.context, RELEASED)


def limited(id_: str, name: str, context: int, limit: int, released: date) -> Row:
    """Return a row of a list of the messages dialect."""
    return {
        "type": "model",
        "id": id_,
        "display_name": name,
        "created_at": f"{released}T00:00:00Z",
        "max_input_tokens": context,
        "max_tokens": limit,
        "deprecated_at": None,
        "retires_at": None,
    }


def _limited(model: DemoModel, offer: DemoOffer) -> Row:
    return limited(offer.upstream_id, model.name, model.context, model.output_limit, RELEASED)


def served(id_: str, context: int) -> Row:
    """Return a row of a list that says little more than ids."""
    return {"id": id_, "object": "model", "max_model_len": context}


def _served(model: DemoModel, offer: DemoOffer) -> Row:
    return served(offer.upstream_id, model.context)


def _resold(model: DemoModel, offer: DemoOffer) -> Row:
    rates = offer.rates or Rates(Decimal(0), Decimal(0))
    row = in_full(
        Listed(
            offer.upstream_id,
            model.name,
            model.context,
            model.output_limit or None,
            str(rates.input),
            str(rates.output),
            " ".join(model.capabilities),
            about=model.description,
            gives=model.gives,
        )
    )
    return row | {"pricing": prices(rates)}


def in_full(model: Listed) -> Row:
    """Return a row of a list that says everything."""
    can = model.can.split()
    rates = Rates(
        Decimal(model.input), Decimal(model.output), cache_read=Decimal(model.read) if model.read else None
    )
    return {
        "id": model.id,
        "name": model.name,
        "created": _seconds(model.released),
        "description": model.about,
        "context_length": model.context,
        "architecture": {
            "input_modalities": ["text", *(_IN[word] for word in can if word in _IN)],
            "output_modalities": list(model.gives),
        },
        "pricing": prices(rates),
        "top_provider": {"max_completion_tokens": model.limit},
        "supported_parameters": takes(*can) if "text" in model.gives else [],
    }


def takes(*can: str) -> list[str]:
    """Return the parameters that a model takes which can do these things."""
    return [*_ALWAYS, *(name for word in can for name in _TAKES.get(word, ()))]


def prices(rates: Rates) -> dict[str, str]:
    """Return prices as such a list says them: USD for a single token, as text."""
    amounts = {
        "prompt": rates.input,
        "completion": rates.output,
        "input_cache_read": rates.cache_read,
        "input_cache_write": rates.cache_write,
    }
    return {name: format(usd / _MTOK, "f") for name, usd in amounts.items() if usd is not None}


_AURORA = (
    named("atlas-2-nano", "Atlas 2 Nano", 128_000, RELEASED),
    named("atlas-1", "Atlas 1", 128_000, date(2025, 3, 4)),
    named("lumen-1-preview", "Lumen 1 Preview", 128_000, date(2025, 12, 9)),
    named("atlas-embed", "Atlas Embed", 8_192, date(2025, 5, 21)),
)
_MERIDIAN = (
    limited("sonata-3-mini", "Sonata 3 Mini", 200_000, 32_000, date(2026, 5, 12)),
    limited("etude-2", "Etude 2", 200_000, 8_192, date(2025, 9, 16)),
    limited("prelude-1", "Prelude 1", 100_000, 4_096, date(2024, 11, 4)),
)
_CELLAR = (
    served("tern-2-mini-awq", 32_768),
    served("orchard-12b-q4", 32_768),
    served("basalt-coder-30b-fp8", 65_536),
    served("saffron-r1-distill-14b", 32_768),
    served("finch-2-vision-int8", 16_384),
    served("cobalt-guard", 16_384),
    served("breeze-8b-support-lora", 131_072),
)
