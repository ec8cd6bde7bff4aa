"""R-24 at the gateway: whatever a caller sends, it is told what is wrong; llmhub has no fault of its own."""

from __future__ import annotations

import copy
import http.client
import json
import random
from collections.abc import Iterator

import pytest

from routing.gateway.codes import CODES
from tests.fuzz import hostile

CASES = 1_000
_TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
_MESSAGES = [
    {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
    {"role": "assistant", "content": "Hi"},
    {"role": "user", "content": "Again"},
]
GOOD = {  # what each endpoint understands, with much of what it takes
    "/v1/chat/completions": {
        "messages": [{"role": "system", "content": "Be brief"}, *_MESSAGES], "max_tokens": 20,
        "temperature": 0.5,
        "stream": False, "stop": ["x"], "tools": [_TOOL], "tool_choice": "auto", "n": 1, "user": "u",
        "response_format": {"type": "json_object"}, "metadata": {"a": "b"}, "seed": 1, "logit_bias": {"5": 1},
        "stream_options": {"include_usage": True}, "reasoning_effort": "low",
        "llmhub": {"session": "s", "tags": {"job": "x"}},
    },
    "/v1/messages": {
        "messages": _MESSAGES, "max_tokens": 20, "system": [{"type": "text", "text": "Be brief"}],
        "stream": False,
        "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}],
        "tool_choice": {"type": "auto"}, "thinking": {"type": "enabled", "budget_tokens": 1024},
        "metadata": {"user_id": "u"}, "stop_sequences": ["x"], "temperature": 0.5, "top_k": 5,
    },
    "/v1/messages/count_tokens": {"messages": _MESSAGES, "system": "Be brief"},
    "/v1/embeddings": {"input": ["Hello", "again"], "dimensions": 8, "encoding_format": "float", "user": "u"},
}  # fmt: skip
READING = ("/v1/models", "/v1/models/{}", "/v1/requests/{}", "/v1/usage", "/v1/{}", "/metrics", "/healthz")
QUERY = ("since", "until", "by", "days", "limit", "cursor", "after", "before", "model", "group_by", "x")
HEADERS = (
    "x-llmhub-session", "x-llmhub-tags", "x-llmhub-policy", "x-llmhub-person", "x-llmhub-timeout",
    "idempotency-key",
    "anthropic-version", "anthropic-beta", "content-type", "accept", "traceparent", "x-request-id",
    "content-encoding",
)  # fmt: skip
Sent = tuple[str, str, bytes, dict[str, str]]


@pytest.fixture(scope="module")
def model(gateway, simulator):
    """At providers of both dialects: one translates what the other takes as it came."""
    where = [simulator.path("tokens/2"), ("messages", simulator.path("tokens/2"))]
    return gateway.make(at=where)


def requests(model, count: int) -> Iterator[Sent]:
    """Method, address, body and headers of so many requests, always the same."""
    dice = random.Random(24)
    for number in range(count):
        if number % 5 == 4:
            path = dice.choice(READING).replace("{}", _in_a_path(dice))
            query = "&".join(f"{name}={_in_a_path(dice)}" for name in dice.sample(QUERY, dice.randrange(3)))
            yield "GET", f"{path}?{query}" if query else path, b"", _headers(dice)
            continue
        path = dice.choice([*GOOD])
        yield "POST", path, _body({"model": model.name} | GOOD[path], dice), _headers(dice)


def _body(good: dict, dice: random.Random) -> bytes:
    """A good body with one to three values, at any depth, in whose place something else stands."""
    if dice.random() < 0.1:
        return dice.choice(hostile.BODIES)
    body, put = copy.deepcopy(good), {}
    for _ in range(dice.choice((1, 1, 2, 3))):
        holder, name = dice.choice([*_places(body)])
        mark = f"<<{len(put)}>>"
        put[f'"{mark}"'] = (
            dice.choice(hostile.JSON) if dice.random() < 0.6 else json.dumps(dice.choice(hostile.WORDS))
        )
        holder[name] = mark
    text = json.dumps(body)
    for mark, value in put.items():
        text = text.replace(mark, value)
    return text.encode(errors="surrogatepass")


def _places(value) -> Iterator[tuple]:
    """Each value inside of this one, as what holds it and where."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in list(inside):
        yield value, name
        yield from _places(each)


def _in_a_path(dice: random.Random) -> str:
    return "".join(f"%{byte:02X}" for byte in dice.choice(hostile.WORDS)[:500].encode(errors="surrogatepass"))


def _headers(dice: random.Random) -> dict[str, str]:
    if dice.random() < 0.7:
        return {}
    words = [word for word in hostile.WORDS if word.isprintable() and word.isascii()]
    return {dice.choice(HEADERS): dice.choice(words)}


def test_whatever_is_sent_is_answered_with_what_is_wrong_and_no_fault_of_llmhub(gateway, model):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    wrong, statuses = [], {}

    for sent in requests(model, CASES):
        status, fault = _ask(connection, model, sent)
        statuses[status] = statuses.get(status, 0) + 1
        if fault:
            wrong.append(f"{sent[0]} {sent[1][:200]} {sent[2][:1500]!r} {sent[3]}: {status} {fault}")

    assert not wrong, f"{len(wrong)} of {statuses}\n" + "\n".join(wrong[:40])
    assert {200, 400} <= statuses.keys(), statuses
    assert "Traceback" not in gateway.log
    assert gateway.get("/readyz")[0] == 200


def _ask(connection, model, sent: Sent) -> tuple[int, str]:
    """The status, and what is wrong with the answer."""
    method, path, body, headers = sent
    given = {"content-type": "application/json", "authorization": f"Bearer {model.key}"} | headers
    connection.request(method, path, body or None, given)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status < 400:
        return answer.status, ""
    try:
        error = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        return answer.status, f"no error of ours: {text[:200]!r}"
    if error.get("code") not in CODES or error["code"] == "internal_error" or not error.get("message"):
        return answer.status, f"{error}"
    return answer.status, f"{error}" if answer.status >= 500 else ""
