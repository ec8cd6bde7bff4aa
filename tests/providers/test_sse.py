"""The SSE reader, by the rules of the WHATWG and under hostile bytes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.errors import TooLarge
from providers.sse import SseReader


def read(content: bytes, size: int | None = None, **bounds):
    """The events of `content`, fed in chunks of `size` bytes."""
    reader = SseReader(**bounds)
    step = size or len(content) or 1
    chunks = [content[i : i + step] for i in range(0, len(content), step)]
    return [event for chunk in chunks for event in reader.feed(chunk)] + reader.close()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([b"data: a", b""], [("", b"a")]),
        ([b"data:a", b""], [("", b"a")]),
        ([b"data:  a", b""], [("", b" a")]),
        ([b"data: a", b"data: b", b""], [("", b"a\nb")]),
        ([b"data", b""], [("", b"")]),
        ([b"event: ping", b"data: {}", b""], [("ping", b"{}")]),
        ([b"event: ping", b"", b"data: a", b""], [("", b"a")]),
        ([b": OPENROUTER PROCESSING", b"", b"data: a", b""], [("", b"a")]),
        ([b"id: 7", b"retry: 10", b"data: a", b""], [("", b"a")]),
        ([b"", b"", b"data: a", b"", b"", b"data: b", b""], [("", b"a"), ("", b"b")]),
        ([b"\xef\xbb\xbfdata: a", b""], [("", b"a")]),
        ([b"nonsense", b"DATA: a", b""], []),
    ],
)
def test_events_by_the_standard_in_chunks_of_every_size(lines, expected, end):
    content = end.join([*lines, b""])

    for size in range(1, len(content) + 1):
        assert [(event.event, event.data) for event in read(content, size)] == expected, size


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_where_chunks_are_cut_changes_nothing(data):
    line = st.sampled_from([b"data: x", b"data: \xc3\xa9\xe2\x80\xa8", b"data:", b": hm", b"event: e", b""])
    ends = st.sampled_from([b"\n", b"\r", b"\r\n"])
    content = b"".join(data.draw(st.lists(st.tuples(line, ends).map(b"".join), max_size=12)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    reader = SseReader()

    chunks = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    cut = [event for chunk in chunks for event in reader.feed(chunk)] + reader.close()

    assert [(e.event, e.data) for e in cut] == [(e.event, e.data) for e in read(content)]


def test_raw_is_what_came_to_the_byte_but_for_a_line_feed_cut_off_its_carriage_return():
    content = b": skipped\r\n\r\ndata: a\r\n\r\n: c\nevent: e\ndata:b\n\ndata: [DONE]\n\n"
    events = content.removeprefix(b": skipped\r\n\r\n")

    assert b"".join(event.raw for event in read(content)) == events
    for size in range(1, len(content) + 1):
        raw = b"".join(event.raw for event in read(content, size))
        assert raw.splitlines() == events.splitlines(), size


@pytest.mark.parametrize("tail", [b"", b"\n", b"\r\n"])
def test_a_last_event_without_its_blank_line_is_read_and_given_one(tail):
    [event] = read(b"data: [DONE]" + tail)

    assert event.data == b"[DONE]"
    assert [again.data for again in read(event.raw + b"data: x\n\n")] == [b"[DONE]", b"x"]


def test_an_event_is_given_out_the_moment_its_blank_line_comes():
    reader = SseReader()

    assert [event.data for event in reader.feed(b"data: a\r\r")] == [b"a"]
    assert reader.feed(b"") == []
    assert [event.data for event in reader.feed(b"\ndata: b\n\n")] == [b"b"]


@pytest.mark.parametrize("size", [None, 7])
def test_a_line_and_an_event_have_a_bound(size):
    with pytest.raises(TooLarge, match="a line of more than 100 bytes"):
        read(b"data: " + b"x" * 200, size, max_line=100)
    with pytest.raises(TooLarge, match="an event of more than 100 bytes"):
        read(b"data: xxxxxxx\n" * 20, size, max_event=100)
    with pytest.raises(TooLarge, match="an event of more than 100 bytes"):
        read(b": xxxxxxxxxxx\n" * 20, size, max_event=100)

    assert read(
        b"data: 1234\n\n" * 100, size, max_line=100, max_event=100
    )  # the bounds are of one, not of all


def test_a_line_in_single_bytes_does_not_cost_the_square_of_its_length():
    reader = SseReader()
    begun = time.perf_counter()

    for _ in range(1024 * 1024):
        reader.feed(b"x")
    with pytest.raises(TooLarge):
        reader.feed(b"x")

    assert time.perf_counter() - begun < 10  # 0.4 s here; a reader that joins each time takes minutes
