"""A stream as it passes by."""

from __future__ import annotations

import json

import pytest

from providers.adapters import adapter_for
from providers.errors import (
    BadReply,
    CredentialRefused,
    ProviderError,
    RateLimited,
    RequestRejected,
    Truncated,
)
from providers.sse import SseReader
from providers.wire import Usage
from routing.gateway.reading import BrokeOff, Heard, Reading
from routing.gateway.shown import AsItCame, ChatAsItCame

ROLE = {"choices": [{"index": 0, "delta": {"role": "assistant"}}]}
TEXT = {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}
FINISH = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
SECOND = {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}
FINISH_USAGE = FINISH | {"usage": {"prompt_tokens": 3, "completion_tokens": 5}}
ERROR = {"error": {"message": "overloaded", "code": 502}}
DONE = "[DONE]"


def sse(*events, before: str = "") -> bytes:
    rows = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"{before}data: {row}\n\n" for row in rows).encode()


def reading(*, wants_usage: bool = False, answers: int = 1) -> Reading:
    told = {"cost": "0.1", "request_id": "req_1"}
    return Reading(
        read=adapter_for("custom", "chat").event_reader(), heard=Heard(),
        show=ChatAsItCame((lambda: told) if wants_usage else None), answers=answers,
    )  # fmt: skip


def passed(stream: bytes, to: Reading) -> bytes:
    return b"".join(to.take(SseReader().feed(stream)))


def test_what_is_not_about_usage_passes_byte_for_byte_comments_included():
    stream = sse(ROLE, TEXT, FINISH, before=": waiting\r\n")

    assert passed(stream + sse(DONE), reading()) == stream


def test_a_usage_chunk_nobody_asked_for_is_taken_out():
    to = reading()

    assert passed(sse(TEXT, FINISH, USAGE, DONE), to) == sse(TEXT, FINISH)
    assert to.heard.usage.output_tokens == 5


def test_usage_beside_a_finish_reason_stays_as_it_came():
    assert passed(sse(TEXT, FINISH_USAGE, DONE), reading()) == sse(TEXT, FINISH_USAGE)


@pytest.mark.parametrize("chunk", [USAGE, FINISH_USAGE])
def test_usage_that_was_asked_for_gets_the_cost_beside_it(chunk):
    out = passed(sse(TEXT, FINISH, chunk), reading(wants_usage=True)).split(b"\n\n")

    told = {"cost": "0.1", "request_id": "req_1"}
    assert json.loads(out[2].removeprefix(b"data: ")) == chunk | {"usage": chunk["usage"] | {"llmhub": told}}


def test_nothing_counts_after_the_marker():
    to = reading()

    assert passed(sse(TEXT, FINISH, DONE, TEXT, ERROR), to) == sse(TEXT, FINISH)
    assert to.error == ""


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ((), BadReply),
        ((ROLE,), Truncated),
        ((ROLE, TEXT), Truncated),
        ((DONE,), BadReply),
        ((ROLE, DONE), BadReply),
        ((TEXT, ERROR), BrokeOff),
        ((TEXT, FINISH, ERROR, DONE), BrokeOff),
        ((TEXT, FINISH), None),
        ((TEXT, DONE), None),
        ((FINISH, DONE), None),
        ((TEXT, FINISH, USAGE, DONE), None),
    ],
)
def test_the_end_is_the_marker_or_a_finish_reason_and_nothing_else(events, wrong):
    to = reading()
    passed(sse(*events), to)

    if wrong is None:
        to.check_end()
    else:
        with pytest.raises(wrong) as caught:
            to.check_end()
        assert type(caught.value) is wrong


def test_with_several_answers_each_needs_its_end():
    to = reading(answers=2)
    passed(sse(TEXT, FINISH, FINISH), to)  # some servers repeat the finish reason beside the usage

    with pytest.raises(Truncated):
        to.check_end()

    passed(sse(SECOND), to)
    to.check_end()


def test_several_answers_may_end_in_one_event():
    to = reading(answers=2)
    passed(sse(TEXT, {"choices": FINISH["choices"] + SECOND["choices"]}), to)

    to.check_end()


def test_an_event_that_is_none_is_a_bad_reply():
    with pytest.raises(BadReply):
        passed(b"data: {half\n\n", reading())


TOOL = {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}}]}
IMAGE = {"choices": [{"index": 0, "delta": {"images": [{"type": "image_url"}]}}]}
NO_OUTPUT = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 0}}


@pytest.mark.parametrize(
    "events", [(TEXT, NO_OUTPUT), (NO_OUTPUT, TEXT), (TOOL, NO_OUTPUT), (IMAGE, NO_OUTPUT)]
)
def test_a_usage_without_output_is_not_believed_where_some_was_heard(events):
    to = reading()
    passed(sse(*events, FINISH, DONE), to)

    assert to.heard.usage is None


def test_a_usage_without_output_is_believed_where_none_was_heard_or_a_later_one_has_some():
    empty, counted = reading(), reading()
    passed(sse(ROLE, FINISH, NO_OUTPUT, DONE), empty)
    passed(sse(NO_OUTPUT, TEXT, NO_OUTPUT, FINISH, USAGE, DONE), counted)

    assert (empty.heard.usage.input_tokens, empty.heard.usage.output_tokens) == (3, 0)
    assert counted.heard.usage.output_tokens == 5


def test_the_text_seen_is_counted_in_bytes_of_utf8():
    to = reading()
    passed(sse({"choices": [{"index": 0, "delta": {"content": "é€"}}]}), to)

    assert to.heard.text_bytes == 5


def test_usage_that_was_asked_for_comes_at_the_end_where_the_provider_gave_none_itself():
    show = ChatAsItCame(lambda: {"cost": "0.1"}, created=7)
    groq = {"id": "g1", "model": "m", "choices": [], "x_groq": {"usage": USAGE["usage"]}}
    passes = Reading(read=adapter_for("custom", "chat").event_reader(), heard=Heard(), show=show)

    out = passes.take(SseReader().feed(sse(groq)))
    last = json.loads(show.end(Usage(input_tokens=3, output_tokens=5)).removeprefix(b"data: "))

    assert out == [sse(groq)]
    assert (last["id"], last["model"], last["created"], last["choices"]) == ("g1", "m", 7, [])
    assert (last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"]) == (3, 5)
    assert last["usage"]["llmhub"] == {"cost": "0.1"}
    assert show.end(None) == b""
    assert ChatAsItCame(None).end(Usage(input_tokens=3)) == b""


def test_usage_that_the_provider_gave_is_not_said_twice():
    show = ChatAsItCame(lambda: {"cost": "0.1"})
    passes = Reading(read=adapter_for("custom", "chat").event_reader(), heard=Heard(), show=show)

    passes.take(SseReader().feed(sse({"choices": [], "usage": USAGE["usage"]})))

    assert show.end(Usage(input_tokens=3, output_tokens=5)) == b""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 403, "message": "no", "metadata": {"flagged_input": "x"}}, RequestRejected),
        ({"code": 400, "message": "too long"}, RequestRejected),
        ({"code": 429, "message": "slow down"}, RateLimited),
        ({"code": 401, "message": "no"}, CredentialRefused),
        ({"code": 502, "message": "overloaded"}, BrokeOff),
        ({"message": "something"}, BrokeOff),
    ],
)
def test_an_error_in_a_stream_means_what_it_means_elsewhere(error, kind):
    to = reading()
    passed(sse({"error": error}), to)

    with pytest.raises(ProviderError) as caught:
        to.check_end()

    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("rate_limit_error", RateLimited),
        ("invalid_request_error", RequestRejected),
        ("overloaded_error", BrokeOff),
    ],
)
def test_so_it_does_in_the_messages_dialect(said, kind):
    to = Reading(read=adapter_for("custom", "messages").event_reader(), heard=Heard(), show=AsItCame())
    passed(sse({"type": "error", "error": {"type": said, "message": "x"}}), to)

    with pytest.raises(ProviderError) as caught:
        to.check_end()

    assert type(caught.value) is kind
