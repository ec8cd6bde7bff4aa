"""R-09: the end of a stream is its marker or a finish reason; anything else is an error in the stream."""

from __future__ import annotations

import json

import openai
import pytest

TOKENS = 3
CUTS = ("cut_events", "end_events", "reset_events")  # hang up, end as if that were all, reset


def events(model, **options) -> tuple[list, openai.APIError | None]:
    """The chunks of a stream, and the error that ended it."""
    chunks = []
    try:
        for chunk in model.stream("Count", **options):
            chunks.append(chunk)
    except openai.APIError as error:
        return chunks, error
    return chunks, None


def is_finished(chunks) -> bool:
    return any(choice.finish_reason for chunk in chunks for choice in chunk.choices)


@pytest.fixture(scope="module")
def whole(gateway, simulator):
    """The number of events of the stream that is cut, its marker left out."""
    model = gateway.make(at=[simulator.path(f"tokens/{TOKENS}")])
    return len(events(model, stream_options={"include_usage": True})[0])


@pytest.fixture(scope="module")
def cut(gateway, simulator, whole):
    """A model for each way to cut at each boundary."""
    return gateway.make_all(
        {
            f"{way}/{count}": {"at": [simulator.path(f"tokens/{TOKENS}", f"{way}/{count}")]}
            for way in CUTS
            for count in range(whole + 1)
        }
    )


@pytest.mark.parametrize("way", CUTS)
def test_at_every_boundary_it_is_whole_or_an_error_and_the_record_says_the_same(gateway, cut, whole, way):
    seen = []
    for count in range(whole + 1):
        model = cut[f"{way}/{count}"]
        chunks, error = events(model)
        record = gateway.records(model)[-1]
        seen.append(record.error_code or "ok")
        if is_finished(chunks):
            assert error is None, f"{count} events: {error}"
            assert record.status == "ok"
        else:
            assert error is not None, f"{count} events: an end was faked"
            assert record.status == "error"
            assert record.error_code.startswith("upstream_")

    print(f"{way}: {seen}")
    assert seen[-1] == "ok"
    assert seen[2] == "upstream_truncated"


def test_a_truncated_stream_ends_with_our_error_and_without_the_marker(gateway, cut):
    chunks, error = events(cut["end_events/2"])

    record = gateway.records(cut["end_events/2"])[-1]
    assert chunks
    assert error.body["code"] == "upstream_truncated"
    assert error.body["request_id"]
    assert (record.http_status, record.cost_source) == (200, "estimated")
    assert record.output_tokens >= 1


def test_the_finish_reason_alone_is_an_end(gateway, simulator):
    model = gateway.make(at=[simulator.path("no_done")])

    chunks, error = events(model, stream_options={"include_usage": True})

    assert error is None
    assert chunks[-1].usage.llmhub["cost"] is not None
    assert gateway.records(model)[0].status == "ok"


@pytest.mark.parametrize("missing", [30, 100])
def test_half_an_event_after_the_finish_reason_loses_nothing(gateway, simulator, missing):
    assert is_finished(events(gateway.make(at=[simulator.path(f"tokens/{TOKENS}", tag="size")]))[0])
    size = simulator.ended(1, tag="size")[0]["sent_bytes"]
    model = gateway.make(at=[simulator.path(f"tokens/{TOKENS}", f"cut/{size - missing}")])

    chunks, error = events(model)

    assert error is None
    assert is_finished(chunks)
    assert gateway.records(model)[0].status == "ok"


def test_an_error_in_the_middle_reaches_the_caller_with_its_words(gateway, simulator):
    model = gateway.make(at=[simulator.path("error_mid/3")])

    chunks, error = events(model)

    record = gateway.records(model)[0]
    assert len(chunks) >= 1
    assert error.body["code"] == "upstream_failed"
    assert "overloaded" in json.dumps(error.body)
    assert (record.status, record.error_code) == ("error", "upstream_failed")


def test_an_error_before_the_first_content_lets_the_next_candidate_serve(gateway, simulator):
    model = gateway.make(at=[simulator.path("error_mid/0"), simulator.path("tokens/4")])

    chunks, error = events(model)

    assert error is None
    assert is_finished(chunks)
    assert gateway.records(model)[0].fallback_reason == "upstream_failed"
