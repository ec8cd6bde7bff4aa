"""What a refusal means: which errors another candidate may mend, and what a caller reads."""

from __future__ import annotations

import json

import pytest

from providers.adapters import adapter_for
from providers.errors import (
    BadReply,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    TargetMisconfigured,
)

chat = adapter_for("openai", "chat")


def failure(status: int, error=None, *, body: bytes | None = None, **headers: str):
    content = json.dumps({"error": error}).encode() if body is None else body
    return chat.failure(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": "invalid_request_error"}, RequestRejected),
        (413, {}, RequestRejected),
        (422, {}, RequestRejected),
        (451, {}, RequestRejected),
        (401, {"code": "invalid_api_key"}, TargetMisconfigured),
        (402, {"message": "requires more credits"}, TargetMisconfigured),
        (403, {"message": "no access"}, TargetMisconfigured),
        (404, {"code": "model_not_found"}, TargetMisconfigured),
        (405, {}, TargetMisconfigured),
        (410, {}, TargetMisconfigured),
        (429, {"code": "rate_limit_exceeded", "type": "tokens"}, RateLimited),
        (429, {"code": "insufficient_quota", "type": "insufficient_quota"}, TargetMisconfigured),
        (403, {"code": 403, "metadata": {"reasons": ["x"], "flagged_input": "y"}}, RequestRejected),
        (403, {"metadata": {"error_type": "content_policy_violation"}}, RequestRejected),
        (400, {"code": 400, "message": "x/y is not a valid model ID"}, TargetMisconfigured),
        (400, {"message": "gone", "availability": {"code": "model_not_found"}}, TargetMisconfigured),
        (400, {"message": "Your credit balance is too low to access the API."}, TargetMisconfigured),
        (408, {}, ProviderTimeout),
        (504, {}, ProviderTimeout),
        (524, {}, ProviderTimeout),
        (409, {}, ProviderUnavailable),
        (500, {}, ProviderUnavailable),
        (503, {"code": "rate_limit_exceeded"}, ProviderUnavailable),
        (529, {}, ProviderUnavailable),
        (302, {}, BadReply),
        (204, {}, BadReply),
        (999, {}, BadReply),
    ],
)
def test_a_status_and_its_code_say_what_happened(status, error, kind):
    found = failure(status, error)

    assert type(found) is kind
    assert found.status == status
    assert found.message


def test_only_a_wrong_request_is_final():
    kinds = [
        TargetMisconfigured,
        RateLimited,
        ProviderTimeout,
        ProviderUnavailable,
        BadReply,
        RequestRejected,
    ]

    assert [kind.retryable for kind in kinds] == [True, True, True, True, True, False]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "20"}, 20.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after_ms": "1500", "retry_after": "2"}, 1.5),
        ({"retry_after": "Mon, 23 Nov 2026 10:00:30 GMT", "date": "Mon, 23 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry_after": "Mon, 23 Nov 2026 09:00:00 GMT", "date": "Mon, 23 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry_after": "Mon, 23 Nov 2026 10:00:30 GMT"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "1e99"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_in_every_spelling(headers, seconds):
    assert failure(429, {}, **headers).retry_after == seconds


def test_how_long_to_wait_may_stand_in_the_body():
    error = {"message": "full", "availability": {"code": "capacity_exhausted", "retry_after": 7}}

    assert failure(429, error).retry_after == 7.0


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"message":"no such field"}}',
        b'{"error":"no such field"}',
        b'{"message":"no such field","object":"error","code":400}',
        b'{"detail":"no such field"}',
    ],
)
def test_the_message_is_found_in_every_shape_of_body(body):
    assert failure(400, body=body).message == "no such field"


@pytest.mark.parametrize(
    "body", [b"", b"<html>502 Bad Gateway</html>", b"\xff\xff", b"[]", b"[" * 99_999, b'{"error":7}']
)
def test_a_body_nobody_can_read_is_a_failure_without_a_reason(body):
    found = failure(502, body=body)

    assert type(found) is ProviderUnavailable
    assert found.message == "the provider gave no reason"


def test_what_a_provider_says_is_quoted_on_one_bounded_line():
    found = failure(400, {"message": "a\r\n\x1b[31mb\0 " + "x" * 100_000})

    assert found.message.startswith("a [31mb xxx")
    assert len(found.message) == 500


@pytest.mark.parametrize(
    "said",
    [
        "Incorrect API key provided: sk-proj-canary123456. You can find your key",
        "bad header Authorization: Bearer canary123456789",
        "key-canary12345678 is disabled",
    ],
)
def test_what_looks_like_a_credential_is_not_quoted(said):
    assert "canary" not in failure(400, {"message": said}).message
    assert "canary" not in failure(401, {"message": said}).message
