"""The messages dialect: what is sent, what is read, whole and as events."""

from __future__ import annotations

import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.adapters import adapter_for
from providers.errors import BadReply, ProviderError, ProviderUnavailable, RateLimited
from providers.wire import Body, Event, Target, Terms, Usage

TARGET = Target("https://api.example.com", "claude-opus-4-5", "sk-canary-0001")
messages = adapter_for("custom", "messages")
company = adapter_for("anthropic", "messages")


def body(text: str) -> Body:
    return msgspec.json.decode(text, type=Body)


def sent(call) -> dict:
    return json.loads(call.content)


# --- what is sent ---------------------------------------------------------------------------


def test_a_call_keeps_every_byte_nobody_touched():
    given = r'{"model":"x","temperature":0.10,"max_tokens":1e3,"messages":[{"a" : "\/ä"}],"llmhub":{}}'

    call = messages.generate_call(TARGET, body(given), stream=False)

    assert call.url == "https://api.example.com/v1/messages"
    assert call.content.decode() == (
        r'{"model":"claude-opus-4-5","temperature":0.10,"max_tokens":1e3,"messages":[{"a" : "\/ä"}]}'
    )


@pytest.mark.parametrize(
    ("given", "stream", "expected"),
    [
        ("{}", True, True),
        ('{"stream":false}', True, True),
        ('{"stream":true}', False, False),
        ("{}", False, None),
    ],
)
def test_a_stream_is_asked_for_where_one_is_wanted(given, stream, expected):
    assert sent(messages.generate_call(TARGET, body(given), stream=stream)).get("stream") is expected


@pytest.mark.parametrize("base", ["", "/", "/v1", "/v1/"])
def test_the_version_of_the_address_is_said_once(base):
    target = Target(f"https://api.example.com{base}", "m")

    assert messages.generate_call(target, {}, stream=True).url == "https://api.example.com/v1/messages"
    assert messages.models_call(target).url == "https://api.example.com/v1/models?limit=1000"


def test_a_call_carries_the_credential_and_nothing_of_the_caller():
    theirs = {"authorization": "Bearer theirs", "x-api-key": "theirs", "host": "x", "cookie": "a=b"}

    for call in (
        messages.generate_call(TARGET, {}, stream=False, headers=theirs),
        messages.count_call(TARGET, {}, headers=theirs),
    ):
        assert call.headers == {
            "content-type": "application/json",
            "user-agent": "llmhub",
            "anthropic-version": "2023-06-01",
            "x-api-key": "sk-canary-0001",
        }
        assert call.credential == "sk-canary-0001"
        assert "canary" not in repr(call)
    assert "x-api-key" not in messages.models_call(Target("http://127.0.0.1:1", "x")).headers


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ({"anthropic-version": "2026-10-21"}, ("2026-10-21", None)),
        ({"anthropic-version": "2023-06-01"}, ("2023-06-01", None)),
        ({"anthropic-version": "2023-01-01"}, ("2023-06-01", None)),
        ({"anthropic-version": "2026-10-21\r\nx: y"}, ("2023-06-01", None)),
        ({"anthropic-beta": "a-2025-01-01"}, ("2023-06-01", "a-2025-01-01")),
        ({"anthropic-beta": "a-2025-01-01,b.c_d"}, ("2023-06-01", "a-2025-01-01,b.c_d")),
        ({"anthropic-beta": "a, b"}, ("2023-06-01", "a, b")),
        ({"anthropic-beta": "a,,b"}, ("2023-06-01", None)),
        ({"anthropic-beta": "a\n"}, ("2023-06-01", None)),
        ({"anthropic-beta": "a\r\nx-api-key: theirs"}, ("2023-06-01", None)),
        ({"anthropic-beta": "ä"}, ("2023-06-01", None)),
        ({"anthropic-beta": "a" * 65}, ("2023-06-01", None)),
        ({"anthropic-beta": ",".join("a" * 21)}, ("2023-06-01", None)),
        ({"anthropic-beta": ""}, ("2023-06-01", None)),
    ],
)  # fmt: skip
def test_of_a_callers_headers_only_a_known_version_and_names_of_betas_go_on(given, passed):
    for call in (
        messages.generate_call(TARGET, {}, stream=True, headers=given),
        messages.count_call(TARGET, {}, headers=given),
    ):
        assert (call.headers["anthropic-version"], call.headers.get("anthropic-beta")) == passed


@given(st.dictionaries(st.sampled_from(["anthropic-version", "anthropic-beta", "x-api-key", "x"]), st.text()))
def test_no_header_of_a_caller_breaks_out(given):
    headers = messages.generate_call(TARGET, {}, stream=True, headers=given).headers

    assert headers["x-api-key"] == "sk-canary-0001"
    assert all(value.isascii() and value.isprintable() and len(value) < 2000 for value in headers.values())


def test_a_count_leaves_out_what_its_endpoint_does_not_take():
    given = (
        '{"model":"x","max_tokens":9,"stream":true,"temperature":1.0,"stop_sequences":[],"metadata":{},"llmhub":{},'
        '"system":"s","messages":[1.0],"tools":[],"tool_choice":{},"thinking":{},"cache_control":{},"output_config":{}}'
    )

    call = messages.count_call(TARGET, body(given))

    assert call.url == "https://api.example.com/v1/messages/count_tokens"
    assert call.content.decode() == (
        '{"system":"s","messages":[1.0],"tools":[],"tool_choice":{},"thinking":{},"cache_control":{},'
        '"output_config":{},"model":"claude-opus-4-5"}'
    )


def test_what_this_dialect_has_not_is_not_asked_for():
    assert messages.embed_call(TARGET, {}) is None
    assert messages.credential_call(TARGET) is None
    with pytest.raises(BadReply):
        messages.parse_embeddings(b"{}")


# --- how a model is told ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upstream_id", "reasoning", "sampling", "json_schema"),
    [
        ("claude-2.1", "budget", True, False),
        ("claude-instant-1.2", "budget", True, False),
        ("claude-3-opus-20240229", "budget", True, False),
        ("claude-3-5-sonnet-20240620", "budget", True, False),
        ("claude-3-7-sonnet-latest", "budget", True, False),
        ("claude-sonnet-4-20250514", "budget", True, False),
        ("claude-opus-4-1-20250805", "budget", True, False),
        ("claude-sonnet-4-5-20250929", "budget", True, True),
        ("claude-haiku-4-5@20251001", "budget", True, True),
        ("anthropic.claude-opus-4-5-20251101-v1:0", "budget", True, True),
        ("claude-opus-4-6", "adaptive", True, True),
        ("anthropic/claude-sonnet-4.6", "adaptive", True, True),
        ("claude-opus-4-7", "adaptive", False, True),
        ("claude-opus-5", "adaptive", False, True),
        ("claude-fable-5-2", "adaptive", False, True),
        ("Claude-Opus-10", "adaptive", False, True),
    ],
)
def test_the_version_in_an_id_says_how_a_model_is_told(upstream_id, reasoning, sampling, json_schema):
    terms = messages.terms(upstream_id)

    assert terms == company.terms(upstream_id)
    assert terms == Terms(
        limit_field="max_tokens", reasoning=reasoning, sampling=sampling, top_k=sampling,
        json_schema=json_schema, cache_control=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "upstream_id", ["", "qwen3-coder", "claude-next-preview", "notclaude-opus-5", "m-4-7"]
)
def test_an_id_without_a_version_is_old_on_a_compatible_server_and_new_at_the_company(upstream_id):
    old, new = messages.terms(upstream_id), company.terms(upstream_id)

    assert (old.reasoning, old.sampling, old.top_k, old.json_schema) == ("budget", True, True, False)
    assert (new.reasoning, new.sampling, new.top_k, new.json_schema) == ("adaptive", False, False, True)


# --- a whole answer -----------------------------------------------------------------------------


def whole(**fields) -> bytes:
    usage = {"input_tokens": 5, "output_tokens": 7}
    content = [{"type": "text", "text": "hi"}]
    return json.dumps(
        {"id": "msg_1", "type": "message", "model": "m-2", "content": content, "usage": usage} | fields
    ).encode()


def test_an_answer_is_read_and_kept():
    content = (
        b'{"id":"msg_1","model":"m-2","content": [{"type":"text","text":"\\u00e4"}],'
        b'"stop_reason":"end_turn","usage":{"input_tokens":5,"output_tokens":7},"x":1.0}'
    )

    answer = messages.parse_answer(content)

    assert (answer.model, answer.finish_reason, answer.upstream_id) == ("m-2", "end_turn", "msg_1")
    assert answer.usage == Usage(5, 7)
    assert answer.text_bytes == len(b'[{"type":"text","text":"\\u00e4"}]')
    assert bytes(answer.body["x"]) == b"1.0"


@pytest.mark.parametrize(
    ("block", "believed"),
    [
        ({"type": "text", "text": "hi"}, False),
        ({"type": "thinking", "thinking": "hm", "signature": "s"}, False),
        ({"type": "redacted_thinking", "data": "x"}, False),
        ({"type": "tool_use", "id": "t", "name": "f", "input": {}}, False),
        ({"type": "text", "text": ""}, True),
        (None, True),
    ],
)
def test_no_output_is_believed_only_of_an_answer_that_holds_none(block, believed):
    content = whole(content=[block] if block else [], usage={"input_tokens": 5, "output_tokens": 0})

    assert messages.parse_answer(content).usage == (Usage(5, 0) if believed else None)


GARBAGE = [
    b"", b" ", b"null", b"[]", b"42", b"{", b'{"content":', b"<!DOCTYPE html><html>", b"\xff\xfe",
    b'{"a":"\xff"}', b"[" * 200_000, b'{"a":' * 200_000, b"\x00" * 50, b"data: {}", b"[DONE]",
]  # fmt: skip


@pytest.mark.parametrize(
    "content", [*GARBAGE, b"{}", b'{"content":"x"}', b'{"content":null}', b'{"choices":[{}]}']
)
def test_an_answer_that_is_none_is_a_bad_reply(content):
    with pytest.raises(BadReply):
        messages.parse_answer(content)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "slow"}, ProviderUnavailable),
        ({"type": "rate_limit_error", "message": "slow"}, RateLimited),
        ({"type": "unheard_of", "message": "slow"}, ProviderUnavailable),
        ("slow", ProviderUnavailable),
    ],
)
def test_an_error_inside_an_answer_of_200_is_raised_with_what_was_used(error, kind):
    content = whole(type="error", error=error, usage={"input_tokens": 5, "output_tokens": 1})

    with pytest.raises(ProviderError, match="slow") as caught:
        messages.parse_answer(content)

    assert type(caught.value) is kind
    assert caught.value.usage == Usage(5, 1)


# --- a stream -----------------------------------------------------------------------------------


def read(*events: dict) -> list[Event]:
    reader = messages.event_reader()
    return [reader(json.dumps(event).encode()) for event in events]


def start(usage=None, **fields) -> dict:
    message = {"id": "msg_1", "model": "m-2", "content": [], "usage": usage, **fields}
    return {"type": "message_start", "message": message}


def delta(**fields) -> dict:
    return {"type": "content_block_delta", "index": 0, "delta": fields}


def block(**fields) -> dict:
    return {"type": "content_block_start", "index": 0, "content_block": fields}


def end(stop_reason=None, usage=None) -> dict:
    return {"type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": usage}


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        (delta(type="text_delta", text="hi"), "content", "hi"),
        (delta(type="thinking_delta", thinking="hm"), "content", "hm"),
        (delta(type="input_json_delta", partial_json='{"a'), "content", '{"a'),
        (delta(type="signature_delta", signature="s"), "content", ""),
        (delta(type="citations_delta", citation={"cited_text": "x"}), "content", ""),
        (delta(type="unheard_of", words="x"), "content", ""),
        (block(type="text", text=""), "other", ""),
        (block(type="text", text="hi"), "content", "hi"),
        (block(type="thinking", thinking="", signature=""), "other", ""),
        (block(type="tool_use", id="t", name="f", input={}), "content", "f"),
        (block(type="server_tool_use", id="t", name="web_search", input={}), "content", "web_search"),
        (block(type="redacted_thinking", data="x"), "content", ""),
        (block(type="fallback"), "other", ""),
        (block(type=None), "other", ""),
        (start({"input_tokens": 5, "output_tokens": 1}), "usage", ""),
        (start(), "other", ""),
        (start(content=[{"type": "text", "text": "hi"}]), "content", "hi"),
        (end("end_turn"), "finish", ""),
        (end(usage={"input_tokens": 5, "output_tokens": 1}), "usage", ""),
        (end(), "other", ""),
        ({"type": "message_stop"}, "done", ""),
        ({"type": "content_block_stop", "index": 0}, "other", ""),
        ({"type": "ping"}, "other", ""),
        ({"type": "unheard_of", "error": "x"}, "other", ""),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "error", ""),
        ({"type": "error"}, "error", ""),
        ({"error": {"message": "x"}}, "error", ""),
        ({"type": 7}, "other", ""),
        ({}, "other", ""),
        ({"type": "content_block_delta"}, "content", ""),
        ({"type": "message_start", "message": []}, "other", ""),
        ({"type": "message_delta", "delta": 4, "usage": "x"}, "other", ""),
        (block(type="text", text=7), "other", ""),
    ],
)  # fmt: skip
def test_an_event_is_understood_as_far_as_needed(event, kind, text):
    found = read(event)[0]

    assert (found.kind, found.text) == (kind, text)
    assert found.data == json.dumps(event).encode()
    assert not found.only_usage


def test_an_error_is_told_in_the_providers_words():
    events = read(
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, {"type": "error"}
    )

    assert [event.error for event in events] == ["Overloaded", "the provider gave no reason"]


def test_an_answer_is_named_where_it_begins_and_finished_where_it_says_why():
    first, last = read(start(), end("tool_use"))

    assert (first.model, first.upstream_id) == ("m-2", "msg_1")
    assert (last.finish_reason, last.finished) == ("tool_use", (0,))


def usages(*events: dict) -> list[Usage | None]:
    return [event.usage for event in read(*events)]


def test_usage_is_cumulative_and_a_later_count_wins_field_by_field():
    first = {"input_tokens": 10, "cache_read_input_tokens": 3, "output_tokens": 1}

    assert usages(
        start(first),
        end(usage={"output_tokens": 4}),
        end("end_turn", {"input_tokens": 20, "cache_read_input_tokens": None, "output_tokens": 9}),
    ) == [Usage(13, 1, 3), Usage(13, 4, 3), Usage(23, 9, 3)]


def test_a_second_beginning_changes_nothing():
    first = start({"input_tokens": 17, "output_tokens": 1})

    assert usages(first, first, end("end_turn", {"output_tokens": 227})) == [
        Usage(17, 1), Usage(17, 1), Usage(17, 227),
    ]  # fmt: skip


def test_usage_may_come_only_at_the_end():
    begun = start({"input_tokens": 0, "output_tokens": 0})

    assert usages(begun, end("end_turn", {"input_tokens": 8, "output_tokens": 2})) == [None, Usage(8, 2)]


@pytest.mark.parametrize(
    "said",
    [None, {}, {"output_tokens": None}, {"output_tokens": -5}, {"input_tokens": 10**12, "output_tokens": 4}],
)
def test_an_end_that_counts_nothing_is_counted_by_us_on_the_input_that_was_said(said):
    """The first count of output is a placeholder: it is never what the answer costs."""
    begun = start({"input_tokens": 90, "cache_read_input_tokens": 10, "output_tokens": 1})

    assert usages(begun, delta(text="12345678"), end("end_turn", said))[-1] == Usage(
        100, 2, cache_read_tokens=10, estimated=True
    )


def test_two_streams_of_one_adapter_know_nothing_of_each_other():
    first, second = messages.event_reader(), messages.event_reader()
    first(json.dumps(start({"input_tokens": 5, "output_tokens": 1})).encode())

    assert second(json.dumps(end("end_turn", {"output_tokens": 3})).encode()).usage is None


@pytest.mark.parametrize("content", GARBAGE)
def test_an_event_that_is_none_is_a_bad_reply_that_quotes_nothing(content):
    with pytest.raises(BadReply) as caught:
        messages.event_reader()(content)

    assert caught.value.message.isascii()
    assert len(caught.value.message) < 100


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["type", "message", "usage", "delta", "content_block", "error", "content", "stop_reason", "text", "id",
     "input_tokens", "output_tokens", "cache_creation", "name", "model", "thinking"]
)  # fmt: skip
TYPES = st.sampled_from(
    ["message_start", "message_delta", "content_block_start", "content_block_delta", "error", "tool_use"]
)
NESTED = st.recursive(
    JSON | TYPES, lambda inner: st.dictionaries(WORDS, inner, max_size=6) | st.lists(inner, max_size=2)
)


FIELDS = dict.fromkeys(["message", "delta", "usage", "content_block", "error"], NESTED)


@given(st.lists(st.fixed_dictionaries({"type": TYPES}, optional=FIELDS), max_size=6))
def test_no_json_object_breaks_the_reader(events):
    reader = messages.event_reader()

    for event in events:
        found = reader(msgspec.json.encode(event))
        assert found.usage is None or 0 < found.usage.input_tokens <= 10**9


@given(st.dictionaries(WORDS, NESTED, max_size=8))
def test_no_json_object_breaks_the_reading_of_an_answer(answer):
    with contextlib.suppress(ProviderError):
        assert messages.parse_answer(msgspec.json.encode(answer)).body


# --- counts and lists ---------------------------------------------------------------------------


def test_a_count_is_read():
    assert messages.parse_count(b'{"input_tokens": 671, "context_management": null}') == 671


@pytest.mark.parametrize(
    "content", [*GARBAGE, b"{}", b'{"input_tokens": -1}', b'{"input_tokens": "9"}', b'{"type":"error"}']
)
def test_what_is_no_count_is_a_bad_reply(content):
    with pytest.raises(BadReply):
        messages.parse_count(content)


def test_a_list_of_models_is_read_and_rows_without_an_id_are_left_out():
    content = (
        b'{"data":[{"id":"a","type":"model","display_name":"A 1","max_input_tokens":200000},{"id":""},null,'
        b'{"id":"b","max_input_tokens":null}],"has_more":false}'
    )

    found = messages.parse_models(content)

    assert [(row.upstream_id, row.name, row.context_tokens) for row in found] == [
        ("a", "A 1", 200_000),
        ("b", "", None),
    ]
    assert found[0].raw["type"] == "model"


@pytest.mark.parametrize("content", [*GARBAGE, b"{}", b'{"data":{}}', b'{"data":null}'])
def test_what_is_no_list_of_models_is_a_bad_reply(content):
    with pytest.raises(BadReply):
        messages.parse_models(content)
