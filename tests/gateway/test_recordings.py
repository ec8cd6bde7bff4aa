"""Every recorded chat answer through the gateway: the caller gets it, the ledger counts it the same."""

from __future__ import annotations

import json

import openai
import pytest

from tests.fixtures.simulator import RECORDINGS

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(not (RECORDINGS / "cases").is_dir(), reason="no recordings: set LLMHUB_RECORDINGS"),
]

CASES = [
    case
    for folder in sorted(RECORDINGS.glob("cases/*-chat"))
    for case in sorted(folder.iterdir())
    if (case / "stream.sse").exists() or (case / "response.json").exists()
]


@pytest.fixture(scope="module")
def models(gateway, simulator):
    """A model for each case."""
    names = [str(case.relative_to(RECORDINGS)) for case in CASES]
    return gateway.make_all({name: {"at": [simulator.case(name, "chunk/7")]} for name in names})


def expected(case) -> dict:
    """Status, text and usage of a case, read plainly."""
    status = json.loads((case / "headers.json").read_text())["status"]
    if (case / "stream.sse").exists():
        return {"status": status} | read_plainly((case / "stream.sse").read_text())
    body = json.loads((case / "response.json").read_text())
    choices = body.get("choices") or [{}] if isinstance(body, dict) else [{}]
    message = choices[0].get("message") or {}
    return {"status": status, "text": message.get("content") or "", "usage": body.get("usage")}


def read_plainly(stream: str) -> dict:
    """Text, last usage and error of the first choice of a stream."""
    lines = [line[6:] for line in stream.splitlines() if line.startswith("data: {")]
    chunks = [json.loads(line) for line in lines]
    choices = [c for chunk in chunks for c in chunk.get("choices") or [] if not c.get("index")]
    usages = [chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") for chunk in chunks]
    return {
        "text": "".join((choice.get("delta") or {}).get("content") or "" for choice in choices),
        "usage": next((usage for usage in reversed(usages) if usage), None),
        "error": [chunk["error"] for chunk in chunks if chunk.get("error")],
    }


def heard(model, case) -> tuple[str, str, dict | None]:
    """What the SDK makes of a case: text, error code, usage as it came over the wire."""
    text, usage = "", None
    try:
        if not (case / "stream.sse").exists():
            answer = model.ask().parse()
            return answer.choices[0].message.content or "", "", answer.usage and answer.usage.model_dump()
        for chunk in model.stream(stream_options={"include_usage": True}):
            usage = chunk.usage.model_dump() if chunk.usage else usage
            text += "".join(choice.delta.content or "" for choice in chunk.choices if not choice.index)
    except openai.APIError as error:
        return text, error.body["code"], usage
    return text, "", usage


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_recorded_answer_reaches_the_caller_and_the_ledger(gateway, models, case):
    model, wanted = models[str(case.relative_to(RECORDINGS))], expected(case)

    text, error, usage = heard(model, case)

    record = gateway.records(model)[-1]
    if wanted["status"] != 200 or wanted.get("error"):
        assert error.startswith("upstream_")
        assert record.error_code == error
        return
    assert error == ""
    if isinstance(wanted["text"], str):
        assert text == wanted["text"]
    if wanted["usage"]:
        counted = (record.input_tokens, record.output_tokens)
        assert counted == (wanted["usage"]["prompt_tokens"], wanted["usage"]["completion_tokens"])
        assert usage is None or usage["prompt_tokens"] == record.input_tokens
        heard_audio = (wanted["usage"].get("prompt_tokens_details") or {}).get("audio_tokens")
        assert record.cost_source in ({"estimated"} if heard_audio else {"computed", "reported"})
    else:
        assert record.cost_source == "estimated"
