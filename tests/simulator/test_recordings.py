"""Recorded answers come back byte for byte, in pieces of any size."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from llmhub.simulator.exchange import Answer
from llmhub.simulator.recordings import Recordings
from tests.simulator.wire import CHAT

STREAM = b': hello\n\ndata: {"a": "\xc3\xa9"}\n\nevent: error\ndata: {"b": 2}\n\ndata: [DONE]\n\n'


def make_case(folder, *, status=200, **files):
    folder.mkdir(parents=True)
    headers = {"Content-Type": "text/event-stream", "x-request-id": "req_1", "content-length": "3"}
    (folder / "headers.json").write_text(json.dumps({"status": status, "response_headers": headers}))
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)


def content(answer: Answer) -> bytes:
    return b"".join(answer.parts)


def test_a_stream_keeps_its_bytes_and_headers(tmp_path):
    make_case(tmp_path / "cases" / "one", stream_sse=STREAM)

    answer = Recordings(tmp_path).answer("cases/one")

    assert content(answer) == STREAM
    assert ("x-request-id", "req_1") in answer.headers
    assert not any(name == "content-length" for name, _ in answer.headers)
    assert len(list(answer.parts)) == 4


def test_a_stream_without_a_last_blank_line_stays_so(tmp_path):
    make_case(tmp_path / "one", stream_sse=b"data: 1\n\ndata: 2")

    assert content(Recordings(tmp_path).answer("one")) == b"data: 1\n\ndata: 2"


def test_a_whole_answer_keeps_its_status(tmp_path):
    make_case(tmp_path / "one", status=429, response_json=b'{"error": {}}')

    answer = Recordings(tmp_path).answer("one")

    assert (answer.status, content(answer)) == (429, b'{"error": {}}')


@pytest.mark.parametrize("name", ["missing", "../outside", "."])
def test_what_is_no_case_is_a_404(tmp_path, name):
    make_case(tmp_path / "outside", response_json=b"{}")
    (tmp_path / "inside").mkdir()

    assert Recordings(tmp_path / "inside").answer(name).status == 404


def test_without_a_folder_it_says_how_to_give_one():
    assert b"--recordings" in content(Recordings(None).answer("one"))


@pytest.mark.recordings
def test_every_recorded_case_is_answered_with_its_own_bytes(simulator, recordings):
    cases = sorted(path.parent for path in recordings.glob("cases/*/*/headers.json"))

    async def ask(client, case):
        url = simulator.case(case.relative_to(recordings).as_posix(), "chunk/7") + "/chat/completions"
        return await client.post(url, json=CHAT)

    async def all_of_them():
        async with httpx.AsyncClient(timeout=30) as client:
            return [await ask(client, case) for case in cases]

    for case, answer in zip(cases, asyncio.run(all_of_them()), strict=True):
        body = case / "stream.sse" if (case / "stream.sse").is_file() else case / "response.json"
        assert answer.content == body.read_bytes(), case.name
        assert answer.status_code == json.loads((case / "headers.json").read_text()).get("status", 200)
    assert len(cases) > 50
