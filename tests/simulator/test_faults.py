"""Negative controls: each fault does on the wire what it says, seen with a bare socket."""

from __future__ import annotations

import gzip
import json
import re
import sys
import time
import zlib
from pathlib import Path

import httpx
import pytest

from tests.simulator.wire import CHAT, STREAM, connect, see

MIB = 1024 * 1024


def body(simulator, *switches, ask=CHAT):
    return see(simulator.path(*switches), ask).body


def test_without_a_fault_the_answer_is_whole(simulator):
    plain, stream = see(simulator.path()), see(simulator.path(), STREAM)

    assert json.loads(plain.body)["object"] == "chat.completion"
    assert stream.data.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    assert plain.end == stream.end == "open"


@pytest.mark.parametrize("fault", ["garbage", "html", "empty"])
def test_it_is_no_json(simulator, fault):
    with pytest.raises(json.JSONDecodeError):
        json.loads(body(simulator, fault))


def test_html_says_that_it_is(simulator):
    assert b"content-type: text/html" in see(simulator.path("html")).data


def test_an_array_is_json_but_no_object(simulator):
    assert isinstance(json.loads(body(simulator, "array")), list)


def test_deep_json_breaks_a_recursive_reader(simulator):
    with pytest.raises(RecursionError):
        json.loads(body(simulator, "deep"))


@pytest.mark.parametrize("ask", [CHAT, STREAM])
def test_bad_utf8_is_no_text_but_keeps_its_frame(simulator, ask):
    with httpx.stream("POST", simulator.path("bad_utf8") + "/chat/completions", json=ask) as response:
        content = b"".join(response.iter_raw())

    with pytest.raises(UnicodeDecodeError):
        content.decode()


@pytest.mark.parametrize("ask", [CHAT, STREAM])
@pytest.mark.parametrize("at", [1, 40, 300])
def test_a_cut_ends_the_connection_after_so_many_bytes(simulator, ask, at):
    whole, cut = see(simulator.path("chunk/1000"), ask), see(simulator.path("chunk/1000", f"cut/{at}"), ask)

    assert cut.end == "fin"
    assert b"\r\n0\r\n" not in cut.data
    if ask is CHAT:
        assert len(cut.body) == at < len(whole.body)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_stream_can_be_cut_after_events(simulator, count):
    seen = see(simulator.path(f"cut_events/{count}"), STREAM)

    assert (seen.events, seen.end) == (count, "fin")
    assert not seen.data.endswith(b"0\r\n\r\n")


def test_a_stream_can_end_early_as_if_that_were_all(simulator):
    seen = see(simulator.path("end_events/3"), STREAM)

    assert (seen.events, seen.end) == (3, "open")
    assert seen.data.endswith(b"0\r\n\r\n")
    assert b"[DONE]" not in seen.data


def test_done_can_be_left_out(simulator):
    seen = body(simulator, "no_done", ask=STREAM)

    assert b"[DONE]" not in seen
    assert b'"finish_reason":"stop"' in seen


def test_an_error_can_come_in_the_middle(simulator):
    seen = see(simulator.path("error_mid/2"), STREAM)

    assert seen.events == 3
    assert b'data: {"error":' in seen.data


def test_a_reset_is_a_reset(simulator):
    assert see(simulator.path("reset")).end == "reset"
    assert see(simulator.path("reset")).data == b""


def test_a_reset_can_come_after_events(simulator):
    assert see(simulator.path("latency/1", "speed/50", "reset_events/3"), STREAM).end == "reset"


def test_it_can_hang_before_the_first_byte(simulator):
    seen = see(simulator.path("hang"))

    assert (seen.data, seen.end) == (b"", "open")


def test_it_can_hang_in_the_middle(simulator):
    seen = see(simulator.path("hang_events/2"), STREAM)

    assert (seen.events, seen.end) == (2, "open")
    assert not seen.data.endswith(b"0\r\n\r\n")


def test_a_slow_loris_gives_single_bytes(simulator):
    with connect(simulator.path("slow_loris/20"), STREAM) as sock:
        sock.recv(65_536)  # the head
        times, pieces = [], []
        for _ in range(5):
            pieces.append(sock.recv(65_536))
            times.append(time.monotonic())

    assert max(len(piece) for piece in pieces) <= 2 * len(b"1\r\nx\r\n")
    assert times[-1] - times[0] >= 0.04


def test_comments_never_end_and_say_nothing(simulator):
    seen = see(simulator.path("comments"), STREAM, at_most=250, wait=1)

    assert seen.events == 0
    assert seen.data.count(b": still working") >= 3


@pytest.mark.parametrize("ask", [CHAT, STREAM])
def test_an_endless_reply_goes_on(simulator, ask):
    assert len(see(simulator.path("endless"), ask, at_most=4 * MIB).data) >= 4 * MIB


def test_a_huge_body_is_as_large_as_it_says_and_made_lazily(simulator):
    simulator.clear()
    whole = httpx.post(simulator.path("huge/3", tag="huge") + "/chat/completions", json=CHAT)
    began = time.monotonic()
    see(simulator.path("huge/1024", tag="huge"), at_most=MIB)

    assert len(whole.json()["choices"][0]["message"]["content"]) == 3 * MIB
    assert time.monotonic() - began < 3
    assert simulator.ended(2, tag="huge")[-1]["sent_bytes"] < 64 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_large_bodies_leave_the_simulator_small(simulator):
    def megabytes():
        status = Path(f"/proc/{simulator.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024

    before = megabytes()
    for fault in ("huge/200", "long_line/100", "endless"):
        assert len(see(simulator.path(fault), at_most=100 * MIB).data) >= 100 * MIB
    see(simulator.path("bomb/300"), at_most=MIB)

    assert megabytes() - before < 24


def test_a_long_line_has_no_break(simulator):
    seen = see(simulator.path("long_line/2"), STREAM, at_most=MIB)

    assert seen.data.count(b"data: ") == 1
    assert b"\n\n" not in seen.body


def test_a_bomb_is_small_on_the_wire_and_large_inside(simulator):
    with httpx.stream("POST", simulator.path("bomb/16") + "/chat/completions", json=CHAT) as response:
        packed = b"".join(response.iter_raw())

    assert response.headers["content-encoding"] == "gzip"
    assert len(packed) < 16 * MIB / 500
    assert len(zlib.decompressobj(wbits=31).decompress(packed, 2 * MIB)) == 2 * MIB
    assert len(json.loads(gzip.decompress(packed))["choices"][0]["message"]["content"]) == 16 * MIB


def test_a_redirect_leads_to_a_place_that_counts_hits(simulator):
    simulator.clear()
    answer = httpx.post(simulator.path("redirect") + "/chat/completions", json=CHAT)
    assert answer.status_code == 302
    assert [hit["path"] for hit in simulator.hits()] == ["/redirect/v1/chat/completions"]

    httpx.post(simulator.path("redirect") + "/chat/completions", json=CHAT, follow_redirects=True)

    assert simulator.hits()[-1]["path"] == "/redirected/v1/chat/completions"


def test_each_answer_can_set_another_cookie(simulator):
    first, second = (httpx.post(simulator.path("cookies") + "/chat/completions", json=CHAT) for _ in range(2))

    assert first.headers["set-cookie"] != second.headers["set-cookie"]


def test_headers_can_be_many(simulator):
    assert len(see(simulator.path("big_headers/300"), at_most=MIB).data) > 300_000


def test_it_can_be_no_http_at_all(simulator):
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(simulator.path("not_http") + "/chat/completions", json=CHAT)


@pytest.mark.parametrize("fault", ["wrong_length", "bad_chunks"])
@pytest.mark.parametrize("ask", [CHAT, STREAM])
def test_the_framing_can_lie(simulator, fault, ask):
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(simulator.path(fault) + "/chat/completions", json=ask)


@pytest.mark.parametrize(
    ("how", "expected"),
    [("negative", -63), ("huge", 10**15 + 63), ("text", "63 tokens"), ("zero", 0), ("no_output", 0)],
)
def test_usage_can_be_nonsense(simulator, how, expected):
    usage = json.loads(body(simulator, f"usage/{how}", "tokens/63"))["usage"]

    assert usage["completion_tokens"] == expected


def test_usage_can_be_missing(simulator):
    assert "usage" not in json.loads(body(simulator, "usage/none"))
    assert b'"usage":{' not in body(simulator, "usage/none", ask=STREAM)


@pytest.mark.parametrize("ask", [CHAT, STREAM])
def test_usage_can_be_said_twice(simulator, ask):
    assert body(simulator, "usage/doubled", ask=ask).count(b'"usage":{') == 2


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429, 500, 502, 503, 529])
def test_any_error_status_comes_as_json(simulator, status):
    answer = httpx.post(simulator.path(f"status/{status}") + "/chat/completions", json=CHAT)

    assert answer.status_code == status
    assert answer.json()["error"]["message"] == f"Simulated error {status}."


def test_retry_after_is_2_with_429_and_what_the_path_says(simulator):
    def wait(*switches):
        return httpx.post(simulator.path(*switches) + "/chat/completions", json=CHAT).headers.get(
            "retry-after"
        )

    assert [wait("status/429"), wait("status/503"), wait("retry_after/7", "status/503")] == ["2", None, "7"]


def test_an_error_can_hide_in_a_200(simulator):
    answer = httpx.post(simulator.path("error_200") + "/chat/completions", json=CHAT)

    assert (answer.status_code, answer.json()["error"]["code"]) == (200, 502)


def statuses(simulator, *switches, calls):
    url = simulator.path(*switches) + "/chat/completions"
    return [httpx.post(url, json=CHAT).status_code for _ in range(calls)]


def test_flaky_fails_so_many_percent_spread_evenly(simulator):
    simulator.clear()

    assert statuses(simulator, "flaky/40", calls=10) == [200, 200, 503, 200, 503] * 2


def test_the_first_calls_can_fail(simulator):
    simulator.clear()

    assert statuses(simulator, "fail_first/2", calls=4) == [503, 503, 200, 200]


def test_counters_of_two_tags_are_apart(simulator):
    simulator.clear()

    assert statuses(simulator, "fail_first/1", "tag/a", calls=2) == [503, 200]
    assert statuses(simulator, "fail_first/1", "tag/b", calls=1) == [503]
