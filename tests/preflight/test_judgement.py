"""What a switch would meet, judged by figures that a reader can check."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from catalog.lifecycle import Stage
from llmhub.lib.figures import SPACE
from routing import preflight_calls as calls
from routing import preflight_supply as supply
from routing.preflight import Check, Preflight, Scope
from routing.preflight_figures import Month, behaviour, price
from routing.preflight_supply import KeyFacts, Reference
from routing.reach import EVERYTHING, Reach
from tests.preflight import facts
from tests.preflight.facts import EVERYBODY, NOW, OLD, call, model, offer, traffic

MONTH = Month(2, 240_000, 0, "/spend/")


def key(*, calls: int = 1, models: tuple[str, ...] = (), providers: tuple[str, ...] = ()) -> KeyFacts:
    reach = Reach.of(models, providers) if models or providers else EVERYTHING
    return KeyFacts("bot", "support", "/keys/1/", reach, calls)


# keys


@pytest.mark.parametrize(
    ("held", "status"),
    [
        (key(), "ok"),
        (key(models=("old/model",)), "fail"),
        (key(models=("old/model", "new/*")), "ok"),
        (key(models=("old/model",), calls=0), "warn"),
        (key(models=("other/model",), calls=0), "ok"),  # it called neither
        (key(providers=("attic",)), "fail"),
        (key(providers=("lab", "attic")), "ok"),
    ],
)
def test_keys_that_reach_the_old_model_and_not_the_new_one(held, status):
    assert supply.keys(EVERYBODY, OLD, model(), [offer()], [held]).status == status


@pytest.mark.parametrize(("models", "status"), [(("fast",), "ok"), (("old/model",), "fail")])
def test_an_alias_that_a_key_may_use_moves_with_its_callers(models, status):
    scope = Scope("alias", "fast", "the alias fast")

    assert supply.keys(scope, OLD, model(), [offer()], [key(models=models)]).status == status


def test_only_providers_that_can_be_called_count_for_a_key():
    offers = [offer(why_not="Lab is paused: x"), offer(provider="attic", name="Attic")]

    assert supply.keys(EVERYBODY, OLD, model(), offers, [key(providers=("lab",))]).status == "fail"


# providers


@pytest.mark.parametrize(
    ("offers", "status"),
    [
        ([offer()], "ok"),
        ([], "fail"),
        ([offer(why_not="Lab is paused: x")], "fail"),
        ([offer(), offer(why_not="Attic needs a credential.")], "warn"),
    ],
)
def test_somebody_has_to_be_callable(offers, status):
    assert supply.callable_now(model(), offers).status == status


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, "ok"),
        ({"checked_at": NOW - timedelta(hours=25)}, "warn"),
        ({"checked_at": None, "answers": None}, "unknown"),
        ({"answers": False, "outcome": "Refuses the credential"}, "fail"),
    ],
)
def test_the_free_check_is_told_with_its_age(values, status):
    found = supply.reachable(model(), [offer(**values)], at=NOW)

    assert found.status == status
    if status == "warn":
        assert "1 d 1 h ago" in found.said


@pytest.mark.parametrize(
    ("listed", "status"),
    [
        (["listed"], "ok"), (["missing"], "warn"), (["vanished"], "fail"), (["unlisted"], "warn"),
        (["no list"], "unknown"), (["listed", "vanished"], "warn"),
    ],
)  # fmt: skip
def test_the_id_in_the_providers_list(listed, status):
    assert supply.in_list(model(), [offer(listed=word) for word in listed], at=NOW).status == status


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, "ok"),
        ({"stage": Stage.DEPRECATED, "days_left": 9}, "warn"),
        ({"stage": Stage.SUPERSEDED, "replacement": "x"}, "warn"),
        ({"stage": Stage.RETIRED}, "fail"),
        ({"is_withdrawn": True}, "fail"),
        ({"is_discovered": True}, "fail"),
    ],
)
def test_a_model_that_leaves_itself_is_no_place_to_go(values, status):
    assert supply.lifecycle(model(**values)).status == status


def test_what_names_the_old_model_is_counted():
    alias, budget = Reference("Alias", "fast", breaks=True), Reference("Budget of the model", "hard")

    found = supply.references(OLD, [alias, alias, budget, Reference("Successor of", "x", breaks=False)])

    assert found.status == "warn"
    assert found.said.endswith("2 alias, 1 budget of the model.")
    assert supply.references(OLD, []).status == "ok"


# calls


def test_what_a_route_wants_of_each_target_counts_whatever_was_called():
    found = calls.capabilities(traffic(), OLD, model(), required=["tools", "web_search"])

    assert (found.status, "not said to do: web_search" in found.said) == ("fail", True)


def test_a_need_that_calls_had_and_the_new_model_lacks_fails_with_its_count():
    asked = [call(n, needs=("tools",) if n < 3 else ()) for n in range(10)]

    found = calls.capabilities(traffic(*asked), OLD, model(capabilities=frozenset({"stream"})))

    assert found.status == "fail"
    assert "3 calls gave tools" in found.said


def test_what_nobody_asked_for_is_not_missed():
    """The old model reads images, the new one does not, and no call held any."""
    asked = [call(n, needs=("tools",)) for n in range(10)]

    found = calls.capabilities(traffic(*asked), OLD, model(capabilities=frozenset({"tools"})))

    assert found.status == "ok"


def test_calls_from_before_it_was_noted_fall_back_on_the_catalog():
    old = traffic(call(1, needs=None), call(2, needs=("tools",)))

    lost = calls.capabilities(old, OLD, model(capabilities=frozenset({"tools", "stream"})))

    assert lost.status == "warn"
    assert "reads images" in lost.said
    assert calls.capabilities(old, OLD, model()).status == "ok"
    assert calls.capabilities(traffic(), OLD, model()).status == "ok"


def test_streaming_was_always_recorded():
    old = traffic(call(1, needs=None, streamed=True))

    assert calls.capabilities(old, OLD, model(capabilities=frozenset({"tools"}))).status == "fail"


def test_embeddings_are_no_answers_and_nothing_said_is_not_known():
    embeds = model(outputs=frozenset({"embedding"}))

    assert calls.capabilities(traffic(), OLD, embeds).status == "fail"
    assert calls.capabilities(traffic(), embeds, embeds).status == "ok"
    nothing = model(capabilities=frozenset(), inputs=frozenset())
    assert calls.capabilities(traffic(call(1)), OLD, nothing).status == "unknown"


def test_a_modality_does_what_its_capability_does():
    sees = model(capabilities=frozenset({"tools"}), inputs=frozenset({"text", "image"}))

    assert calls.capabilities(traffic(call(1, needs=("vision",))), OLD, sees).status == "ok"


@pytest.mark.parametrize(("over", "status"), [(0, "ok"), (1, "warn"), (2, "fail")])
def test_calls_over_the_new_context_by_input_and_answer(over, status):
    """At a limit of 1000: 990 + 10 fit, 991 + 10 do not; 1 % of 200 is too many."""
    sizes = [991] * over + [990] * (200 - over)
    asked = traffic(*(call(n, input_tokens=size) for n, size in enumerate(sizes)))

    found = calls.context(asked, model())

    assert found.status == status
    assert (f"{over / 2:g} % of" in found.said) == bool(over)


def test_answers_over_the_new_limit():
    found = calls.output(traffic(call(1, output_tokens=101), call(2)), model())

    assert found.status == "fail"
    assert "50 % of the 2 calls of the last 30 days" in found.said


def test_a_failed_attempt_has_no_size_and_an_unknown_limit_says_nothing():
    assert calls.context(traffic(call(1, status="error", input_tokens=9999), call(2)), model()).status == "ok"
    assert calls.context(traffic(call(1)), model(context_tokens=None)).status == "unknown"
    assert calls.context(traffic(), model()).status == "unknown"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (("temperature", "max_completion_tokens"), "ok"),
        (("temperature", "top_k"), "warn"),
        (("other",), "warn"),
        (None, "unknown"),
    ],
)
def test_parameters_that_the_new_model_is_not_said_to_take(given, status):
    assert calls.parameters(traffic(call(1, parameters=given)), model()).status == status


def test_a_model_of_which_no_parameter_is_said():
    assert calls.parameters(traffic(call(1, parameters=("seed",))), model(parameters={})).status == "unknown"


# figures


def test_the_recorded_tokens_at_the_new_price():
    """100 in and 10 out at 1 and 2 are 0.00012; paid were 0.00012: as much. At 3 and 6: three times."""
    dear = offer(prices=(facts.price(input=Decimal(3), output=Decimal(6)),))

    same = price(traffic(call(1), call(2)), MONTH, model(), [offer()], at=NOW)
    three = price(traffic(call(1), call(2)), MONTH, model(), [dear], at=NOW)

    assert (same.status, three.status) == ("ok", "warn")
    assert "as much as now: $0.00024 instead of $0.00024" in same.said
    assert "3.0 times as much: $0.00072 instead of $0.00024" in three.said


def test_cached_tokens_and_long_inputs_have_prices_of_their_own():
    """60 of 100 read from a cache at 0.1, 40 fresh at 1, 10 out at 2: 0.000066. Above 99: ten times that."""
    cached = (facts.price(cache_read=Decimal("0.1")),)
    long = (
        *cached,
        facts.price(input=Decimal(10), output=Decimal(20), cache_read=Decimal(1), above_input_tokens=99),
    )
    asked = traffic(call(1, cache_read_tokens=60))

    assert asked.recent.repriced(cached, at=NOW).other_nano == 66_000
    assert asked.recent.repriced(long, at=NOW).other_nano == 660_000


@pytest.mark.parametrize("cost_nano", [None, 0])
def test_an_attempt_that_failed_unused_is_free_at_any_price(cost_nano):
    failed = call(1, status="error", input_tokens=0, output_tokens=0, cost_nano=cost_nano)
    per_request = (facts.price(per_request=Decimal(1)),)

    found = traffic(failed, call(2)).recent.repriced(per_request, at=NOW)

    assert (found.unpaid, found.other_nano) == (0, 1_000_120_000)


def test_calls_of_unknown_cost_are_left_out_and_said():
    found = price(traffic(call(1), call(2, cost_nano=None)), MONTH, model(), [offer()], at=NOW)

    assert "Left out: 1 call of unknown cost" in found.said


def test_a_sample_is_scaled_to_the_month():
    month = Month(20_000, 2_400_000_000, 0, "/spend/")
    half = offer(prices=(facts.price(input=Decimal("0.5"), output=Decimal(1)),))

    found = price(traffic(call(1), is_whole=False), month, model(), [half], at=NOW)

    assert "50.0 % less" in found.said
    assert "per month about $1.20 instead of $2.40" in found.said


@pytest.mark.parametrize("offers", [[], [offer(prices=())], [offer(why_not="no")]])
def test_without_a_price_nothing_is_compared(offers):
    assert price(traffic(call(1)), MONTH, model(), offers, at=NOW).status == "unknown"


def slow(times: int, count: int = 20, *, failed: int = 0):
    good = [call(n, latency_ms=500 * times) for n in range(count - failed)]
    return traffic(*good, *(call(100 + n, status="error") for n in range(failed)))


@pytest.mark.parametrize(
    ("new", "status"),
    [(slow(1), "ok"), (slow(2), "warn"), (slow(1, failed=1), "warn"), (slow(1, 19), "unknown")],
)
def test_latency_and_errors_of_both(new, status):
    assert behaviour(slow(1), new, "new/model", "the organisation").status == status


def test_latency_is_said_with_its_figures():
    found = behaviour(slow(1), slow(2), "new/model", "this team")

    assert "2.0 times as slow at the median (1 s instead of 500 ms)" in found.said
    assert "0 % of 20 attempts failed instead of 0 %" in found.said


# the verdict


@pytest.mark.parametrize(
    ("statuses", "verdict", "said"),
    [
        (["ok", "ok"], "ok", "Nothing stands against it: all 2 checks are well."),
        (["ok", "unknown"], "unknown", "Nothing fails; 1 not known."),
        (["warn", "unknown"], "warn", "Nothing fails; 1 to look at, 1 not known."),
        (["fail", "warn", "ok"], "fail", "Not yet: 1 check fails, 1 to look at."),
        (["fail", "fail"], "fail", "Not yet: 2 checks fail."),
    ],
)
def test_the_worst_check_is_the_verdict(statuses, verdict, said):
    checks = tuple(Check("x", "X", status, "…") for status in statuses)

    found = Preflight("a", "b", EVERYBODY, NOW, checks)

    assert (found.verdict, found.said, found.fails) == (verdict, said, verdict == "fail")


def test_large_numbers_are_grouped():
    asked = traffic(*(call(n) for n in range(1500)))

    assert f"1{SPACE}500 calls" in asked.of
