"""The chat dialect: what is sent, and what is read, quirks of compatible servers included."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest

from providers.adapters import KINDS, DialectNotServed, adapter_for
from providers.adapters.chat_chunk import plain_chunk
from providers.errors import BadReply, RateLimited
from providers.wire import Body, Target, Usage

TARGET = Target("https://api.example.com/v1/", "small-1", "sk-canary-0001")
chat = adapter_for("custom", "chat")


def body(text: str) -> Body:
    return msgspec.json.decode(text, type=Body)


def chunk(**fields) -> bytes:
    return json.dumps({"id": "c1", "model": "small-1"} | fields).encode()


def delta(finish_reason: str | None = None, **fields) -> list:
    return [{"index": 0, "delta": fields, "finish_reason": finish_reason}]


def test_a_call_keeps_every_byte_nobody_touched():
    given = r'{"model":"x","temperature":0.10,"n":1e0,"u":"\/ä","messages":[{"a" : 1}],"llmhub":{}}'

    call = chat.generate_call(TARGET, body(given), stream=False)

    assert call.url == "https://api.example.com/v1/chat/completions"
    assert call.content.decode() == (
        r'{"model":"small-1","temperature":0.10,"n":1e0,"u":"\/ä","messages":[{"a" : 1}]}'
    )


def test_a_call_carries_the_credential_and_nothing_of_the_caller():
    assert chat.generate_call(TARGET, body("{}"), stream=False).headers == {
        "content-type": "application/json",
        "user-agent": "llmhub",
        "authorization": "Bearer sk-canary-0001",
    }
    assert "authorization" not in chat.models_call(Target("http://127.0.0.1:1", "x")).headers


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ("", '{"include_usage":true}'),
        (',"stream_options":null', '{"include_usage":true}'),
        (',"stream_options":[]', '{"include_usage":true}'),
        (',"stream_options":{"include_usage":false,"x":1.0}', '{"include_usage":true,"x":1.0}'),
    ],
)
def test_a_stream_is_always_asked_for_its_usage(options, sent):
    call = chat.generate_call(TARGET, body('{"model":"x"' + options + "}"), stream=True)

    sent_options = msgspec.json.decode(call.content, type=Body)["stream_options"]
    assert bytes(sent_options).decode() == sent
    assert json.loads(call.content)["stream"] is True


def test_no_credential_stands_in_a_repr():
    assert "canary" not in repr((TARGET, chat.generate_call(TARGET, body("{}"), stream=True)))


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}, Usage(5, 7)),
        (
            {
                "prompt_tokens": 50,
                "completion_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 10},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(50, 7, cache_read_tokens=30, cache_write_tokens=10, reasoning_tokens=3),
        ),
        # DeepSeek; Together
        ({"prompt_tokens": 50, "completion_tokens": 7, "prompt_cache_hit_tokens": 30}, Usage(50, 7, 30)),
        ({"prompt_tokens": 50, "completion_tokens": 7, "cached_tokens": 30}, Usage(50, 7, 30)),
        # Mistral, also where the usual place says that there are none
        ({"prompt_tokens": 50, "completion_tokens": 7, "num_cached_tokens": 30}, Usage(50, 7, 30)),
        (
            {"prompt_tokens": 50, "completion_tokens": 7, "num_cached_tokens": 30,
             "prompt_tokens_details": {"cached_tokens": 0}},
            Usage(50, 7, 30),
        ),
        # a proxy in front of a messages provider
        (
            {"prompt_tokens": 50, "completion_tokens": 7, "cache_creation_input_tokens": 12,
             "cache_read_input_tokens": 30},
            Usage(50, 7, cache_read_tokens=30, cache_write_tokens=12),
        ),
        (
            {"prompt_tokens": 50, "completion_tokens": 7, "prompt_tokens_details": {
                "cached_tokens": 30, "cache_creation_tokens": 12,
                "cache_creation_token_details": {"ephemeral_1h_input_tokens": 8}}},
            Usage(50, 7, cache_read_tokens=30, cache_write_tokens=12, cache_write_1h_tokens=8),
        ),
        # what has a price of its own: sound, and pictures that were made
        ({"prompt_tokens": 50, "completion_tokens": 7, "prompt_tokens_details": {"audio_tokens": 40}},
         Usage(50, 7, other_rates=True)),
        ({"prompt_tokens": 50, "completion_tokens": 7, "completion_tokens_details": {"image_tokens": 5}},
         Usage(50, 7, other_rates=True)),
        ({"prompt_tokens": 50, "completion_tokens": 7, "prompt_tokens_details": {"audio_tokens": 0},
          "completion_tokens_details": {"audio_tokens": 0}}, Usage(50, 7)),
        # reasoning counted beside the output, as the total says
        (
            {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 32, "reasoning_tokens": 20},
            Usage(5, 27, reasoning_tokens=20),
        ),
        # reasoning that only the total counts, of Gemini by way of a proxy; a total that makes no sense
        (
            {"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623},
            Usage(20, 603, reasoning_tokens=405, estimated=True),
        ),
        ({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 10**8}, Usage(20, 198)),
        (  # its input is without what a cache had and took, as in the messages dialect; its total is not
            {
                "prompt_tokens": 20,
                "completion_tokens": 198,
                "total_tokens": 5518,
                "cache_read_input_tokens": 5000,
                "cache_creation_input_tokens": 300,
            },
            Usage(5320, 198, cache_read_tokens=5000, cache_write_tokens=300),
        ),
        ({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 5}, Usage(20, 198)),
        # Perplexity's own cost
        (
            {"prompt_tokens": 5, "completion_tokens": 7, "cost": {"total_cost": 0.00501}},
            Usage(5, 7, reported_cost=Decimal("0.00501")),
        ),
        # xAI's, in ticks of 10^-10 USD; nonsense is none
        (
            {"prompt_tokens": 5, "completion_tokens": 7, "cost_in_usd_ticks": 37756001},
            Usage(5, 7, reported_cost=Decimal("0.0037756001")),
        ),
        ({"prompt_tokens": 5, "completion_tokens": 7, "cost_in_usd_ticks": -1}, Usage(5, 7)),
        ({"prompt_tokens": 5, "completion_tokens": 7, "cost_in_usd_ticks": 10**17}, Usage(5, 7)),
        ({"prompt_tokens": 5, "completion_tokens": 7, "cost_in_usd_ticks": True}, Usage(5, 7)),
        ({"prompt_tokens": 5.0, "completion_tokens": 7}, Usage(5, 7)),
        # parts larger than the whole, nonsense in the details
        ({"prompt_tokens": 5, "completion_tokens": 7, "cached_tokens": 99}, Usage(5, 7, 5)),
        ({"prompt_tokens": 5, "completion_tokens": 7, "cached_tokens": -9}, Usage(5, 7)),
        ({"prompt_tokens": 5, "completion_tokens": 7, "cache_creation_input_tokens": 99}, Usage(5, 7, 0, 5)),
        ({"prompt_tokens": 5, "completion_tokens": 7, "prompt_tokens_details": "?"}, Usage(5, 7)),
    ],
)  # fmt: skip
def test_usage_is_normalised(reported, expected):
    assert chat.parse_event(chunk(choices=[], usage=reported)).usage == expected


@pytest.mark.parametrize(
    "reported",
    [
        None, {}, [], "12", {"prompt_tokens": -1, "completion_tokens": 7}, {"prompt_tokens": 5},
        {"prompt_tokens": 10**12, "completion_tokens": 7}, {"prompt_tokens": "5", "completion_tokens": 7},
        {"prompt_tokens": True, "completion_tokens": 7}, {"prompt_tokens": 1.5, "completion_tokens": 7},
        {"prompt_tokens": 0, "completion_tokens": 7}, {"prompt_tokens": 0, "completion_tokens": 0},
    ],
)  # fmt: skip
def test_usage_that_cannot_be_is_as_if_nothing_were_said(reported):
    """The answer is still good and paid for: llmhub counts itself, and never charges nonsense."""
    answer = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "usage": reported}

    assert chat.parse_answer(json.dumps(answer).encode()).usage is None
    assert chat.parse_event(chunk(choices=delta(content="hi"), usage=reported)).usage is None


@pytest.mark.parametrize(
    ("fields", "kind", "text"),
    [
        ({"choices": delta(role="assistant", content="")}, "other", ""),
        ({"choices": delta(content="hi")}, "content", "hi"),
        ({"choices": delta(reasoning_content="hm")}, "content", "hm"),
        ({"choices": delta(reasoning="hm", reasoning_details=[{"text": "hm"}])}, "content", "hm"),
        ({"choices": delta(refusal="no")}, "content", ""),
        ({"choices": delta(tool_calls=[{"index": 1, "function": {"name": "f"}}])}, "content", "f"),
        ({"choices": delta(tool_calls=[{"index": 1, "function": {"arguments": "{"}}])}, "content", "{"),
        ({"choices": delta("stop")}, "finish", ""),
        ({"choices": delta("tool_calls", content="hi")}, "finish", "hi"),
        ({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}, "usage", ""),
        ({"choices": [], "prompt_filter_results": [], "id": "", "model": ""}, "other", ""),
        ({"choices": delta("error")}, "error", ""),
        ({"error": {"message": "x"}}, "error", ""),
        ({"error": "x"}, "error", ""),
        ({"choices": None}, "other", ""),
        ({"choices": [None, 3, {"delta": 4}]}, "other", ""),
    ],
)  # fmt: skip
def test_an_event_is_understood_as_far_as_needed(fields, kind, text):
    event = chat.parse_event(chunk(**fields))

    assert (event.kind, event.text) == (kind, text)
    assert event.data == chunk(**fields)


def test_usage_beside_content_is_read_and_only_usage_alone_is_marked():
    usage = {"prompt_tokens": 8, "completion_tokens": 5}

    beside = chat.parse_event(chunk(choices=delta("stop", content="hi"), usage=usage))
    alone = chat.parse_event(chunk(choices=[], usage=usage))
    groq = chat.parse_event(chunk(choices=delta("stop"), x_groq={"usage": usage}))

    assert (beside.usage, beside.only_usage) == (Usage(8, 5), False)
    assert (alone.usage, alone.only_usage) == (Usage(8, 5), True)
    assert groq.usage == Usage(8, 5)


NO_OUTPUT = {"prompt_tokens": 8, "completion_tokens": 0}


@pytest.mark.parametrize(
    ("message", "usage"),
    [
        ({"content": "hi"}, None),
        ({"content": [{"type": "text", "text": "hi"}]}, None),
        ({"content": None, "reasoning_content": "hm"}, None),
        ({"content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}, None),
        ({"content": "", "refusal": "no"}, None),
        ({"content": "", "tool_calls": []}, Usage(8, 0)),  # max_tokens 0, or a content filter
        ({"content": None}, Usage(8, 0)),
        (None, Usage(8, 0)),
    ],
)
def test_no_output_is_believed_only_of_an_answer_that_holds_none(message, usage):
    answer = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": NO_OUTPUT}

    assert chat.parse_answer(json.dumps(answer).encode()).usage == usage


def test_what_was_charged_is_believed_whatever_was_counted():
    told = {"prompt_tokens": 0, "completion_tokens": 0, "cost": {"total_cost": 0.02}}
    answer = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "usage": told}

    assert chat.parse_answer(json.dumps(answer).encode()).usage.reported_cost == Decimal("0.02")


def test_a_chunk_of_nothing_but_nonsensical_usage_is_taken_out_too():
    """Clients that did not ask for usage read the first choice of every chunk."""
    assert chat.parse_event(chunk(choices=[], usage={"prompt_tokens": 0})).only_usage


PLAIN = [
    b'{"id":"c1","model":"m-2","created":7,"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}',
    b'{"choices":[{"delta":{"content":"\\u00e4\xc3\xa4"},"finish_reason":null,"logprobs":null}],"usage":null}',
    b'{"choices":[{"delta":{"content":"a"}}],"model":"m\\u0000","id":"' + b"x" * 300 + b'"}',
]
TELLING = [
    b'{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}',
    b'{"choices":[{"delta":{"content":"a","tool_calls":[{"function":{"name":"f"}}]}}]}',
    b'{"choices":[{"delta":{"content":"a","reasoning":"b"}}]}',
    b'{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}',
    b'{"choices":[{"delta":{"content":"a"},"error":{"message":"no"}}]}',
    b'{"choices":[{"delta":{"content":"a"}}],"error":{"message":"no"}}',
    b'{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}',
    b'{"choices":[{"delta":{"content":"a"}}],"x_groq":{"usage":{"prompt_tokens":3,"completion_tokens":1}}}',
    b'{"choices":[{"delta":{"content":null}}],"model":5}',
]


@pytest.mark.parametrize("data", [*PLAIN, *TELLING])
def test_a_plain_chunk_is_read_as_any_other_would_be(data):
    assert (plain_chunk(data) is None) == (data in TELLING)
    assert told(chat.parse_event(data)) == told(chat._any_event(data))


def told(event):
    return msgspec.structs.asdict(event) | {"failure": repr(event.failure)}


def test_the_done_marker_is_known_with_and_without_spaces():
    assert [chat.parse_event(data).kind for data in (b"[DONE]", b" [DONE] ")] == ["done", "done"]


def test_an_answer_is_read_and_kept():
    choices = b'[{"message":{"content":"\\u00e4"},"finish_reason":"stop"}]'
    content = b'{"id":"c1","model":"m-2","choices":' + choices + b',"x":1.0}'

    answer = chat.parse_answer(content)

    assert (answer.model, answer.finish_reason, answer.upstream_id) == ("m-2", "stop", "c1")
    assert bytes(answer.body["x"]) == b"1.0"
    assert msgspec.json.encode(answer.body) == content


GARBAGE = [
    b"", b" ", b"null", b"[]", b"42", b"{", b'{"choices":', b"<!DOCTYPE html><html>", b"\xff\xfe",
    b'{"a":"\xff"}', b"[" * 200_000, b'{"a":' * 200_000, b"\x00" * 50, b"data: {}",
    b'{"choices":[{"message":{"content":"\xc3"}}]}',
]  # fmt: skip


@pytest.mark.parametrize(
    "content", [*GARBAGE, b"{}", b'{"choices":[]}', b'{"choices":"x"}', b'{"choices":[3]}']
)
def test_an_answer_that_is_none_is_a_bad_reply(content):
    with pytest.raises(BadReply):
        chat.parse_answer(content)


@pytest.mark.parametrize("content", GARBAGE)
def test_an_event_that_is_none_is_a_bad_reply_that_quotes_nothing(content):
    with pytest.raises(BadReply) as caught:
        chat.parse_event(content)

    assert caught.value.message.isascii()
    assert len(caught.value.message) < 100


def test_an_error_inside_an_answer_of_200_is_raised_with_what_was_used():
    content = {
        "choices": [{"finish_reason": "error", "error": {"code": 429, "message": "slow"}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1},
    }  # fmt: skip

    with pytest.raises(RateLimited, match="slow") as caught:
        chat.parse_answer(json.dumps(content).encode())

    assert caught.value.usage == Usage(5, 1)


def test_a_list_of_models_is_read_and_rows_without_an_id_are_left_out():
    content = b'{"object":"list","data":[{"id":"a","created":1},{"id":""},{"id":3},null,{"id":"b"}]}'

    assert [row.upstream_id for row in chat.parse_models(content)] == ["a", "b"]


@pytest.mark.parametrize("content", [*GARBAGE, b"{}", b'{"data":{}}', b'{"data":null}'])
def test_what_is_no_list_of_models_is_a_bad_reply(content):
    with pytest.raises(BadReply):
        chat.parse_models(content)


@pytest.mark.parametrize(("kind", "dialect"), [("anthropic", "chat"), ("openai", "messages"), ("x", "chat")])
def test_a_dialect_nobody_speaks_is_refused_in_words(kind, dialect):
    with pytest.raises(DialectNotServed, match=f"{kind!r} are not spoken to in the dialect {dialect!r}"):
        adapter_for(kind, dialect)


def test_every_kind_is_complete():
    assert set(KINDS) == {"openai", "anthropic", "openrouter", "custom"}
    assert all(
        kind.dialects and (kind.base_url.startswith("https://") or name == "custom")
        for name, kind in KINDS.items()
    )


@pytest.mark.parametrize(
    ("tier", "other"), [("default", False), (None, False), ("flex", True), ("priority", True)]
)
def test_a_service_tier_with_a_price_of_its_own_is_known(tier, other):
    usage = {"prompt_tokens": 3, "completion_tokens": 4}

    event = chat.parse_event(chunk(choices=[], usage=usage, service_tier=tier))

    assert event.usage.other_rates is other
