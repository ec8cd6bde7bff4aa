"""Which model a name stands for."""

from __future__ import annotations

from datetime import date

import pytest

from routing.gateway.errors import Refusal
from routing.resolve import Destination, resolve
from routing.snapshot import RouteValue, TargetValue
from tests.gateway.values import NOW, entry, snapshot

SMALL, ODD = entry("acme/small"), entry("acme/odd:floor")
OLD = entry("acme/old", sunset_on=date(2026, 6, 1), replacement="acme/small")
LAST_DAY = entry("acme/last", sunset_on=date(2026, 6, 2))
WORLD = snapshot(SMALL, ODD, OLD, LAST_DAY, aliases={"fast": "acme/small", "a@b": "acme/odd:floor"})


def refusal(name: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        resolve(WORLD, name, now=NOW)
    return caught.value


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("acme/small", SMALL),
        ("fast", SMALL),
        ("acme/odd:floor", ODD),  # an exact id wins over a suffix
        ("a@b", ODD),  # and over a preset
        ("acme/last", LAST_DAY),
    ],
)
def test_an_exact_name_or_alias_is_found(name, found):
    assert resolve(WORLD, name, now=NOW).entry is found


@pytest.mark.parametrize(
    ("name", "policy"),
    [("acme/small", "priority"), ("acme/small:floor", "cost"), ("fast:nitro", "throughput")],
)
def test_a_suffix_says_how_the_offers_are_ranked(name, policy):
    found = resolve(WORLD, name, now=NOW)

    assert (found.entry, found.policy) == (SMALL, policy)
    assert found.asked == name.partition(":")[0]


def test_a_route_is_found_by_its_name_and_takes_a_suffix_too():
    route = RouteValue("support", (TargetValue(SMALL), TargetValue(ODD)), policy="balanced")
    world = snapshot(SMALL, ODD, routes={"support": route})

    assert resolve(world, "support", now=NOW) == Destination(
        "support", route.targets, "balanced", route, asked="support"
    )
    assert resolve(world, "support:floor", now=NOW).policy == "cost"
    with pytest.raises(Refusal, match="'support'"):
        resolve(world, "suport", now=NOW)


@pytest.mark.parametrize("name", ["acme/small@creative", "fast@creative@3"])
def test_a_known_name_with_a_preset_says_that_presets_are_not_served(name):
    assert refusal(name).name == "not_served_yet"


@pytest.mark.parametrize(
    "name", ["acme/smal", "nobody:floor", "acme/small:turbo", "x" * 10_000, "@", ":", ""]
)
def test_an_unknown_name_is_not_found(name):
    assert refusal(name).name == "model_not_found"
    assert len(refusal(name).message) < 500


def test_the_nearest_names_are_told():
    assert "'acme/small'" in refusal("acme/smal").message


def test_a_model_is_retired_from_its_sunset_day_on():
    retired = refusal("acme/old")

    assert retired.name == "model_retired"
    assert retired.details == {"sunset_on": "2026-06-01", "replacement": "acme/small"}
