"""A conversation with parallel tool calls that changes its provider in the middle, for all pairs of dialects.

Both simulated providers check a conversation as strictly as real ones do: each call has its result
where it belongs, ids and names fit, no foreign thinking, nothing empty.
"""

from __future__ import annotations

import json
from itertools import product

import pytest

CITIES = ("Berlin", "Paris")
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
QUESTIONS = ("What is the weather in Berlin and Paris?", "And tomorrow?")
SWITCHES = ("exacting", "calls/2", "reasoning/8", "tokens/6")
BUDGET = 1024
KINDS = {  # and a server's habits: all but the first tell what they thought
    ("openai", "chat"): "plain",
    ("anthropic", "messages"): "plain",
    ("openrouter", "chat"): "openrouter",
    ("custom", "chat"): "deepseek",
    ("custom", "messages"): "plain",
}


@pytest.fixture(scope="module")
def model(gateway, simulator):
    """One model at a provider of each dialect: the first speaks chat, the second messages."""
    styles = {"chat": ("style/deepseek",), "messages": ()}
    at = [
        (dialect, simulator.path(*SWITCHES, *style, tag=f"switch-{dialect}"))
        for dialect, style in styles.items()
    ]
    return gateway.make(at=at, capabilities=["tools", "reasoning"])


@pytest.fixture(scope="module")
def every_kind(gateway, simulator):
    """One model at a provider of each kind and dialect."""
    at = [
        (dialect, simulator.path(*SWITCHES, f"style/{style}"), kind)
        for (kind, dialect), style in KINDS.items()
    ]
    return gateway.make(at=at, upstream_id="claude-sonnet-4-5", capabilities=["tools", "reasoning"])


def only(model, where) -> dict[str, str]:
    places = list(KINDS) if where in KINDS else ["chat", "messages"]
    return {"x-llmhub-provider": model.providers[places.index(where)]}


class ChatTalk:
    """The conversation through the openai SDK, kept as its users keep it."""

    tools = [{"type": "function", "function": {"name": "weather_now", "parameters": PARAMETERS}}]

    def __init__(self, model, *, stream: bool) -> None:
        self.model, self.stream, self.messages = model, stream, []

    def ask(self, question: str) -> None:
        self.messages.append({"role": "user", "content": question})

    def answer(self, dialect: str) -> tuple[str, list]:
        """Let a provider of this dialect answer; return its text and its calls as (id, arguments)."""
        asked = {
            "model": self.model.name, "messages": self.messages, "tools": self.tools,
            "max_tokens": 2 * BUDGET, "reasoning_effort": "low", "extra_headers": only(self.model, dialect),
        }  # fmt: skip
        create = self.model.client().chat.completions.create
        message = _gathered(create(stream=True, **asked)) if self.stream else _dumped(create(**asked))
        self.messages.append(message)
        calls = message.get("tool_calls") or []
        return message.get("content") or "", [(call["id"], call["function"]["arguments"]) for call in calls]

    def give(self, results: list[tuple[str, str]]) -> None:
        self.messages += [{"role": "tool", "tool_call_id": id_, "content": said} for id_, said in results]


def _dumped(answer) -> dict:
    return answer.choices[0].message.model_dump(exclude_none=True)


def _gathered(chunks) -> dict:
    """The message of a stream, put together as applications do."""
    message, calls, thoughts = {"role": "assistant", "content": ""}, {}, {}
    for chunk in chunks:
        for choice in chunk.choices:
            message["content"] += choice.delta.content or ""
            for call in choice.delta.tool_calls or []:
                empty = {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
                slot = calls.setdefault(call.index, empty)
                slot["id"] = call.id or slot["id"]
                slot["function"]["name"] += call.function.name or ""
                slot["function"]["arguments"] += call.function.arguments or ""
            for piece in (choice.delta.model_extra or {}).get("reasoning_details") or []:
                thought = thoughts.setdefault(piece["index"], {})
                for name, value in piece.items():
                    joined = name in {"text", "signature"} and name in thought
                    thought[name] = thought[name] + value if joined else value
    message |= {"tool_calls": [calls[index] for index in sorted(calls)]} if calls else {}
    return message | ({"reasoning_details": list(thoughts.values())} if thoughts else {})


class MessagesTalk:
    """The conversation through the anthropic SDK, kept as its users keep it."""

    tools = [{"name": "weather_" + "of_the_whole_wide_world_" * 4, "input_schema": PARAMETERS}]

    def __init__(self, model, *, stream: bool) -> None:
        self.model, self.stream, self.messages = model, stream, []

    def ask(self, question: str) -> None:
        self.messages.append({"role": "user", "content": question})

    def answer(self, dialect: str) -> tuple[str, list]:
        """Let a provider of this dialect answer; return its text and its calls as (id, arguments)."""
        asked = {
            "model": self.model.name, "messages": self.messages, "tools": self.tools,
            "max_tokens": 2 * BUDGET, "thinking": {"type": "enabled", "budget_tokens": BUDGET},
            "extra_headers": only(self.model, dialect),
        }  # fmt: skip
        client = self.model.messages().messages
        if self.stream:
            with client.stream(**asked) as events:
                answer = events.get_final_message()
        else:
            answer = client.create(**asked)
        self.messages.append({"role": "assistant", "content": answer.content})
        text = "".join(block.text for block in answer.content if block.type == "text")
        uses = [block for block in answer.content if block.type == "tool_use"]
        return text, [(block.id, json.dumps(block.input)) for block in uses]

    def give(self, results: list[tuple[str, str]]) -> None:
        blocks = [{"type": "tool_result", "tool_use_id": id_, "content": said} for id_, said in results]
        self.messages.append({"role": "user", "content": blocks})


def follow(talk, first: str, then: str) -> list[str]:
    """Two questions, each answered by calls of one provider and, on their results, by words of the other."""
    texts = []
    for question in QUESTIONS:
        talk.ask(question)
        _, calls = talk.answer(first)
        assert len(calls) == 2
        assert all("city" in json.loads(arguments) for _, arguments in calls)
        assert len({id_ for id_, _ in calls}) == 2
        talk.give([(id_, f"22 degrees in {city}") for (id_, _), city in zip(calls, CITIES, strict=True)])
        text, more = talk.answer(then)
        assert not more
        texts.append(text)
        first, then = then, first
    return texts


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("first", "then"), [(a, b) for a in ("chat", "messages") for b in ("chat", "messages")]
)
@pytest.mark.parametrize("talk", [ChatTalk, MessagesTalk])
def test_a_conversation_goes_on_at_another_provider(gateway, simulator, model, talk, first, then, stream):
    before = len(gateway.records(model))

    texts = follow(talk(model, stream=stream), first, then)

    assert all(text.strip() for text in texts)
    records = gateway.records(model)[before:]
    assert [record.status for record in records] == ["ok"] * 4
    assert all(record.cost_source == "computed" for record in records)
    served = [gateway.attempts(record)[0].provider_id for record in records]
    assert (served[0] == served[1]) == (first == then)
    hit = simulator.hits(f"switch-{then}")[-1 if first == then else -2]["body"]
    assert "22 degrees in Berlin" in hit
    assert "22 degrees in Paris" in hit


@pytest.mark.parametrize("talk", [ChatTalk, MessagesTalk])
def test_one_conversation_goes_through_every_pair_of_kinds(gateway, every_kind, talk):
    """Each question is answered by calls of one provider and, on their results, by words of another."""
    talking, before = talk(every_kind, stream=False), len(gateway.records(every_kind))
    for first, then in product(KINDS, repeat=2):
        talking.ask(QUESTIONS[0])
        _, calls = talking.answer(first)
        assert len({id_ for id_, _ in calls}) == 2, (first, then)
        talking.give([(id_, "22 degrees") for id_, _ in calls])
        talking.stream = not talking.stream
        text, more = talking.answer(then)
        assert text.strip(), (first, then)
        assert not more, (first, then)

    records = gateway.records(every_kind)[before:]
    assert [record.status for record in records] == ["ok"] * 2 * len(KINDS) ** 2


def test_tokens_are_counted_by_a_provider_that_counts_and_estimated_where_none_does(model):
    asked = {"model": model.name, "messages": [{"role": "user", "content": "Hello " * 40}]}
    count = model.messages().messages.with_raw_response.count_tokens

    counted = count(**asked, extra_headers=only(model, "messages"))
    estimated = count(**asked, extra_headers=only(model, "chat"))

    assert counted.parse().input_tokens > 0
    assert "x-llmhub-estimated" not in counted.headers
    assert estimated.parse().input_tokens > 60
    assert estimated.headers["x-llmhub-estimated"] == "true"


def test_of_a_route_the_model_that_was_counted_for_is_named(gateway, simulator, model):
    """The first target speaks another dialect, and counts nothing."""
    from catalog.models import CatalogEntry
    from llmhub.audit.actor import SYSTEM
    from routing.route import Target, create_route

    made = gateway.make_all(
        {"mute": {"at": [simulator.path()]}, "counts": {"at": [("messages", simulator.path())]}}
    )
    targets = [made[key].entry_id for key in ("mute", "counts")]
    gateway.change(
        lambda: create_route(
            actor=SYSTEM,
            name="counting",
            targets=[Target(CatalogEntry.objects.get(pk=each)) for each in targets],
        )
    )

    asked = (
        made["mute"]
        .messages()
        .messages.with_raw_response.count_tokens(
            model="counting", messages=[{"role": "user", "content": "Hello"}]
        )
    )

    assert asked.headers["x-llmhub-model"] == made["counts"].name
