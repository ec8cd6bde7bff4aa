"""What a call for embeddings asks for."""

from __future__ import annotations

import json

import pytest

from routing.gateway.embeddings_request import MAX_INPUTS, read_embeddings
from routing.gateway.errors import Refusal


def read(**fields):
    content = json.dumps({"model": "acme/embed", "input": "Hello"} | fields).encode()
    return read_embeddings(content, {}, known_providers=[]), content


@pytest.mark.parametrize("given", ["Hello", ["a", "b"], [1, 2, 3], [[1, 2], [3]]])
def test_texts_and_tokens_are_bounded_by_their_bytes_and_have_no_output(given):
    request, content = read(input=given)

    assert request.operation == "embed"
    assert (request.size.input_tokens, request.size.output_tokens) == (len(content), 0)


PICTURE = {"content": [{"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]}


@pytest.mark.parametrize(
    "given",
    [
        "", [], None, 3, {"a": 1}, [PICTURE], [1, PICTURE], [1, "a"], [[1], "a"], [1, [2]], [1, None],
        [True], [1.5], [[1, "a"]], [[[1]]], [1] + ["a"] * (MAX_INPUTS + 1),
    ],
    ids=lambda given: str(given)[:40],
)  # fmt: skip
def test_an_input_that_is_none_is_refused(given):
    with pytest.raises(Refusal) as caught:
        read(input=given)

    assert (caught.value.name, caught.value.param) == ("invalid_request", "input")
    assert "send a text, a list of texts" in str(caught.value.message)


def test_more_texts_than_any_provider_takes_are_refused_and_many_tokens_are_not():
    for each in ("a", [1]):
        with pytest.raises(Refusal, match="more than"):
            read(input=[each] * (MAX_INPUTS + 1))

    assert read(input=[1] * (MAX_INPUTS + 1))[0].operation == "embed"
