"""Every recorded answer, chat or messages, through both faces of the gateway with the real SDKs."""

from __future__ import annotations

import json

import pytest

from tests.fixtures.simulator import RECORDINGS
from tests.gateway import neutral

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(not (RECORDINGS / "cases").is_dir(), reason="no recordings: set LLMHUB_RECORDINGS"),
]

# Where a dialect cannot say what the other does, and what it says instead.
EXPLAINED = {
    ("messages", "openai-chat-004-audioout"): "speech is no content of a message: its transcript is the text"
}


def dialect_of(case) -> str:
    return "messages" if case.parent.name.endswith("-messages") else "chat"


def is_well(case) -> bool:
    if json.loads((case / "headers.json").read_text())["status"] != 200:
        return False
    if not (case / "stream.sse").exists():
        return (case / "response.json").exists()
    return not any("error" in event for event in events_of(case))


def events_of(case) -> list[dict]:
    lines = (case / "stream.sse").read_text().splitlines()
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    return [
        event if event.get("error") else {k: v for k, v in event.items() if k != "error"} for event in events
    ]


FOLDERS = sorted([*RECORDINGS.glob("cases/*-chat"), *RECORDINGS.glob("cases/*-messages")])
CASES = [case for folder in FOLDERS for case in sorted(folder.iterdir()) if is_well(case)]


@pytest.fixture(scope="module")
def models(gateway, simulator):
    """A model for each case, at a provider that speaks its dialect."""
    at = {
        str(case): (dialect_of(case), simulator.case(str(case.relative_to(RECORDINGS)), "chunk/7"))
        for case in CASES
    }
    return gateway.make_all({name: {"at": [where]} for name, where in at.items()})


def recorded(case) -> neutral.Neutral:
    """A case read plainly."""
    chat = dialect_of(case) == "chat"
    if (case / "stream.sse").exists():
        if chat:
            return read_chunks(events_of(case))
        said = json.loads((case / "expected.json").read_text())
        return neutral.messages(said["blocks"], said["stop_reason"], said["usage"])
    said = json.loads((case / "response.json").read_text())
    if not chat:
        return neutral.messages(said["content"], said["stop_reason"], said["usage"])
    choice, message = said["choices"][0], said["choices"][0]["message"]
    tools = [
        (call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls") or []
    ]
    text, finish = message.get("content"), choice.get("finish_reason")
    if isinstance(text, list):
        text = "".join(part.get("text") or "" for part in text)
    if message.get("refusal") and not text:
        text, finish = message["refusal"], None  # one dialect calls it a stop, the other a refusal
    return neutral.chat(text, tools, finish, said.get("usage"))


def read_chunks(chunks) -> neutral.Neutral:
    """The chunks of a chat stream, added up."""
    text, tools, finish, usage = "", {}, None, None
    for chunk in chunks:
        usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or usage
        for choice in (each for each in chunk.get("choices") or [] if not each.get("index")):
            delta, finish = choice.get("delta") or {}, choice.get("finish_reason") or finish
            text += delta.get("content") or ""
            for call in delta.get("tool_calls") or []:
                slot = tools.setdefault(call.get("index", 0), ["", ""])
                slot[0] = call["function"].get("name") or slot[0]
                slot[1] += call["function"].get("arguments") or ""
    return neutral.chat(text, [tuple(tools[index]) for index in sorted(tools)], finish, usage)


@pytest.mark.parametrize("face", ["chat", "messages"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name[:60])
def test_a_recorded_answer_is_the_same_through_either_face(models, case, face):
    listen = neutral.heard_by_chat if face == "chat" else neutral.heard_by_messages

    heard = listen(models[str(case)], stream=(case / "stream.sse").exists())

    different = recorded(case).differences(heard)
    if any(case.name.startswith(name) and face == known for known, name in EXPLAINED):
        assert len(different) == 1
    else:
        assert not different


def test_a_difference_is_seen():
    """The negative control."""
    one = neutral.chat("Hi", [("f", '{"a": 1}')], "stop", {"prompt_tokens": 3, "completion_tokens": 4})
    other = neutral.chat("Ho", [("f", "{}")], "length", {"prompt_tokens": 4, "completion_tokens": 4})

    assert [found.split(":")[0] for found in one.differences(other)] == [
        "text",
        "tools",
        "stop",
        "input_tokens",
    ]
    assert not one.differences(neutral.messages(
        [{"type": "text", "text": "Hi"}, {"type": "tool_use", "name": "f", "input": {"a": 1}}],
        "end_turn",
        {"input_tokens": 3, "output_tokens": 4},
    ))  # fmt: skip
