"""Pure: what a refusal means, by status, code and words; both dialects have the same statuses.

Whether a credential is of no use any more is never decided by words that a caller may have written:
codes are the provider's own, and a phrase counts only where the provider's sentence begins with it.

Sources: https://platform.openai.com/docs/guides/error-codes,
https://openrouter.ai/docs/api-reference/errors,
https://platform.claude.com/docs/en/api/errors
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

from providers.adapters.reading import decode, mapping, retry_after, text
from providers.adapters.waiting import wait_of
from providers.errors import (
    BadReply,
    ComeAgain,
    CredentialRefused,
    ModelGone,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    TargetMisconfigured,
    TooLargeForLimit,
    TooLong,
)
from providers.wire import Usage

_BY_STATUS: tuple[tuple[Container[int], type[ProviderError]], ...] = (  # the first that fits
    ({429}, RateLimited),
    ({408, 504, 524}, ProviderTimeout),
    ({401, 402, 403, 404, 405, 410}, TargetMisconfigured),  # what `_refusal` leaves of the first three
    ({409, 425}, ComeAgain),  # come again: the SDKs do so too
    (range(400, 500), RequestRejected),
    (range(500, 600), ProviderUnavailable),
)
_THREE_DIGITS = re.compile(r"[0-9]{3}")
# What an error inside an answer means that names no status, by its code or type.
# Sources: https://platform.claude.com/docs/en/api/errors#http-errors and those above.
_STATUS_OF = {
    "invalid_request_error": 400, "invalid_request": 400, "invalid_prompt": 400,
    "context_length_exceeded": 400, "exceed_context_size_error": 400,
    "max_tokens_exceeded": 400, "token_limit_exceeded": 400, "string_too_long": 400, "wrong_endpoint": 400,
    "content_policy_violation": 400, "content_filter": 400, "refusal": 400, "model_not_found": 400,
    "authentication_error": 401, "authentication": 401, "invalid_api_key": 401,
    "billing_error": 402, "payment_required": 402,
    "permission_error": 403, "permission_denied": 403, "region_restricted": 403,
    "not_found_error": 404, "not_found": 404, "no_endpoints": 404, "model_deprecated": 404,
    "free_variant_ended": 404, "model_unavailable_upstream": 404, "privacy_restricted": 404,
    "constraint_filtered": 404, "conflict_error": 409, "precondition_failed": 412,
    "request_too_large": 413, "payload_too_large": 413, "unprocessable": 422,
    "rate_limit_error": 429, "rate_limit_exceeded": 429, "capacity_exhausted": 429, "insufficient_quota": 429,
    "api_error": 500, "server": 500, "server_error": 500, "internal_server_error": 500,
    "provider_unavailable": 502, "provider_overloaded": 503, "temporarily_unavailable": 503,
    "timeout": 504, "timeout_error": 504, "overloaded_error": 529,
}  # fmt: skip
# No waiting mends these: the credential is none, the account has no money, or its limit is reached for good.
_OF_NO_USE = {
    "invalid_api_key", "authentication_error", "insufficient_quota", "billing_hard_limit_reached",
    "billing_not_active", "payment_required", "billing_error", "enforced_spend_limit_reached",
    "contract_spend_limit_reached", "organization_on_hold",
}  # fmt: skip
# The same of those that say it in words alone, as invalid_request_error.
# Source: https://github.com/anthropics/claude-code/issues/66314 and /issues/38035
_SAYS_NO_CREDIT = ("your credit balance is too low", "you have reached your specified api usage limits")
# A smaller call would be paid for. Source: https://openrouter.ai/docs/api-reference/errors
_SMALLER_WOULD_DO = re.compile(r"can only afford|tokens? limit exceeded")
# A limit that this one call is larger than: no wait mends it, and others go on. Source: OpenAI's 429.
_TOO_LARGE = re.compile(r"request too large|reduce the length of the messages")
# The model is not there: it was retired, or never was. A 404 or 410 says so in words, too: "model: small-1".
_GONE = {"model_not_found", "model_deprecated", "free_variant_ended"}
_NAMES_MODEL = re.compile(r"\bmodel\b")
# These are about the model's name at this provider, not about the request.
_NO_SUCH_MODEL = {
    "no_endpoints", "wrong_endpoint", "region_restricted",
    "privacy_restricted",
}  # fmt: skip
# The model wrote what its provider could not read: nobody asked wrongly, and the next answer may be right.
# Source: https://console.groq.com/docs/tool-use (tool_use_failed) and /docs/structured-outputs
_OWN_MISTAKE = {"tool_use_failed", "json_validate_failed"}
# The call is longer than the model reads; one that reads more may take it.
_TOO_LONG_CODES = {"context_length_exceeded", "exceed_context_size_error"}
_TOO_LONG = re.compile(r"prompt is too long|maximum context length|exceeds? (?:the )?(?:available )?context")
# A 403 in these words is about what was asked for, which another call may not ask for.
_ABOUT_THE_CALL = re.compile(
    r"model|moderat|flagged|polic|safety|harm|content|guardrail|prompt|input|beta|feature|tool|search"
    r"|file|image|region|country|tier|endpoint|speed|mode|priority|processing|context|token"
)
# These are about the content, not about our credential.
_MODERATION = {"content_policy_violation", "content_filter", "moderation_blocked", "refusal"}


def from_answer(status: int, headers: Mapping[str, str], content: bytes) -> ProviderError:
    """Return what an answer of `status` other than 200 means."""
    if 300 <= status < 400:
        return BadReply(
            "the provider redirects the call; redirects are not followed: "
            "set the provider's base URL to the address it redirects to",
            status=status,
        )
    error, has_object = _error_of(content)
    wait = wait_of(status, headers)
    wait = _wait_in(error) if wait is None else wait
    return _error(status, error, _kind(status, error, has_object=has_object), wait=wait)


def inside_200(error: dict[str, Any], usage: Usage | None) -> ProviderError:
    """Return what an error inside an answer of status 200 means; its usage was still paid for."""
    named = _status_in(error) or _status_by_word(error) or 502
    failure = _error(named, error, _kind(named, error, has_object=True), wait=_wait_in(error))
    failure.usage = usage
    return failure


def message_of(error: Mapping[str, Any]) -> str:
    """Return what an error says, in its own words: only a `ProviderError` makes them fit to be shown."""
    own = text(error.get("message")).strip()
    raw = text(mapping(error.get("metadata")).get("raw")).strip()
    if raw and own in {"", "Provider returned error"}:
        return raw
    return own or "the provider gave no reason"


def _error(
    status: int, error: dict[str, Any], kind: type[ProviderError], *, wait: float | None
) -> ProviderError:
    said = message_of(error)
    if status == 401 and issubclass(kind, TargetMisconfigured):  # what it says may quote the credential
        said = "the provider refuses llmhub's credential: an admin has to replace it"
    if kind is BadReply:
        said = f"the provider answered with the status {status}"
    return kind(said, status=status, retry_after=None if kind is TooLargeForLimit else wait)


def _kind(status: int, error: dict[str, Any], *, has_object: bool) -> type[ProviderError]:
    if 400 <= status < 500 and (kind := _refusal(status, error, has_object=has_object)):
        return kind
    for statuses, kind in _BY_STATUS:
        if status in statuses:
            return kind
    return BadReply


def _refusal(status: int, error: dict[str, Any], *, has_object: bool) -> type[ProviderError] | None:
    """Return what a 4xx means by its code or words, or None where its status says all there is.

    A 403 without an error object comes from something in between, and what a hub relays from one of its
    own upstreams is about that upstream: neither is a word about our credential.
    """
    codes, said = _codes(error), text(error.get("message")).strip().lower()
    if _is_gone(status, codes, said if has_object else ""):
        return ModelGone
    if codes & (_GONE | _NO_SUCH_MODEL) or said.endswith("is not a valid model id"):
        return TargetMisconfigured
    if kind := _of_the_call(status, codes, said, error):
        return kind
    if mapping(error.get("metadata")).get("provider_name") or (
        status == 402 and _SMALLER_WOULD_DO.search(said)
    ):
        return None
    if status == 429 and _TOO_LARGE.search(said):
        return TooLargeForLimit
    if codes & _OF_NO_USE or said.startswith(_SAYS_NO_CREDIT):
        return CredentialRefused
    if status in {401, 402} or (status == 403 and has_object and not _ABOUT_THE_CALL.search(said)):
        return CredentialRefused
    return None


def _of_the_call(
    status: int, codes: set[str], said: str, error: Mapping[str, Any]
) -> type[ProviderError] | None:
    """Return what is wrong with the call itself or with its answer, None where that is not what it says."""
    if codes & _OWN_MISTAKE:
        return ComeAgain
    if codes & _MODERATION or _is_moderation(error):
        return RequestRejected
    if status in {400, 413, 422} and (codes & _TOO_LONG_CODES or _TOO_LONG.search(said)):
        return TooLong
    return None


def _is_gone(status: int, codes: set[str], said: str) -> bool:
    """Return whether the model is not there: by the provider's code, or because it speaks of the model."""
    by_code = status in {400, 404, 410} and bool(codes & _GONE)
    return by_code or (status in {404, 410} and bool(_NAMES_MODEL.search(said)))


def _error_of(content: bytes) -> tuple[dict[str, Any], bool]:
    """Return the error of a body in any of the shapes servers use, and whether it is an object."""
    try:
        body = decode(content)
    except BadReply:
        return {}, False
    error = body.get("error")
    if isinstance(error, dict):
        return error, bool(error)
    said = text(error) or text(body.get("message")) or text(body.get("detail"))
    return {"message": said, "code": body.get("code")}, False


def _codes(error: Mapping[str, Any]) -> set[str]:
    """Return every word by which an error names itself."""
    return set(_words(error))


def _words(error: Mapping[str, Any]) -> list[str]:
    """Return the words by which an error names itself, those that say most first."""
    metadata, availability = mapping(error.get("metadata")), mapping(error.get("availability"))
    named = (
        availability.get("code"),
        metadata.get("error_type"),
        error.get("error_type"),
        mapping(error.get("details")).get("error_code"),
        error.get("code"),
        error.get("type"),
    )
    return [word for word in named if isinstance(word, str)]


def _is_moderation(error: Mapping[str, Any]) -> bool:
    """A refusal that quotes the flagged input is about the content."""
    metadata = mapping(error.get("metadata"))
    return "flagged_input" in metadata or bool(metadata.get("reasons"))


def _status_in(error: Mapping[str, Any]) -> int | None:
    """Return the HTTP status that an error inside a 200 carries."""
    for name in ("code", "http_status", "status", "status_code"):
        value = error.get(name)
        if isinstance(value, str) and _THREE_DIGITS.fullmatch(value):
            value = int(value)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None


def _status_by_word(error: Mapping[str, Any]) -> int | None:
    """Return the HTTP status that the code or the type of an error means."""
    return next((_STATUS_OF[word] for word in _words(error) if word in _STATUS_OF), None)


def _wait_in(error: Mapping[str, Any]) -> float | None:
    """Return the seconds to wait that the body names."""
    given = mapping(error.get("availability")).get("retry_after")
    return retry_after({"retry-after": str(given)}) if isinstance(given, int | float) else None
