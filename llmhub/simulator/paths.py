"""Pure: how a path says what the simulator shall do.

`/latency/300/speed/80/v1/chat/completions` is two switches and an endpoint. A switch has one
argument or none. docs/simulator.md holds the same table; a test compares them.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from llmhub.simulator import styles


class UnknownPath(ValueError):
    """The path asks for something that the simulator cannot do; the message says what it can."""


@dataclass(frozen=True)
class Switch:
    """One word of a path."""

    name: str
    meaning: str
    argument: str = ""  # its name in the documentation; "": none
    words: tuple[str, ...] = ()  # the values it may have; (): a whole number
    free: bool = False  # any text


SHAPE = (
    Switch("latency", "wait before the first byte", "MS"),
    Switch("first", "send the headers, then wait before the first byte of the body", "MS"),
    Switch("speed", "tokens per second; without it, as fast as it goes", "TPS"),
    Switch("tokens", "length of the reply", "N"),
    Switch("reasoning", "reasoning tokens before the reply", "N"),
    Switch("cached", "input tokens read from the cache", "N"),
    Switch("written", "input tokens written to the cache", "N"),
    Switch("searches", "web searches that the provider itself made", "N"),
    Switch("calls", "how many tool calls a request with tools gets (default 1)", "N"),
    Switch("style", "a server's habits", "NAME", words=tuple(styles.STYLES)),
    Switch("adaptive", "its models think as they see fit: no budget, no `temperature`, no begun answer"),
    Switch("exacting", "refuse what a strict server of the chat dialect refuses"),
    Switch("cost", "report this cost in `usage.cost`", "USD", free=True),
    Switch("chunk", "write the body so many bytes at a time", "BYTES"),
    Switch("crlf", "lines of a stream end in CRLF"),
    Switch("key", "refuse every request without this credential (401)", "SECRET", free=True),
    Switch(
        "formless", "answer in words where a form was asked for, and call tools with half of their arguments"
    ),
    Switch("declines", "a reply that the provider's filter cut off"),
    Switch("strict", "refuse models that are not in the list (404)"),
    Switch("reads", "refuse a longer input (400)", "TOKENS"),
    Switch("models", "length of the model list (default 6)", "N"),
    Switch("page", "models on a page of the list at most; the chat dialect links the next one", "N"),
    Switch(
        "list",
        "the model list is not there (404), refused (401), empty, or no JSON; or its second page is a 503, "
        "its pages lead in a circle, or to another server",
        "HOW",
        words=("missing", "refused", "empty", "broken", "torn", "circle", "elsewhere"),
    ),
    Switch("listed", "the model list of this file below --lists, see below", "NAME", free=True),
    Switch("now", "whatever `PUT /_now/NAME` said last, see below", "NAME", free=True),
    Switch("tag", "nothing: keeps counters and hits of one test apart", "NAME", free=True),
    Switch("api", "nothing: some base addresses end in `/api/v1`"),
)
FAILURES = (
    Switch("status", "answer with this error status", "CODE"),
    Switch("retry_after", "the `Retry-After` of errors; a 429 has 2 without it", "S"),
    Switch("flaky", "so many percent of calls are a 503, evenly spread", "PERCENT"),
    Switch("fail_first", "the first N calls are a 503", "N"),
    Switch("error_200", "an error object with status 200"),
    Switch("error_mid", "after N events an error event, then the end", "N"),
)
FAULTS = (
    Switch("garbage", "a body that is no JSON"),
    Switch("html", "an HTML page with status 200"),
    Switch("empty", "an empty body"),
    Switch("array", "JSON, but an array"),
    Switch("deep", "JSON nested 100,000 deep"),
    Switch("bad_utf8", "bytes in the reply that are no UTF-8"),
    Switch("cut", "hang up after N bytes of the body", "N"),
    Switch("cut_events", "hang up after N events", "N"),
    Switch("end_events", "end after N events as if that were all", "N"),
    Switch("no_done", "leave out `[DONE]`, or `message_stop`"),
    Switch("reset", "reset the connection before the first byte"),
    Switch("reset_events", "reset the connection after N events", "N"),
    Switch("hang", "never answer"),
    Switch("hang_events", "never go on after N events", "N"),
    Switch("slow_loris", "one byte of the body every so many milliseconds", "MS"),
    Switch("comments", "nothing but comments, ten a second, without end"),
    Switch("pings", "nothing but events that say nothing, without end"),
    Switch("endless", "a reply without end"),
    Switch("huge", "a JSON body of so many MiB", "MIB"),
    Switch("long_line", "one line of so many MiB", "MIB"),
    Switch("bomb", "so many MiB, gzipped to a thousandth", "MIB"),
    Switch("redirect", "302 to `/redirected/v1/…` of the simulator, which counts hits"),
    Switch("redirected", "nothing: where `redirect` points to"),
    Switch("cookies", "set a cookie, another one each time"),
    Switch("big_headers", "so many KiB of headers", "KIB"),
    Switch("not_http", "an answer that is no HTTP"),
    Switch("wrong_length", "promise 100 bytes more than there are, then hang up"),
    Switch("bad_chunks", "chunked framing that is broken after the first event"),
    Switch(
        "usage",
        "usage that is missing, negative, given twice, absurdly large, text, or zero, whole or in its output",
        "HOW",
        words=("none", "negative", "doubled", "huge", "text", "zero", "no_output"),
    ),
)
RECORDED = Switch("case", "the recorded answer of this folder below --recordings", "FOLDER", free=True)
SWITCHES = {switch.name: switch for switch in (*SHAPE, *FAILURES, *FAULTS, RECORDED)}


@dataclass(frozen=True)
class Path:
    """A path, understood."""

    prefix: str  # everything before the endpoint: what counters are kept by
    endpoint: str  # /v1/…
    switches: dict[str, str]  # in the order of the path

    def __contains__(self, name: str) -> bool:
        return name in self.switches

    def text(self, name: str, default: str = "") -> str:
        """Return the argument of a switch."""
        return self.switches.get(name, default)

    def number(self, name: str, default: int = 0) -> int:
        """Return the argument of a switch as a number."""
        return int(self.switches.get(name, default))


def parse(path: str) -> Path:
    """Return the switches and the endpoint of `path`. Raises `UnknownPath`."""
    prefix, found, endpoint = path.partition("/v1/")
    if not found:
        raise UnknownPath(f"{path!r}: an endpoint begins with /v1/, see docs/simulator.md")
    words = prefix.split("/")[1:]
    switches: dict[str, str] = {}
    while words:
        switch = _switch(words.pop(0))
        if switch is RECORDED:
            switches[switch.name], words = "/".join(words), []
        else:
            switches[switch.name] = _argument(switch, words)
    return Path(prefix, "/v1/" + endpoint, switches)


def _switch(word: str) -> Switch:
    """Return the switch of this name. Raises `UnknownPath`."""
    if word not in SWITCHES:
        near = difflib.get_close_matches(word, SWITCHES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see docs/simulator.md"
        raise UnknownPath(f"no switch {word!r}: {hint}")
    return SWITCHES[word]


def _argument(switch: Switch, words: list[str]) -> str:
    """Take the argument of `switch` from `words`. Raises `UnknownPath` where it is missing or wrong."""
    if not switch.argument:
        return ""
    value = words.pop(0) if words else ""
    allowed = switch.words or ("a whole number",)
    fits = bool(value) if switch.free else value in allowed if switch.words else value.isdecimal()
    if not fits:
        raise UnknownPath(f"{switch.name}/{value}: write {'/'.join(allowed)} for {switch.argument}")
    return value
