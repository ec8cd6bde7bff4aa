"""The format as docs/catalog.md shows it."""

from __future__ import annotations

import re

from catalog import curated
from tests.architecture import ROOT


def test_the_example_of_the_docs_is_a_catalog():
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/catalog.md").read_text(), re.DOTALL)

    large, small = curated.load({"acme.toml": example})

    assert (large.slug, small.slug) == ("acme/large", "acme/small")
    assert small.capabilities == ("stream", "vision", "reasoning")
    assert small.output_limit_tokens is None
    direct, routed = small.offers
    assert direct.tiers == routed.tiers
    assert [tier.above_input_tokens for tier in direct.tiers] == [0, 200_000]
