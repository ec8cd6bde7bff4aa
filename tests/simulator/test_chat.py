"""The chat dialect as the real client library reads it."""

from __future__ import annotations

import json
import time

import httpx
import openai
import pytest

from llmhub.simulator.styles import STYLES
from tests.simulator.wire import CHAT, STREAM

MESSAGES = CHAT["messages"]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture
def client(simulator):
    def make(*switches: str) -> openai.OpenAI:
        return openai.OpenAI(base_url=simulator.path(*switches), api_key="x", max_retries=0)

    return make


def events(response: httpx.Response) -> list:
    lines = (line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: "))
    return [json.loads(line) for line in lines if line != "[DONE]"]


def test_a_plain_call_is_answered_with_usage(client):
    answer = client("tokens/30", "cached/8", "written/2").chat.completions.create(
        model="m", messages=MESSAGES
    )

    assert len(answer.choices[0].message.content.split()) == answer.usage.completion_tokens == 30
    assert answer.usage.prompt_tokens_details.cached_tokens == 8
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 30
    assert answer.model == "m"


def test_a_stream_says_the_same_as_a_plain_call(client):
    plain = client().chat.completions.create(model="m", messages=MESSAGES)

    chunks = list(
        client().chat.completions.create(
            model="m", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
    )

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == plain.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage == plain.usage
    assert [chunk.choices[0].finish_reason for chunk in chunks[-3:-1]] == [None, "stop"]


def test_a_stream_says_no_usage_unless_asked(client):
    chunks = client().chat.completions.create(model="m", messages=MESSAGES, stream=True)

    assert not any(chunk.usage for chunk in chunks)


def test_streamed_tool_calls_join_to_the_plain_ones(client):
    tools = {"model": "m", "messages": MESSAGES, "tools": [WEATHER]}
    plain = client("calls/2").chat.completions.create(**tools).choices[0]

    with client("calls/2").chat.completions.stream(**tools) as stream:
        joined = stream.get_final_completion().choices[0]

    def calls(choice):
        return [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls]

    assert calls(joined) == calls(plain)
    assert len(calls(plain)) == 2
    assert plain.finish_reason == joined.finish_reason == "tool_calls"


def test_several_choices_come_in_one_answer(client):
    answer = client().chat.completions.create(model="m", messages=MESSAGES, n=3)

    assert [choice.index for choice in answer.choices] == [0, 1, 2]


def test_models_are_listed_and_looked_up(client):
    assert [model.id for model in client("models/2").models.list()] == ["sim-small", "sim-large"]
    assert client().models.retrieve("sim-small").id == "sim-small"
    with pytest.raises(openai.NotFoundError):
        client().models.retrieve("nothing")


@pytest.mark.parametrize(
    ("how", "status"), [("missing", 404), ("refused", 401), ("empty", 200), ("broken", 200)]
)
def test_a_model_list_can_be_wrong_in_several_ways(simulator, how, status):
    assert httpx.get(simulator.path(f"list/{how}") + "/models").status_code == status


def test_a_strict_provider_knows_only_its_models(client):
    with pytest.raises(openai.NotFoundError) as refused:
        client("strict").chat.completions.create(model="nothing", messages=MESSAGES)

    assert refused.value.code == "model_not_found"


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"x-api-key": ""}])
def test_a_credential_is_required_where_the_path_says_so(simulator, headers):
    assert (
        httpx.post(simulator.path("key/s3") + "/chat/completions", json=CHAT, headers=headers).status_code
        == 401
    )


@pytest.mark.parametrize("headers", [{"authorization": "Bearer s3"}, {"x-api-key": "s3"}])
def test_the_credential_opens(simulator, headers):
    assert (
        httpx.post(simulator.path("key/s3") + "/chat/completions", json=CHAT, headers=headers).status_code
        == 200
    )


def test_latency_comes_before_the_first_byte(simulator):
    began = time.monotonic()
    with httpx.stream("POST", simulator.path("latency/200") + "/chat/completions", json=STREAM):
        assert time.monotonic() - began >= 0.2


def test_the_first_token_can_wait_behind_the_headers(simulator):
    began = time.monotonic()
    with httpx.stream("POST", simulator.path("first/600") + "/chat/completions", json=STREAM) as response:
        headers_after = time.monotonic() - began
        next(response.iter_raw())

    assert headers_after < 0.5
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("body", [CHAT, STREAM])
def test_speed_is_tokens_per_second(simulator, body):
    began = time.monotonic()
    httpx.post(simulator.path("tokens/30", "speed/100") + "/chat/completions", json=body)

    assert time.monotonic() - began >= 0.3


def test_rate_limits_and_request_id_are_in_the_headers(simulator):
    headers = httpx.post(simulator.path() + "/chat/completions", json=CHAT).headers

    assert headers["x-request-id"].startswith("req_sim")
    assert int(headers["x-ratelimit-remaining-requests"]) <= int(headers["x-ratelimit-limit-requests"])


def test_chunks_and_line_ends_do_not_change_what_is_said(simulator):
    url = "/chat/completions"
    plain = httpx.post(simulator.path() + url, json=STREAM)
    odd = httpx.post(simulator.path("chunk/7", "crlf") + url, json=STREAM)

    assert b"\r\n\r\n" in odd.content
    assert [e["choices"] for e in events(odd)] == [e["choices"] for e in events(plain)]


def test_a_reported_cost_keeps_its_digits(simulator):
    answer = httpx.post(simulator.path("cost/0.000012340") + "/chat/completions", json=CHAT)

    assert b'"cost":0.000012340,' in answer.content


def test_an_unreadable_request_is_a_400(simulator):
    assert httpx.post(simulator.path() + "/chat/completions", content=b"{").status_code == 400


def test_what_is_not_there_says_so(simulator):
    assert httpx.post(simulator.path() + "/images", json={}).status_code == 404
    assert httpx.get(simulator.path() + "/chat/completions").status_code == 405
    assert "did you mean 'html'?" in httpx.get(simulator.path("htlm") + "/models").text


@pytest.mark.parametrize(
    ("style", "place"),
    [
        ("plain", "alone"),
        ("openrouter", "with a choice"),
        ("deepseek", "with the finish"),
        ("groq", "x_groq"),
        ("mistral", "with the finish"),
        ("perplexity", "everywhere"),
        ("together", "with the finish"),
        ("cerebras", "with the finish"),
        ("vllm", "alone"),
        ("no_usage", "nowhere"),
        ("azure", "alone"),
    ],
)
def test_each_style_says_usage_in_its_own_place(simulator, style, place):
    chunks = events(httpx.post(simulator.path(f"style/{style}") + "/chat/completions", json=STREAM))

    assert usage_place(chunks) == place


def usage_place(chunks: list[dict]) -> str:
    with_usage = [chunk for chunk in chunks if chunk.get("usage")]
    if len(with_usage) > 1:
        return "everywhere"
    if not with_usage:
        return "x_groq" if any(chunk.get("x_groq") for chunk in chunks) else "nowhere"
    choices = with_usage[0]["choices"]
    if not choices:
        return "alone"
    return "with the finish" if choices[0]["finish_reason"] else "with a choice"


def test_every_style_is_covered_by_the_table_above():
    marks = test_each_style_says_usage_in_its_own_place.pytestmark
    assert {row[0] for row in marks[0].args[1]} == set(STYLES)


def test_the_habits_of_the_styles_are_on_the_wire(simulator):
    def stream(style):
        return httpx.post(simulator.path(f"style/{style}", "reasoning/3") + "/chat/completions", json=STREAM)

    assert stream("openrouter").text.startswith(": OPENROUTER PROCESSING\n\n")
    assert events(stream("openrouter"))[-1]["usage"]["cost"] > 0
    assert events(stream("azure"))[0]["choices"] == []
    assert "[DONE]" not in stream("perplexity").text
    assert "reasoning_content" in stream("deepseek").text
    assert "reasoning" not in events(stream("plain"))[3]["choices"][0]["delta"]
