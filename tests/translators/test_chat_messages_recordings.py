"""Recorded calls and answers carried over; each behaviour here also has a case of our own."""

from __future__ import annotations

import json

import msgspec
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from providers.sse import SseReader
from providers.translators import CannotTranslate
from providers.translators.chat_messages import chat_to_messages
from providers.wire import Answer, Event, Usage
from tests.fixtures.simulator import RECORDINGS
from tests.translators.accepted import accept
from tests.translators.chat_messages import ADAPTIVE, OLD, PLAIN, accumulated, comparable, translated

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(not (RECORDINGS / "cases").is_dir(), reason="no recordings: set LLMHUB_RECORDINGS"),
]


def read(path):
    return path.read_text() if path.exists() else ""


MESSAGES = sorted([*RECORDINGS.glob("cases/*-messages/*"), *RECORDINGS.glob("quirks/*")])
STREAMS = [case for case in MESSAGES if '"message_start"' in read(case / "stream.sse")]
ANSWERS = [case for case in MESSAGES if '"stop_reason"' in read(case / "response.json")]
REQUESTS = [
    case
    for case in sorted([*RECORDINGS.glob("cases/openai-chat/*"), *RECORDINGS.glob("cases/openrouter-chat/*")])
    if '"messages"' in read(case / "request.json")
]
# Recorded calls that do not go over, and the field they are told.
NOT_SAYABLE = {
    "openai-chat-003-n1-stream-toolcall-tools": "n",
    "openai-chat-004-audioout": "modalities",
    "openai-chat-012-file-reasoningtokens-toolresult-tools": "messages[3].content[0].file.file_id",
    "openai-chat-013-file-reasoningtokens-toolresult-tools": "messages[3].content[1].file.file_id",
    "openai-chat-019-audio": "messages[0].content[1]",
}


def usage(reported):
    """The usage as the adapter of the dialect has it."""
    cached, written = (reported.get(f"cache_{kind}_input_tokens") or 0 for kind in ("read", "creation"))
    details = reported.get("output_tokens_details") or {}
    return Usage(
        input_tokens=reported["input_tokens"] + cached + written,
        output_tokens=reported["output_tokens"],
        cache_read_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=details.get("thinking_tokens") or 0,
    )


def whole(message):
    """A whole message of the messages dialect as the caller reads it, which its SDK must accept."""
    body = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in message.items()}
    answer = Answer(
        body, usage(message["usage"]), message["model"], message["stop_reason"] or "", message["id"]
    )
    completion = json.loads(translated().answers.whole(answer))
    ChatCompletion.model_validate(completion, strict=True)
    return completion


def chunks(case, used):
    """The chunks a recorded stream becomes, which the caller's SDK must accept."""
    events = translated().answers.events(wants_usage=True)
    reader = SseReader()
    found = [*reader.feed((case / "stream.sse").read_bytes()), *reader.close()]
    data = [event.data for event in found if json.loads(event.data)["type"] not in ("message_stop", "error")]
    sse = b"".join([events.take(Event(one)) for one in data]) + events.end(used)
    read = [json.loads(part[6:]) for part in sse.split(b"\n\n")[:-1]]
    for one in read:
        ChatCompletionChunk.model_validate(one, strict=True)
    return read


def calls_of(blocks):
    return [block for block in blocks if block["type"] == "tool_use"]


def check(message, blocks):
    """Fail unless a chat message says what the blocks say."""
    texts = [block["text"] for block in blocks if block["type"] == "text"]
    thoughts = [block for block in blocks if "thinking" in block["type"]]
    calls = [(one["id"], one["function"]) for one in message.get("tool_calls", [])]
    assert (message["content"] or "") == "".join(texts)
    assert [(call_id, one["name"], json.loads(one["arguments"])) for call_id, one in calls] == [
        (block["id"], block["name"], block["input"]) for block in calls_of(blocks)
    ]
    details = message.get("reasoning_details", [])
    assert [one.get("signature") or one.get("data") for one in details] == [
        block.get("signature") or block.get("data") for block in thoughts
    ]
    thinking = "".join(block.get("thinking", "") for block in thoughts)
    assert message.get("reasoning_content", "") == thinking


def test_there_are_recordings_of_every_kind():
    assert len(STREAMS) >= 10
    assert len(ANSWERS) >= 15
    assert len(REQUESTS) >= 50


@pytest.mark.parametrize("case", STREAMS, ids=lambda case: case.name)
def test_a_recorded_stream_says_what_its_sdk_put_together(case):
    expected = json.loads(read(case / "expected.json"))
    used = usage(expected["usage"])
    found = chunks(case, used)
    message, finish = accumulated(found)
    blocks = [dict(block) for block in expected["blocks"]]
    completion = whole({**expected, "content": blocks})

    check(message, blocks)
    assert finish == completion["choices"][0]["finish_reason"]
    assert comparable(message)["content"] == comparable(completion["choices"][0]["message"])["content"]
    assert found[-1]["usage"] == completion["usage"]
    assert {one["id"] for one in found} == {expected["id"]}


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: case.name)
def test_a_recorded_answer_says_what_its_blocks_say(case):
    message = json.loads(read(case / "response.json"))
    completion = whole(message)

    check(completion["choices"][0]["message"], message["content"])
    assert completion["id"] == message["id"]
    assert completion["usage"]["completion_tokens"] == message["usage"]["output_tokens"]
    wanted = bool(calls_of(message["content"])) and message["stop_reason"] == "tool_use"
    assert (completion["choices"][0]["finish_reason"] == "tool_calls") == wanted


@pytest.mark.parametrize("terms", [PLAIN, ADAPTIVE, OLD], ids=["budget", "adaptive", "old"])
@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case.name)
def test_a_recorded_call_goes_over_or_says_why(case, terms):
    body = msgspec.json.decode((case / "request.json").read_bytes(), type=dict[str, msgspec.Raw])
    try:
        found = chat_to_messages(body, terms).body
    except CannotTranslate as refusal:
        found, told = None, refusal.param
    else:
        told = ""

    assert told == NOT_SAYABLE.get(case.name, "")
    if found:
        accept({name: json.loads(bytes(value)) for name, value in found.items()})
