"""Whether a value fits a JSON schema: never more strict than a whole validator, and never for long."""

from __future__ import annotations

import time

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    ],
)  # fmt: skip
def test_what_callers_ask_for_is_checked(schema, good, bad):
    assert [fits(good, schema), fits(bad, schema)] == [True, False]
    assert [jsonschema_rs.is_valid(schema, good), jsonschema_rs.is_valid(schema, bad)] == [True, False]


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
        ([[1]] * 50_000, {"items": {"items": {"enum": list(range(2, 5_000))}}}),
    ],
)
def test_no_schema_takes_long(value, schema):
    begun = time.process_time()

    fits(value, schema)

    assert time.process_time() - begun < 0.5  # MOST_STEPS take a tenth of it


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
            "$ref": st.sampled_from(["#", "#/properties/a", "#/anyOf/0", "#a", "http://127.0.0.1:1/x"]),
            "minimum": st.integers(-1, 2),
            "exclusiveMaximum": st.integers(-1, 2),
            "minLength": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "$schema": st.sampled_from(["http://json-schema.org/draft-07/schema#"]),
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
