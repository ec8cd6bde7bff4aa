"""R-37: whatever a provider sends, the caller gets a defined answer, and others do not notice."""

from __future__ import annotations

import time

import anthropic
import openai
import pytest

from tests.providers.servers import answer, serving_in_a_thread

BAD, GONE, SLOW = "upstream_bad_reply", "upstream_unavailable", "upstream_timeout"
CUT, LARGE = "upstream_truncated", "upstream_too_large"
# fault: what a whole call and a stream of it end with
FAULTS = {
    "garbage": (BAD, BAD),
    "html": (BAD, BAD),
    "empty": (BAD, BAD),
    "array": (BAD, BAD),
    "deep": (LARGE, LARGE),
    "bad_utf8": (BAD, BAD),
    "cut/40": (CUT, CUT),
    "reset": (GONE, GONE),
    "huge/64": (LARGE, LARGE),
    "long_line/64": (LARGE, LARGE),
    "bomb/256": (BAD, BAD),
    "redirect": (BAD, BAD),
    "big_headers/512": (BAD, BAD),
    "not_http": (BAD, BAD),
    "bad_chunks": (BAD, BAD),
    "error_200": (GONE, GONE),
}


@pytest.fixture(scope="module")
def models(gateway, simulator):
    wanted = {fault: {"at": [simulator.path(fault)]} for fault in FAULTS}
    wanted["well"] = {"at": [simulator.path("tokens/5")]}
    wanted["cookies"] = {"at": [simulator.path("cookies", tag="cookies")]}
    wanted["endless"] = {"at": [simulator.path("endless", tag="endless")]}
    wanted["wrong_length"] = {"at": [simulator.path("wrong_length")]}
    wanted["doubled"] = {"at": [simulator.path("tokens/9", "usage/doubled")]}
    return gateway.make_all(wanted)


def code_of(ask) -> str:
    """The code of the error that a call ends with."""
    with pytest.raises(openai.APIError) as caught:
        ask()
    return caught.value.body["code"]


def test_events_that_begin_no_answer_are_not_kept_for_ever(gateway, simulator):
    chat = gateway.make(at=[simulator.path("pings", tag="pings-chat")])
    messages = gateway.make(at=[("messages", simulator.path("pings", tag="pings-messages"))])
    asked = {"max_tokens": 9, "messages": [{"role": "user", "content": "x"}], "stream": True}

    assert code_of(lambda: list(chat.stream())) == BAD
    with pytest.raises(anthropic.APIStatusError, match="begins an answer"):
        messages.messages().messages.create(model=messages.name, **asked)
    for dialect in ("chat", "messages"):
        assert simulator.ended(1, tag=f"pings-{dialect}")[0]["ended_by"] == "client"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_a_defined_answer(gateway, models, fault):
    model = models[fault]

    whole, streamed = code_of(model.ask), code_of(lambda: list(model.stream()))

    assert (whole, streamed) == FAULTS[fault]
    assert [record.error_code for record in gateway.records(model)] == [whole, streamed]


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_too_large_to_read_is_charged_and_not_bought_again(gateway, simulator, stream):
    way = "long_line/2" if stream else "huge/17"
    spare = f"spare-{stream}"
    model = gateway.make(at=[simulator.path(way), simulator.path(tag=spare)])

    assert code_of(lambda: list(model.stream()) if stream else model.ask(max_tokens=50)) == LARGE

    record = gateway.records(model)[0]
    assert not simulator.hits(spare)
    assert (record.cost_source, record.output_tokens > 0, record.cost_nano > 0) == ("estimated", True, True)


def test_a_long_error_still_means_what_its_status_says(gateway):
    refused = answer(b"x" * 17 * 2**20, status="400 Bad Request")
    with serving_in_a_thread(refused) as server:
        model = gateway.make(at=[f"{server.url}/v1"])

        assert code_of(model.ask) == "upstream_rejected"
        assert code_of(lambda: list(model.stream())) == "upstream_rejected"


def test_what_is_missing_after_the_end_of_a_stream_is_not_missed(gateway, models):
    assert code_of(models["wrong_length"].ask) == CUT

    list(models["wrong_length"].stream())

    assert gateway.records(models["wrong_length"])[-1].status == "ok"


def test_no_redirect_is_followed(models, simulator):
    code_of(models["redirect"].ask)

    assert not [hit for hit in simulator.hits() if "/redirected/" in hit["path"]]


def test_a_cookie_of_one_caller_never_goes_out_with_the_next(models, simulator):
    for _ in range(3):
        models["cookies"].ask()

    hits = simulator.hits("cookies")
    assert len(hits) == 3
    assert not [hit for hit in hits if "cookie" in hit["headers"]]


def test_cookies_of_a_provider_do_not_reach_callers(models):
    assert "set-cookie" not in models["cookies"].ask().headers


def test_usage_given_twice_is_counted_once(gateway, models):
    list(models["doubled"].stream())

    assert gateway.records(models["doubled"])[0].output_tokens == 9


def test_an_endless_stream_ends_when_the_caller_has_enough(gateway, models, simulator):
    for number, _ in enumerate(stream := models["endless"].stream()):
        if number == 200:
            stream.close()
            break

    assert simulator.ended(1, tag="endless", within=5)[0]["ended_by"] == "client"


def test_huge_answers_leave_memory_and_others_alone(gateway, models):
    quiet, before = _latency(models["well"]), gateway.resident()

    for fault in ("huge/64", "long_line/64", "bomb/256") * 2:
        code_of(models[fault].ask)
        code_of(lambda fault=fault: list(models[fault].stream()))

    grown, after = gateway.resident() - before, _latency(models["well"])
    print(f"{grown / 2**20:.1f} MiB more; a healthy call took {quiet:.1f} ms before, {after:.1f} ms after")
    assert grown < 128 * 2**20  # kept, they would be 1.5 GiB


def _latency(model) -> float:
    """The median of 9 calls in ms."""
    client = model.client()
    took = []
    for _ in range(9):
        began = time.perf_counter()
        client.chat.completions.create(model=model.name, messages=[{"role": "user", "content": "x"}])
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)[4]
