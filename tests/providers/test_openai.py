"""What OpenAI's own models take, by their ids."""

from __future__ import annotations

import pytest

from providers.adapters import adapter_for

openai = adapter_for("openai", "chat")


@pytest.mark.parametrize(
    "model",
    [
        "o1",
        "o3-mini-2025-01-31",
        "o4-mini",
        "gpt-5",
        "gpt-5-mini",
        "gpt-5.2-pro",
        "gpt-6",
        "gpt-10",
        "ft:o4-mini:acme",
    ],
)
def test_models_that_reason_take_no_sampling_and_no_stop_texts(model):
    terms = openai.terms(model)

    assert (terms.sampling, terms.stop, terms.top_k) == (False, False, False)
    assert terms.limit_field == "max_completion_tokens"


@pytest.mark.parametrize(
    "model",
    ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "gpt-5-chat-latest", "gpt-5.1-chat-latest",
     "chatgpt-4o-latest",
     "omni-moderation-latest", "o1x-like"],
)  # fmt: skip
def test_others_take_both(model):
    terms = openai.terms(model)

    assert (terms.sampling, terms.stop) == (True, True)
