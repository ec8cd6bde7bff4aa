"""The environment: typed, declared once, refused with the way out."""

from __future__ import annotations

import pytest

from llmhub.lib import env


@pytest.fixture(autouse=True)
def no_declarations(monkeypatch):
    monkeypatch.setattr(env, "VARIABLES", {})
    monkeypatch.delenv("SAMPLE", raising=False)


def say(monkeypatch, value):
    monkeypatch.setenv("SAMPLE", value)


def test_an_unset_or_empty_variable_has_its_default(monkeypatch):
    assert env.text("SAMPLE", default="x", meaning="", example="") == "x"

    say(monkeypatch, "  ")

    assert env.text("SAMPLE", default="x", meaning="", example="") == "x"
    assert env.number("SAMPLE", default=7, meaning="", example="") == 7


def test_words_are_separated_by_commas(monkeypatch):
    say(monkeypatch, "a, b,,c ")

    assert env.words("SAMPLE", meaning="", example="") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("value", "on"),
    [("true", True), ("1", True), ("on", True), ("FALSE", False), ("0", False), ("off", False)],
)
def test_a_switch_is_on_or_off(monkeypatch, value, on):
    say(monkeypatch, value)

    assert env.switch("SAMPLE", default=not on, meaning="") is on


def test_a_choice_is_taken_whatever_its_case(monkeypatch):
    say(monkeypatch, "debug")

    assert env.choice("SAMPLE", options=("DEBUG", "INFO"), default="INFO", meaning="", example="") == "DEBUG"


@pytest.mark.parametrize(
    ("read", "value", "advice"),
    [
        (lambda: env.number("SAMPLE", default=1, meaning="", example="30"), "ten", "for example 30"),
        (lambda: env.number("SAMPLE", default=1, meaning="", example="30"), "-1", "whole number"),
        (lambda: env.switch("SAMPLE", default=True, meaning=""), "yes", "use true or false"),
        (
            lambda: env.choice("SAMPLE", options=("A", "B"), default="A", meaning="", example=""),
            "C",
            "use A, B",
        ),
        (lambda: env.address("SAMPLE", meaning="", example="http://c:1"), "c:1", "use an http address"),
        (lambda: env.address("SAMPLE", meaning="", example="http://c:1"), "https://c", "use an http address"),
        (lambda: env.address("SAMPLE", meaning="", example="http://c:1"), "http://c/x", "without a path"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_what_can(monkeypatch, read, value, advice):
    say(monkeypatch, value)

    with pytest.raises(env.BadEnvironment, match=rf"SAMPLE='{value}'.*{advice}"):
        read()


def test_a_declaration_is_what_the_documentation_lists():
    env.text("SAMPLE", default="/srv/x", shown="beside the code", meaning="a folder", example="/tmp")

    assert env.VARIABLES["SAMPLE"] == env.Variable("SAMPLE", "text", "beside the code", "a folder", "/tmp")
