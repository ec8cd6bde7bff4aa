"""Pure: what a refusal in the chat dialect means, by status, code and words.

Source: https://platform.openai.com/docs/guides/error-codes,
https://openrouter.ai/docs/api-reference/errors
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from providers.adapters.reading import decode, mapping, retry_after, text
from providers.errors import (
    BadReply,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    TargetMisconfigured,
)
from providers.wire import Usage

_BY_STATUS: tuple[tuple[Container[int], type[ProviderError]], ...] = (  # the first that fits
    ({429}, RateLimited),
    ({408, 504, 524}, ProviderTimeout),
    ({401, 402, 403, 404, 405, 410}, TargetMisconfigured),  # our credential, credit, address or model name
    ({409, 425}, ProviderUnavailable),  # come again: the SDKs do so too
    (range(400, 500), RequestRejected),
    (range(500, 600), ProviderUnavailable),
)
# No waiting mends these: the account has no money, or its limit is reached for good.
_NO_CREDIT = {"insufficient_quota", "billing_hard_limit_reached", "payment_required"}
# These are about the model's name at this provider, not about the request.
_NO_SUCH_MODEL = {"model_not_found", "model_deprecated", "no_endpoints", "wrong_endpoint"}
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
    error, wait = _error_of(content), retry_after(headers)
    return _error(status, error, wait=_wait_in(error) if wait is None else wait)


def inside_200(error: dict[str, Any], usage: Usage | None) -> ProviderError:
    """Return what an error inside an answer of status 200 means; its usage was still paid for."""
    failure = _error(_status_in(error) or 502, error, wait=_wait_in(error))
    failure.usage = usage
    return failure


def message_of(error: Mapping[str, Any]) -> str:
    """Return what an error says, in its own words: only a `ProviderError` makes them fit to be shown."""
    own = text(error.get("message")).strip()
    raw = text(mapping(error.get("metadata")).get("raw")).strip()
    if raw and own in {"", "Provider returned error"}:
        return raw
    return own or "the provider gave no reason"


def _error(status: int, error: dict[str, Any], *, wait: float | None) -> ProviderError:
    kind, said = _kind(status, error), message_of(error)
    if kind is TargetMisconfigured and status == 401:  # what it says may quote the credential
        said = "the provider refuses llmhub's credential: an admin has to replace it"
    if kind is BadReply:
        said = f"the provider answered with the status {status}"
    return kind(said, status=status, retry_after=wait)


def _kind(status: int, error: dict[str, Any]) -> type[ProviderError]:
    codes = _codes(error)
    if 400 <= status < 500:
        if codes & (_NO_CREDIT | _NO_SUCH_MODEL) or _says_so(error):
            return TargetMisconfigured
        if codes & _MODERATION or _is_moderation(error):
            return RequestRejected
    for statuses, kind in _BY_STATUS:
        if status in statuses:
            return kind
    return BadReply


def _error_of(content: bytes) -> dict[str, Any]:
    """Return the error object of a body in any of the shapes servers use."""
    try:
        body = decode(content)
    except BadReply:
        return {}
    error = body.get("error")
    if isinstance(error, dict):
        return error
    detail = body.get("detail")
    return {"message": text(error) or text(body.get("message")) or text(detail), "code": body.get("code")}


def _codes(error: Mapping[str, Any]) -> set[str]:
    """Return every word by which an error names itself."""
    metadata, availability = mapping(error.get("metadata")), mapping(error.get("availability"))
    named = (
        error.get("code"),
        error.get("type"),
        error.get("error_type"),
        metadata.get("error_type"),
        availability.get("code"),
    )
    return {word for word in named if isinstance(word, str)}


def _says_so(error: Mapping[str, Any]) -> bool:
    """Two refusals that have no code of their own: an unknown model name, and no money left."""
    said = text(error.get("message")).lower()
    return said.endswith("is not a valid model id") or "credit balance is too low" in said


def _is_moderation(error: Mapping[str, Any]) -> bool:
    """A refusal that quotes the flagged input is about the content."""
    metadata = mapping(error.get("metadata"))
    return "flagged_input" in metadata or bool(metadata.get("reasons"))


def _status_in(error: Mapping[str, Any]) -> int | None:
    """Return the HTTP status that an error inside a 200 carries."""
    for value in (error.get("code"), error.get("http_status"), error.get("status")):
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None


def _wait_in(error: Mapping[str, Any]) -> float | None:
    """Return the seconds to wait that the body names."""
    given = mapping(error.get("availability")).get("retry_after")
    return retry_after({"retry-after": str(given)}) if isinstance(given, int | float) else None
