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
    if is_messages(request):
        return json_answer(_page(request, found))
    return json_answer({"object": "list", "data": [row(name) for name in found]})


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


def _page(request: Request, found: tuple[str, ...]) -> dict[str, object]:
    """Return one page of the list, as long as the query says and after the model that it names."""
    query = parse_qs(request.target.partition("?")[2])
    limit, after = query.get("limit", [str(PAGE)])[0], query.get("after_id", [""])[0]
    rest = found[found.index(after) + 1 :] if after in found else found
    size = min(int(limit) if limit.isdecimal() and int(limit) else PAGE, LARGEST_PAGE)
    page = rest[:size]
    return {
        "data": [_messages_row(name) for name in page],
        "has_more": len(rest) > len(page),
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }
