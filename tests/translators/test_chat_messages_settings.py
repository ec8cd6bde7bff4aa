"""What becomes of limits, sampling and the other settings of a chat call."""

from __future__ import annotations

import pytest

from providers.translators import TRANSLATORS, Malformed, Unsayable
from providers.translators.chat_messages import chat_to_messages
from providers.wire import Terms
from tests.translators.chat_messages import ADAPTIVE, HI, PLAIN, dropped, raw, refused, sent, text


def test_it_is_the_translator_of_its_pair():
    assert TRANSLATORS["chat", "messages"] is chat_to_messages


def test_a_plain_call_holds_nothing_but_its_limit_and_its_messages():
    assert sent() == {"max_tokens": 4096, "messages": [{"role": "user", "content": [text("hi")]}]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_tokens": 10}, 10),
        ({"max_completion_tokens": 20, "max_tokens": 10}, 20),
        ({"max_completion_tokens": None, "max_tokens": 10.0}, 10),
        ({}, 8000),
    ],
)
def test_the_limit_is_the_callers_or_the_models(fields, expected):
    assert sent(terms=Terms(output_limit_tokens=8000), **fields)["max_tokens"] == expected


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_a_limit_above_the_models_own_is_lowered_and_named(field):
    terms = Terms(output_limit_tokens=100)

    assert sent(terms=terms, **{field: 101})["max_tokens"] == 100
    assert dropped(terms=terms, **{field: 101}) == [f"{field}>100"]
    assert dropped(terms=terms, **{field: 100}) == []
    assert sent(terms=Terms(), **{field: 10**6})["max_tokens"] == 10**6


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens", "n", "top_k"])
@pytest.mark.parametrize("value", ["10", 1.5, -1, True])
def test_a_count_that_is_none_is_malformed(field, value):
    assert refused(Malformed, **{field: value}) == field


def test_more_answers_than_one_cannot_be_asked_for():
    assert refused(Unsayable, n=2) == "n"
    assert dropped(n=1) == []


@pytest.mark.parametrize("modalities", [["text", "audio"], ["image"]])
def test_more_than_text_cannot_be_asked_for(modalities):
    assert refused(Unsayable, modalities=modalities) == "modalities"
    assert dropped(modalities=["text"]) == []


@pytest.mark.parametrize(
    ("given", "expected", "named"),
    [(0, 0, []), (0.3, 0.3, []), (1, 1, []), (1.5, 1, ["temperature>1"]), (-1, 0, ["temperature<0"])],
)
def test_a_temperature_is_kept_from_0_to_1(given, expected, named):
    assert sent(temperature=given)["temperature"] == expected
    assert dropped(temperature=given) == named


def test_models_that_take_no_sampling_get_none():
    found = sent(terms=ADAPTIVE, temperature=0.3, top_p=0.9, top_k=5)

    assert not found.keys() & {"temperature", "top_p", "top_k"}
    assert dropped(terms=ADAPTIVE, temperature=0.3, top_p=0.9, top_k=5) == ["temperature", "top_k", "top_p"]
    assert dropped(terms=ADAPTIVE, temperature=1, top_p=1, top_k=0) == []


@pytest.mark.parametrize(
    ("given", "expected", "named"),
    [
        ({"temperature": 0.3, "top_p": 1}, {"temperature": 0.3}, []),
        ({"temperature": 1, "top_p": 0.9}, {"top_p": 0.9}, []),
        ({"temperature": 0.3, "top_p": 0.9}, {"temperature": 0.3}, ["top_p"]),
        ({"top_p": 0.9, "top_k": 5}, {"top_p": 0.9, "top_k": 5}, []),
    ],
)
def test_temperature_and_top_p_are_not_sent_together(given, expected, named):
    found = sent(**given)

    assert {name: found[name] for name in ("temperature", "top_p", "top_k") if name in found} == expected
    assert dropped(**given) == named


@pytest.mark.parametrize(
    ("stop", "expected", "named"),
    [
        ("END", ["END"], []),
        (["A", "B "], ["A", "B "], []),
        (["A", "\n", ""], ["A"], ["stop"]),
        ("\n", None, ["stop"]),
        (None, None, []),
        ([], None, []),
    ],
)
def test_stop_becomes_a_list_without_blank_ones(stop, expected, named):
    assert sent(stop=stop).get("stop_sequences") == expected
    assert dropped(stop=stop) == named


def test_a_stop_that_is_no_text_is_malformed():
    assert refused(Malformed, stop=[1]) == "stop"
    assert refused(Malformed, stop=5) == "stop"


def test_the_caller_is_named_in_the_metadata():
    assert sent(user="u")["metadata"] == {"user_id": "u"}
    assert sent(user="u", safety_identifier="s")["metadata"] == {"user_id": "s"}
    assert dropped(user="u", safety_identifier="s") == ["user"]
    assert "metadata" not in sent(user="")


@pytest.mark.parametrize(
    ("tier", "expected", "named"),
    [
        ("auto", "auto", []),
        ("default", "standard_only", []),
        ("priority", "auto", []),
        ("flex", None, ["service_tier"]),
        (None, None, []),
    ],
)
def test_service_tiers(tier, expected, named):
    assert sent(service_tier=tier).get("service_tier") == expected
    assert dropped(service_tier=tier) == named


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("logprobs", True),
        ("top_logprobs", 3),
        ("logit_bias", {"1": -100}),
        ("seed", 0),
        ("frequency_penalty", 0.5),
        ("presence_penalty", -0.5),
        ("prediction", {"type": "content", "content": "x"}),
        ("store", True),
        ("metadata", {"a": "b"}),
        ("prompt_cache_key", "k"),
        ("verbosity", "low"),
        ("web_search_options", {}),
        ("provider", {"order": ["a"]}),
        ("models", ["a", "b"]),
        ("min_p", 0.1),
        ("brand_new", 1),
    ],
)
def test_a_setting_without_an_equivalent_is_dropped_and_named(field, value):
    assert dropped(**{field: value}) == [field]
    assert sent(**{field: value}) == sent()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("logprobs", False),
        ("top_logprobs", None),
        ("logit_bias", {}),
        ("seed", None),
        ("frequency_penalty", 0),
        ("presence_penalty", 0.0),
        ("repetition_penalty", 1),
        ("store", False),
        ("verbosity", "medium"),
        ("plugins", []),
        ("response_format", {"type": "text"}),
        ("parallel_tool_calls", True),
        ("stream", True),
        ("stream_options", {"include_usage": True}),
        ("usage", {"include": True}),
        ("llmhub", {"tags": {"a": "b"}}),
    ],
)
def test_a_setting_that_asks_for_nothing_is_not_named(field, value):
    assert dropped(**{field: value}) == []
    assert sent(**{field: value}) == sent()


def test_a_name_that_is_no_word_is_not_repeated():
    assert dropped(**{"a\r\nb": 1, "x" * 100: 1}) == ["other"]


def test_of_very_many_dropped_fields_only_the_first_are_named():
    names = dropped(**{f"field_{number:04}": 1 for number in range(1000)})

    assert len(names) == 40
    assert names[0] == "field_0000"
    assert names[-1] == "other"


def test_json_that_cannot_be_read_is_malformed():
    body = raw({"messages": [HI]})
    for broken in (b'"\xff"', b"[" * 100_000, b"{bad"):
        body["temperature"] = type(body["messages"])(broken)
        with pytest.raises(Malformed) as found:
            chat_to_messages(body, PLAIN)
        assert found.value.param == "temperature"
