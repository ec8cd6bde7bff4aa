"""The fake provider itself: from a request to the answer it shall get."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from urllib.parse import parse_qs

from llmhub.simulator import endpoints, faults, paths
from llmhub.simulator.errors import is_messages, messages_error, refusal
from llmhub.simulator.exchange import Answer, Part, Pause, Request, blocks, error_answer, json_answer
from llmhub.simulator.hits import Hit, Hits
from llmhub.simulator.lists import Lists
from llmhub.simulator.recordings import Recordings


class SimulatedProvider:
    """Everything between the sockets: it remembers hits and counts calls per path."""

    def __init__(self, hits: Hits, recordings: Recordings, lists: Lists | None = None) -> None:
        self.hits = hits
        self._recordings = recordings
        self._lists = lists or Lists(None)
        self._calls: defaultdict[str, int] = defaultdict(int)  # by prefix
        self._now: dict[str, str] = {}  # switches that came later, by name

    def control(self, request: Request) -> Answer | None:
        """Return the answer to a request about the simulator itself, which is no hit."""
        if request.path.startswith("/_now/") and request.method == "PUT":
            return self._change(request)
        if request.path != "/_hits":
            return None
        if request.method == "DELETE":
            self.hits.clear()
            self._calls.clear()
            self._lists.begin_again()
            return json_answer({})
        since = parse_qs(request.target.partition("?")[2]).get("since", ["0"])[0]
        lines = self.hits.lines(int(since) if since.isdecimal() else 0)
        return Answer(headers=(("content-type", "application/x-ndjson"),), parts=(lines,), length=len(lines))

    def _change(self, request: Request) -> Answer:
        """Let paths with this name do something else from now on, or what they say, where that is nothing."""
        switches = request.body.decode("utf-8", "replace").strip("/")
        try:
            paths.parse(_joined("", switches, "/v1/models"))
        except paths.UnknownPath as exc:
            return error_answer(400, f"simulator: {exc}", kind="simulator")
        self._now[request.path.removeprefix("/_now/")] = switches
        return json_answer({})

    def _parsed(self, text: str) -> paths.Path:
        """Return a path with the switches that came later. Raises `UnknownPath`."""
        path = paths.parse(text)
        later = self._now.get(path.text("now"), "") if "now" in path else ""
        return paths.parse(_joined(path.prefix, later, path.endpoint)) if later else path

    def answer(self, hit: Hit) -> Answer:
        """Return what `hit` gets."""
        try:
            path = self._parsed(hit.request.path)
        except paths.UnknownPath as exc:
            return _lost(hit.request, f"simulator: {exc}")
        answer = self._refusal(hit, path) or self._reply(hit, path)
        if "cookies" in path:
            answer = answer.with_headers(("set-cookie", f"session=sim-{hit.number}; Path=/"))
        answer = replace(answer, delay=answer.delay + path.number("latency") / 1000)
        return _written(faults.apply(answer, path), path)

    def _refusal(self, hit: Hit, path: paths.Path) -> Answer | None:
        """Return the error that the path or the credential asks for, if any."""
        if "key" in path and not _has_credential(hit.request, path.text("key")):
            return _error(hit, 401, "Incorrect API key provided.", path)
        if "status" in path:
            return _error(hit, path.number("status"), f"Simulated error {path.text('status')}.", path)
        if hit.request.method == "POST" and self._fails_now(path):
            return _error(hit, 503, "The server is overloaded, please try again later.", path)
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
        if "listed" in path and hit.request.method == "GET" and path.endpoint.startswith("/v1/models"):
            return self._lists.answer(hit.request, path)
        return endpoints.answer(hit, path)


def _joined(prefix: str, switches: str, endpoint: str) -> str:
    return f"{prefix}/{switches}{endpoint}" if switches else prefix + endpoint


def _lost(request: Request, message: str) -> Answer:
    """Return the 404 of the simulator itself, to a path that it does not understand."""
    if is_messages(request):
        return messages_error(404, message, kind="simulator")
    return error_answer(404, message, kind="simulator")


def _has_credential(request: Request, secret: str) -> bool:
    """Whether the request carries the secret in one of the two usual headers."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    return secret in {bearer, request.headers.get("x-api-key")}


def _error(hit: Hit, status: int, message: str, path: paths.Path) -> Answer:
    """Return a provider's own error, with the `Retry-After` that belongs to it."""
    code = "model_not_found" if status == 404 else None
    answer = refusal(hit.request, status, message, number=hit.number, code=code)
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
