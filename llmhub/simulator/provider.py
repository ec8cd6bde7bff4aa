"""The fake provider itself: from a request to the answer it shall get."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from urllib.parse import parse_qs

from llmhub.simulator import chat, faults, listing, paths, replies, usage
from llmhub.simulator.exchange import (
    EVENTS,
    Answer,
    Part,
    Pause,
    Request,
    blocks,
    error_answer,
    json_answer,
)
from llmhub.simulator.hits import Hit, Hits
from llmhub.simulator.recordings import Recordings
from llmhub.simulator.styles import STYLES

STATUS_KINDS = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    402: ("insufficient_quota", "insufficient_quota"),
    403: ("permission_error", None),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}


class SimulatedProvider:
    """Everything between the sockets: it remembers hits and counts calls per path."""

    def __init__(self, hits: Hits, recordings: Recordings) -> None:
        self.hits = hits
        self._recordings = recordings
        self._calls: defaultdict[str, int] = defaultdict(int)  # by prefix

    def control(self, request: Request) -> Answer | None:
        """Return the answer to a request about the simulator itself, which is no hit."""
        if request.path != "/_hits":
            return None
        if request.method == "DELETE":
            self.hits.clear()
            self._calls.clear()
            return json_answer({})
        since = parse_qs(request.target.partition("?")[2]).get("since", ["0"])[0]
        lines = self.hits.lines(int(since) if since.isdecimal() else 0)
        return Answer(headers=(("content-type", "application/x-ndjson"),), parts=(lines,), length=len(lines))

    def answer(self, hit: Hit) -> Answer:
        """Return what `hit` gets."""
        try:
            path = paths.parse(hit.request.path)
        except paths.UnknownPath as exc:
            return error_answer(404, f"simulator: {exc}", kind="simulator")
        answer = self._refusal(hit, path) or self._reply(hit, path)
        if "cookies" in path:
            answer = answer.with_headers(("set-cookie", f"session=sim-{hit.number}; Path=/"))
        answer = replace(answer, delay=answer.delay + path.number("latency") / 1000)
        return _written(faults.apply(answer, path), path)

    def _refusal(self, hit: Hit, path: paths.Path) -> Answer | None:
        """Return the error that the path or the credential asks for, if any."""
        if "key" in path and not _has_credential(hit.request, path.text("key")):
            return _error(401, "Incorrect API key provided.", path)
        if "status" in path:
            return _error(path.number("status"), f"Simulated error {path.text('status')}.", path)
        if hit.request.method == "POST" and self._fails_now(path):
            return _error(503, "The server is overloaded, please try again later.", path)
        return None

    def _fails_now(self, path: paths.Path) -> bool:
        """Count a call of this prefix and say whether it is one that fails."""
        if "flaky" not in path and "fail_first" not in path:
            return False
        count = self._calls[path.prefix]
        self._calls[path.prefix] += 1
        percent = path.number("flaky")
        spread = (count + 1) * percent // 100 > count * percent // 100
        return spread or count < path.number("fail_first")

    def _reply(self, hit: Hit, path: paths.Path) -> Answer:
        """Return what the endpoint answers when all is well."""
        if "case" in path:
            return self._recordings.answer(path.text("case"))
        method, endpoint = hit.request.method, path.endpoint
        if endpoint.startswith("/v1/models") and method == "GET":
            return listing.answer(path)
        if endpoint == "/v1/chat/completions":
            if method != "POST":
                return error_answer(405, f"Not allowed: {method}.", kind="invalid_request_error")
            return _chat_answer(hit, path)
        return error_answer(404, f"Unknown endpoint {endpoint}.", kind="invalid_request_error")


def _chat_answer(hit: Hit, path: paths.Path) -> Answer:
    """Return the answer to a chat call."""
    try:
        ask = replies.read(hit.request.body)
    except replies.BadRequest as exc:
        return error_answer(400, str(exc), kind="invalid_request_error")
    if "strict" in path and ask.model not in listing.names(path):
        return error_answer(
            404,
            f"The model `{ask.model}` does not exist or you do not have access to it.",
            kind="invalid_request_error",
            code="model_not_found",
        )
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
        return Answer(headers=(EVENTS, *_limits(hit)), parts=chat.stream(turn), streamed=True)
    pace = path.number("speed")
    delay = sum(reply.tokens for reply in said) / pace if pace else 0.0
    return replace(json_answer(chat.whole(turn)).with_headers(*_limits(hit)), delay=delay)


def _limits(hit: Hit) -> tuple[tuple[str, str], ...]:
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


def _has_credential(request: Request, secret: str) -> bool:
    """Whether the request carries the secret in one of the two usual headers."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    return secret in {bearer, request.headers.get("x-api-key")}


def _error(status: int, message: str, path: paths.Path) -> Answer:
    """Return a provider's own error, with the `Retry-After` that belongs to it."""
    kind, code = STATUS_KINDS.get(status, ("server_error", None))
    answer = error_answer(status, message, kind=kind, code=code)
    wait = path.text("retry_after") or ("2" if status == 429 else "")
    return answer.with_headers(("retry-after", wait)) if wait else answer


def _written(answer: Answer, path: paths.Path) -> Answer:
    """Return the answer in the pieces in which it shall go over the wire."""
    parts = answer.parts
    if "crlf" in path and answer.streamed:
        parts = _mapped(parts, lambda data: (data.replace(b"\n", b"\r\n"),))
    if "chunk" in path:
        size = max(1, path.number("chunk"))
        parts = _mapped(parts, lambda data: blocks(data, size))
    if "first" in path:
        parts = chain((Pause(path.number("first") / 1000),), parts)
    return replace(answer, parts=parts)


def _mapped(parts: Iterable[Part], change: Callable[[bytes], Iterable[bytes]]) -> Iterator[Part]:
    """Yield `parts` with their bytes changed and everything else as it was."""
    for part in parts:
        if isinstance(part, bytes):
            yield from change(part)
        else:
            yield part
