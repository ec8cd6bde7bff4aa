"""The format as docs/catalog.md shows it."""

from __future__ import annotations

import re

from catalog import curated, seed
from tests.architecture import ROOT


def test_the_example_of_the_docs_is_a_catalog():
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/catalog.md").read_text(), re.DOTALL)

    large, small = curated.load({"acme.toml": example})

    assert (large.slug, small.slug) == ("acme/large", "acme/small")
    assert small.capabilities == ("stream", "vision", "reasoning")
    assert small.output_limit_tokens is None
    assert small.parameters.keys() == {"max_tokens", "temperature", "reasoning_effort"}
    assert small.parameters["temperature"]["max"] == 1.5
    assert "excludes" not in small.parameters["temperature"]
    assert large.parameters["temperature"] == {
        "type": "number",
        "min": 0,
        "max": 1,
        "default": 1,
        "excludes": ["top_p"],
        "source": "https://acme.example/api",
    }
    assert large.parameters["reasoning_effort"]["source"] == "https://acme.example/effort"
    direct, routed = small.offers
    assert direct.tiers == routed.tiers
    assert [tier.above_input_tokens for tier in direct.tiers] == [0, 200_000]


def test_the_first_call_of_a_newcomer_names_a_model_that_stays():
    named = {
        slug
        for page in ("README.md", "docs/gateway.md")
        for slug in re.findall(r'model="([^"]+)"', (ROOT / page).read_text())
    }
    entries = {entry.slug: entry for entry in seed.bundled()}

    assert named
    assert not [slug for slug in named if entries[slug].deprecated_on or entries[slug].sunset_on]
