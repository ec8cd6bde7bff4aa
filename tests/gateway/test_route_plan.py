"""Which targets of a route may be tried, and why the others are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from catalog.words import CAPABILITIES
from routing.bound import Size
from routing.gateway.errors import Refusal
from routing.needs import in_words, lacking, needed
from routing.reach import Reach
from routing.resolve import Destination
from routing.snapshot import EntryValue, RouteValue, TargetValue
from routing.who_could import with_who_could
from tests.gateway.values import offer, planned, price, snapshot


def model(number: int, *providers: str, prices=("1", "2"), **facts) -> EntryValue:
    """A model with an offer at each provider; ids are `number` times ten and up."""
    facts = {"capabilities": ("stream", "tools")} | facts
    offers = [
        replace(
            offer(slug, prices=[price(*prices)] if prices else ()), id=number * 10 + place, entry_id=number
        )
        for place, slug in enumerate(providers or ("lab",))
    ]
    return EntryValue(id=number, slug=f"acme/m{number}", name="M", offers=tuple(offers), **facts)


def route(*models: EntryValue | TargetValue, **values) -> Destination:
    targets = tuple(each if isinstance(each, TargetValue) else TargetValue(each) for each in models)
    value = RouteValue("support", targets, **values)
    return Destination("support", targets, value.policy, value)


def ids(plan) -> list[int]:
    return [candidate.offer.id for candidate in plan.candidates]


def why(plan) -> dict[int, str]:
    return {drop.offer.id: drop.reason for drop in plan.dropped}


ONE, TWO = model(1, "lab", "west"), model(2)


def test_targets_are_tried_in_their_order_each_offer_once():
    found = planned(route(TargetValue(ONE, "west"), TWO, ONE))

    assert ids(found) == [11, 20, 10]
    assert [candidate.entry.id for candidate in found.candidates] == [1, 2, 1]


def test_a_target_without_what_the_call_needs_is_left_out_and_said_so():
    blind, sees = model(1), model(2, capabilities=("vision",))
    found = planned(route(blind, sees), needs=needed(["image"], tools=False))

    assert (ids(found), why(found)) == ([20], {10: "lacks"})


def test_a_model_about_which_nothing_is_said_is_tried():
    assert ids(planned(model(1, capabilities=()), needs=frozenset(CAPABILITIES))) == [10]


def test_when_nothing_can_do_it_those_that_could_are_named():
    needs = needed(["image"], tools=True)
    other = model(3, capabilities=("vision", "tools"))
    with pytest.raises(Refusal) as caught:
        planned(model(1), needs=needs)

    refusal = with_who_could(caught.value, snapshot(model(1), other), Reach(), needs)

    assert (refusal.name, refusal.code.status) == ("capability_missing", 422)
    assert "reads images" in refusal.message
    assert refusal.details["could"] == ["acme/m3"]
    assert "acme/m3" in refusal.remedies[0]


def test_what_a_route_requires_every_target_has_whatever_the_call_needs():
    found = planned(route(model(1), model(2, capabilities=("vision",)), require=frozenset({"vision"})))

    assert (ids(found), why(found)) == ([20], {10: "lacks"})


def test_a_small_context_is_left_out_only_where_another_is_larger():
    small, large = model(1, context_tokens=1000), model(2, context_tokens=100_000)
    size = Size(body_bytes=8000, messages=1)

    assert why(planned(route(small, large), size=size)) == {10: "too_small"}
    assert ids(planned(small, size=size)) == [10]  # the provider will know
    writes = model(1, output_limit_tokens=100)
    assert why(planned(route(writes, large), size=structs.replace(size, output_limit=200))) == {
        10: "too_small"
    }


@pytest.mark.parametrize(
    ("target", "asking", "reason"),
    [
        (model(1, sunset_on=date(2026, 1, 1)), {}, "retired"),
        (model(1, output_modalities=("embedding",)), {}, "not_offered"),
        (model(1), {"reach": Reach(names=frozenset({"acme/m2"}))}, "model_not_allowed"),
        (model(1, "west"), {"reach": Reach(providers=frozenset({"lab"}))}, "not_allowed"),
        (model(1, "west"), {"only": {"lab"}}, "not_requested"),
    ],
)
def test_a_target_that_may_not_be_tried_is_left_out_with_its_reason(target, asking, reason):
    found = planned(route(target, TWO), **asking)

    assert (ids(found), why(found)) == ([20], {10: reason})


def test_a_model_of_which_nobody_says_what_it_gives_makes_embeddings_on_a_route_as_by_its_own_name():
    makes, unknown, talks = (
        model(1, output_modalities=("embedding",)),
        model(2),
        model(3, output_modalities=("text",)),
    )

    assert ids(planned(route(makes, unknown, talks), operation="embed")) == [10, 20]
    assert ids(planned(unknown, operation="embed")) == [20]


def test_a_key_that_may_use_the_route_may_use_its_targets_and_one_that_may_use_none_is_told():
    assert ids(planned(route(ONE), reach=Reach(names=frozenset({"support"})))) == [10, 11]

    with pytest.raises(Refusal) as caught:
        planned(route(ONE), reach=Reach(names=frozenset({"acme/other"})))
    assert caught.value.name == "model_not_allowed"


def test_a_policy_of_the_call_wins_over_the_route():
    cheap, dear = model(1, prices=("1", "1")), model(2, prices=("9", "9"))

    assert ids(planned(route(dear, cheap, policy="priority"))) == [20, 10]
    assert ids(planned(route(dear, cheap, policy="priority"), policy="cost")) == [10, 20]
    assert planned(route(dear, cheap), policy="cost").policy == "cost"


def test_where_a_call_goes_for_want_of_money_comes_last_and_no_other_offer_twice():
    found = planned(route(ONE, over_budget=(TargetValue(TWO), TargetValue(ONE))))

    assert [(each.offer.id, each.is_for_want) for each in found.candidates] == [
        (10, False),
        (11, False),
        (20, True),
    ]


def test_a_fallback_that_costs_too_much_is_dropped():
    cheap, dear = model(1, prices=("1", "1")), model(2, prices=("9", "9"))

    found = planned(route(cheap, dear, max_cost_multiple=3))

    assert (ids(found), why(found)) == ([10], {20: "too_dear"})


# --- properties --------------------------------------------------------------------------------

words = st.frozensets(st.sampled_from(sorted(CAPABILITIES)), max_size=4)


@given(
    models=st.lists(
        st.tuples(words, st.booleans(), st.booleans(), st.floats(0, 60), st.integers(0, 99)),
        min_size=1,
        max_size=6,
    ),
    needs=words,
    require=words,
    policy=st.sampled_from(["priority", "cost", "latency", "balanced", "weighted"]),
)
def test_kept_and_dropped_are_everything_and_none_lacks_what_is_needed(models, needs, require, policy):
    made = []
    for number, (has, is_paused, has_credential, wait, cost) in enumerate(models, start=1):
        one = offer(
            f"p{number}",
            prices=[price(str(cost), "1")],
            paused_reason="unpaid" if is_paused else "",
            needs_credential=not has_credential,
        )
        one = replace(one, id=number, entry_id=number, provider=replace(one.provider, base_url=str(wait)))
        made.append(EntryValue(number, f"acme/m{number}", "M", capabilities=tuple(has), offers=(one,)))
    waits = {(each.id, each.offers[0].provider.base_url): float(models[each.id - 1][3]) for each in made}
    asking = {"needs": needs, "policy": policy, "seed": "s"}
    where = route(*made, require=require)

    try:
        found = planned(where, waits=waits, **asking)
    except Refusal as exc:
        refusal, found = exc, None
    if found is None:
        assert len(refusal.details["dropped"]) == len(made)
        return

    assert sorted([*ids(found), *why(found)]) == list(range(1, len(made) + 1))
    for candidate in found.candidates:
        assert not lacking(candidate.entry, needs | require)
        assert not candidate.offer.provider.paused_reason
        assert not waits[candidate.offer.id, candidate.offer.provider.base_url]
    assert planned(where, waits=waits, **asking) == found


def test_needs_are_said_in_words():
    assert in_words(["tools", "vision"]) == "calls tools and reads images"
