"""What a refusal means: which errors another candidate may mend, and what a caller reads."""

from __future__ import annotations

import json

import pytest

from providers.adapters import adapter_for
from providers.errors import (
    BadReply,
    ComeAgain,
    CredentialRefused,
    ModelGone,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    TargetMisconfigured,
    TooLong,
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
        (401, {"code": "invalid_api_key"}, CredentialRefused),
        (401, {}, CredentialRefused),
        (402, {"message": "requires more credits"}, CredentialRefused),
        (402, {}, CredentialRefused),
        (402, {"message": "You asked for 9 tokens, but can only afford 3."}, TargetMisconfigured),
        (403, {"message": "This key is disabled."}, CredentialRefused),
        (403, {"message": "Key limit exceeded (total limit)"}, CredentialRefused),
        (
            403,
            {"message": "Provider returned error", "metadata": {"provider_name": "X"}},
            TargetMisconfigured,
        ),
        (
            401,
            {"message": "Provider returned error", "metadata": {"provider_name": "X"}},
            TargetMisconfigured,
        ),
        (402, {"message": "no", "metadata": {"provider_name": None}}, CredentialRefused),
        (403, {}, TargetMisconfigured),
        (403, {"message": "Project p has no access to model m", "code": None}, TargetMisconfigured),
        (403, {"message": "no", "code": "model_not_found"}, TargetMisconfigured),
        (403, {"message": "Blocked by a guardrail of your organization."}, TargetMisconfigured),
        (403, {"message": "no", "availability": {"code": "region_restricted"}}, TargetMisconfigured),
        (404, {"code": "model_not_found"}, ModelGone),
        (405, {}, TargetMisconfigured),
        (410, {}, TargetMisconfigured),
        (429, {"code": "rate_limit_exceeded", "type": "tokens"}, RateLimited),
        (429, {"code": "insufficient_quota", "type": "insufficient_quota"}, CredentialRefused),
        (400, {"code": "billing_not_active"}, CredentialRefused),
        (403, {"code": 403, "metadata": {"reasons": ["x"], "flagged_input": "y"}}, RequestRejected),
        (403, {"metadata": {"error_type": "content_policy_violation"}}, RequestRejected),
        (400, {"code": 400, "message": "x/y is not a valid model ID"}, TargetMisconfigured),
        (400, {"message": "gone", "availability": {"code": "model_not_found"}}, ModelGone),
        (404, {"message": "no route for this path"}, TargetMisconfigured),
        (410, {"message": "The model small-1 was shut down"}, ModelGone),
        (404, {"message": "over", "availability": {"code": "free_variant_ended"}}, ModelGone),
        (400, {"code": "tool_use_failed", "type": "invalid_request_error"}, ComeAgain),
        (400, {"code": "json_validate_failed", "type": "invalid_request_error"}, ComeAgain),
        (400, {"code": "context_length_exceeded"}, TooLong),
        (400, {"message": "prompt is too long: 3333404 tokens > 200000 maximum"}, TooLong),
        (400, {"message": "This model's maximum context length is 4096 tokens. However, …"}, TooLong),
        (400, {"message": "the request exceeds the available context size"}, TooLong),
        (413, {"metadata": {"error_type": "context_length_exceeded"}}, TooLong),
        (400, {"message": "the context of a tool is missing"}, RequestRejected),
        (400, {"message": "Your credit balance is too low to access the API."}, CredentialRefused),
        (400, {"message": "You have reached your specified API usage limits."}, CredentialRefused),
        (408, {}, ProviderTimeout),
        (504, {}, ProviderTimeout),
        (524, {}, ProviderTimeout),
        (409, {}, ComeAgain),
        (425, {}, ComeAgain),
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


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ({"code": 429, "type": "server_error"}, 429, RateLimited),
        ({"code": "429"}, 429, RateLimited),
        ({"status_code": 503}, 503, ProviderUnavailable),
        ({"code": "rate_limit_exceeded", "type": "tokens"}, 429, RateLimited),
        ({"type": "rate_limit_error"}, 429, RateLimited),
        ({"code": "insufficient_quota", "type": "insufficient_quota"}, 429, CredentialRefused),
        ({"type": "authentication_error"}, 401, CredentialRefused),
        ({"metadata": {"error_type": "provider_overloaded"}}, 503, ProviderUnavailable),
        ({"metadata": {"error_type": "timeout"}}, 504, ProviderTimeout),
        ({"availability": {"code": "capacity_exhausted", "retry_after": 3}}, 429, RateLimited),
        ({"type": "invalid_request_error", "code": "context_length_exceeded"}, 400, TooLong),
        ({"type": "invalid_request_error", "code": None}, 400, RequestRejected),
        ({"type": "invalid_request_error", "code": "tool_use_failed"}, 400, ComeAgain),
        ({"type": "server_error"}, 500, ProviderUnavailable),
        ({"type": "overloaded_error"}, 529, ProviderUnavailable),
        ({"code": "something_new"}, 502, ProviderUnavailable),
        ({"code": True}, 502, ProviderUnavailable),
        ({"code": "42"}, 502, ProviderUnavailable),
    ],
)
@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_an_error_inside_a_200_means_what_its_number_or_its_word_means(error, status, kind, dialect):
    content = json.dumps({"error": {"message": "no", **error}}).encode()
    adapter = adapter_for("custom", dialect)

    event = adapter.event_reader()(content)
    with pytest.raises(kind) as caught:
        adapter.parse_answer(content)

    assert type(caught.value) is type(event.failure) is kind
    assert caught.value.status == event.failure.status == status


@pytest.mark.parametrize(
    "body",
    [
        b"<html>403 Forbidden</html>",
        b'{"message": "Forbidden"}',
        b'{"error": "access denied"}',
        b'{"detail": "rule 942100"}',
        b'{"error": {}}',
        b"",
    ],
)
def test_a_firewall_in_between_is_no_word_about_our_credential(body):
    """A caller's own text can trip it: nobody's text may take a credential out."""
    assert type(failure(403, body=body)) is TargetMisconfigured


@pytest.mark.parametrize("status", [400, 404, 413, 422])
@pytest.mark.parametrize(
    "written", ["Your credit balance is too low", "insufficient_quota", "invalid_api_key", "401"]
)
def test_what_a_caller_wrote_takes_no_credential_out(status, written):
    found = failure(status, {"message": f"tools.0.name: {written!r} is not allowed", "param": written})

    assert not isinstance(found, CredentialRefused)


def test_a_refused_credential_is_a_wrong_target_with_the_same_code():
    assert issubclass(CredentialRefused, TargetMisconfigured)
    assert CredentialRefused.code == TargetMisconfigured.code


def test_only_a_wrong_request_is_final():
    kinds = [
        TargetMisconfigured,
        CredentialRefused,
        RateLimited,
        ProviderTimeout,
        ProviderUnavailable,
        BadReply,
        RequestRejected,
    ]

    assert [kind.retryable for kind in kinds] == [True] * 6 + [False]


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


@pytest.mark.parametrize(("status", "seconds"), [(429, 9), (503, 9), (529, 9), (400, None), (404, None)])
def test_a_wait_is_believed_where_waiting_helps(status, seconds):
    assert failure(status, {}, retry_after="9").retry_after == seconds


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
