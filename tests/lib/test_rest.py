"""The shapes that every endpoint shares."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from llmhub.lib.rest import Input


class Inner(Input):
    text: str = ""


class Body(Input):
    text: str = ""
    words: list[str] = []
    facts: dict[str, Any] = {}
    inner: list[Inner] = []


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"text": "a\0"}, ("text",)),
        ({"words": ["a", "\0"]}, ("words",)),
        ({"facts": {"a": [{"b": "\0"}]}}, ("facts",)),
        ({"facts": {"\0": 1}}, ("facts",)),
        ({"inner": [{}, {"text": "\0"}]}, ("inner", 1, "text")),
    ],
)
def test_nul_is_refused_wherever_it_stands(body, where):
    """Postgres keeps it in no text: the request would end as a fault of ours."""
    with pytest.raises(ValidationError, match="NUL") as caught:
        Body.model_validate(body)

    assert caught.value.errors()[0]["loc"] == where


def test_other_text_of_any_script_is_taken():
    body = {"text": "é 漢 \u200b \x01", "words": ["0"], "facts": {"a": 0}, "inner": [{"text": "\\\\0"}]}

    assert Body.model_validate(body).model_dump() == body
