"""An attempt that failed is free only where its failure proves that nothing was generated."""

from __future__ import annotations

import json
from contextlib import ExitStack

import openai
import pytest

from tests.fixtures.hub import free_port
from tests.providers.servers import answer, cut, serving_in_a_thread

# What the provider may have generated, and charges: its words never came, or cannot be read.
PAID = ("wrong_length", "cut/300", "huge/20", "bad_utf8", "garbage", "html", "empty", "bomb/20")
NO_STATUS = ("reset", "not_http")
FREE = ("status/500", "status/429", "status/400", "redirect", "error_200")
EVENTS = "content-type: text/event-stream"
BODIES = {
    "201": answer(b'{"choices": []}', status="201 Created"),
    "no choice": answer(b'{"choices": [null]}'),
    "lone surrogate": answer(b'{"model": "\\ud800", "choices": [{"finish_reason": "stop"}]}'),
}


def chunk(**fields) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


USED = {"prompt_tokens": 20, "completion_tokens": 6, "total_tokens": 26}
FAILED_WITH_USAGE = {"error": {"message": "overloaded", "code": 502}, "usage": USED}
BROKEN_STREAM = b"".join(
    [
        chunk(choices=[{"index": 0, "delta": {"content": "w"}}], usage=USED | {"completion_tokens": 1}),
        chunk(choices=[{"index": 0, "delta": {"content": "word " * 80}}]),
    ]
)


@pytest.fixture(scope="module")
def models(gateway, simulator):
    with ExitStack() as stack:
        serve = lambda reply: [stack.enter_context(serving_in_a_thread(reply)).url + "/v1"]  # noqa: E731
        at = {way: [simulator.path(way)] for way in (*PAID, *NO_STATUS, *FREE)}
        at |= {way: serve(body) for way, body in BODIES.items()}
        at["nobody there"] = [f"http://127.0.0.1:{free_port()}/v1"]
        at["used"] = serve(answer(json.dumps(FAILED_WITH_USAGE).encode(), "content-type: application/json"))
        at["broken"] = serve(cut(answer(BROKEN_STREAM, EVENTS)))
        yield gateway.make_all({way: {"at": bases} for way, bases in at.items()})


def failed(model, *, stream: bool = False):
    """The record and the attempt of a call that fails."""
    with pytest.raises(openai.APIError):
        list(model.stream("x" * 400)) if stream else model.ask("x" * 400)
    record = model.gateway.records(model)[-1]
    return record, model.gateway.attempts(record)[0]


@pytest.mark.parametrize("way", [*PAID, *BODIES])
def test_after_a_good_status_a_lost_answer_is_estimated(models, way):
    record, attempt = failed(models[way])

    assert attempt.http_status == (201 if way == "201" else 200)
    assert (attempt.cost_source, attempt.usage_estimated) == ("estimated", True)
    assert attempt.input_tokens >= 100
    assert (record.cost_source, record.cost_nano) == ("estimated", attempt.cost_nano)
    assert record.cost_nano > 0


def test_a_whole_answer_where_a_stream_was_asked_for_costs_what_it_counts(gateway):
    said = {"choices": [{"index": 0, "message": {"content": "w" * 99_000}, "finish_reason": "stop"}]}
    whole = answer(json.dumps(said | {"usage": USED}).encode(), "content-type: application/json")
    with serving_in_a_thread(whole) as server:
        record, attempt = failed(gateway.make(at=[f"{server.url}/v1"]), stream=True)

    assert (attempt.input_tokens, attempt.output_tokens, attempt.usage_estimated) == (20, 6, False)
    assert record.error_code == "upstream_bad_reply"


@pytest.mark.parametrize("way", ["garbage", "cut/40", "empty", "201"])
def test_so_is_that_of_a_stream(gateway, simulator, models, way):
    model = models.get(way) or gateway.make(at=[simulator.path(way)])

    record, attempt = failed(model, stream=True)

    assert attempt.http_status // 100 == 2
    assert (record.cost_source, attempt.input_tokens >= 100) == ("estimated", True)


@pytest.mark.parametrize("way", NO_STATUS)
def test_a_call_that_was_sent_and_not_answered_is_estimated(models, way):
    record, attempt = failed(models[way])

    assert (attempt.http_status, attempt.cost_source) == (0, "estimated")
    assert record.cost_nano > 0


@pytest.mark.parametrize("way", [*FREE, "nobody there"])
def test_a_refusal_by_status_and_a_connection_that_was_not_made_are_free(models, way):
    record, attempt = failed(models[way])

    assert (record.cost_nano, record.input_tokens, attempt.cost_nano) == (0, 0, None)


def test_an_error_inside_an_answer_is_charged_the_usage_it_reports(models):
    record, attempt = failed(models["used"])

    assert (attempt.input_tokens, attempt.output_tokens) == (20, 6)
    assert (record.cost_source, record.cost_nano) == ("computed", 20 * 1500 + 6 * 6000)


def test_a_stream_that_breaks_off_is_charged_what_was_heard_where_less_was_reported(models):
    record, attempt = failed(models["broken"], stream=True)

    assert record.error_code == "upstream_truncated"
    assert (attempt.input_tokens, attempt.output_tokens) == (20, 101)
    assert attempt.cost_source == "estimated"


def test_an_unpriced_attempt_that_failed_is_unknown_and_says_why(gateway, simulator):
    record, _ = failed(gateway.make(at=[simulator.path("garbage")], prices=None))

    assert (record.cost_nano, record.cost_source) == (None, "unpriced")
    assert record.unpriced_reason
