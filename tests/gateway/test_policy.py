"""In which order candidates are tried."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.live import Live
from routing.mix import Mix, together
from routing.policy import Choice, Order, Ranking, chance, rank
from routing.policy_words import POLICIES

CHEAP = Choice(
    1, 100, live=Live(calls=50, reliability=0.9, latency_ms=900, ttft_ms=500, tokens_per_second=20)
)
FAST = Choice(2, 400, live=Live(calls=50, reliability=0.95, latency_ms=300, ttft_ms=90, tokens_per_second=80))
SURE = Choice(
    3, 300, live=Live(calls=50, reliability=0.999, latency_ms=800, ttft_ms=400, tokens_per_second=40)
)
ALL = (SURE, FAST, CHEAP)


def order(*choices, policy="priority", **more) -> Order:
    return rank(choices, Ranking(policy=policy, **{"seed": "req_1", **more}))


def ids(found: Order) -> list[int]:
    return [each.choice.offer_id for each in found.kept]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("priority", [3, 2, 1]),
        ("cost", [1, 3, 2]),
        ("latency", [2, 3, 1]),
        ("throughput", [2, 3, 1]),
        ("reliability", [3, 2, 1]),
        ("balanced", [1, 2, 3]),
    ],
)
def test_each_policy_ranks_by_what_its_name_says(policy, expected):
    assert ids(order(*ALL, policy=policy)) == expected


def test_a_stream_is_ranked_by_its_first_token():
    slow_start = Choice(4, 1, live=Live(calls=50, latency_ms=10, ttft_ms=9000))

    assert ids(order(FAST, slow_start, policy="latency")) == [4, 2]
    assert ids(order(FAST, slow_start, policy="latency", streams=True)) == [2, 4]


def test_the_terms_of_a_balance_sum_to_its_value():
    for each in order(*ALL, policy="balanced").kept:
        assert sum(each.terms.values()) == pytest.approx(each.value)
        assert set(each.terms) == {"cost", "reliability", "latency", "throughput"}


def test_what_is_not_known_is_neither_chosen_nor_left_out_for_it():
    unknown = Choice(9, 200)

    assert ids(order(CHEAP, FAST, SURE, unknown, policy="latency")) == [2, 3, 9, 1]


def test_a_degraded_offer_comes_last_whatever_the_policy():
    ill = Choice(8, 1, live=Live(calls=99, reliability=1, latency_ms=1, is_degraded=True))

    for policy in POLICIES:
        assert ids(order(ill, *ALL, policy=policy))[-1] == 8


def test_an_offer_without_a_price_is_the_dearest():
    assert ids(order(Choice(7), CHEAP, policy="cost")) == [1, 7]


def test_weights_are_shares_and_the_same_seed_is_the_same_order():
    heavy, light, none = Choice(1, 1, weight=3), Choice(2, 1, weight=1), Choice(3, 1, weight=0)
    first = Counter(
        ids(order(none, light, heavy, policy="weighted", seed=str(number)))[0] for number in range(4000)
    )

    assert first[1] / 4000 == pytest.approx(0.75, abs=0.03)
    assert first[3] == 0
    assert ids(order(heavy, light, policy="weighted")) == ids(order(heavy, light, policy="weighted"))


def test_what_costs_more_than_so_many_times_the_first_choice_is_left_out():
    found = order(CHEAP, SURE, FAST, Choice(7), policy="cost", max_cost_multiple=Decimal(3))

    assert ids(found) == [1, 3]
    assert [each.choice.offer_id for each in found.too_dear] == [2, 7]
    assert ids(order(Choice(7), FAST, max_cost_multiple=Decimal(3))) == [7, 2]  # nothing to compare with


def test_a_session_stays_where_it_was_answered_unless_that_is_degraded():
    ill = Choice(2, 400, live=Live(is_degraded=True))

    assert ids(order(*ALL, policy="cost", session_offer=2)) == [2, 1, 3]
    assert order(*ALL, policy="cost", session_offer=2).kept[0].note == "session"
    assert ids(order(SURE, ill, CHEAP, policy="cost", session_offer=2)) == [1, 3, 2]


def test_a_session_does_not_climb_to_what_is_too_dear_beside_the_first_choice():
    dear, dearest = Choice(5, 300), Choice(6, 900)
    limits = {"policy": "cost", "max_cost_multiple": Decimal(3)}

    once = order(CHEAP, dear, dearest, session_offer=5, **limits)
    again = order(CHEAP, dear, dearest, session_offer=6, **limits)

    assert (ids(once), [each.choice.offer_id for each in once.too_dear]) == ([5, 1], [6])
    assert (ids(again), [each.choice.offer_id for each in again.too_dear]) == ([1, 5], [6])


def test_what_is_first_to_be_learnt_about_does_not_take_the_first_choice_away():
    new = Choice(5, 1)  # cheap: the others cost far more than three times as much
    found = order(
        FAST, SURE, new, policy="latency", explore_percent=100, max_cost_multiple=Decimal(3), seed="1"
    )

    assert (found.kept[0].note, ids(found)[:2]) == ("explored", [5, 2])


def test_a_share_of_calls_goes_first_where_little_is_known_and_never_at_a_higher_price():
    new, dear = Choice(5, 100), Choice(6, 10_000)
    found = [
        order(CHEAP, new, dear, policy="latency", seed=str(number), explore_percent=10)
        for number in range(2000)
    ]
    explored = [each.kept[0].choice.offer_id for each in found if each.kept[0].note == "explored"]

    assert set(explored) == {5}
    assert len(explored) / 2000 == pytest.approx(0.1, abs=0.02)
    assert not any(
        order(CHEAP, new, policy="cost", seed=str(number), explore_percent=50).kept[0].note
        for number in range(50)
    )


def test_chance_is_spread_over_its_whole_range():
    numbers = [chance(str(number), "x") for number in range(2000)]

    assert 0 <= min(numbers) < 0.01
    assert 0.99 < max(numbers) < 1


choices = st.lists(
    st.builds(
        Choice,
        offer_id=st.integers(1, 10**6),
        cost_nano=st.one_of(st.none(), st.integers(0, 10**12)),
        weight=st.integers(0, 1000),
        live=st.builds(
            Live,
            calls=st.floats(0, 1e6),
            reliability=st.one_of(st.none(), st.floats(0, 1)),
            latency_ms=st.one_of(st.none(), st.floats(0, 1e6)),
            ttft_ms=st.one_of(st.none(), st.floats(0, 1e6)),
            tokens_per_second=st.one_of(st.none(), st.floats(0, 1e4)),
            is_degraded=st.booleans(),
        ),
    ),
    max_size=8,
    unique_by=lambda choice: choice.offer_id,
)


@given(
    choices=choices,
    policy=st.sampled_from(POLICIES),
    seed=st.text(max_size=5),
    multiple=st.one_of(st.none(), st.decimals(1, 100, places=2)),
    explore=st.integers(0, 50),
    session=st.one_of(st.none(), st.integers(1, 10**6)),
)
def test_nothing_is_lost_nothing_is_above_the_limit_and_the_order_is_stable(
    choices, policy, seed, multiple, explore, session
):
    ranking = Ranking(
        policy, seed, explore_percent=explore, max_cost_multiple=multiple, session_offer=session
    )
    found = rank(choices, ranking)

    everything = [*ids(found), *(each.choice.offer_id for each in found.too_dear)]
    assert sorted(everything) == sorted(choice.offer_id for choice in choices)
    assert rank(choices, ranking) == found
    by_policy = [each.choice.cost_nano for each in rank(choices, Ranking(policy, seed)).kept]
    if by_policy and multiple is not None and (first := by_policy[0]) is not None:
        assert all(each.choice.cost_nano <= multiple * first for each in found.kept)
    degraded = [each.choice.live.is_degraded for each in found.kept]
    assert degraded == sorted(degraded)


def test_what_calls_were_like_together_is_the_sum_of_each():
    mixes = [Mix(1, 2, 3, 4), Mix(10, 20, 30, 40), Mix()]

    assert together(mixes) == sum(mixes, Mix()) == Mix(11, 22, 33, 44)
