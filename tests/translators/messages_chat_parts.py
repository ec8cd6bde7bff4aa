"""What the tests of a messages call at a chat provider share."""

from __future__ import annotations

import json

import anthropic
import httpx2
import msgspec
from anthropic.types import Message

from providers.adapters.chat import ChatAdapter
from providers.translators import TRANSLATORS
from providers.translators.messages_chat_answer import MessageAnswers
from providers.wire import Terms

PLAIN = Terms()
ROUTER = Terms(reasoning="object", top_k=True, cache_control=True)
ADAPTER = ChatAdapter()


def translated(body, terms=PLAIN):
    raw = {field: msgspec.Raw(json.dumps(value).encode()) for field, value in body.items()}
    return TRANSLATORS["messages", "chat"](raw, terms)


def sent(terms=PLAIN, **body):
    """The chat body of a call with one message."""
    body = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], **body}
    return {name: json.loads(bytes(value)) for name, value in translated(body, terms).body.items()}


def dropped(terms=PLAIN, **body):
    body = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], **body}
    return list(translated(body, terms).dropped)


def history(*turns, terms=PLAIN):
    """The chat messages that turns become, each a role and its content."""
    return sent(terms, messages=[{"role": role, "content": content} for role, content in turns])["messages"]


def answers(names=None):
    return MessageAnswers(names=names or {})


def whole(answer, names=None):
    """A chat answer as the message that the SDK reads."""
    content = json.dumps(answer).encode()
    written = answers(names).whole(ADAPTER.parse_answer(content))
    return Message.model_validate(json.loads(written))


def answer_of(message, finish_reason="stop", **fields):
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {"id": "chatcmpl-1", "model": "m", "choices": [choice], "usage": usage, **fields}


def chunk(delta=None, finish_reason=None, **fields):
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish_reason}
    return {"id": "chatcmpl-1", "model": "m", "choices": [choice], **fields}


def call(index, arguments="", **names):
    """A fragment of a tool call; None leaves its index out."""
    place = {} if index is None else {"index": index}
    function = {"arguments": arguments} | ({"name": names["name"]} if "name" in names else {})
    return {**place, **({"id": names["id"]} if "id" in names else {}), "function": function}


def frames(chunks, usage=None, names=None):
    """The events that chunks become, as names and values; what the dialect forbids fails here."""
    events = answers(names).events(wants_usage=False)
    written = b"".join(events.take(ADAPTER.parse_event(json.dumps(data).encode())) for data in chunks)
    return checked(written + events.end(usage))


def checked(written):
    """Return the events in `written` once they are a proper message: blocks in order, one open at a time."""
    found = [json.loads(part.split(b"\ndata: ", 1)[1]) for part in written.split(b"\n\n")[:-1]]
    named = [
        part.split(b"\n", 1)[0].removeprefix(b"event: ").decode() for part in written.split(b"\n\n")[:-1]
    ]
    assert named == [event["type"] for event in found]
    assert named[0] == "message_start"
    assert named[-1] == "message_delta"
    assert (named.count("message_start"), named.count("message_delta")) == (1, 1)
    opened, kind = -1, None  # the block that was opened last, and its kind while it is open
    fits = {
        "text_delta": "text",
        "thinking_delta": "thinking",
        "signature_delta": "thinking",
        "input_json_delta": "tool_use",
    }
    for event in found[1:-1]:
        if event["type"] == "content_block_start":
            assert (kind, event["index"]) == (None, opened + 1)
            opened, kind = opened + 1, event["content_block"]["type"]
            continue
        assert (event["index"], kind is not None) == (opened, True)
        if event["type"] == "content_block_delta":
            assert fits[event["delta"]["type"]] == kind
        else:
            assert event["type"] == "content_block_stop"
            kind = None
    assert kind is None
    return found


def accumulated(written):
    """The message that the real SDK makes of a stream."""
    stream = written + b'event: message_stop\ndata: {"type": "message_stop"}\n\n'
    reply = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
    http_client = httpx2.Client(transport=httpx2.MockTransport(lambda _: reply))
    client = anthropic.Anthropic(api_key="k", base_url="http://hub.test", http_client=http_client)
    asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    with client.messages.stream(**asked) as events:
        return events.get_final_message()


def streamed(chunks, usage=None, names=None):
    """What the real SDK makes of chunks."""
    events = answers(names).events(wants_usage=False)
    written = b"".join(events.take(ADAPTER.parse_event(json.dumps(data).encode())) for data in chunks)
    written += events.end(usage)
    checked(written)
    return accumulated(written)


def blocks(message):
    """The content of a message as the SDK has it, without what is empty."""
    return [block.model_dump(exclude_none=True) for block in message.content]
