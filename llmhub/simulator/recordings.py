"""Answer with what a real provider once answered, from a folder of recordings.

A case is a folder with `headers.json` (`status`, `response_headers`) and either `stream.sse`
or `response.json`: the bytes of the body.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from llmhub.simulator.exchange import EVENTS, JSON, Answer, error_answer

EVENT = re.compile(rb".+?(?:\r?\n\r?\n|\Z)", re.DOTALL)
# Said anew for the bytes as they are kept: decoded, and on a connection of ours.
HOP = {"transfer-encoding", "content-length", "content-encoding", "connection", "date", "server"}


class Recordings:
    """The folder of recordings, where one was given."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder else None

    def answer(self, name: str) -> Answer:
        """Return the recorded answer of the case `name`, or a 404 that says what is missing."""
        if self._folder is None:
            return _missing("no recordings: start the simulator with --recordings DIR")
        case = (self._folder / name).resolve()
        if not case.is_relative_to(self._folder) or not (case / "headers.json").is_file():
            return _missing(f"no case {name!r} below the folder of recordings")
        return _recorded(case)


def _recorded(case: Path) -> Answer:
    """Return the answer kept in one folder."""
    kept = json.loads((case / "headers.json").read_text())
    headers = tuple(
        (name, str(value))
        for name, value in (kept.get("response_headers") or {}).items()
        if name.lower() not in HOP
    )
    stream = case / "stream.sse"
    body = (stream if stream.is_file() else case / "response.json").read_bytes()
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, EVENTS if stream.is_file() else JSON)
    if stream.is_file():
        events = tuple(EVENT.findall(body))
        return Answer(status=kept.get("status", 200), headers=headers, parts=events, streamed=True)
    return Answer(status=kept.get("status", 200), headers=headers, parts=(body,), length=len(body))


def _missing(message: str) -> Answer:
    """Return the 404 of the simulator itself."""
    return error_answer(404, f"simulator: {message}", kind="simulator")
