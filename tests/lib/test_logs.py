"""Logs: one line of JSON an event, no secrets."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from llmhub.lib import secrets
from llmhub.lib.logs import JsonLines, redact


def formatted(message: str, *arguments, **extra) -> dict:
    record = logging.makeLogRecord(
        {
            "name": "llmhub.test",
            "levelno": 20,
            "levelname": "INFO",
            "msg": message,
            "args": arguments,
            **extra,
        }
    )
    line = JsonLines().format(record)
    assert "\n" not in line
    return json.loads(line)


def test_an_event_is_one_line_with_its_extras():
    event = formatted("served %s", "fast", request_id="req_1", status=200, cost=None)

    assert event["at"].endswith("+00:00")
    assert {name: event[name] for name in ("level", "logger", "message")} == {
        "level": "info", "logger": "llmhub.test", "message": "served fast",
    }  # fmt: skip
    assert (event["request_id"], event["status"], event["cost"]) == ("req_1", 200, None)


def test_an_error_keeps_its_trace_in_the_same_line():
    try:
        raise ValueError("bad\nthing for Bearer abcdefghijkl")
    except ValueError:
        event = formatted("failed", exc_info=sys.exc_info())

    assert "Traceback" in event["error"]
    assert "bad\nthing for Bearer [hidden]" in event["error"]


SECRET = "s3cr3t-Canary_0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"authorization: Basic {SECRET}",
        f'{{"x-api-key": "{SECRET}", "model": "m"}}',
        f"api_key='{SECRET}'",
        f"password={SECRET}&next=/",
        f"postgres://llmhub:{SECRET}@db:5432/llmhub",
        f"redis://:{SECRET}@redis:6379/0",
        f"key sk-proj-{SECRET} was refused",
        f"GET /sign-in/link/link_{SECRET}/ 200",
        *(f"{prefix}_{SECRET}" for prefix in secrets.PREFIXES),
        f"client_secret: {SECRET}",
        f"sealed gAAAAABn{SECRET}==",
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(text):
    assert SECRET not in redact(text)
    assert "[hidden]" in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "took 12 input tokens, max_tokens=600",
        "model openai/gpt-4o-mini answered in 0.3 s",
        "http://127.0.0.1:8000/v1/models",
        "task-based and risk-free",
        "the key of team support was revoked",
    ],
)
def test_what_is_no_secret_stays_readable(text):
    assert redact(text) == text


def test_a_field_does_not_change_what_another_one_says():
    event = formatted("no password:", next="all right", odd="a\x1eb", token=1234, ratio=0.5, empty="")

    shown = {name: event[name] for name in ("message", "odd", "token", "ratio", "empty")}
    assert shown == {"message": "no password:", "odd": "a b", "token": 1234, "ratio": 0.5, "empty": ""}
    assert event["next"] == "all right"


def test_a_secret_in_an_extra_is_hidden_by_its_name():
    assert formatted("saved", api_key=SECRET)["api_key"] == "[hidden]"
    assert formatted("saved", url=f"http://u:{SECRET}@host/")["url"] == "http://u:[hidden]@host/"
