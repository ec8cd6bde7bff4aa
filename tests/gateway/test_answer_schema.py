"""Whether a value fits a JSON schema: never more strict than a whole validator, and never for long."""

from __future__ import annotations

import json
import random
import time

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing import text_form
from routing.answer_schema import MOST_STEPS, fits

TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "below": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["name"],
            "additionalProperties": False,
        }
    },
}  # fmt: skip
GOOD = {"name": "a", "below": [{"name": "b", "below": []}]}


DEPENDS = {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"maxProperties": 0}}
NUMBERS = {"patternProperties": {"^n_": {"type": "integer"}}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, 1.0, 1.5),
        ({"type": ["string", "null"]}, None, True),
        ({"type": "number"}, 1, True),
        ({"enum": [1, "a", {"b": [1]}]}, {"b": [1.0]}, {"b": [True]}),
        ({"const": 0}, 0.0, False),
        (TREE, GOOD, {"name": "a", "below": [{"below": []}]}),
        (TREE, GOOD, {"name": "a", "more": 1}),
        ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, 3, 2),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, "a", 2),
        ({"allOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1, "b": 2}, {"a": 1}),
        ({"exclusiveMinimum": 1, "maximum": 2}, 2, 1),
        ({"minLength": 2, "maxItems": 1, "minProperties": 1}, "ab", [1, 2]),
        ({"prefixItems": [{"type": "string"}], "items": False}, ["a"], ["a", 1]),
        ({"properties": {"b": {"$ref": "#/properties/c"}, "c": {"type": "null"}}}, {"b": None}, {"b": 1}),
        ({"pattern": "^[A-Z]{2}-\\d+$"}, "AB-12", "AB-"),
        ({"oneOf": [{"type": "integer"}, {"minimum": 3}]}, 2, 3),
        ({"not": {"type": "string"}}, 1, "a"),
        ({"not": {"pattern": "secret"}}, "open", "a secret"),
        (DEPENDS, {}, {"a": 1}),
        (DEPENDS, {"a": 1, "b": 1}, {"c": 1}),
        ({"contains": {"const": 1}, "maxContains": 2}, [1, 2, 1], [1, 1, 1]),
        ({"uniqueItems": True}, [1, "1", True], [1, 2, 1.0]),
        ({"multipleOf": 5}, 15, 16),
        ({"propertyNames": {"maxLength": 2}}, {"ab": 1}, {"abc": 1}),
        ({"dependentRequired": {"a": ["b"]}}, {"b": 1}, {"a": 1}),
        ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"b": 1}, {"a": 1}),
        (NUMBERS, {"n_a": 1}, {"n_a": ""}),
        (NUMBERS, {}, {"a": 1}),
    ],
)  # fmt: skip
def test_what_callers_ask_for_is_checked(schema, good, bad):
    assert [fits(good, schema), fits(bad, schema)] == [True, False]
    assert [jsonschema_rs.is_valid(schema, good), jsonschema_rs.is_valid(schema, bad)] == [True, False]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", "2026-02-28", "2026-02-30"),
        ("date-time", "2026-02-28T10:00:00Z", "tomorrow"),
        ("email", "a@example.org", "a at example"),
        ("uuid", "0b5c2b1e-7e0c-4d5f-9b0e-6a1f2b3c4d5e", "0b5c"),
        ("ipv4", "10.0.0.1", "10.0.0"),
    ],
)
def test_formats_are_to_be_kept(name, good, bad):
    assert [fits(good, {"format": name}), fits(bad, {"format": name})] == [True, False]
    assert fits(1, {"format": name})
    assert fits("a", {"format": "of-our-own"})
    assert fits(good, {"not": {"format": name}})  # others look at no format


@pytest.mark.parametrize(
    "unknown",
    [
        {"pattern": "^(?!x)a"},
        {"pattern": "(a)\\1"},
        {"pattern": "(a{1000}){1000}"},
        {"$ref": "http://127.0.0.1:1/x"},
        {"unevaluatedProperties": False},
        {"type": "file"},
    ],
)
def test_what_is_not_understood_is_no_fault_whichever_way_it_is_asked(unknown):
    for schema in (
        unknown,
        {"not": unknown},
        {"not": {"not": unknown}},
        {"oneOf": [unknown, unknown]},
        {"oneOf": [unknown, True]},
        {"if": unknown, "then": False},
        {"if": unknown, "else": False},
        {"contains": unknown},
    ):
        assert fits("b", schema), schema
    assert fits({"b": 1}, {"patternProperties": {unknown.get("pattern", "x"): False}})


LETTERS = "".join(random.Random(1).choices("ab", k=100_000))


def doubling(times: int) -> dict:
    """A schema of a few lines that is looked at 2 ** times times."""
    twice = {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(times)}
    return {"$ref": "#/$defs/0", "$defs": twice | {str(times): {"type": "integer"}}}


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (1, doubling(40)),
        (1, {"$ref": "#"}),
        (1, {"allOf": [{"$ref": "#"}, {"type": "integer"}]}),
        ("a" * 40 + "!", {"allOf": [{"pattern": f"^(?!x)(a|a)+\\1b{n}$"} for n in range(1000)]}),
        (LETTERS, {"anyOf": [{"pattern": f"(a|b)*a(a|b){{20}}[^ab]|{n}"} for n in range(100)]}),
        ([LETTERS[:5_000]] * 100, {"contains": {"pattern": "(a|b)*a(a|b){20}[^ab]"}}),
        ("a" * 10_000, {"pattern": "(a+)+$|" * 1000}),
        (list(range(3000)), {"uniqueItems": True}),
        (
            {"a" * n: 1 for n in range(1, 500)},
            {"patternProperties": {f"(a|b)*a{n}": True for n in range(500)}},
        ),
        ([[1]] * 50_000, {"items": {"items": {"enum": list(range(2, 5_000))}}}),
    ],
)
def test_no_schema_takes_long(value, schema):
    begun = time.process_time()

    fits(value, schema)

    assert time.process_time() - begun < 0.5  # MOST_STEPS take a tenth of it


def test_patterns_that_cannot_be_compiled_for_their_length_are_not_kept():
    kept = text_form._of_pattern.cache_info().currsize

    assert all(fits("b", {"pattern": f"{number}{'a' * 20_000}"}) for number in range(3))
    assert text_form._of_pattern.cache_info().currsize == kept


def test_what_is_too_long_to_be_checked_is_taken_to_fit():
    assert fits(["a"] * MOST_STEPS + [1], {"items": {"type": "string"}})
    assert not fits(["a"] * 100 + [1], {"items": {"type": "string"}})


NAMES = st.sampled_from(["a", "b", "$id"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from([0.0, 1.5, "", "a", "ab"]),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(NAMES, each, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])
SCHEMAS = st.recursive(
    st.booleans() | st.builds(lambda types: {"type": types}, st.lists(TYPES, min_size=1, unique=True)),
    lambda each: st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES,
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "const": VALUES,
            "properties": st.dictionaries(NAMES, each, max_size=2),
            "patternProperties": st.dictionaries(NAMES, each, max_size=1),
            "additionalProperties": each,
            "required": st.lists(NAMES, max_size=2, unique=True),
            "items": each,
            "prefixItems": st.lists(each, min_size=1, max_size=2),
            "anyOf": st.lists(each, min_size=1, max_size=2),
            "oneOf": st.lists(each, min_size=1, max_size=2),
            "allOf": st.lists(each, min_size=1, max_size=2),
            "not": each,
            "if": each,
            "then": each,
            "else": each,
            "contains": each,
            "maxContains": st.integers(0, 2),
            "minContains": st.integers(0, 2),
            "uniqueItems": st.booleans(),
            "multipleOf": st.integers(1, 3),
            "pattern": st.sampled_from(["a", "^b?$", "(?=a)b"]),
            "propertyNames": each,
            "dependentSchemas": st.dictionaries(NAMES, each, max_size=1),
            "unevaluatedProperties": each,
            "unevaluatedItems": each,
            "$ref": st.sampled_from(["#", "#/properties/a", "#/anyOf/0", "#a", "http://127.0.0.1:1/x"]),
            "minimum": st.integers(-1, 2),
            "exclusiveMaximum": st.integers(-1, 2),
            "minLength": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "$schema": st.sampled_from(
                ["http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-04/schema#"]
            ),
        },
    ),
    max_leaves=8,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(value=VALUES, schema=SCHEMAS)
def test_it_finds_no_fault_with_what_a_whole_validator_lets_pass(value, schema):
    try:
        is_valid = jsonschema_rs.validator_for(schema).is_valid(value)
    except (ValueError, jsonschema_rs.ReferencingError):
        return  # no schema
    assert fits(value, schema) or not is_valid


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(value=VALUES, schema=SCHEMAS)
def test_it_finds_every_fault_where_all_of_a_schema_is_understood(value, schema):
    text = json.dumps(schema)
    if any(word in text for word in ("$", "unevaluated", "(?=", "multipleOf")):
        return
    assert fits(value, schema) == jsonschema_rs.validator_for(schema).is_valid(value)
