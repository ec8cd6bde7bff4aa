"""What web searches of a provider's own cost, over the wire."""

from __future__ import annotations

import pytest

from tests.gateway import budgets


@pytest.fixture(scope="module")
def models(gateway, simulator):
    from catalog.models import Price

    made = gateway.make_all(
        {
            dialect: {"at": [(dialect, simulator.path("searches/2", "tokens/20"))], "prices": ("0", "0")}
            for dialect in ("chat", "messages")
        }
    )
    of_chat = Price.objects.filter(offer__entry_id=made["chat"].entry_id)
    gateway.change(lambda: of_chat.update(web_search="0.01"))
    return made


@pytest.mark.parametrize("stream", [False, True])
def test_searches_cost_what_the_offer_asks_for_each(gateway, models, stream):
    model = models["chat"]
    answers = [*model.stream()] if stream else [model.ask()]
    record = gateway.records(model)[-1]

    assert answers
    assert (record.cost_nano, record.cost_source) == (20_000_000, "computed")
    assert [attempt.web_searches for attempt in gateway.attempts(record)] == [2]


def test_without_a_price_for_them_the_cost_is_an_estimate(gateway, models):
    model = models["messages"]
    model.say()
    record = gateway.records(model)[-1]

    assert (record.cost_nano, record.cost_source) == (0, "estimated")
    assert [attempt.web_searches for attempt in gateway.attempts(record)] == [2]


def test_under_a_cap_a_call_that_may_search_is_refused_although_searches_have_a_price(models):
    budgets.add(models["chat"], "5")

    assert budgets.ask(models["chat"], web_search_options={})[2]["error"]["code"] == "unbounded_call"
