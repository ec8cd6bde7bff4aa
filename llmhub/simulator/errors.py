"""Pure: how a refusal is said in the dialect in which it was asked.

Sources: https://platform.openai.com/docs/guides/error-codes,
https://platform.claude.com/docs/en/api/errors
"""

from __future__ import annotations

from llmhub.simulator.exchange import Answer, Request, error_answer, json_answer

CHAT_KINDS = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    402: ("insufficient_quota", "insufficient_quota"),
    403: ("permission_error", None),
    429: ("requests", "rate_limit_exceeded"),
}
MESSAGES_KINDS = {
    401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
    409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error", 503: "overloaded_error",
    504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip


def is_messages(request: Request) -> bool:
    """Whether a request is one of the messages dialect: by its path, or by the header of its version."""
    if "/v1/models" in request.path:
        return "anthropic-version" in request.headers
    return "/v1/messages" in request.path


def refusal(
    request: Request, status: int, message: str, *, number: int = 0, code: str | None = None
) -> Answer:
    """Return an error with the words that belong to its status; `number` is that of the request.

    `code` is what the chat dialect says of it, where its status alone does not.
    """
    if is_messages(request):
        kind = MESSAGES_KINDS.get(status, "api_error" if status >= 500 else "invalid_request_error")
        return messages_error(status, message, kind=kind, number=number)
    kind, usual = CHAT_KINDS.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    return error_answer(status, message, kind=kind, code=code or usual)


def messages_error(status: int, message: str, *, kind: str, number: int = 0) -> Answer:
    """Return an error in the envelope of the messages dialect."""
    request_id = f"req_sim{number:08d}"
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}
    return json_answer(body, status=status).with_headers(("request-id", request_id))
