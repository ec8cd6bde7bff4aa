"""Pure: the model list of the fake provider, in the dialect in which it is asked for."""

from __future__ import annotations

from urllib.parse import parse_qs

from llmhub.simulator.errors import is_messages, refusal
from llmhub.simulator.exchange import Answer, Request, json_answer
from llmhub.simulator.paths import Path

NAMES = ("sim-small", "sim-large", "sim-reason", "sim-vision", "sim-code", "sim-old")
CREATED = 1_767_225_600  # 2026-01-01T00:00:00Z
PAGE, LARGEST_PAGE = 20, 1000  # of the messages dialect


def names(path: Path) -> tuple[str, ...]:
    """Return the ids of the models in the list."""
    count = path.number("models", len(NAMES))
    return (*NAMES, *(f"sim-extra-{number}" for number in range(1, count - len(NAMES) + 1)))[:count]


def answer(request: Request, path: Path) -> Answer:
    """Return what `GET /v1/models` answers, or `GET /v1/models/{id}` for one of them."""
    how = path.text("list")
    if how == "missing":
        return refusal(request, 404, "Not Found")
    if how == "refused":
        return refusal(request, 401, "Incorrect API key provided.")
    if how == "broken":
        return Answer(headers=(("content-type", "text/plain"),), parts=(b"no models here",), length=14)
    row = _messages_row if is_messages(request) else _row
    found = names(path) if how != "empty" else ()
    wanted = path.endpoint.removeprefix("/v1/models").strip("/")
    if wanted in found:
        return json_answer(row(wanted))
    if wanted:
        return refusal(request, 404, f"The model '{wanted}' does not exist", code="model_not_found")
    if how == "torn" and {"offset", "after_id"} & _query(request).keys():
        return refusal(request, 503, "The server is overloaded, please try again later.")
    if is_messages(request):
        return json_answer(_page(request, path, found))
    return json_answer(_linked_page(request, path, found))


def _row(name: str) -> dict[str, object]:
    """Return one model as a row of the list."""
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "simulator"}


def _messages_row(name: str) -> dict[str, object]:
    """Return one model as a row of the list of the messages dialect."""
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("-", " ").title(),
        "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
    }


def _page(request: Request, path: Path, found: tuple[str, ...]) -> dict[str, object]:
    """Return one page of the list, as long as the query says and after the model that it names."""
    query = _query(request)
    limit, after = query.get("limit", str(PAGE)), query.get("after_id", "")
    is_circle = path.text("list") == "circle"
    rest = found[found.index(after) + 1 :] if after in found and not is_circle else found
    size = min(int(limit) if limit.isdecimal() and int(limit) else PAGE, path.number("page", LARGEST_PAGE))
    page = rest[:size]
    return {
        "data": [_messages_row(name) for name in page],
        "has_more": len(rest) > len(page),
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }


def _linked_page(request: Request, path: Path, found: tuple[str, ...]) -> dict[str, object]:
    """Return one page of the list of the chat dialect; where it has pages, with the address of the next."""
    if "page" not in path:
        return {"object": "list", "data": [_row(name) for name in found]}
    start = int(_query(request).get("offset", "0"))
    end = start + path.number("page")
    how = path.text("list")
    host = "127.0.0.2:9" if how == "elsewhere" else request.headers.get("host", "")
    there = f"http://{host}{request.path}?offset={0 if how == 'circle' else end}"
    rows = [_row(name) for name in found[start:end]]
    return {"data": rows, "total_count": len(found), "links": {"next": there if end < len(found) else None}}


def _query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.target.partition("?")[2]).items()}
