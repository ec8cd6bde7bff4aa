"""What each endpoint answers when all is well, and how it refuses a request that is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from llmhub.simulator import (
    chat,
    chat_request,
    embeddings,
    listing,
    messages,
    messages_request,
    replies,
    usage,
)
from llmhub.simulator.errors import messages_error, refusal
from llmhub.simulator.exchange import EVENTS, Answer, json_answer
from llmhub.simulator.hits import Hit
from llmhub.simulator.paths import Path
from llmhub.simulator.styles import STYLES


def answer(hit: Hit, path: Path) -> Answer:
    """Return what an endpoint answers to a request."""
    method, endpoint = hit.request.method, path.endpoint
    if endpoint.startswith("/v1/models") and method == "GET":
        return listing.answer(hit.request, path)
    if endpoint == "/v1/key" and method == "GET":
        return json_answer({"data": {"label": "simulated", "usage": 0, "limit": None, "is_free_tier": False}})
    if endpoint == "/v1/hooks" and method == "POST":
        return json_answer({"taken": True})
    if endpoint not in ENDPOINTS:
        return refusal(hit.request, 404, f"Unknown endpoint {endpoint}.", number=hit.number)
    if method != "POST":
        return refusal(hit.request, 405, f"Not allowed: {method}.", number=hit.number)
    try:
        return ENDPOINTS[endpoint](hit, path)
    except replies.BadRequest as exc:
        return refusal(hit.request, 400, str(exc), number=hit.number)
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as exc:
        said = f"The request has a value of a wrong type: {exc}"
        return refusal(hit.request, 400, said[:300], number=hit.number)


def _chat(hit: Hit, path: Path) -> Answer:
    """Return the answer to a chat call."""
    if "exacting" in path:
        chat_request.check(hit.request.body)
    ask = replies.read(hit.request.body)
    if refused := _unable(hit, path, ask.model, ask.prompt_tokens):
        return refused
    if "error_200" in path:
        return json_answer({"error": {"message": "Provider returned error", "code": 502}})
    style = STYLES[path.text("style", "plain")]
    said = replies.compose(ask, path)
    turn = chat.Turn(
        id=f"{style.id_prefix}sim{hit.number:08d}",
        created=int(time.time()),
        ask=ask,
        replies=said,
        usage=usage.counted(ask, said, path, style),
        path=path,
        style=style,
    )
    if ask.stream:
        return Answer(headers=(EVENTS, *_chat_limits(hit)), parts=chat.stream(turn), streamed=True)
    whole = json_answer(chat.whole(turn)).with_headers(*_chat_limits(hit))
    return replace(whole, delay=_time_of(sum(reply.tokens for reply in said), path))


def _messages(hit: Hit, path: Path) -> Answer:
    """Return the answer to a call of the messages dialect."""
    content = hit.request.body
    ask = messages_request.read(content, hit.request.headers, adaptive="adaptive" in path)
    if refused := _unable(hit, path, ask.model, ask.prompt_tokens):
        return refused
    if "error_200" in path:
        return messages_error(200, "Internal server error", kind="api_error", number=hit.number)
    reply = replies.compose(ask, path)[0]
    counted = usage.counted_messages(ask, reply, path, one_hour=messages_request.wants_one_hour(content))
    turn = messages.Turn(id=f"msg_sim{hit.number:08d}", ask=ask, reply=reply, usage=counted, path=path)
    if ask.stream:
        return Answer(headers=(EVENTS, *_messages_limits(hit)), parts=messages.stream(turn), streamed=True)
    whole = json_answer(messages.whole(turn)).with_headers(*_messages_limits(hit))
    return replace(whole, delay=_time_of(reply.tokens, path))


def _count(hit: Hit, path: Path) -> Answer:
    """Return how many input tokens a call of the messages dialect would have."""
    request = hit.request
    ask = messages_request.read(request.body, request.headers, adaptive="adaptive" in path, counts=True)
    if refused := _unable(hit, path, ask.model, ask.prompt_tokens):
        return refused
    return json_answer({"input_tokens": ask.prompt_tokens}).with_headers(*_messages_limits(hit))


def _embeddings(hit: Hit, path: Path) -> Answer:
    """Return the vectors of some texts."""
    ask = embeddings.read(hit.request.body)
    if refused := _unable(hit, path, ask.model, ask.prompt_tokens):
        return refused
    if "error_200" in path:
        return json_answer({"error": {"message": "Provider returned error", "code": 502}})
    counted = usage.counted_embeddings(ask.prompt_tokens, path, STYLES[path.text("style", "plain")])
    whole = embeddings.whole(ask, None if path.text("usage") == "none" else counted)
    return json_answer(whole).with_headers(*_chat_limits(hit))


ENDPOINTS: dict[str, Callable[[Hit, Path], Answer]] = {
    "/v1/chat/completions": _chat,
    "/v1/embeddings": _embeddings,
    "/v1/messages": _messages,
    "/v1/messages/count_tokens": _count,
}


def _unable(hit: Hit, path: Path, model: str, prompt_tokens: int) -> Answer | None:
    """Return the refusal of a model that a strict provider does not list, or of more than it reads."""
    if most := path.number("reads"):
        return _too_long(hit, path, prompt_tokens, most)
    if "strict" not in path or model in listing.names(path):
        return None
    told = (
        f"model: {model}"
        if path.endpoint.startswith("/v1/messages")
        else f"The model `{model}` does not exist or you do not have access to it."
    )
    return refusal(hit.request, 404, told, number=hit.number, code="model_not_found")


def _too_long(hit: Hit, path: Path, tokens: int, most: int) -> Answer | None:
    if tokens <= most:
        return None
    told = (
        f"prompt is too long: {tokens} tokens > {most} maximum"
        if path.endpoint.startswith("/v1/messages")
        else f"This model's maximum context length is {most} tokens, but {tokens} were given."
    )
    return refusal(hit.request, 400, told, number=hit.number, code="context_length_exceeded")


def _time_of(tokens: int, path: Path) -> float:
    """Return the seconds that so many tokens take at the wanted speed."""
    pace = path.number("speed")
    return tokens / pace if pace else 0.0


def _chat_limits(hit: Hit) -> tuple[tuple[str, str], ...]:
    """Return the headers with which a provider tells its rate limits and the id of the request."""
    left = 10_000 - hit.number % 10_000
    return (
        ("x-request-id", f"req_sim{hit.number:08d}"),
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-remaining-requests", str(left)),
        ("x-ratelimit-reset-requests", "6ms"),
        ("x-ratelimit-limit-tokens", "2000000"),
        ("x-ratelimit-remaining-tokens", str(left * 200)),
        ("x-ratelimit-reset-tokens", "1m0s"),
    )


def _messages_limits(hit: Hit) -> tuple[tuple[str, str], ...]:
    """Return the same in the words of the messages dialect, whose resets are points in time."""
    left = 4_000 - hit.number % 4_000
    now = datetime.now(UTC).replace(microsecond=0)
    reset = (now + timedelta(seconds=60)).isoformat().replace("+00:00", "Z")
    limits = {
        "requests": (4_000, left),
        "input-tokens": (2_000_000, left * 500),
        "output-tokens": (400_000, left * 100),
    }
    return (
        ("request-id", f"req_sim{hit.number:08d}"),
        ("date", now.strftime("%a, %d %b %Y %H:%M:%S GMT")),
        *(
            (f"anthropic-ratelimit-{name}-{word}", value)
            for name, (limit, remaining) in limits.items()
            for word, value in (("limit", str(limit)), ("remaining", str(remaining)), ("reset", reset))
        ),
    )
