"""Pure: how an answer goes wrong: each fault is an answer made into another one."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from llmhub.simulator.exchange import BLOCK, EVENTS, JSON, Answer, Hangup, Part, Pause, blocks
from llmhub.simulator.paths import Path

MIB = 1024 * 1024
FILLER = b"a" * BLOCK
HTML = b"<!doctype html><title>502</title><h1>502 Bad Gateway</h1><hr>a proxy that is not there"


@dataclass(frozen=True)
class Skin:
    """The beginnings and ends of a dialect, between which a fault puts what it wants."""

    opening: bytes  # of a whole answer, up to its text
    closing: bytes
    delta: bytes  # of an event, up to its text
    delta_end: bytes
    error: bytes  # the event that says that the answer broke off
    nothing: bytes  # an event that says nothing


CHAT = Skin(
    opening=b'{"id":"chatcmpl-sim","object":"chat.completion","choices":[{"index":0,"message":{"content":"',
    closing=b'"},"finish_reason":"stop"}]}',
    delta=b'data: {"id":"chatcmpl-sim","object":"chat.completion.chunk",'
    b'"choices":[{"index":0,"delta":{"content":"',
    delta_end=b'"},"finish_reason":null}]}\n\n',
    error=b'data: {"error":{"message":"The engine is overloaded.","type":"server_error","code":502}}\n\n',
    nothing=b'data: {"id":"chatcmpl-sim","choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n',
)
MESSAGES = Skin(
    opening=b'{"id":"msg_sim","type":"message","role":"assistant","content":[{"type":"text","text":"',
    closing=b'"}],"stop_reason":"end_turn","stop_sequence":null}',
    delta=b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"',
    delta_end=b'"}}\n\n',
    error=b"event: error\n"
    b'data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    nothing=b'event: ping\ndata: {"type":"ping"}\n\n',
)


def skin(path: Path) -> Skin:
    """Return the skin of the dialect that an endpoint speaks."""
    return MESSAGES if path.endpoint.startswith("/v1/messages") else CHAT


def apply(answer: Answer, path: Path) -> Answer:
    """Return `answer` with every fault of the path, in the order of the path."""
    for name in path.switches:
        if name in FAULTS:
            answer = FAULTS[name](answer, path)
    return answer


def _instead(body: bytes, kind: str = "application/json") -> Callable[[Answer, Path], Answer]:
    """Return the fault that puts `body` where the answer should be."""

    def fault(_answer: Answer, _path: Path) -> Answer:
        return Answer(headers=(("content-type", kind),), parts=(body,), length=len(body))

    return fault


def _data(parts: Iterable[Part]) -> Iterator[bytes]:
    """Yield only the bytes of an answer."""
    return (part for part in parts if isinstance(part, bytes))


def _after_bytes(parts: Iterable[Part], count: int, end: Part) -> Iterator[Part]:
    """Yield the first `count` bytes, then `end`."""
    for part in parts:
        if not isinstance(part, bytes):
            yield part
            continue
        yield part[:count]
        count -= len(part)
        if count <= 0:
            break
    yield end


def _after_events(parts: Iterable[Part], count: int, end: Iterable[Part]) -> Iterator[Part]:
    """Yield the first `count` events with what stands between them, then `end`."""
    for part in parts:
        if isinstance(part, bytes):
            if count == 0:
                break
            count -= 1
        yield part
    yield from end


def _events(name: str, *end: Part) -> Callable[[Answer, Path], Answer]:
    """Return the fault that lets through as many events as the switch says, then `end`."""

    def fault(answer: Answer, path: Path) -> Answer:
        return replace(answer, parts=_after_events(answer.parts, path.number(name), end))

    return fault


def _error_mid(answer: Answer, path: Path) -> Answer:
    return replace(answer, parts=_after_events(answer.parts, path.number("error_mid"), (skin(path).error,)))


def _cut(answer: Answer, path: Path) -> Answer:
    return replace(answer, parts=_after_bytes(answer.parts, path.number("cut"), Hangup()))


def _drip(answer: Answer, path: Path) -> Answer:
    wait = Pause(path.number("slow_loris") / 1000)
    singles = itertools.chain.from_iterable(blocks(part, 1) for part in _data(answer.parts))
    return replace(answer, parts=itertools.chain.from_iterable((wait, byte) for byte in singles))


def _comments(_answer: Answer, _path: Path) -> Answer:
    return Answer(headers=(EVENTS,), parts=itertools.cycle((b": still working\n\n", Pause(0.1))))


def _pings(_answer: Answer, path: Path) -> Answer:
    return Answer(headers=(EVENTS,), parts=itertools.repeat(skin(path).nothing * 100))


def _endless(answer: Answer, path: Path) -> Answer:
    if answer.streamed:
        events = itertools.repeat(skin(path).delta + b"word " + skin(path).delta_end)
        return replace(answer, parts=events, length=None)
    return replace(
        answer, parts=itertools.chain((skin(path).opening,), itertools.repeat(FILLER)), length=None
    )


def _filled(opening: bytes, mib: int, closing: bytes) -> Iterator[bytes]:
    """Yield `mib` MiB of text between two ends, never more than a block in memory."""
    yield opening
    yield from itertools.repeat(FILLER, mib * MIB // BLOCK)
    yield closing


def _huge(_answer: Answer, path: Path) -> Answer:
    opening, closing, size = skin(path).opening, skin(path).closing, path.number("huge")
    return Answer(parts=_filled(opening, size, closing), length=len(opening) + size * MIB + len(closing))


def _long_line(_answer: Answer, path: Path) -> Answer:
    parts = _filled(skin(path).delta, path.number("long_line"), skin(path).delta_end)
    return Answer(headers=(EVENTS,), parts=parts)


def _deflated(path: Path) -> Iterator[bytes]:
    """Yield so many MiB of JSON as gzip, about a thousandth of that on the wire."""
    squeeze = zlib.compressobj(wbits=31)
    yield squeeze.compress(skin(path).opening)
    for _ in range(path.number("bomb")):
        yield squeeze.compress(b"a" * MIB)
    yield squeeze.compress(skin(path).closing) + squeeze.flush()


def _bomb(_answer: Answer, path: Path) -> Answer:
    packed = (part for part in _deflated(path) if part)
    return Answer(headers=(JSON, ("content-encoding", "gzip")), parts=packed)


def _bad_utf8(answer: Answer, path: Path) -> Answer:
    mark = b'"text":"' if skin(path) is MESSAGES else b'"content":"'
    parts = tuple(_data(answer.parts))
    spoilt = tuple(part.replace(mark, mark + b"\xff\xfe\xc3") for part in parts)
    grown = sum(map(len, spoilt)) - sum(map(len, parts))
    return replace(answer, parts=spoilt, length=None if answer.length is None else answer.length + grown)


def _redirect(_answer: Answer, path: Path) -> Answer:
    target = "/redirected" + path.endpoint
    return Answer(status=302, headers=(JSON, ("location", target)), parts=(b"{}",), length=2)


def _big_headers(answer: Answer, path: Path) -> Answer:
    return answer.with_headers(*((f"x-filler-{n}", "a" * 1000) for n in range(path.number("big_headers"))))


def _wrong_length(answer: Answer, _path: Path) -> Answer:
    body = b"".join(_data(answer.parts))
    return replace(answer, parts=(body, Hangup()), length=len(body) + 100)


def _bad_chunks(answer: Answer, _path: Path) -> Answer:
    first = next(_data(answer.parts))
    lines = b"HTTP/1.1 200 OK\r\ncontent-type: " + dict(answer.headers)["content-type"].encode()
    framed = b"\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\nnot-a-number\r\n" % (len(first), first)
    return Answer(parts=(lines + framed, Hangup()), raw=True)


def _doubled_usage(answer: Answer, path: Path) -> Answer:
    """Say the usage of a whole answer twice, under the same name; a stream has two chunks of it."""
    if path.text("usage") != "doubled" or answer.streamed:
        return answer
    body = b"".join(_data(answer.parts))
    twice = body[:-1] + b"," + body[body.rindex(b'"usage":') :]
    return replace(answer, parts=(twice,), length=len(twice))


def _raw(*parts: Part) -> Callable[[Answer, Path], Answer]:
    """Return the fault that writes these parts and no head."""
    return lambda _answer, _path: Answer(parts=parts, raw=True)


FAULTS: dict[str, Callable[[Answer, Path], Answer]] = {
    "garbage": _instead(b"\x00\x01 this is { no JSON \x02"),
    "html": _instead(HTML, "text/html; charset=utf-8"),
    "empty": _instead(b""),
    "array": _instead(b'["choices", 1, null]'),
    "deep": _instead(b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "bad_utf8": _bad_utf8,
    "cut": _cut,
    "cut_events": _events("cut_events", Hangup()),
    "end_events": _events("end_events"),
    "error_mid": _error_mid,
    "reset": _raw(Hangup(reset=True)),
    "reset_events": _events("reset_events", Hangup(reset=True)),
    "hang": _raw(Pause()),
    "hang_events": _events("hang_events", Pause()),
    "slow_loris": _drip,
    "comments": _comments,
    "pings": _pings,
    "endless": _endless,
    "huge": _huge,
    "long_line": _long_line,
    "bomb": _bomb,
    "redirect": _redirect,
    "big_headers": _big_headers,
    "not_http": _raw(b"220 mail.example.org ESMTP ready\r\n", Hangup()),
    "wrong_length": _wrong_length,
    "bad_chunks": _bad_chunks,
    "usage": _doubled_usage,
}
