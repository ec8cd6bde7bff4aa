"""What a refusal in the messages dialect means."""

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

messages = adapter_for("anthropic", "messages")


def failure(status: int, kind: str, message: str = "no", *, error_code: str = "", **headers: str):
    error = {"type": kind, "message": message} | (
        {"details": {"error_code": error_code}} if error_code else {}
    )
    content = json.dumps({"type": "error", "error": error, "request_id": "req_1"}).encode()
    return messages.failure(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, content
    )


@pytest.mark.parametrize(
    ("status", "kind", "message", "expected"),
    [
        (400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum", TooLong),
        (400, "invalid_request_error", "max_tokens: Field required", RequestRejected),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the API.",
            CredentialRefused,
        ),
        (
            400,
            "invalid_request_error",
            "You have reached your specified API usage limits.",
            CredentialRefused,
        ),
        (400, "invalid_request_error", "tools.0: 'your credit balance is too low'", RequestRejected),
        (401, "authentication_error", "invalid x-api-key", CredentialRefused),
        (402, "billing_error", "There is a problem with your billing.", CredentialRefused),
        (403, "permission_error", "Your API key may not use the given resource", CredentialRefused),
        (403, "permission_error", "Your organization has no access to model: claude-x", TargetMisconfigured),
        (403, "permission_error", "The beta x is not enabled for you", TargetMisconfigured),
        (404, "not_found_error", "model: claude-x", ModelGone),
        (409, "conflict_error", "no", ComeAgain),
        (413, "request_too_large", "no", RequestRejected),
        (429, "rate_limit_error", "no", RateLimited),
        (500, "api_error", "no", ProviderUnavailable),
        (504, "timeout_error", "no", ProviderTimeout),
        (529, "overloaded_error", "Overloaded", ProviderUnavailable),
        (302, "x", "no", BadReply),
    ],
)
def test_a_status_and_its_words_say_what_happened(status, kind, message, expected):
    found = failure(status, kind, message)

    assert type(found) is expected
    assert found.status == status
    assert found.message == message or status in {302, 401}


@pytest.mark.parametrize(
    ("status", "error_code", "expected"),
    [
        (429, "ramp_limit_exceeded", RateLimited),
        (429, "enforced_spend_limit_reached", CredentialRefused),
        (429, "contract_spend_limit_reached", CredentialRefused),
        (400, "organization_on_hold", CredentialRefused),
        (400, "unheard_of", RequestRejected),
    ],
)
def test_a_429_of_money_is_not_one_of_pace(status, error_code, expected):
    assert type(failure(status, "rate_limit_error", error_code=error_code)) is expected


@pytest.mark.parametrize(
    ("status", "seconds"), [(429, 24.0), (529, 24.0), (500, 24.0), (400, None), (401, None)]
)
def test_a_wait_is_believed_where_waiting_helps(status, seconds):
    """It also comes with answers of 200, and says nothing there."""
    assert failure(status, "x", retry_after="24").retry_after == seconds


def test_a_429_without_a_wait_waits_for_the_exhausted_limit():
    limits = "anthropic_ratelimit_requests", "anthropic_ratelimit_input_tokens"
    headers = {
        "date": "Wed, 19 Aug 2026 14:41:18 GMT",
        f"{limits[0]}_remaining": "3999",
        f"{limits[0]}_reset": "2026-08-19T15:41:18Z",
        f"{limits[1]}_remaining": "0",
        f"{limits[1]}_reset": "2026-08-19T14:41:30Z",
    }
    found = failure(429, "rate_limit_error", **headers)

    assert found.retry_after == 12.0


def test_what_is_said_of_a_401_is_not_quoted():
    assert "canary" not in failure(401, "authentication_error", "bad key sk-ant-canary0001").message


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[]", b'{"type":"error"}', b'{"error":7}'])
def test_a_body_nobody_can_read_is_a_failure_without_a_reason(body):
    for status, expected in (
        (403, TargetMisconfigured),
        (404, TargetMisconfigured),
        (529, ProviderUnavailable),
    ):
        found = messages.failure(status, {}, body)

        assert type(found) is expected
        assert found.message == "the provider gave no reason"
