"""Pure: the model list of the fake provider."""

from __future__ import annotations

from llmhub.simulator.exchange import Answer, error_answer, json_answer
from llmhub.simulator.paths import Path

NAMES = ("sim-small", "sim-large", "sim-reason", "sim-vision", "sim-code", "sim-old")
CREATED = 1_767_225_600  # 2026-01-01T00:00:00Z


def names(path: Path) -> tuple[str, ...]:
    """Return the ids of the models in the list."""
    count = path.number("models", len(NAMES))
    return (*NAMES, *(f"sim-extra-{number}" for number in range(1, count - len(NAMES) + 1)))[:count]


def answer(path: Path) -> Answer:
    """Return what `GET /v1/models` answers, or `GET /v1/models/{id}` for one of them."""
    how = path.text("list")
    if how == "missing":
        return error_answer(404, "Not Found", kind="invalid_request_error")
    if how == "refused":
        return error_answer(
            401, "Incorrect API key provided.", kind="invalid_request_error", code="invalid_api_key"
        )
    if how == "broken":
        return Answer(headers=(("content-type", "text/plain"),), parts=(b"no models here",), length=14)
    rows = [_row(name) for name in names(path)] if how != "empty" else []
    wanted = path.endpoint.removeprefix("/v1/models").strip("/")
    if not wanted:
        return json_answer({"object": "list", "data": rows})
    found = [row for row in rows if row["id"] == wanted]
    if found:
        return json_answer(found[0])
    return error_answer(
        404, f"The model '{wanted}' does not exist", kind="invalid_request_error", code="model_not_found"
    )


def _row(name: str) -> dict[str, object]:
    """Return one model as a row of the list."""
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "simulator"}
