"""The messages adapter against a server that is as strict as the real one: what it sends is taken."""

from __future__ import annotations

import asyncio

import httpx
import msgspec
import pytest

from providers.adapters import adapter_for
from providers.check import Outcome, check
from providers.errors import CredentialRefused, ProviderUnavailable, RateLimited, RequestRejected
from providers.sse import SseReader
from providers.wire import Body, Target, Usage

messages = adapter_for("custom", "messages")
ASK = '{"max_tokens":500,"messages":[{"role":"user","content":"Where is my order?"}],"llmhub":{}}'


def body(text: str = ASK) -> Body:
    return msgspec.json.decode(text, type=Body)


def target(simulator, *switches: str, credential: str = "s3") -> Target:
    return Target(simulator.path(*switches).removesuffix("/v1"), "sim-small", credential)


def send(call) -> httpx.Response:
    return httpx.request(call.method, call.url, headers=call.headers, content=call.content)


def stream(simulator, *switches: str) -> list:
    answer = send(messages.generate_call(target(simulator, *switches), body(), stream=True))
    reader, read = SseReader(), messages.event_reader()
    return [read(event.data) for event in reader.feed(answer.content) + reader.close()]


def test_a_call_is_taken_and_read_to_the_token(simulator):
    call = messages.generate_call(
        target(simulator, "tokens/9", "cached/3", "written/2", "reasoning/4", "key/s3"), body(), stream=False
    )

    answer = messages.parse_answer(send(call).content)

    assert (answer.usage.output_tokens, answer.usage.reasoning_tokens) == (13, 4)
    assert (answer.usage.cache_read_tokens, answer.usage.cache_write_tokens) == (3, 2)
    assert (answer.model, answer.finish_reason) == ("sim-small", "end_turn")


def test_a_stream_adds_up_to_the_plain_call(simulator):
    plain = send(messages.generate_call(target(simulator, "tokens/9"), body(), stream=False))

    events = stream(simulator, "tokens/9")

    assert "".join(event.text for event in events) == plain.json()["content"][0]["text"]
    assert [event.usage for event in events if event.usage][-1] == messages.parse_answer(plain.content).usage
    assert [event.kind for event in events[-2:]] == ["finish", "done"]


def test_a_count_is_what_the_call_reports(simulator):
    count = send(messages.count_call(target(simulator), body()))
    answer = send(messages.generate_call(target(simulator), body(), stream=False))

    counted = messages.parse_count(count.content)
    assert counted == messages.parse_answer(answer.content).usage.input_tokens


@pytest.mark.parametrize("how", ["none", "negative", "huge", "text", "zero"])
def test_nonsensical_usage_is_as_if_nothing_were_said(simulator, how):
    whole = send(messages.generate_call(target(simulator, f"usage/{how}"), body(), stream=False))

    assert messages.parse_answer(whole.content).usage is None
    assert not [event.usage for event in stream(simulator, f"usage/{how}") if event.usage]


def test_usage_said_twice_counts_once(simulator):
    usages = [event.usage for event in stream(simulator, "usage/doubled", "tokens/9") if event.usage]

    assert [usage.output_tokens for usage in usages] == [1, 1, 9]
    assert usages[-1] == Usage(usages[0].input_tokens, 9)


def test_an_error_in_the_middle_is_heard(simulator):
    events = stream(simulator, "error_mid/4")

    assert (events[-1].kind, events[-1].error) == ("error", "Overloaded")


@pytest.mark.parametrize(
    ("switches", "kind", "wait"),
    [
        (("status/401",), CredentialRefused, None),
        (("status/402",), CredentialRefused, None),
        (("status/403",), CredentialRefused, None),
        (("status/429", "retry_after/7"), RateLimited, 7.0),
        (("status/529",), ProviderUnavailable, None),
        (("status/413",), RequestRejected, None),
    ],
)
def test_a_refusal_is_understood(simulator, switches, kind, wait):
    answer = send(messages.generate_call(target(simulator, *switches), body(), stream=True))

    found = messages.failure(answer.status_code, answer.headers, answer.content)

    assert type(found) is kind
    assert found.retry_after == wait


@pytest.mark.parametrize(
    ("switches", "outcome"),
    [
        (("models/3",), Outcome.OK),
        (("key/s3",), Outcome.OK),
        (("key/other",), Outcome.UNAUTHORIZED),
        (("list/missing",), Outcome.NO_MODEL_LIST),
        (("list/broken",), Outcome.BAD_REPLY),
        (("status/429",), Outcome.LIMITED),
        (("status/500",), Outcome.FAILING),
    ],
)
@pytest.mark.parametrize("kind", ["anthropic", "custom"])
def test_a_check_tells_one_trouble_from_another(simulator, kind, switches, outcome):
    found = asyncio.run(check(target(simulator, *switches), adapter_for(kind, "messages")))

    assert found.outcome == outcome
    assert len(found.listings) == {("models/3",): 3, ("key/s3",): 6}.get(switches, 0)


def test_a_check_says_that_nobody_listens():
    nobody = Target("http://127.0.0.1:1", "", "s3")

    assert asyncio.run(check(nobody, messages)).outcome == Outcome.UNREACHABLE
