"""The lines of llmhub.toml that a promotion shows are ones that llmhub reads."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal

from catalog.toml_patch import OfferLines, toml_patch
from llmhub.config.schema import Config
from providers.rates import Rates

FACTS = {
    "name": 'A "quoted"\\ name\nof\x7f Ünicode',
    "family": "",
    "context": 128_000,
    "output_limit": None,
    "takes": ["text", "image"],
    "capabilities": [],
    "sunset": date(2027, 1, 1),
}
TIERS = (
    Rates(Decimal("0.15"), Decimal("0"), cache_read=Decimal("0.0150")),
    Rates(Decimal("3E-7"), Decimal("1E+1"), cache_read=Decimal(1), above_input_tokens=200_000),
)


def test_it_parses_and_says_the_same():
    text = toml_patch(
        "acme/m~1:free@x",
        FACTS,
        [
            OfferLines("or", "acme/m", 1000, TIERS, meters={"web_search": "0.010"}),
            OfferLines("lab", "m", 10, TIERS, is_discovered=True),
            OfferLines("or", "other", 1),
        ],
        ["quick"],
        {
            "temperature": {"type": "number", "min": 0, "max": 0.5, "default": 0.1},
            'odd "name".x': {"type": "enum", "values": ["a", 2]},
            "parallel_tool_calls": {"type": "boolean", "default": True, "requires": ["tools"]},
        },
    )

    read = Config.model_validate(tomllib.loads(text))

    model = read.models["acme/m~1:free@x"]
    assert (model.name, model.context, model.sunset) == (FACTS["name"], 128_000, date(2027, 1, 1))
    assert (model.takes, model.family, model.output_limit) == (["text", "image"], None, None)
    assert list(model.offers) == ["lab", "or"]
    (router,), (lab,) = model.offers["or"], model.offers["lab"]
    assert (router.id, router.rank, router.price()) == ("acme/m", 1000, TIERS)
    assert (lab.id, lab.discovered, lab.price()) == ("m", True, ())
    assert router.meters == {"web_search": Decimal("0.010")}
    assert model.facts()["parameters"] == {
        "temperature": {"type": "number", "min": 0, "max": 0.5, "default": 0.1},
        'odd "name".x': {"type": "enum", "values": ["a", 2]},
        "parallel_tool_calls": {"type": "boolean", "default": True, "requires": ["tools"]},
    }
    assert read.aliases == {"quick": "acme/m~1:free@x"}
