"""How a path is read, and that the documentation lists exactly what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmhub.simulator import faults, paths

DOC = Path(__file__).resolve().parents[2] / "docs" / "simulator.md"
HANDLED_ELSEWHERE = {"no_done", "cookies", "redirected"}  # by chat.py and provider.py


def test_switches_and_their_arguments_are_read_in_order():
    path = paths.parse("/latency/300/speed/80/html/v1/chat/completions")

    assert path.switches == {"latency": "300", "speed": "80", "html": ""}
    assert path.endpoint == "/v1/chat/completions"
    assert path.prefix == "/latency/300/speed/80/html"


def test_a_path_without_switches_is_a_plain_provider():
    assert paths.parse("/v1/models").switches == {}


def test_a_case_takes_the_rest_of_the_path():
    path = paths.parse("/chunk/7/case/cases/openai-chat/one/v1/chat/completions")

    assert path.switches == {"chunk": "7", "case": "cases/openai-chat/one"}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/latancy/3/v1/models", "did you mean 'latency'?"),
        ("/latency/v1/models", "latency/: write a whole number for MS"),
        ("/latency/fast/v1/models", "latency/fast: write a whole number for MS"),
        ("/style/grok/v1/models", "for NAME"),
        ("/models", "an endpoint begins with /v1/"),
        ("//v1/models", "no switch ''"),
    ],
)
def test_a_path_that_cannot_be_read_says_why(path, message):
    with pytest.raises(paths.UnknownPath, match=re.escape(message)):
        paths.parse(path)


def test_every_fault_of_the_table_is_implemented_and_no_other():
    listed = {switch.name for switch in paths.FAULTS}

    assert set(faults.FAULTS) - {"error_mid"} == listed - HANDLED_ELSEWHERE


def test_the_documentation_lists_exactly_the_switches_there_are():
    rows = re.findall(r"^\| `/(\w+)(?:/(\w+))?` \| (.*) \|$", DOC.read_text(), re.MULTILINE)

    assert sorted(rows) == sorted((s.name, s.argument, meaning(s)) for s in paths.SWITCHES.values())


def meaning(switch: paths.Switch) -> str:
    words = ", ".join(f"`{word}`" for word in switch.words)
    return f"{switch.meaning} ({words})" if words else switch.meaning
