"""Embeddings as the real client library reads them."""

from __future__ import annotations

import math

import httpx
import openai
import pytest


@pytest.fixture
def client(simulator):
    def make(*switches: str) -> openai.OpenAI:
        return openai.OpenAI(base_url=simulator.path(*switches), api_key="x", max_retries=0)

    return make


def test_the_same_text_has_the_same_vector_of_length_one(client):
    one, two = (client().embeddings.create(model="m", input="harbour").data[0].embedding for _ in range(2))
    other = client().embeddings.create(model="m", input="meadow").data[0].embedding

    assert one == two != other
    assert len(one) == 1536
    assert math.sqrt(sum(number * number for number in one)) == pytest.approx(1.0, abs=1e-6)


def test_both_encodings_say_the_same_numbers(simulator, client):
    """The library asks for Base64 by itself, and decodes it."""
    plain = httpx.post(simulator.path() + "/embeddings", json={"model": "m", "input": "x", "dimensions": 8})

    decoded = client().embeddings.create(model="m", input="x", dimensions=8).data[0].embedding

    assert decoded == pytest.approx(plain.json()["data"][0]["embedding"], abs=0)


@pytest.mark.parametrize(
    ("given", "vectors", "tokens"),
    [("12345678", 1, 2), (["1234", "12345"], 2, 3), ([1, 2, 3], 1, 3), ([[1, 2], [3]], 2, 3)],
)
def test_one_or_many_texts_or_tokens_are_taken(client, given, vectors, tokens):
    answer = client().embeddings.create(model="m", input=given, dimensions=4)

    assert [row.index for row in answer.data] == list(range(vectors))
    assert all(len(row.embedding) == 4 for row in answer.data)
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (tokens, tokens)


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"input": ""}, {"input": []}, {"input": [""]}, {"input": ["a", 1]}, {"input": [[]]},
        {"input": None}, {"input": "x", "dimensions": 0}, {"input": "x", "dimensions": 9999},
        {"input": "x", "dimensions": "4"},
        {"input": "x", "encoding_format": "hex"}, {"input": ["x"] * 2049}, {"input": {"a": 1}},
    ],
)  # fmt: skip
def test_a_wrong_request_is_refused(simulator, fields):
    answer = httpx.post(simulator.path() + "/embeddings", json={"model": "m", **fields})

    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_switches_work_for_embeddings_too(simulator):
    def ask(*switches):
        return httpx.post(simulator.path(*switches) + "/embeddings", json={"model": "m", "input": "x"})

    assert ask("status/503").status_code == 503
    assert ask("strict").json()["error"]["code"] == "model_not_found"
    assert ask("error_200").json()["error"]["code"] == 502
    assert "usage" not in ask("usage/none").json()
    assert ask("usage/negative").json()["usage"]["prompt_tokens"] == -1
    assert b'"cost":0.00001,' in ask("cost/0.00001").content
