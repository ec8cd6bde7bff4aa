"""A messages call at a chat provider: its turns and what they show."""

from __future__ import annotations

import json

import pytest

from providers.translators import Malformed, Unsayable
from providers.translators.foreign import FOREIGN_SIGNATURE, sealed
from providers.wire import Terms
from tests.translators.messages_chat_parts import PLAIN, ROUTER, dropped, history, sent

MARK = {"type": "ephemeral", "ttl": "1h"}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
IMAGE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}


def text(content, **fields):
    return {"type": "text", "text": content, **fields}


def result(content=None, **fields):
    return {"type": "tool_result", "tool_use_id": "t1", "content": content, **fields}


def use(arguments, **fields):
    return {"type": "tool_use", "id": "t1", "name": "f", "input": arguments, **fields}


def lost(*turns, terms=PLAIN):
    return dropped(terms, messages=[{"role": role, "content": content} for role, content in turns])


@pytest.mark.parametrize(
    ("system", "expected"),
    [("S", "S"), ([text("S")], "S"), ([text("S"), text("T")], "S\n\nT"), ("", None), ([], None)],
)
def test_the_system_prompt_is_the_first_message(system, expected):
    first = [{"role": "system", "content": expected}] if expected else []

    assert sent(system=system)["messages"] == [*first, {"role": "user", "content": "hi"}]


def test_a_system_prompt_with_a_mark_for_the_cache_stays_in_parts_where_marks_are_taken():
    system = [text("S", cache_control=MARK), text("T")]

    assert sent(ROUTER, system=system)["messages"][0]["content"] == system
    assert sent(PLAIN, system=system)["messages"][0]["content"] == "S\n\nT"


def test_a_system_message_between_turns_keeps_its_place():
    assert history(("user", "a"), ("system", "S"), ("user", "b")) == [
        {"role": "user", "content": "a"},
        {"role": "system", "content": "S"},
        {"role": "user", "content": "b"},
    ]


def test_what_a_user_shows():
    found = history(
        ("user", [text("look"), IMAGE, {"type": "image", "source": {"type": "url", "url": "http://i"}}])
    )

    assert found[0]["content"] == [
        text("look"),
        IMAGE_PART,
        {"type": "image_url", "image_url": {"url": "http://i"}},
    ]


def test_a_lone_text_is_a_text():
    assert history(("user", [text("hi")])) == [{"role": "user", "content": "hi"}]


def test_a_mark_for_the_cache_stays_on_its_part_where_marks_are_taken():
    turn = ("user", [text("a", cache_control=MARK), {**IMAGE, "cache_control": MARK}])

    assert history(turn, terms=ROUTER)[0]["content"] == [
        text("a", cache_control=MARK),
        {**IMAGE_PART, "cache_control": MARK},
    ]
    assert history(turn)[0]["content"] == [text("a"), IMAGE_PART]
    assert lost(turn) == []


def test_a_pdf_is_a_file():
    document = {"type": "document", "source": PDF, "title": "a.pdf", "context": "from mail"}

    assert history(("user", [document]))[0]["content"] == [
        text("from mail"),
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
    ]
    assert history(("user", [{"type": "document", "source": PDF}]))[0]["content"][0]["file"]["filename"]


def test_a_pdf_by_its_address_goes_where_the_provider_fetches_it_itself():
    document = {"type": "document", "source": {"type": "url", "url": "https://x/a.pdf"}, "title": "a.pdf"}

    assert history(("user", [document]), terms=Terms(file_urls=True))[0]["content"] == [
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "https://x/a.pdf"}}
    ]
    with pytest.raises(Unsayable):
        history(("user", [document]))


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "D"}}, "D"),
        ({"type": "document", "title": "T", "source": {"type": "text", "data": "D"}}, "T\n\nD"),
        ({"type": "document", "source": {"type": "content", "content": "D"}}, "D"),
        ({"type": "document", "source": {"type": "content", "content": [text("D")]}}, "D"),
        (
            {"type": "search_result", "source": "http://s", "title": "T", "content": [text("a"), text("b")]},
            "T\n\nhttp://s\n\na\n\nb",
        ),
    ],
)
def test_what_is_text_becomes_text(block, expected):
    assert history(("user", [block]))[0]["content"] == expected


def test_citations_that_were_asked_for_are_reported():
    document = {"type": "document", "source": {"type": "text", "data": "D"}, "citations": {"enabled": True}}

    assert lost(("user", [document])) == ["citations"]
    assert lost(("user", [{**document, "citations": {"enabled": False}}])) == []


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "source": {"type": "file", "file_id": "f"}},
        {"type": "document", "source": {"type": "file", "file_id": "f"}},
        {"type": "document", "source": {"type": "url", "url": "http://d"}},
        {"type": "container_upload", "file_id": "f"},
        {"type": "hologram"},
    ],
)
def test_what_cannot_be_shown_is_refused_by_its_name(block):
    for content in ([block], [result([block])]):
        with pytest.raises(Unsayable) as caught:
            history(("user", content))
        assert caught.value.param == "messages"
        assert (block.get("source") or block)["type"] in str(caught.value)


@pytest.mark.parametrize("kind", ["image", "document"])
def test_a_picture_without_a_source_is_malformed(kind):
    with pytest.raises(Malformed):
        history(("user", [{"type": kind}]))


@pytest.mark.parametrize(("role", "place"), [("assistant", "messages"), ("system", "messages")])
def test_only_users_and_tools_show_pictures(role, place):
    with pytest.raises(Unsayable) as caught:
        history((role, [IMAGE]))

    assert caught.value.param == place


def test_results_of_tools_come_before_what_the_user_says():
    turn = ("user", [text("go on"), result("22°C"), result("rain", tool_use_id="t2")])

    assert history(turn) == [
        {"role": "tool", "tool_call_id": "t1", "content": "22°C"},
        {"role": "tool", "tool_call_id": "t2", "content": "rain"},
        {"role": "user", "content": "go on"},
    ]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (result("a"), "a"),
        (result([text("a"), text("b")]), "a\nb"),
        (result(None), ""),
        (result([]), ""),
        (result("bad", is_error=True), "Error: bad"),
        (result("fine", is_error=False), "fine"),
        (result(None, is_error=True), "Error: the tool failed"),
        (result([{"type": "tool_reference", "tool_name": "get_weather"}]), "get_weather"),
    ],
)
def test_the_result_of_a_tool_is_one_text(block, expected):
    assert history(("user", [block])) == [{"role": "tool", "tool_call_id": "t1", "content": expected}]


def test_a_picture_in_a_result_follows_in_a_message_of_the_user():
    assert history(
        ("user", [result([text("a map"), IMAGE]), result("x", tool_use_id="t2"), text("and?")])
    ) == [
        {"role": "tool", "tool_call_id": "t1", "content": "a map"},
        {"role": "tool", "tool_call_id": "t2", "content": "x"},
        {
            "role": "user",
            "content": [text("This belongs to the result of tool call t1:"), IMAGE_PART, text("and?")],
        },
    ]
    assert (
        history(("user", [result([IMAGE])]))[0]["content"] == "The result is in the next message of the user."
    )


def test_a_result_keeps_a_mark_for_the_cache_where_marks_are_taken():
    turn = ("user", [result([text("a")], cache_control=MARK)])

    assert history(turn, terms=ROUTER)[0]["content"] == [text("a", cache_control=MARK)]
    assert history(turn)[0]["content"] == "a"


def test_an_assistant_speaks_and_calls():
    turn = ("assistant", [text("a"), text("b", citations=[{"type": "x"}]), use({"a": 1})])

    assert history(turn) == [
        {
            "role": "assistant",
            "content": "ab",
            "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
            ],
        }
    ]
    assert history(("assistant", [use({})]))[0]["content"] is None


def test_arguments_keep_every_digit():
    arguments = {"id": 12345678901234567890123, "of": 0.1}

    found = history(("assistant", [use(arguments)]))[0]["tool_calls"][0]["function"]["arguments"]

    assert json.loads(found) == arguments


def test_arguments_that_are_no_object_are_malformed():
    with pytest.raises(Malformed):
        history(("assistant", [use("x")]))


def test_an_id_too_long_for_the_chat_dialect_is_shortened_for_call_and_result_alike():
    call_id = "toolu_" + "x" * 60

    call, answer = history(("assistant", [use({}, id=call_id)]), ("user", [result("r", tool_use_id=call_id)]))

    assert call["tool_calls"][0]["id"] == answer["tool_call_id"]
    assert len(answer["tool_call_id"]) == 40


THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "S"}
HIDDEN = {"type": "redacted_thinking", "data": "D"}


def test_reasoning_goes_back_to_a_provider_that_takes_it():
    found = history(("assistant", [THOUGHT, HIDDEN, text("a")]), terms=ROUTER)[0]

    assert found["reasoning_details"] == [
        {"type": "reasoning.text", "text": "hm", "signature": "S"},
        {"type": "reasoning.encrypted", "data": "D"},
    ]
    assert found["content"] == "a"
    assert lost(("assistant", [THOUGHT, HIDDEN]), terms=ROUTER) == []


@pytest.mark.parametrize("block", [THOUGHT, HIDDEN])
def test_reasoning_is_reported_where_it_is_not_taken(block):
    turns = (("assistant", [block, text("a")]), ("user", "b"))

    assert history(*turns)[0] == {"role": "assistant", "content": "a"}
    assert lost(*turns) == ["thinking"]


@pytest.mark.parametrize(
    "signature", [FOREIGN_SIGNATURE, FOREIGN_SIGNATURE + ".nonsense", FOREIGN_SIGNATURE + ".é"]
)
def test_reasoning_that_nobody_signed_is_not_given_back(signature):
    turn = ("assistant", [{**THOUGHT, "signature": signature}, text("a")])

    assert history(turn, terms=ROUTER) == [{"role": "assistant", "content": "a"}]
    assert lost(turn, terms=ROUTER) == ["thinking"]


def test_a_sealed_mark_gives_back_what_it_holds():
    encrypted = {"type": "reasoning.encrypted", "data": "x", "id": "rs_1", "format": "f"}
    signed = {"type": "reasoning.text", "signature": "x", "format": "f"}
    content = [{**HIDDEN, "data": sealed(encrypted)}, {**THOUGHT, "signature": sealed(signed)}]

    found = history(("assistant", content), terms=ROUTER)[0]

    assert found["reasoning_details"] == [encrypted, {**signed, "text": "hm"}]


def test_a_turn_of_which_nothing_can_be_said_is_left_out():
    assert history(("user", "a"), ("assistant", [THOUGHT]), ("user", "b")) == [
        {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
    ]


@pytest.mark.parametrize("blocks", [[], [THOUGHT]])
def test_a_conversation_of_which_nothing_can_be_said_is_malformed(blocks):
    with pytest.raises(Malformed) as caught:
        sent(system="S", messages=[{"role": "assistant", "content": blocks}])

    assert caught.value.param == "messages"


def test_what_the_other_provider_did_itself_is_left_out_and_reported_by_its_name():
    turn = (
        "assistant",
        [
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
            {
                "type": "web_search_tool_result",
                "tool_use_id": "s",
                "content": {"type": "x", "error_code": "y"},
            },
            {"type": "mcp_tool_use", "id": "m", "name": "n", "input": {}},
            {"type": "mcp_tool_result", "tool_use_id": "m", "content": [text("z")]},
            text("found"),
        ],
    )

    assert history(turn) == [{"role": "assistant", "content": "found"}]
    assert lost(turn) == ["mcp_tool_result", "mcp_tool_use", "server_tool_use", "web_search_tool_result"]
