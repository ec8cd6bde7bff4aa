"""Pure: the models of the demo, where they are offered and for how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from providers.rates import Rates


@dataclass(frozen=True)
class DemoOffer:
    """A model at one provider; `before` is what it cost until the price changed."""

    provider: str
    upstream_id: str
    rates: Rates | None  # None: nobody has entered a price
    long_rates: Rates | None = None
    before: Rates | None = None


@dataclass(frozen=True)
class DemoRoute:
    """A name whose calls go to one of several models."""

    name: str
    description: str
    policy: str
    targets: tuple[str, ...]
    over_budget: tuple[str, ...] = ()


@dataclass(frozen=True)
class DemoModel:
    """A model of the demo catalog; offers are tried in their order."""

    slug: str
    name: str
    family: str
    description: str
    context: int
    output_limit: int
    capabilities: tuple[str, ...]
    offers: tuple[DemoOffer, ...]
    takes: tuple[str, ...] = ("text",)
    gives: tuple[str, ...] = ("text",)


def _usd(given: str, output: str, read: str | None = None, write: str | None = None, above: int = 0) -> Rates:
    """Return prices in USD per million tokens."""
    return Rates(
        Decimal(given),
        Decimal(output),
        cache_read=None if read is None else Decimal(read),
        cache_write=None if write is None else Decimal(write),
        above_input_tokens=above,
    )


RELEASED = date(2026, 4, 14)
_CHAT = ("tools", "json_mode", "stream")
MODELS = (
    DemoModel(
        "aurora/atlas-2",
        "Atlas 2",
        "atlas",
        "Aurora's largest model: long documents, images, careful answers.",
        400_000,
        64_000,
        (*_CHAT, "json_schema", "parallel_tools", "vision", "caching"),
        (
            DemoOffer(
                "aurora",
                "atlas-2",
                _usd("2.50", "10.00", "0.25", "3.125"),
                long_rates=_usd("5.00", "15.00", "0.50", "6.25", above=200_000),
            ),
        ),
        takes=("text", "image"),
    ),
    DemoModel(
        "aurora/atlas-2-mini",
        "Atlas 2 Mini",
        "atlas",
        "The small sibling of Atlas 2 for everyday work.",
        200_000,
        32_000,
        (*_CHAT, "json_schema", "parallel_tools", "caching"),
        (
            DemoOffer(
                "aurora", "atlas-2-mini", _usd("0.25", "1.00", "0.025"), before=_usd("0.30", "1.20", "0.03")
            ),
            DemoOffer("harbor", "aurora--atlas-2-mini", _usd("0.27", "1.05", "0.03")),
        ),
    ),
    DemoModel(
        "aurora/lumen-1",
        "Lumen 1",
        "lumen",
        "Reasons before it answers.",
        128_000,
        48_000,
        (*_CHAT, "json_schema", "reasoning"),
        (DemoOffer("aurora", "lumen-1", _usd("1.10", "4.40", "0.275")),),
    ),
    DemoModel(
        "meridian/sonata-3",
        "Sonata 3",
        "sonata",
        "Works with tools for hours; at Meridian, and at Harbor in the other dialect.",
        200_000,
        64_000,
        (*_CHAT, "parallel_tools", "vision", "reasoning", "caching"),
        (
            DemoOffer("meridian", "sonata-3", _usd("3.00", "15.00", "0.30", "3.75")),
            DemoOffer("harbor", "meridian--sonata-3", _usd("3.10", "15.50", "0.31", "3.90")),
        ),
        takes=("text", "image"),
    ),
    DemoModel(
        "open/breeze-70b",
        "Breeze 70B",
        "breeze",
        "Open weights, at Harbor and on our own machines.",
        131_072,
        16_384,
        _CHAT,
        (
            DemoOffer("harbor", "breeze-70b-instruct", _usd("0.55", "0.65")),
            DemoOffer("cellar", "breeze-70b", _usd("0.20", "0.20")),
        ),
    ),
    DemoModel(
        "open/breeze-8b",
        "Breeze 8B",
        "breeze",
        "Small and quick: tags, routing, short answers.",
        131_072,
        16_384,
        _CHAT,
        (
            DemoOffer("cellar", "breeze-8b", _usd("0.02", "0.02")),
            DemoOffer("harbor", "breeze-8b-instruct", _usd("0.05", "0.08")),
        ),
    ),
    DemoModel(
        "open/quill-code",
        "Quill Code",
        "quill",
        "Written for code: reviews, completions, tests.",
        65_536,
        8_192,
        _CHAT,
        (DemoOffer("harbor", "quill-code-32b", _usd("0.30", "0.90")),),
    ),
    DemoModel(
        "open/moss-embed",
        "Moss Embed",
        "moss",
        "Turns texts into vectors for search.",
        8_192,
        0,
        (),
        (DemoOffer("cellar", "moss-embed", _usd("0.01", "0")),),
        gives=("embedding",),
    ),
    DemoModel(
        "open/fern-3b",
        "Fern 3B",
        "fern",
        "An experiment on our own machines that nobody has priced yet.",
        32_768,
        4_096,
        ("stream",),
        (DemoOffer("cellar", "fern-3b", None),),
    ),
)
ALIASES = {"smart": "aurora/atlas-2", "default": "aurora/atlas-2-mini", "fast": "open/breeze-8b"}
ROUTES = (
    DemoRoute(
        "support", "Answers to customers, as cheap as they can be", "cost",
        ("open/breeze-70b", "aurora/atlas-2-mini"), over_budget=("open/breeze-8b",),
    ),
    DemoRoute(
        "quick", "Short answers, from whoever is fastest now", "latency",
        ("open/breeze-8b", "aurora/atlas-2-mini", "open/breeze-70b"),
    ),
    DemoRoute(
        "steady", "What must not fail", "reliability", ("aurora/atlas-2", "meridian/sonata-3"),
    ),
)  # fmt: skip
