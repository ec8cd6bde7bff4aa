"""What llmhub itself says, in the skin of each dialect."""

from __future__ import annotations

import json

import pytest

from routing.gateway.codes import CODES
from routing.gateway.errors import Refusal
from routing.gateway.face import CHAT, MESSAGES

LIMITED = Refusal("rate_limited", "wait", param="x", details={"left": 1}, retry_after=3.2)
TYPES = {
    "invalid_request": "invalid_request_error",
    "invalid_key": "authentication_error",
    "budget_exceeded": "billing_error",
    "person_deactivated": "permission_error",
    "model_not_found": "not_found_error",
    "model_retired": "not_found_error",
    "in_flight": "invalid_request_error",
    "body_too_large": "request_too_large",
    "unsupported_parameter": "invalid_request_error",
    "rate_limited": "rate_limit_error",
    "upstream_unavailable": "api_error",
    "ledger_unavailable": "overloaded_error",
    "deadline_exceeded": "timeout_error",
}


def test_the_chat_skin_is_one_error_object():
    error = json.loads(CHAT.error(LIMITED, "req_1"))["error"]

    assert (error["type"], error["code"], error["retry_after"]) == ("rate_limit_error", "rate_limited", 4)
    assert (error["param"], error["details"], error["request_id"]) == ("x", {"left": 1}, "req_1")


def test_the_messages_skin_has_its_own_envelope_and_the_same_facts():
    body = json.loads(MESSAGES.error(LIMITED, "req_1"))

    chat = json.loads(CHAT.error(LIMITED, "req_1"))["error"]
    assert (body["type"], body["request_id"]) == ("error", "req_1")
    assert body["error"] == chat | {"type": "rate_limit_error"}


@pytest.mark.parametrize("name", TYPES)
def test_a_status_has_the_type_that_messages_clients_know(name):
    assert json.loads(MESSAGES.error(Refusal(name, "no"), "req_1"))["error"]["type"] == TYPES[name]


def test_every_status_of_the_closed_list_is_shown_here():
    shown = {CODES[name].status for name in TYPES}

    assert {code.status for code in CODES.values()} - shown <= {405, 415, 508}


def test_a_broken_stream_ends_with_an_error_event_and_no_end_marker():
    chat, messages = CHAT.stream_error(LIMITED, "req_1"), MESSAGES.stream_error(LIMITED, "req_1")

    assert chat.startswith(b'data: {"error"')
    assert messages.startswith(b'event: error\ndata: {"type":"error"')
    assert b"[DONE]" not in chat
    assert b"message_stop" not in messages


@pytest.mark.parametrize(("face", "last"), [(CHAT, b"data: [DONE]\n\n"), (MESSAGES, b'"message_stop"}\n\n')])
def test_a_stream_ends_with_its_cost_as_a_comment_and_the_end_marker(face, last):
    end = face.terminal({"cost": "0.1", "request_id": "req_1"})

    assert end.startswith(b': llmhub {"cost":"0.1","request_id":"req_1"}\n\n')
    assert end.endswith(last)
