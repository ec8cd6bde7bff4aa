"""An offer that fails again and again is left alone, and found well again by one real call."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import anthropic
import openai
import pytest

from catalog.discovery_models import CatalogEvent
from catalog.models import Offer
from providers.breaker import IN_A_ROW, OPEN_SECONDS
from providers.errors import (
    BadReply,
    ComeAgain,
    CredentialRefused,
    ModelGone,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    TooLarge,
)
from routing.gateway import counting
from routing.gateway.breakers import Breakers, key_of
from routing.gateway.hub import Hub, Limits
from routing.gateway.messages_request import read_count
from tests.gateway.values import entry as entry_value
from tests.gateway.values import offer, planned

LAB = offer("lab")


def failing(error, times=IN_A_ROW, at=LAB) -> Breakers:
    breakers = Breakers()
    for _ in range(times):
        if entry := breakers.enter(at, 0):
            breakers.failed(at, entry, error, 0)
    return breakers


@pytest.mark.parametrize("error", [ProviderUnavailable("down"), BadReply("nonsense")])
def test_illness_opens_the_breaker_of_that_offer_at_that_address(error):
    waits = failing(error).waits(0)

    assert list(waits) == [key_of(LAB)]
    assert waits[key_of(LAB)] == pytest.approx(OPEN_SECONDS, rel=0.11)
    assert key_of(offer("lab", base_url="http://elsewhere.test")) not in waits


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("slow"),
        CredentialRefused("no"),
        RequestRejected("what"),
        TooLarge("much", seen_bytes=9),
        ComeAgain("busy with the same"),
    ],
)
def test_what_says_nothing_about_the_next_call_does_not(error):
    assert not failing(error, times=50).waits(0)


def test_a_model_that_is_gone_is_told_after_three_calls_in_a_row_and_is_no_illness():
    def missed(breakers, times):
        for _ in range(times):
            breakers.failed(LAB, breakers.enter(LAB, 0), ModelGone("no such model", status=404), 0)

    breakers = Breakers()
    missed(breakers, 2)
    breakers.succeeded(LAB, breakers.enter(LAB, 0), 0)
    missed(breakers, 2)
    assert not breakers.gone

    missed(breakers, 1)

    assert list(breakers.gone) == [(LAB.id, 404)]
    assert not breakers.waits(0)


def test_through_the_gateway_a_model_that_is_gone_is_in_the_inbox(gateway, simulator):
    model = gateway.make(at=[simulator.path("strict", tag="gone")])
    with gateway.database():
        Offer.objects.filter(entry_id=model.entry_id).update(upstream_id="retired-1")
    gateway.change(lambda: None)

    for _ in range(IN_A_ROW + 1):
        with pytest.raises(openai.APIStatusError) as caught:
            model.ask()

    assert caught.value.code == "upstream_refused_credential"
    assert len(simulator.hits("gone")) == IN_A_ROW + 1
    gateway.until(lambda: gone_at(gateway, model) == ["retired-1"], within=5, what="the inbox has it")


def gone_at(gateway, model) -> list[str]:
    with gateway.database():
        events = CatalogEvent.objects.filter(entry_id=model.entry_id, kind="vanished")
        return list(events.values_list("upstream_id", flat=True))


def test_a_plan_leaves_a_failing_offer_out_and_says_for_how_long():
    other = offer("other", base_url="http://other.test")
    waits = failing(ProviderUnavailable("down")).waits(0)

    found = planned(entry_value("acme/small", LAB, other), dialect="chat", waits=waits)

    assert [candidate.offer for candidate in found.candidates] == [other]
    assert [drop.reason for drop in found.dropped] == ["failing"]


def test_a_probe_that_begins_to_answer_lets_the_others_in():
    breakers = failing(ProviderUnavailable("down"))
    entry = breakers.enter(LAB, 60)

    assert breakers.enter(LAB, 61) is None
    breakers.answers(LAB, entry)

    assert breakers.enter(LAB, 61)
    assert not breakers.waits(61)


def test_counting_asks_no_offer_whose_breaker_opened_meanwhile():
    ill = offer("lab", dialect="messages")
    found = planned(entry_value("acme/small", ill), dialect="messages", operation="count").candidates[0]
    hub = Hub("test", None, None, None, None, None, Limits(), None, None)
    body = b'{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}'
    asked = SimpleNamespace(request=read_count(body, {}, known_providers=[]))
    entry = [hub.breakers.enter(ill, time.monotonic()) for _ in range(IN_A_ROW)]
    for each in entry:
        hub.breakers.failed(ill, each, ProviderUnavailable("down"), time.monotonic())

    with pytest.raises(ProviderUnavailable, match="left alone for another"):
        asyncio.run(counting._ask(hub, asked, found))


def test_counting_at_an_open_breaker_says_so_and_reaches_nobody(gateway, simulator):
    model = gateway.make(at=[("messages", simulator.path("status/503", tag="uncounted"))])
    for _ in range(IN_A_ROW):
        with pytest.raises(anthropic.APIStatusError):
            model.say()

    with pytest.raises(anthropic.APIStatusError) as caught:
        model.messages().messages.count_tokens(
            model=model.name, messages=[{"role": "user", "content": "Hello"}]
        )

    assert caught.value.body["error"]["code"] == "providers_failing"
    assert len(simulator.hits("uncounted")) == IN_A_ROW


def test_through_the_gateway(gateway, simulator):
    model = gateway.make(at=[simulator.path("status/503", tag="ill"), simulator.path(tag="well")])
    alone = gateway.make(at=[simulator.path("status/503", tag="alone")])

    answers = [model.ask() for _ in range(IN_A_ROW + 3)]
    codes = []
    for _ in range(IN_A_ROW + 3):
        with pytest.raises(openai.APIStatusError) as caught:
            alone.ask()
        codes.append(caught.value.code)

    assert [raw.headers["x-llmhub-attempts"] for raw in answers] == ["2"] * IN_A_ROW + ["1"] * 3
    assert len(simulator.hits("ill")) == IN_A_ROW
    assert len(simulator.hits("alone")) == IN_A_ROW
    assert codes == ["upstream_unavailable"] * IN_A_ROW + ["providers_failing"] * 3
    assert int(caught.value.response.headers["retry-after"]) > 20
