"""The parameters of a call against what a model is said to take: what is wrong, and what to do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.parameter_check import Problem, check, corrected, read
from catalog.parameters import faults
from providers.adapters.parameters import NAMES, described, fits

TAKES = described(["temperature", "top_p", "seed", "max_tokens", "stop", "logprobs", "top_logprobs", "tools"])
TAKES |= {
    "temperature": {"type": "number", "min": 0, "max": 1, "default": 1, "excludes": ["top_p"]},
    "reasoning": {"type": "object", "mandatory": True},
    "reasoning_effort": {"type": "enum", "values": ["low", "medium", "high"]},
    "service": {"type": "enum", "values": ["fast", "slow"]},
}

CASES = [  # body, problem, what is said, the nearest value
    ({"temperature": 3}, "out_of_range", "temperature is 3: it must be from 0 to 1. The nearest is 1.", 1),
    (
        {"temperature": -0.1},
        "out_of_range",
        "temperature is -0.1: it must be from 0 to 1. The nearest is 0.",
        0,
    ),
    (
        {"temperature": "0.7"},
        "wrong_type",
        "temperature is '0.7': it must be a number. The nearest is 0.7.",
        0.7,
    ),
    ({"temperature": True}, "wrong_type", "temperature is true: it must be a number. Leave it out.", None),
    ({"seed": 1.5}, "wrong_type", "seed is 1.5: it must be a whole number. The nearest is 2.", 2),
    ({"max_tokens": 0}, "out_of_range", "max_tokens is 0: it must be from 1. The nearest is 1.", 1),
    (
        {"stop": [1]},
        "wrong_type",
        "stop is a list: it must be a text or a list of texts. Leave it out.",
        None,
    ),
    (
        {"reasoning_effort": "max"},
        "not_one_of",
        "reasoning_effort is 'max': it must be one of low, medium, high. The nearest is 'high'.",
        "high",
    ),
    (
        {"service": "fsat"},
        "not_one_of",
        "service is 'fsat': it must be one of fast, slow. The nearest is 'fast'.",
        "fast",
    ),
    (
        {"temprature": 1},
        "unknown_parameter",
        "The model is not said to take temprature: did you mean temperature? Else leave it out.",
        None,
    ),
    (
        {"max_completion_tokens": 5},
        "unknown_parameter",
        "The model is not said to take max_completion_tokens: say max_tokens instead.",
        None,
    ),
    (
        {"temperature": 0.5, "top_p": 0.9},
        "excluded",
        "top_p is not taken together with temperature: leave one of them out.",
        None,
    ),
    (
        {"top_logprobs": 3},
        "requires",
        "top_logprobs is taken only with logprobs: give logprobs too, or leave it out.",
        None,
    ),
    (
        {"max_tokens": 9000},
        "above_output_limit",
        "max_tokens is 9000: the model writes at most 8000 tokens. The nearest is 8000.",
        8000,
    ),
    (
        {"reasoning": {"enabled": False}},
        "mandatory",
        "reasoning cannot be turned off for this model: leave it out.",
        None,
    ),
]


@pytest.mark.parametrize(("body", "problem", "message", "nearest"), CASES)
def test_it_says_what_is_wrong_and_what_to_do(body, problem, message, nearest):
    (finding,) = check(body, TAKES, output_limit=8000)

    assert (finding.problem, finding.message) == (problem, message)
    assert (finding.nearest, type(finding.nearest)) == (nearest, type(nearest))
    assert not check(corrected(body, TAKES, output_limit=8000), TAKES, output_limit=8000)


def test_every_problem_has_its_case():
    assert {case[1] for case in CASES} == set(Problem)


@pytest.mark.parametrize(
    "body",
    [
        {"temperature": 1, "top_p": 0.5},  # its default is as if it were not given
        {"temperature": None, "nobody": None},
        {"model": "a/b", "messages": [], "stream": True, "user": "x", "metadata": {"a": 1}},
        {"stop_sequences": ["\n"], "thinking": {"type": "adaptive"}},  # names of the messages dialect
        {"seed": 3.0, "stop": "x", "reasoning_effort": "low"},
        {"logprobs": True, "top_logprobs": 20},
    ],
)
def test_what_fits_is_left_alone(body):
    assert check(body, TAKES, output_limit=8000) == ()
    assert corrected(body, TAKES, output_limit=8000) == body


def test_where_nothing_is_stated_only_the_output_limit_counts():
    assert check({"anything": 1, "temperature": 9}, {}) == ()
    assert [each.problem for each in check({"max_tokens": 9}, {}, output_limit=8)] == ["above_output_limit"]


def test_a_limit_that_fits_nothing_is_left_out():
    takes = {"max_tokens": {"type": "integer", "min": 100}}

    assert [each.leave_out for each in check({"max_tokens": 100}, takes, output_limit=8)] == [True]
    assert corrected({"max_tokens": 50}, takes, output_limit=8) == {}


def test_a_value_of_any_size_is_said_in_a_few_letters():
    (number, text) = check({"seed": "x" * 999, "temperature": 10**4000}, TAKES)

    assert "temperature is a very large number: it must be from 0 to 1" in text.message
    assert len(number.message) < 150


def test_turned_off_counts_as_not_given():
    (finding,) = check({"logprobs": False, "top_logprobs": 2}, TAKES)

    assert finding.problem == Problem.REQUIRES


# --- any body, any descriptors -------------------------------------------------------------------

words = st.sampled_from([*NAMES, "stop_sequences", "thinking", "messages", "brand_new", ""]) | st.text(
    max_size=5
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
numbers = st.integers(-(10**6), 10**6) | st.floats(-(10**6), 10**6)


@st.composite
def descriptors(draw) -> dict:
    """Such as no fault is found with."""
    kind = draw(
        st.sampled_from(["number", "integer", "boolean", "enum", "text", "texts", "list", "object", "any"])
    )
    found = {"type": kind}
    if kind in ("number", "integer"):
        bounds = sorted(
            draw(st.lists(numbers.map(int if kind == "integer" else float), min_size=2, max_size=2))
        )
        found |= dict(zip(("min", "max"), bounds, strict=True)) if draw(st.booleans()) else {"min": bounds[0]}
    if kind == "enum":
        found["values"] = draw(st.lists(st.text(max_size=5) | numbers, min_size=1, max_size=4))
    for key in ("requires", "excludes"):
        found[key] = draw(st.lists(st.sampled_from(NAMES), max_size=2))
    if draw(st.booleans()):
        found["mandatory"] = draw(st.booleans())
    return found


models = st.dictionaries(words, descriptors(), max_size=6)
limits = st.none() | st.integers(1, 10**6)


@given(json_values, models, limits)
def test_it_never_raises(body, parameters, limit):
    for finding in check(body, parameters, output_limit=limit):
        assert len(finding.message) < 1000
        assert finding.leave_out == (finding.nearest is None)


@given(st.dictionaries(words, json_values, max_size=6), models, limits)
def test_what_was_put_right_passes(body, parameters, limit):
    right = corrected(body, parameters, output_limit=limit)

    assert check(right, parameters, output_limit=limit) == ()
    assert right.keys() <= body.keys()


@given(descriptors(), st.data())
def test_a_value_inside_passes_and_one_outside_does_not(descriptor, data):
    kind = descriptor["type"]
    alone = {
        key: value for key, value in descriptor.items() if key not in ("requires", "excludes", "mandatory")
    }
    if kind not in ("number", "integer"):
        return
    low, high = descriptor["min"], descriptor.get("max", descriptor["min"] + 10)
    inside = data.draw(st.integers(low, high) if kind == "integer" else st.floats(low, high))

    assert check({"x": inside}, {"x": alone}) == ()
    (finding,) = check({"x": low - 1}, {"x": alone})
    assert finding.nearest == low


@given(descriptors())
def test_the_descriptors_drawn_here_are_right(descriptor):
    assert list(faults(descriptor)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": ', "no JSON: line 1, column 7: Expecting value"),
        ('{"a": NaN}', "no JSON: NaN is no number there"),
        ("[" * 100_000, "no JSON that can be read: it is nested too deeply"),
    ],
)
def test_what_is_no_json_says_where(text, said):
    with pytest.raises(ValueError, match=said):
        read(text)


def test_a_body_that_is_no_object_is_one_finding():
    assert [each.problem for each in check([1], TAKES)] == ["wrong_type"]


# --- descriptors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("descriptor", "fault"),
    [
        ({}, ("type", "is missing: say what it is, one of number, integer")),
        ({"type": "float"}, ("type", "'float' is unknown: use number")),
        ({"type": "number", "min": "0"}, ("min", "must be a number")),
        ({"type": "number", "min": 2, "max": 1}, ("max", "is less than min")),
        ({"type": "integer", "max": 0.5}, ("max", "must be a whole number")),
        ({"type": "text", "max": 3}, ("max", "is for a number, and this is a text")),
        ({"type": "enum"}, ("values", "is missing")),
        ({"type": "enum", "values": []}, ("values", "must be a list of words or numbers, and not empty")),
        ({"type": "text", "values": ["a"]}, ("values", "is for an enum, and this is a text")),
        ({"type": "number", "max": 1, "default": 2}, ("default", "2 is not what it takes: number up to 1")),
        ({"type": "enum", "values": ["a"], "default": "b"}, ("default", "b is not what it takes: a")),
        (
            {"type": "any", "excludes": ["tempratur"]},
            ("excludes", "'tempratur' is no parameter of this model"),
        ),
        ({"type": "any", "requires": "x"}, ("requires", "must be a list")),
        ({"type": "any", "source": "docs"}, ("source", "must be the address it was read at")),
        ({"type": "any", "minimum": 1}, ("minimum", "is unknown: use type, min")),
    ],
)
def test_what_is_wrong_with_a_descriptor(descriptor, fault):
    ((key, message),) = faults(descriptor)

    assert key == fault[0]
    assert message.startswith(fault[1])


def test_the_descriptors_of_the_chat_dialect_are_right():
    assert [fault for each in described(NAMES).values() for fault in faults(each)] == []


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (1, {"number", "integer", "any"}),
        (1.0, {"number", "integer", "any"}),
        (1.5, {"number", "any"}),
        (float("nan"), {"any"}),
        (True, {"boolean", "any"}),
        ("a", {"text", "texts", "enum", "any"}),
        (["a"], {"texts", "list", "any"}),
        ([1], {"list", "any"}),
        ({}, {"object", "any"}),
    ],
)
def test_a_value_is_of_its_types_only(value, kinds):
    known = {
        kind
        for kind in ("number", "integer", "boolean", "text", "texts", "list", "object", "any")
        if fits(value, kind)
    }

    assert known == kinds - {"enum"}
    assert json.dumps(value)
