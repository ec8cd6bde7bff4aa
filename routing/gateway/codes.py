"""Pure: the closed list of errors behind docs/errors.md. One status for one cause."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """One cause of an error."""

    name: str
    status: int
    type: str
    meaning: str
    remedy: str
    retryable: bool = False  # the same request may succeed later
    sdk_may_retry: bool = False  # False: we tried already, or another try soon cannot mend it
    retry_after: int | None = None  # seconds, where the error itself gives none


_INVALID = "invalid_request_error"
_AUTH = "authentication_error"
_MISSING = "not_found_error"
_ONCE = "idempotency_error"
_UPSTREAM = "upstream_error"
_UNAVAILABLE = "service_unavailable"

_LIST = (
    Code("invalid_json", 400, _INVALID,
        "the body is no JSON object in UTF-8, or is nested too deeply",
        "send one JSON object, nested at most 64 levels deep"),
    Code("invalid_request", 400, _INVALID,
        "a field is missing or has the wrong type",
        "correct the field named in `param`"),
    Code("invalid_extra", 400, _INVALID,
        "`Idempotency-Key`, an `x-llmhub-*` header or a field of `llmhub` cannot be read",
        "correct or leave out the extra named in `param`"),
    Code("not_served_yet", 400, _INVALID,
        "llmhub does not serve this extra or suffix yet",
        "leave it out"),
    Code("unknown_provider", 400, _INVALID,
        "`x-llmhub-provider` names a provider that does not exist",
        "use a provider listed in the message"),
    Code("upstream_rejected", 400, _INVALID,
        "the provider says that the request itself is wrong; its message is quoted",
        "change the request as the provider says"),
    Code("missing_key", 401, _AUTH,
        "the request carries no key",
        "send `Authorization: Bearer <key>` or `x-api-key: <key>`"),
    Code("invalid_key", 401, _AUTH,
        "the key is unknown or was revoked",
        "check the key, or ask an admin for a new one"),
    Code("expired_key", 401, _AUTH,
        "the key has expired",
        "ask an admin for a new key"),
    Code("budget_exceeded", 402, "budget_exceeded",
        "the call could cost more than a budget has left",
        "lower `max_tokens`, use a cheaper model, or have the budget raised"),
    Code("unpriced_model", 402, "budget_exceeded",
        "the model has no price, and a hard budget or `x-llmhub-max-cost` applies: its cost would be unknown",
        "use a model with a price, or have an admin set one"),
    Code("unbounded_call", 402, "budget_exceeded",
        "tokens do not bound what the call may cost (server tools, audio, …) and a hard budget applies",
        "leave out what the message names, or have an admin set an allowance per call"),
    Code("max_cost_exceeded", 402, "budget_exceeded",
        "the call could cost more than its own `x-llmhub-max-cost` allows",
        "lower `max_tokens`, use a cheaper model, or allow more"),
    Code("person_deactivated", 403, "permission_error",
        "the person whose key this is was deactivated",
        "use a key of your own, or have an admin give this one to another person or a service"),
    Code("model_not_allowed", 403, "permission_error",
        "the key may use some models only, and this is none of them",
        "use a model that the key may use, or have an admin add this one to the key"),
    Code("provider_not_allowed", 403, "permission_error",
        "the key may use some providers only, and none of them offers this model",
        "use another model, or have an admin add a provider to the key"),
    Code("model_not_found", 404, _MISSING,
        "no model, alias or route has this name",
        "use one of the names in the message, or see GET /v1/models"),
    Code("not_at_provider", 404, _MISSING,
        "none of the providers in `x-llmhub-provider` offers this model",
        "leave the header out, or name a provider that offers it"),
    Code("not_served", 404, _MISSING,
        "llmhub does not serve this endpoint",
        "use an endpoint listed in docs/gateway.md"),
    Code("request_not_found", 404, _MISSING,
        "this key's team has no request of this id",
        "check the id in `x-llmhub-request-id`"),
    Code("method_not_allowed", 405, _INVALID,
        "the endpoint does not answer this method",
        "use the method in the `Allow` header"),
    Code("in_flight", 409, _ONCE,
        "a call with the same `Idempotency-Key` and body is under way",
        "ask again in a second: then it has ended, or is still under way",
        retryable=True, sdk_may_retry=True, retry_after=1),
    Code("already_done", 409, _ONCE,
        "a call with the same `Idempotency-Key` and body was made in the last 24 hours",
        "see how it ended in `details`; for another call send another key"),
    Code("model_retired", 410, _MISSING,
        "the model no longer answers",
        "use its replacement, named in the message"),
    Code("body_too_large", 413, _INVALID,
        "the body is larger than 32 MiB",
        "send less: refer to images and files by URL"),
    Code("not_json", 415, _INVALID,
        "the body is declared as something else than plain JSON",
        "send `Content-Type: application/json`, uncompressed"),
    Code("wrong_endpoint", 422, _INVALID,
        "the model does not do what this endpoint is for: embeddings, or text",
        "call the endpoint in the message"),
    Code("capability_missing", 422, _INVALID,
        "the call needs what no model that it may go to can do; `details.could` names models that can",
        "use one of the models named, or leave out what needs it"),
    Code("unsupported_parameter", 422, _INVALID,
        "no provider of the model can be told what a field asks for, or the model is not said to take it",
        "leave out the field named in `param`, or have it dropped with `x-llmhub-unsupported: drop`"),
    Code("idempotency_key_reused", 422, _ONCE,
        "the `Idempotency-Key` was used with another body in the last 24 hours",
        "send a new key with each new call"),
    Code("rate_limited", 429, "rate_limit_error",
        "the key has used up its requests or tokens of this minute",
        "wait as long as `Retry-After` says", retryable=True, sdk_may_retry=True, retry_after=5),
    Code("upstream_rate_limited", 429, "rate_limit_error",
        "every candidate is limited by its provider",
        "wait as long as `Retry-After` says", retryable=True, sdk_may_retry=True, retry_after=5),
    Code("upstream_unavailable", 502, _UPSTREAM,
        "no candidate could be reached, or each failed by itself",
        "try again later; see the provider's page", retryable=True),
    Code("upstream_bad_reply", 502, _UPSTREAM,
        "the last candidate answered something that is no answer",
        "try again later; see the provider's page", retryable=True),
    Code("upstream_too_large", 502, _UPSTREAM,
        "the provider's answer is larger, or nested deeper, than llmhub reads; it was generated and "
        "is paid for",
        "ask for a shorter answer"),
    Code("upstream_truncated", 502, _UPSTREAM,
        "the provider's answer broke off before its end",
        "send the request again", retryable=True),
    Code("upstream_failed", 502, _UPSTREAM,
        "the provider reported an error in the middle of its answer; its message is quoted",
        "send the request again", retryable=True),
    Code("upstream_refused_credential", 502, _UPSTREAM,
        "the provider refuses our credential, our credit or the model's name there",
        "an admin corrects the provider's credential or offer"),
    Code("internal_error", 503, _UNAVAILABLE,
        "a fault of llmhub itself; it was logged with the request id",
        "report the request id to an admin", retry_after=1),
    Code("paused", 503, _UNAVAILABLE,
        "an admin paused all calls; the message says why",
        "wait until calls are let through again", retry_after=60),
    Code("key_paused", 503, _UNAVAILABLE,
        "an admin paused this key; the message says why",
        "wait until the key is let through again", retry_after=60),
    Code("provider_paused", 503, _UNAVAILABLE,
        "every provider of this model is paused; the message says why",
        "wait, or use another model", retry_after=60),
    Code("providers_failing", 503, _UNAVAILABLE,
        "every provider of this model failed again and again, and is left alone for a while; "
        "`details` says for how long",
        "wait as long as `Retry-After` says, or use another model", retryable=True, retry_after=30),
    Code("no_candidate", 503, _UNAVAILABLE,
        "no provider can take the call; `details` says why for each",
        "an admin completes the model's offers or the provider's credential", retry_after=60),
    Code("ledger_unavailable", 503, _UNAVAILABLE,
        "llmhub cannot write its ledger, and serves no call that it cannot account for",
        "try again shortly", retryable=True, sdk_may_retry=True, retry_after=1),
    Code("not_written_yet", 503, _UNAVAILABLE,
        "the call was served and will be paid for, but its record could not be written in time; "
        "it is written as soon as the database is back",
        "do not send it again: look it up by its request id"),
    Code("shutting_down", 503, _UNAVAILABLE,
        "this llmhub process is stopping",
        "try again shortly: another process takes over", retryable=True, sdk_may_retry=True, retry_after=1),
    Code("upstream_timeout", 504, _UPSTREAM,
        "no candidate answered in time",
        "try again later, or use a faster model", retryable=True),
    Code("deadline_exceeded", 504, _UPSTREAM,
        "the whole request took longer than its deadline of 10 minutes, or of 30 seconds where it only "
        "counts tokens",
        "ask for less at once, or stream", retryable=True),
    Code("loop_detected", 508, _UPSTREAM,
        "the call comes from this same llmhub: a provider's base URL points back to it",
        "an admin corrects the provider's base URL"),
)  # fmt: skip

CODES = {code.name: code for code in _LIST}

_HEAD = """\
# Errors

Every error of the gateway, generated from `routing/gateway/codes.py` by
`python -m routing.gateway.codes > docs/errors.md`. One status for one cause.

An error is `{"error": {type, code, message, param, request_id, retryable, retry_after, details,
remedies}}`. In a stream it is one `data:` event of this form; the stream then ends without `[DONE]`.
On `/v1/messages` it is `{"type": "error", "error": {...}, "request_id": ...}` with the same fields and the
type that this dialect has for the status; in a stream an event of the name `error`.

*Retryable*: the same request may succeed later. *SDK retries*: what `x-should-retry` says, which every error
carries: `false` where llmhub tried already, another try soon cannot mend it, or `Retry-After` is longer
than the 60 seconds that SDKs wait.

| status | code | type | meaning | retryable | SDK retries | what to do |
|---|---|---|---|---|---|---|
"""


def as_markdown() -> str:
    """Return docs/errors.md."""
    return _HEAD + "".join(f"| {' | '.join(_cells(code))} |\n" for code in _LIST)


def _cells(code: Code) -> tuple[str, ...]:
    return (
        str(code.status),
        f"`{code.name}`",
        f"`{code.type}`",
        code.meaning,
        "yes" if code.retryable else "no",
        "yes" if code.sdk_may_retry else "no",
        code.remedy,
    )


if __name__ == "__main__":
    import sys

    sys.stdout.write(as_markdown())
