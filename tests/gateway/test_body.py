"""Reading the body of a request."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.gateway.body import MAX_CONTAINERS, MAX_DEPTH, depth_of, read_object
from routing.gateway.errors import Refusal


def nested(depth: int) -> bytes:
    """An object in which lists nest so deep, the object itself counted."""
    return b'{"a": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def depth_by_reading(value) -> int:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max((depth_by_reading(item) for item in inner), default=0)
    return 0


def test_values_keep_their_bytes():
    body = read_object(b'{"a": 0.10, "b": "\\/", "c": 1e5}')

    assert {name: bytes(value) for name, value in body.items()} == {"a": b"0.10", "b": b'"\\/"', "c": b"1e5"}


def test_64_levels_are_read_and_65_are_not():
    assert read_object(nested(MAX_DEPTH))
    with pytest.raises(Refusal, match="64 levels"):
        read_object(nested(MAX_DEPTH + 1))


def test_brackets_in_strings_are_not_levels():
    assert read_object(json.dumps({"a": "[" * 500 + '"' + "\\" + "{" * 500}).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"a": }',
        b'{"a": 1} x',
        b'{"a": "\xff"}',
        nested(100_000),
        b"\x00",
        b'"\\' * 9,
    ],
)
def test_what_is_no_object_is_refused(content):
    with pytest.raises(Refusal) as caught:
        read_object(content)

    assert caught.value.name == "invalid_json"


@pytest.mark.parametrize("half", [rb"\ud800", rb"\uDFFF", rb"\ud800\u0061"])
def test_half_of_a_surrogate_pair_is_called_by_its_name(half):
    with pytest.raises(Refusal, match="surrogate pair"):
        read_object(b'{"a": "' + half + b'"}')


def test_too_many_lists_are_refused_and_no_body_takes_long():
    many = b'{"a": [' + b"[]," * MAX_CONTAINERS + b"[]]}"
    odd = b'{"a": ' + b'"' + b"\\\\" * 4_000_000 + b'"}'

    began = time.perf_counter()
    with pytest.raises(Refusal, match="more than"):
        read_object(many)
    read_object(odd)

    assert time.perf_counter() - began < 3


ESCAPES = st.text(st.sampled_from(list('"\\[]{}a\n')), max_size=40)


@given(ESCAPES, ESCAPES, st.integers(1, 90))
def test_the_depth_is_exact_wherever_a_piece_ends(before, inside, depth):
    """The pieces are short here, so that each escape is at the end of one."""
    value = {before: inside}
    for _ in range(depth):
        value = [before, value, inside]
    content = json.dumps(value, indent=1).encode()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("routing.gateway.body._PIECE", 7)
        found = depth_of(content)

    assert found == depth + 1 or content.count(b"[") + content.count(b"{") <= MAX_DEPTH


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=80,
    )
)
def test_the_depth_is_never_less_than_it_is(value):
    content = json.dumps({"a": value}).encode()

    assert depth_by_reading({"a": value}) <= depth_of(content)
    if depth_of(content) > MAX_DEPTH:
        assert depth_of(content) == depth_by_reading({"a": value})
