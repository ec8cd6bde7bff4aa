"""Which rule decides."""

from __future__ import annotations

import pytest

from catalog.inbox_rules import Rule, rule_for

ANY_ACCEPTS = Rule(1, "price_up", "accept")
HERE_IGNORES = Rule(2, "price_up", "ignore", provider_id=7)
THERE_ACCEPTS = Rule(3, "price_up", "accept", provider_id=8)
ANY_HOLDS = Rule(0, "price_up", "hold")
OTHER_KIND = Rule(9, "new", "accept")
NEWER = Rule(5, "price_up", "accept", provider_id=7)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], None),
        ([OTHER_KIND, THERE_ACCEPTS], None),
        ([ANY_ACCEPTS], ANY_ACCEPTS),
        ([ANY_ACCEPTS, HERE_IGNORES], HERE_IGNORES),
        ([HERE_IGNORES, NEWER], NEWER),
        ([ANY_ACCEPTS, HERE_IGNORES, NEWER, ANY_HOLDS], ANY_HOLDS),
    ],
)
def test_hold_before_all_then_the_newest_of_the_provider_then_any(rules, expected):
    assert rule_for("price_up", 7, rules) == expected
    assert rule_for("price_up", 7, reversed(rules)) == expected
