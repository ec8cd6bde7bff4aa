"""R-32: no provider can hold a caller for longer than the limits say."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

import anthropic
import openai
import pytest

from catalog.models import Offer
from llmhub.lib import money
from providers import statistics_rows
from providers.breaker import IN_A_ROW
from providers.score import LEAST_CALLS
from providers.tally import merged

# fault: what a whole call and a stream of it end with, at limits of 1 s to the first byte of a
# stream, 0.5 s between two chunks, and 2 s in all
FAULTS = {
    "hang": ("deadline_exceeded", "upstream_timeout"),
    "first/9000": ("deadline_exceeded", "upstream_timeout"),
    "hang_events/3": (None, "upstream_timeout"),
    "slow_loris/50": ("deadline_exceeded", "deadline_exceeded"),
    "comments": ("deadline_exceeded", "deadline_exceeded"),
}


@pytest.fixture(scope="module")
def models(make_gateway, simulator):
    gateway = make_gateway()
    gateway.start("hurried")
    wanted = {fault: {"at": [simulator.path("speed/50", fault)]} for fault in FAULTS}
    wanted["counts"] = {"at": [("messages", simulator.path("hang"))]}
    wanted["counts then"] = {"at": [("messages", simulator.path(way)) for way in ("hang", "tokens/3")]}
    wanted["then well"] = {"at": [simulator.path("hang"), simulator.path("tokens/3")]}
    wanted["falls silent"] = {"at": [simulator.path("now/silent", "tokens/3")]}
    wanted["cut"] = {"at": [simulator.path("tokens/60")]}
    yield gateway.make_all(wanted)
    gateway.kill()


def ended(ask) -> tuple[str | None, float]:
    """The code a call ends with, None when it is answered, and the seconds it took."""
    began = time.monotonic()
    try:
        ask()
    except openai.APIError as error:
        return error.body["code"], time.monotonic() - began
    return None, time.monotonic() - began


@pytest.mark.parametrize("fault", FAULTS)
def test_a_provider_that_dawdles_is_left_in_time(models, fault):
    model = models[fault]

    whole, streamed = ended(model.ask), ended(lambda: list(model.stream()))

    print(fault, whole, streamed)
    assert (whole[0], streamed[0]) == FAULTS[fault]
    assert max(whole[1], streamed[1]) < 4
    assert model.gateway.reservations() == 0


def test_a_provider_that_falls_silent_is_left_alone_before_its_calls_time_out(models, simulator):
    model = models["falls silent"]
    with ThreadPoolExecutor(10) as pool:
        assert all(pool.map(lambda _: model.ask(), range(LEAST_CALLS)))
        time.sleep(1.3)  # what it usually takes is worked out once a second
        simulator.become("silent", "hang")
        asked = [pool.submit(ended, model.ask) for _ in range(IN_A_ROW)]
        model.gateway.until(lambda: f"at {model.providers[0]!r} is open" in model.gateway.log, within=10)
        assert ended(model.ask)[0] == "providers_failing"
        assert {each.result()[0] for each in asked} == {"deadline_exceeded"}
    simulator.become("silent")


@pytest.mark.parametrize("stream", [False, True])
def test_a_route_that_escalates_gives_what_there_is_before_its_deadline(models, stream):
    from catalog.models import CatalogEntry
    from llmhub.audit.actor import SYSTEM
    from routing.route import Target, create_route

    caller, name = models["cut"], f"escalates-{stream}".lower()

    def make():
        targets = [Target(CatalogEntry.objects.get(pk=models[each].entry_id)) for each in ("cut", "comments")]
        create_route(actor=SYSTEM, name=name, targets=targets, escalates=True)

    caller.gateway.change(make)
    answer = caller.client().chat.completions.with_raw_response.create(
        model=name,
        stream=stream,
        max_tokens=5,
        messages=[{"role": "user", "content": "Hello"}],
        **({"stream_options": {"include_usage": True}} if stream else {}),
    )

    assert answer.headers["x-llmhub-model"] == caller.name
    body = answer.http_response.read().decode()
    assert '"length"' in body
    record = caller.gateway.record(answer.headers["x-llmhub-request-id"])
    attempts = caller.gateway.attempts(record)
    assert (record.status, record.attempts) == ("ok", 2)
    assert [each.error_code for each in attempts] == ["escalated_truncated", "cut_short"]
    assert record.cost_nano == sum(each.cost_nano for each in attempts) > attempts[0].cost_nano
    if stream:  # what the cut leg took is told, too
        told = re.findall(r'"llmhub":{"cost":"([0-9.]+)"', body)
        assert told == [money.text(record.cost_nano)]
    caller.gateway.until(lambda: _counts(models["comments"]).get("cut_short"), what="it is counted so")


def _counts(model) -> dict[str, int]:
    with model.gateway.database():
        target = Offer.objects.get(entry_id=model.entry_id).pk
        return merged([each.tally for each in statistics_rows.since(0, targets=[target])]).counts


def counted(model):
    hello = [{"role": "user", "content": "Hello"}]
    return model.messages().messages.count_tokens(model=model.name, messages=hello)


def test_counting_has_a_deadline_of_which_each_provider_has_a_share(models):
    began = time.monotonic()
    with pytest.raises(anthropic.APIStatusError) as caught:
        counted(models["counts"])
    took = time.monotonic() - began

    assert (caught.value.status_code, caught.value.body["error"]["code"]) == (504, "upstream_timeout")
    assert took < 1.5  # a third of 2 s
    assert counted(models["counts then"]).input_tokens > 0


def test_a_stream_is_over_soon_after_its_finish_reason_though_its_provider_stays(gateway, simulator):
    count = len(list(gateway.make(at=[simulator.path("tokens/3")]).stream()))
    at = {end: [simulator.path("tokens/3", f"hang_events/{count + end}")] for end in (0, 1)}
    made = gateway.make_all({str(end): {"at": bases} for end, bases in at.items()})

    for model, source in ((made["0"], "estimated"), (made["1"], "computed")):  # the usage comes last
        code, took = ended(lambda model=model: list(model.stream()))
        record = gateway.records(model)[0]
        print(f"over after {took:.1f} s, {source}")
        assert (code, record.status, record.cost_source) == (None, "ok", source)
        assert took < 3


def test_a_deadline_is_504_with_an_estimate_and_the_time_is_not_free(models):
    with pytest.raises(openai.APIStatusError) as caught:
        models["hang"].ask()

    record = models["hang"].gateway.records(models["hang"])[-1]
    assert caught.value.status_code == 504
    assert (record.error_code, record.cost_source) == ("deadline_exceeded", "estimated")
    assert record.output_tokens >= 90  # two seconds at 50 tokens a second


def test_a_stream_that_does_not_begin_leaves_time_for_the_next_candidate(models):
    chunks = list(models["then well"].stream())

    record = models["then well"].gateway.records(models["then well"])[-1]
    assert chunks
    assert (record.status, record.fallback_reason) == ("ok", "upstream_timeout")
