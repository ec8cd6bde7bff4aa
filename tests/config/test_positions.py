"""The scanner finds where every key of a TOML text stands."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmhub.config.positions import Position, positions

TEXT = '''# a comment with [brackets] and "quotes"
title = "x"   # and = one

[providers.lab]
kind = "custom"
credentials = [
  "env:ONE",   # the first
  "file:/two", ]

[models."acme/small-1".offers.lab]
id = 'small # 1'
text = """
[not.a.table]
kind = 3 \\""" still
"""
raw = \'\'\'
[neither]
\'\'\'
day = 2026-12-01 10:00:00
inline = { a.b = 1, "c d" = [ { e = 2 }, {} ] }
[[teams.support.budgets]]
cap = "1"
[[teams.support.budgets]]
cap = "2"
[teams.support.budgets.sub]
deep = true
'''


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ((), 1, 1),
        (("title",), 2, 1),
        (("providers",), 4, 2),
        (("providers", "lab"), 4, 12),
        (("providers", "lab", "kind"), 5, 1),
        (("providers", "lab", "credentials"), 6, 1),
        (("providers", "lab", "credentials", 0), 7, 3),
        (("providers", "lab", "credentials", 1), 8, 3),
        (("models", "acme/small-1"), 10, 9),
        (("models", "acme/small-1", "offers", "lab", "id"), 11, 1),
        (("models", "acme/small-1", "offers", "lab", "raw"), 16, 1),
        (("models", "acme/small-1", "offers", "lab", "inline", "a", "b"), 20, 14),
        (("models", "acme/small-1", "offers", "lab", "inline", "c d", 0, "e"), 20, 33),
        (("teams", "support", "budgets", 0, "cap"), 22, 1),
        (("teams", "support", "budgets", 1, "cap"), 24, 1),
        (("teams", "support", "budgets", 1, "sub", "deep"), 26, 1),
    ],
)
def test_a_key_is_found_at_its_line_and_column(path, line, column):
    assert positions(TEXT)[path] == Position(line, column)


def test_what_stands_in_strings_and_comments_is_no_key():
    assert not {"not", "neither", "brackets"} & {path[0] for path in positions(TEXT) if path}


def test_windows_line_ends_count_as_one():
    assert positions('a = 1\r\nb = """\r\n"""\r\nc = 2\r\n')[("c",)] == Position(4, 1)


@pytest.mark.parametrize("quotes", ['"""', "'''"])
@pytest.mark.parametrize("more", [0, 1, 2])
def test_a_long_string_may_end_with_quotes_of_its_own(quotes, more):
    text = f"a = {quotes}x{quotes}{quotes[:more]}\nb = 1\n"

    assert set(paths(tomllib.loads(text))) == positions(text).keys() - {()} == {("a",), ("b",)}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "a = 1"])
def test_short_texts_have_their_beginning(text):
    assert positions(text)[()] == Position(1, 1)


def paths(value, path=()):
    """Every path of a document as `tomllib` reads it."""
    if path:
        yield path
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        yield from paths(inner, (*path, key))


keys = st.text("ab-_/. é\"'\\#=[]", min_size=1, max_size=4)
scalars = (
    st.integers(-9, 9).map(str)
    | st.booleans().map(lambda value: str(value).lower())
    | st.text('ab "\\#=[]{},', max_size=6).map(json.dumps)
    | st.text('ab "#=[]{},\\', max_size=6).map(lambda text: f"'{text}'")
    | st.text('ab "#=[]{},\n', max_size=6).map(lambda text: f"'''\n{text}'''")
    | st.just("2026-12-01T10:00:00Z")
    | st.just("1.5e3")
)
fillings = st.sampled_from(["", " ", "\n", "\n# [x]\n  "])


def key(text: str) -> str:
    return json.dumps(text)


def lists(inner):
    return st.lists(st.tuples(fillings, inner, fillings), max_size=3).map(
        lambda rows: "[" + ",".join(before + value + after for before, value, after in rows) + "]"
    )


def inline_tables(inner):
    return st.dictionaries(keys, inner, max_size=3).map(
        lambda rows: "{ " + ", ".join(f"{key(name)} = {value}" for name, value in rows.items()) + " }"
    )


values = st.recursive(scalars, lambda inner: lists(inner) | inline_tables(inner), max_leaves=6)
tables = st.dictionaries(keys, values, max_size=3).map(
    lambda rows: "".join(f"  {key(name)} = {value} # {name!r}\n" for name, value in rows.items())
)


@st.composite
def documents(draw):
    text = draw(tables)
    for number, names in enumerate(draw(st.lists(st.lists(keys, min_size=1, max_size=3), max_size=4))):
        dotted = " . ".join(map(key, [f"table {number}", *names]))
        double = draw(st.booleans())
        for _ in range(draw(st.integers(1, 3)) if double else 1):
            text += (f"[[ {dotted} ]]\n" if double else f"[{dotted}]\n") + draw(tables)
    return text


@given(documents())
def test_every_path_of_any_document_has_a_position_where_its_key_is_written(text):
    content, found = tomllib.loads(text), positions(text)
    lines = text.split("\n")

    assert set(paths(content)) == found.keys() - {()}
    for path, place in found.items():
        if path and isinstance(path[-1], str):
            assert lines[place.line - 1][place.column - 1 :].startswith(key(path[-1]))
