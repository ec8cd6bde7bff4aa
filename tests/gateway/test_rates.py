"""How much a key may call in a minute."""

from __future__ import annotations

import pytest

from routing.rates import Bucket, Rates
from routing.snapshot import Caller
from tests.gateway import budgets


def caller(key_id: int = 1, **limits) -> Caller:
    return Caller(key_id=key_id, key_name="ci", team_id=2, team_slug="web", **limits)


def test_a_minute_holds_as_many_as_it_says_and_fills_evenly():
    rates, me = Rates(), caller(requests_per_minute=60)

    at_once = [rates.ask(me, "requests", 1, now=100) for _ in range(62)]

    assert at_once == [0] * 60 + [1, 1]
    assert rates.ask(me, "requests", 1, now=100.5) == 0.5
    assert rates.ask(me, "requests", 1, now=101) == 0
    assert sum(rates.ask(me, "requests", 1, now=10_000) == 0 for _ in range(100)) == 60


def test_what_a_call_used_beyond_what_was_foreseen_is_paid_off_first():
    bucket = Bucket(600, 600.0, 0.0)
    bucket.take(600 + 300, 0)

    assert bucket.wait(10, 0) == pytest.approx(31)
    bucket.take(-900, 0)
    assert bucket.level == 600


def test_a_call_larger_than_a_minute_waits_for_a_full_one_and_not_for_ever():
    bucket = Bucket(100, 100.0, 0.0)

    assert bucket.wait(5000, 0) == 0
    bucket.take(5000, 0)
    assert bucket.wait(1, 0) == pytest.approx(4901 * 60 / 100)


def test_keys_do_not_share_and_a_new_limit_begins_full():
    rates = Rates()
    rates.ask(caller(1, requests_per_minute=1), "requests", 1, now=0)

    assert rates.ask(caller(1, requests_per_minute=1), "requests", 1, now=0) > 0
    assert rates.ask(caller(2, requests_per_minute=1), "requests", 1, now=0) == 0
    assert rates.ask(caller(1, requests_per_minute=2), "requests", 1, now=0) == 0
    assert rates.ask(caller(3), "requests", 1, now=0) == 0


def test_it_remembers_no_more_keys_than_it_may():
    rates = Rates()
    for key_id in range(10_050):
        rates.ask(caller(key_id, requests_per_minute=5), "requests", 1, now=0)

    assert len(rates._buckets) == 10_000


def limit(model, **rates) -> None:
    from billing.key import set_rates
    from billing.models import ApiKey
    from llmhub.audit.actor import SYSTEM

    wanted = {"requests_per_minute": None, "tokens_per_minute": None} | rates
    model.gateway.change(lambda: set_rates(actor=SYSTEM, key=ApiKey.objects.get(pk=model.key_id), **wanted))


def test_a_crowd_gets_as_many_answers_as_requests_a_minute_and_the_others_are_told_to_wait(
    gateway, simulator
):
    model = gateway.make(at=[simulator.path(tag="rates")])
    limit(model, requests_per_minute=10)

    answers = budgets.crowd([gateway], model, clients=40)

    refused = [(headers, body) for status, headers, body in answers if status == 429]
    assert 10 <= 40 - len(refused) <= 11  # one more where the crowd took its time
    assert len(simulator.hits("rates")) == 40 - len(refused)
    for headers, body in refused:
        assert body["error"]["code"] == "rate_limited"
        assert 1 <= int(headers["Retry-After"]) <= 7
        assert headers["x-should-retry"] == "true"


def test_tokens_are_counted_as_they_were_used(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/500")])
    limit(model, tokens_per_minute=900)

    statuses = [budgets.ask(model, max_tokens=600)[0] for _ in range(3)]

    assert statuses == [200, 200, 429]  # 500 and more each: the second one went into debt


def test_a_refused_call_gives_its_tokens_back(gateway, simulator):
    model = gateway.make(at=[simulator.path("tokens/1")])
    limit(model, tokens_per_minute=100)
    budget_id = budgets.add(model, "0")
    refused = [budgets.ask(model)[0] for _ in range(8)]
    budgets.remove(model, budget_id)

    assert refused == [402] * 8
    assert budgets.ask(model)[0] == 200
