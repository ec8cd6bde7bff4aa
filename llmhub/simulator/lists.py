"""Model lists from files, in the words in which a provider sends them, that may change as they are read.

`harbor.json` is a list of rows, or an object with the rows in `data`. Where `harbor.2.json` stands
beside it, that is the list from the second reading on, and so on.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from llmhub.simulator import paths
from llmhub.simulator.errors import refusal
from llmhub.simulator.exchange import Answer, Request, error_answer, json_answer


class Lists:
    """The folder of lists, where one was given, and how often each was read by each prefix."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder else None
        self._read: Counter[str] = Counter()

    def begin_again(self) -> None:
        """Forget what was read: the next reading is the first."""
        self._read.clear()

    def answer(self, request: Request, path: paths.Path) -> Answer:
        """Return the list that it is the turn of, or a 404 that says what is missing."""
        if self._folder is None or not self._folder.is_dir():
            return _wrong("no lists: start the simulator with --lists DIR")
        name = path.text("listed")
        wanted = path.endpoint.removeprefix("/v1/models").strip("/")
        self._read[path.prefix] += not wanted
        file = self._file(self._folder, name, max(1, self._read[path.prefix]))
        if file is None:
            return _wrong(f"no list {name!r} below the folder of lists")
        try:
            rows = _rows(file)
        except ValueError as wrong:
            return _wrong(f"{file.name}: {wrong}")
        if not wanted:
            return json_answer({"object": "list", "data": rows, "has_more": False})
        row = next((row for row in rows if row["id"] == wanted), None)
        missing = f"The model '{wanted}' does not exist"
        return json_answer(row) if row else refusal(request, 404, missing, code="model_not_found")

    def _file(self, folder: Path, name: str, reading: int) -> Path | None:
        """Return the list of the last turn that has come."""
        numbers = (file.name.removeprefix(f"{name}.").removesuffix(".json") for file in folder.iterdir())
        turns = [int(number) for number in numbers if number.isdecimal() and 1 < int(number) <= reading]
        file = folder / (f"{name}.{max(turns)}.json" if turns else f"{name}.json")
        return file if file.is_file() and file.resolve().is_relative_to(folder) else None


def _rows(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a file. Raises `ValueError` where it holds none."""
    content = json.loads(file.read_bytes())
    rows = content.get("data") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("id") for row in rows):
        raise ValueError("it must hold a list of objects, each with an `id`")
    return rows


def _wrong(message: str) -> Answer:
    """Return the 404 of the simulator itself."""
    return error_answer(404, f"simulator: {message}", kind="simulator")
