"""What was said in a call, laid out turn by turn: no mark for a database, it is pure."""

from __future__ import annotations

import json

import pytest

from billing.content_words import Part, answered, asked


def read(**body):
    return asked(json.dumps(body))


def events(*bodies, named: bool = False) -> str:
    lines = [(f"event: {body['type']}\n" if named else "") + f"data: {json.dumps(body)}" for body in bodies]
    return "\n\n".join(lines) + "\n\ndata: [DONE]\n\n"


def delta(index: int, **what) -> dict:
    return {"type": "content_block_delta", "index": index, "delta": what}


def test_a_chat_call_reads_as_a_conversation():
    found = read(
        model="acme/small",
        temperature=0.2,
        tools=[{"type": "function", "function": {"name": "get_weather"}}],
        messages=[
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": [{"type": "text", "text": "And here?"}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"function": {"name": "get_weather", "arguments": '{"city":"Rome"}'}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "rain"},
        ],
    )

    assert [turn.role for turn in found.turns] == ["system", "user", "assistant", "tool"]
    assert found.turns[1].parts == (Part("text", "And here?"),)
    assert found.turns[2].parts == (Part("tool", '{"city":"Rome"}', "calls get_weather"),)
    assert found.turns[3].parts == (Part("result", "rain"),)
    assert found.tools == ("get_weather",)
    assert found.settings == (("model", "acme/small"), ("temperature", "0.2"))


def test_a_messages_call_reads_so_too():
    found = read(
        system=[{"type": "text", "text": "Be kind."}],
        tools=[{"name": "look"}, {"type": "web_search_20250305"}],
        messages=[
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [{"type": "tool_use", "name": "look", "input": {"at": 1}}]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t1",
                        "content": [{"type": "text", "text": "seen"}],
                    }
                ],
            },
        ],
    )

    assert [turn.role for turn in found.turns] == ["system", "user", "assistant", "user"]
    assert found.turns[2].parts == (Part("tool", '{"at": 1}', "calls look"),)
    assert found.turns[3].parts == (Part("result", "seen", "result of t1"),)
    assert found.tools == ("look", "web_search_20250305")


@pytest.mark.parametrize(
    ("part", "label"),
    [
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 4000}},
            "image, image/png, 3.0 kB, not shown",
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://a.test/x.png"}},
            "image at https://a.test/x.png",
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": "A" * 400}},
            "image, image/webp, 0.3 kB, not shown",
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "A" * 400, "format": "wav"}},
            "audio, wav, 0.3 kB, not shown",
        ),
        ({"type": "something_new"}, "something_new"),
    ],
)
def test_images_and_files_are_named(part, label):
    found = read(messages=[{"role": "user", "content": [part]}])

    assert [(each.label, each.text) for each in found.turns[0].parts] == [(label, "")]


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("a text", Part("text", "a text")),
        (["a text"], Part("text", "a text")),
        ([1, 2, 3], Part("other", label="3 tokens")),
    ],
)
def test_a_call_for_embeddings(given, part):
    assert read(input=given).turns[0].parts == (part,)


def test_a_streamed_chat_answer_is_put_together():
    call = {"index": 0, "id": "c", "function": {"name": "look", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": '{"at":1}'}}
    deltas = [{"role": "assistant", "content": "On "}, {"content": "its\u2028way"}, {"tool_calls": [call]},
              {"tool_calls": [more]}, {"reasoning_content": "hm"}]  # fmt: skip
    text = events(*({"choices": [{"index": 0, "delta": delta}]} for delta in deltas))

    (turn,) = answered(text)

    assert turn.parts == (
        Part("thinking", "hm", "thinking"),
        Part("text", "On its\u2028way"),
        Part("tool", '{"at":1}', "calls look"),
    )


def test_a_streamed_messages_answer_is_put_together_and_so_is_its_error():
    tool = {"type": "tool_use", "name": "f", "input": {}}
    text = events(
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        delta(0, type="text_delta", text="On its "),
        delta(0, type="text_delta", text="way"),
        {"type": "content_block_start", "index": 1, "content_block": tool},
        delta(1, type="input_json_delta", partial_json="{}"),
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        named=True,
    )

    said, error = answered(text)

    assert said.parts == (Part("text", "On its way"), Part("tool", "{}", "calls f"))
    assert (error.role, error.parts[0].text) == ("error", "Overloaded")


def test_whole_answers_and_errors():
    assert answered('{"choices":[{"message":{"role":"assistant","content":"Hi"}}]}')[0].parts == (
        Part("text", "Hi"),
    )
    assert answered('{"content":[{"type":"thinking","thinking":"hm"}]}')[0].parts[0].kind == "thinking"
    assert answered('{"data":[{},{}]}')[0].parts[0].label == "2 embeddings"
    assert answered('{"error":{"message":"no"}}')[0].role == "error"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a":' * 100_000, "null", "<html>", "data: {", '{"x":1}'])
def test_what_cannot_be_read_is_left_as_it_is(text):
    assert answered(text) is None


@pytest.mark.parametrize(
    "body",
    [
        '{"messages":[{"role":1,"content":{"a":1}},7,null]}',
        '{"messages":"x","tools":[1],"input":[[1],[2]]}',
        '{"messages":[{"content":[null,1,["a"],{"type":null,"source":7}],"tool_calls":[{"function":1}]}]}',
    ],
)
def test_odd_bodies_are_shown_without_an_error(body):
    assert asked(body) is not None
