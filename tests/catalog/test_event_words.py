"""Events in words and numbers."""

from __future__ import annotations

import pytest

from catalog.event_words import HEADLINES, steps, summary
from catalog.listing_diff import Kind


def tiers(*rows):
    return {"tiers": [{"above_input_tokens": 0, **row} for row in rows]}


@pytest.mark.parametrize(
    ("kind", "before", "after", "said"),
    [
        (
            "price_up",
            tiers({"input": "1", "output": "4"}),
            tiers({"input": "2", "output": "4", "cache_read": "0.1"}),
            "input $1.00 → $2.00 (+100 %), cache read not said → $0.10",
        ),
        ("price_down", tiers({"input": "3", "output": "4"}), tiers({"input": "2.9", "output": "4"}),
         "input $3.00 → $2.90 (\N{MINUS SIGN}3.3 %)"),
        ("price_down", tiers({"input": "3", "output": "4"}), tiers({"input": "0", "output": "4"}),
         "input $3.00 → $0.00 (\N{MINUS SIGN}100 %)"),
        ("price_up", tiers({"input": "0", "output": "4"}), tiers({"input": "3", "output": "4"}),
         "input $0.00 → $3.00"),
        (
            "price_up",
            tiers({"input": "1", "output": "1"}),
            tiers({"input": "1", "output": "1"}, {"input": "2", "output": "2", "above_input_tokens": 2**8}),
            "input above 256 tokens not said → $2.00, output above 256 tokens not said → $2.00",
        ),
        ("price_up", {"tiers": [], "meters": {}}, {"tiers": [], "meters": {"web_search": "0.01"}},
         "web search, per unit not said → $0.01"),
        ("context_changed", {"context_tokens": 128_000}, {"context_tokens": 200_000},
         "context 128k → 200k (+56 %)"),
        ("output_limit_changed", {"output_limit_tokens": 8000}, {"output_limit_tokens": None},
         "output limit 8k → not said"),
        ("capability_lost", {"capabilities": ["tools", "vision"]}, {"capabilities": ["tools"]},
         "no longer reads images"),
        ("deprecated", {"sunset_on": None}, {"sunset_on": "2027-01-01"},
         "stops answering on not said → 2027-01-01"),
        ("renamed", {"name": "A"}, {"name": "B"}, "name A → B"),
        ("vanished", {}, {}, "no longer listed"),
        (
            "new",
            {},
            {"context_tokens": 8000, **tiers({"input": "1", "output": "4"}), "capabilities": ["tools"]},
            "context 8k tokens, input $1.00, output $4.00, it calls tools",
        ),
    ],
)  # fmt: skip
def test_what_changed_in_one_line(kind, before, after, said):
    assert summary(kind, before, after) == said


def test_a_price_says_which_way_it_went():
    found = steps("price_up", tiers({"input": "1", "output": "4"}), tiers({"input": "2", "output": "3"}))

    assert [(step.what, step.way) for step in found] == [("input", "up"), ("output", "down")]


def test_every_kind_of_event_has_a_headline():
    assert HEADLINES.keys() == set(Kind) - {Kind.FACTS}
