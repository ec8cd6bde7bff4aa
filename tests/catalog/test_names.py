"""The nearest names to one that nobody has."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.names import nearest

NAMES = [
    "openai/gpt-4o", "openai/gpt-4o-mini", "openai/gpt-5", "openai/gpt-5-mini", "openai/gpt-6-luna",
    "anthropic/claude-sonnet-5", "anthropic/claude-sonnet-5.5", "anthropic/claude-opus-5.5",
    "google/gemini-2.5-flash", "deepseek/deepseek-v3.2", "fast",
]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("gpt-4o-mini", "openai/gpt-4o-mini"),
        ("openai/gpt4o-mini", "openai/gpt-4o-mini"),
        ("opnai/gpt-5-mini", "openai/gpt-5-mini"),
        ("claude-sonnet-5-5", "anthropic/claude-sonnet-5.5"),
        ("anthropic/claude-sonet-5", "anthropic/claude-sonnet-5"),
        ("GPT-4O", "openai/gpt-4o"),
        ("gemini-flash-2.5", "google/gemini-2.5-flash"),
        ("fsat", None),
        ("zzz", None),
        ("", None),
    ],
)
def test_a_slip_of_the_pen_finds_what_was_meant(asked, first):
    found = nearest(asked, NAMES)

    assert (found[0] if found else None) == first


def test_at_most_so_many_are_named():
    assert len(nearest("openai/gpt-5", NAMES)) == 3
    assert nearest("openai/gpt-5", NAMES, limit=1) == ("openai/gpt-5",)


@given(st.text(max_size=2000), st.lists(st.text(max_size=300), max_size=5))
def test_anything_can_be_asked(asked, names):
    assert set(nearest(asked, names)) <= set(names)


def test_two_thousand_names_are_looked_through_in_no_time():
    names = [f"author-{number}/model-{number}-{number % 7}b-instruct" for number in range(2000)]
    begun = time.perf_counter()

    nearest("author-77/model-77-1b-instrukt", names)

    assert time.perf_counter() - begun < 0.2  # seconds; about 0.02 measured
