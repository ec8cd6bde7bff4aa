"""The messages dialect as the real client library reads it."""

from __future__ import annotations

import json
import time

import anthropic
import httpx
import pytest

from llmhub.simulator.messages import signature

ASK = {
    "model": "sim-small",
    "max_tokens": 500,
    "messages": [{"role": "user", "content": "Where is my order?"}],
}
VERSION = {"anthropic-version": "2023-06-01"}
WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
THINKING = {"type": "enabled", "budget_tokens": 1024}


@pytest.fixture
def client(simulator):
    def make(*switches: str) -> anthropic.Anthropic:
        base = simulator.path(*switches).removesuffix("/v1")
        return anthropic.Anthropic(base_url=base, api_key="x", max_retries=0, default_headers=VERSION)

    return make


def post(simulator, *switches, path="/messages", headers=VERSION, **fields) -> httpx.Response:
    return httpx.post(simulator.path(*switches) + path, json=ASK | fields, headers=headers)


def events(response: httpx.Response) -> list[tuple[str, dict]]:
    found = []
    for event in response.text.replace("\r\n", "\n").split("\n\n"):
        if event.strip():
            name, data = event.split("\n")
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_a_plain_call_is_answered_with_usage(client):
    answer = client("tokens/30", "cached/8", "written/2").messages.create(**ASK)

    assert len(answer.content[0].text.split()) == answer.usage.output_tokens == 30
    assert (answer.usage.cache_read_input_tokens, answer.usage.cache_creation_input_tokens) == (8, 2)
    assert answer.usage.cache_creation.ephemeral_5m_input_tokens == 2
    assert (answer.stop_reason, answer.model, answer.role) == ("end_turn", "sim-small", "assistant")


def test_what_is_written_for_an_hour_says_so(client):
    block = {"type": "text", "text": "x" * 400, "cache_control": {"type": "ephemeral", "ttl": "1h"}}

    answer = client("written/9").messages.create(**ASK, system=[block])

    assert answer.usage.cache_creation.ephemeral_1h_input_tokens == 9
    assert answer.usage.cache_creation.ephemeral_5m_input_tokens == 0


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"thinking": THINKING, "max_tokens": 2000},
        {"tools": [WEATHER]},
        {"tools": [WEATHER], "thinking": THINKING, "max_tokens": 2000},
        {"stop_sequences": [" the"]},
        {"max_tokens": 5},
        {"max_tokens": 0},
    ],
)
def test_a_stream_says_the_same_as_a_plain_call(client, fields):
    ask = ASK | fields
    plain = client("calls/2").messages.create(**ask)

    with client("calls/2").messages.stream(**ask) as stream:
        joined = stream.get_final_message()

    assert [block.to_dict() for block in joined.content] == [block.to_dict() for block in plain.content]
    assert (joined.stop_reason, joined.stop_sequence) == (plain.stop_reason, plain.stop_sequence)
    assert joined.usage.output_tokens == plain.usage.output_tokens
    assert joined.usage.input_tokens == plain.usage.input_tokens


def test_a_stream_has_its_events_in_order(simulator):
    names = [name for name, _ in events(post(simulator, "tokens/2", stream=True))]

    assert names == [
        "message_start", "content_block_start", "ping", "content_block_delta", "content_block_delta",
        "content_block_stop", "message_delta", "message_stop",
    ]  # fmt: skip


def test_a_stream_begins_with_a_first_count_and_ends_with_the_whole(simulator):
    found = dict(events(post(simulator, "tokens/9", "cached/4", stream=True)))

    assert found["message_start"]["message"]["usage"]["output_tokens"] == 1
    assert found["message_delta"]["usage"]["output_tokens"] == 9
    assert found["message_start"]["message"]["usage"]["cache_read_input_tokens"] == 4


def test_the_same_question_gets_the_same_reply_in_both_dialects(simulator, client):
    chat = httpx.post(
        simulator.path() + "/chat/completions", json={"model": ASK["model"], "messages": ASK["messages"]}
    )

    answer = client().messages.create(**ASK)
    assert answer.content[0].text == chat.json()["choices"][0]["message"]["content"]
    assert answer.usage.input_tokens == chat.json()["usage"]["prompt_tokens"]


# --- tools ----------------------------------------------------------------------------------------


def test_several_tools_are_called_at_once_unless_that_is_forbidden(client):
    both = client("calls/2").messages.create(**ASK, tools=[WEATHER])
    one = client("calls/2").messages.create(
        **ASK, tools=[WEATHER], tool_choice={"type": "auto", "disable_parallel_tool_use": True}
    )

    assert [block.type for block in both.content] == ["tool_use", "tool_use"]
    assert len({block.id for block in both.content}) == 2
    assert both.content[0].id.startswith("toolu_")
    assert isinstance(both.content[0].input["city"], str)
    assert (len(one.content), both.stop_reason) == (1, "tool_use")


def test_a_tool_is_called_by_name_or_not_at_all(client):
    tools = [WEATHER, {"name": "clock", "input_schema": {"type": "object"}}]

    named = client().messages.create(**ASK, tools=tools, tool_choice={"type": "tool", "name": "clock"})
    none = client().messages.create(**ASK, tools=tools, tool_choice={"type": "none"})

    assert [block.name for block in named.content] == ["clock"]
    assert named.content[0].input == {}
    assert [block.type for block in none.content] == ["text"]


def test_a_whole_loop_with_thinking_and_tools_is_taken(client):
    ask = ASK | {"thinking": THINKING, "max_tokens": 2000, "tools": [WEATHER]}
    first = client("calls/2").messages.create(**ask)
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "sunny"}
        for block in first.content
        if block.type == "tool_use"
    ]
    history = [
        *ASK["messages"],
        {"role": "assistant", "content": first.to_dict()["content"]},
        {"role": "user", "content": [*results, {"type": "text", "text": "And tomorrow?"}]},
    ]

    second = client("calls/2").messages.create(**ask | {"messages": history})

    assert [block.type for block in first.content] == ["thinking", "tool_use", "tool_use"]
    assert [block.type for block in second.content] == ["thinking", "text"]
    assert first.content[0].signature == signature(first.content[0].thinking)


# --- what else may be asked for --------------------------------------------------------------------


def test_an_answer_follows_a_schema(client):
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "warm": {"type": "boolean"}},
        "required": ["city", "warm"],
        "additionalProperties": False,
    }

    answer = client().messages.create(
        **ASK, output_config={"format": {"type": "json_schema", "schema": schema}}
    )

    assert set(json.loads(answer.content[0].text)) == {"city", "warm"}


def test_a_stop_sequence_ends_the_reply_and_is_named(client):
    whole = client("tokens/20").messages.create(**ASK).content[0].text
    word = whole.split()[6]

    answer = client("tokens/20").messages.create(**ASK, stop_sequences=["never said", word])

    assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", word)
    assert answer.content[0].text == whole[: whole.index(word)]


@pytest.mark.parametrize(("most", "reason"), [(5, "max_tokens"), (500, "end_turn")])
def test_a_reply_is_no_longer_than_allowed(client, most, reason):
    answer = client("tokens/30").messages.create(**ASK | {"max_tokens": most})

    assert (answer.usage.output_tokens, answer.stop_reason) == (min(most, 30), reason)


def test_thinking_is_counted_inside_the_output(client):
    answer = client("reasoning/7", "tokens/3").messages.create(**ASK)

    assert answer.usage.output_tokens == 10
    assert answer.usage.output_tokens_details.thinking_tokens == 7


def test_tokens_are_counted_as_the_call_counts_them(client):
    ask = ASK | {"tools": [WEATHER], "system": "Be short."}
    counted = client().messages.count_tokens(**{k: v for k, v in ask.items() if k != "max_tokens"})

    assert counted.input_tokens == client().messages.create(**ask).usage.input_tokens


def test_models_are_listed_page_by_page_and_looked_up(client):
    found = [model.id for model in client("models/45").models.list()]

    assert len(found) == 45
    assert found[:2] == ["sim-small", "sim-large"]
    assert client().models.retrieve("sim-small").max_input_tokens == 200_000
    with pytest.raises(anthropic.NotFoundError):
        client().models.retrieve("nothing")


def test_rate_limits_and_request_id_are_in_the_headers(simulator):
    headers = post(simulator).headers

    assert headers["request-id"].startswith("req_sim")
    assert int(headers["anthropic-ratelimit-requests-remaining"]) < 4000
    assert headers["anthropic-ratelimit-input-tokens-reset"].endswith("Z")


# --- errors and faults -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"), (401, "authentication_error"), (402, "billing_error"),
        (403, "permission_error"), (404, "not_found_error"), (413, "request_too_large"),
        (429, "rate_limit_error"), (500, "api_error"), (503, "overloaded_error"), (529, "overloaded_error"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/messages", "/messages/count_tokens"])
def test_every_refusal_comes_in_the_envelope_of_the_dialect(simulator, path, status, kind):
    answer = post(simulator, f"status/{status}", path=path)

    assert answer.status_code == status
    assert answer.json()["type"] == "error"
    assert answer.json()["error"] == {"type": kind, "message": f"Simulated error {status}."}
    assert answer.json()["request_id"] == answer.headers["request-id"]
    assert answer.headers.get("retry-after") == ("2" if status == 429 else None)


def test_other_refusals_come_in_it_too(simulator):
    url = simulator.path()
    refusals = [
        (httpx.get(url + "/messages", headers=VERSION), 405, "invalid_request_error"),
        (httpx.post(url + "/messages/batches", json={}), 404, "not_found_error"),
        (post(simulator, "strict", model="nothing"), 404, "not_found_error"),
        (post(simulator, "key/s3"), 401, "authentication_error"),
        (post(simulator, "fail_first/1", "tag/envelope"), 503, "overloaded_error"),
        (httpx.get(simulator.path("list/refused") + "/models", headers=VERSION), 401, "authentication_error"),
        (httpx.post(simulator.path("htlm") + "/messages"), 404, "simulator"),
        (post(simulator, "error_200"), 200, "api_error"),
    ]

    for answer, status, kind in refusals:
        assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)


def test_the_credential_opens(simulator):
    assert post(simulator, "key/s3", headers=VERSION | {"x-api-key": "s3"}).status_code == 200
    assert post(simulator, "key/s3", headers=VERSION | {"authorization": "Bearer s3"}).status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_latency_and_speed_are_kept(simulator, stream):
    began = time.monotonic()
    post(simulator, "latency/100", "tokens/20", "speed/100", stream=stream)

    assert time.monotonic() - began >= 0.3


def test_an_error_in_the_middle_is_an_event_of_its_own(client):
    with (
        pytest.raises(anthropic.APIStatusError, match="Overloaded"),
        client("error_mid/3").messages.stream(**ASK) as stream,
    ):
        stream.get_final_message()


def test_a_stream_can_be_cut_end_early_or_lack_its_end(simulator):
    with pytest.raises(httpx.RemoteProtocolError):
        post(simulator, "cut_events/4", stream=True)

    assert len(events(post(simulator, "end_events/4", stream=True))) == 4
    assert events(post(simulator, "no_done", stream=True))[-1][0] == "message_delta"


def test_chunks_and_line_ends_do_not_change_what_is_said(simulator):
    plain, odd = post(simulator, stream=True), post(simulator, "chunk/7", "crlf", stream=True)

    assert b"\r\n\r\n" in odd.content
    assert events(odd)[1:] == events(plain)[1:]


@pytest.mark.parametrize(
    ("how", "output"),
    [
        ("negative", -9),
        ("huge", 10**15 + 9),
        ("text", "9 tokens"),
        ("zero", 0),
        ("no_output", 0),
        ("none", None),
    ],
)
def test_usage_can_be_nonsense_whole_and_streamed(simulator, how, output):
    whole = post(simulator, f"usage/{how}", "tokens/9").json()
    end = dict(events(post(simulator, f"usage/{how}", "tokens/9", stream=True)))["message_delta"]

    assert whole.get("usage", {}).get("output_tokens") == output
    assert end.get("usage", {}).get("output_tokens") == output


def test_usage_can_be_said_twice(simulator):
    assert post(simulator, "usage/doubled").content.count(b'"usage":{') == 2
    names = [name for name, _ in events(post(simulator, "usage/doubled", stream=True))]
    assert names[:2] == ["message_start", "message_start"]


def test_bytes_that_are_no_text_are_in_the_reply(simulator):
    for stream in (False, True):
        with httpx.stream(
            "POST", simulator.path("bad_utf8") + "/messages", json=ASK | {"stream": stream}, headers=VERSION
        ) as response:
            content = b"".join(response.iter_raw())
        assert b'"text":"\xff' in content


def test_a_huge_body_is_one_of_the_dialect(simulator):
    assert len(post(simulator, "huge/1").json()["content"][0]["text"]) == 1024 * 1024


@pytest.mark.recordings
def test_a_recorded_stream_is_answered_on_the_path_of_the_dialect(simulator, recordings):
    case = next(path.parent for path in recordings.glob("cases/anthropic-messages/*/stream.sse"))
    url = simulator.case(case.relative_to(recordings).as_posix(), "chunk/7")

    answer = httpx.post(url + "/messages", json=ASK, headers=VERSION)

    assert answer.content == (case / "stream.sse").read_bytes()
