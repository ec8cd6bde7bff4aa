"""Pure: read a stream of server-sent events, whatever its chunks and line ends.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

from providers.errors import TooLarge
from providers.wire import Discreet

MAX_LINE = 1024 * 1024  # bytes
MAX_EVENT = 4 * 1024 * 1024  # bytes of memory, comments before it included
_PER_LINE = 64  # bytes of memory that a line costs beside its own
_BOM = b"\xef\xbb\xbf"


class SseEvent(Discreet, frozen=True):
    """One event with data; comments and empty events are skipped."""

    event: str  # "" when the stream names none
    data: bytes
    raw: bytes  # as it came, its blank line and comments included


class SseReader:
    """Turns chunks of bytes into events. Raises `TooLarge` on a line or an event beyond its bound."""

    def __init__(self, *, max_line: int = MAX_LINE, max_event: int = MAX_EVENT) -> None:
        self._max_line = max_line
        self._max_event = max_event
        self._partial = bytearray()  # a line whose end has not come
        self._raw: list[bytes] = []  # whole lines of the event so far
        self._raw_size = 0
        self._data: list[bytes] = []
        self._event = ""
        self._after_cr = False  # a line feed that comes next belongs to the line before
        self._at_start = True

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Return the events that `chunk` completes."""
        if not chunk:
            return []
        if self._after_cr:
            chunk = self._finish_crlf(chunk)
        if self._partial:
            self._partial += chunk
            if b"\n" not in chunk and b"\r" not in chunk:
                self._bound(len(self._partial))
                return []
            chunk = bytes(self._partial)
            self._partial.clear()
        events: list[SseEvent] = []
        for line in chunk.splitlines(keepends=True):
            self._bound(len(line))
            if line[-1] not in b"\r\n":
                self._partial += line
            elif event := self._take(line):
                events.append(event)
        self._after_cr = chunk.endswith(b"\r")
        return events

    def close(self) -> list[SseEvent]:
        """Return a last event whose blank line never came.

        Servers that forget it exist; half an event is no JSON and is noticed when it is read.
        """
        self._after_cr = False
        if self._partial:
            line, self._partial = bytes(self._partial) + b"\n", bytearray()
            self._take(line)
        event = self._take(b"\n")
        return [event] if event else []

    def _finish_crlf(self, chunk: bytes) -> bytes:
        """Return `chunk` without the line feed that was cut off its carriage return."""
        self._after_cr = False
        if chunk[0] != 0x0A:
            return chunk
        if self._raw:  # else its event has gone out, complete with the carriage return alone
            self._raw.append(b"\n")
        return chunk[1:]

    def _take(self, line: bytes) -> SseEvent | None:
        """Take one whole line; return the event that it ends."""
        self._raw.append(line)
        text = line.rstrip(b"\r\n")
        if self._at_start:
            self._at_start, text = False, text.removeprefix(_BOM)
        if not text:
            return self._dispatch()
        if text.startswith(b"data: "):
            self._data.append(text[6:])
        elif text[0] != 0x3A:  # a comment begins with a colon
            self._field(text)
        self._raw_size += len(line) + _PER_LINE
        if self._raw_size > self._max_event:
            said = f"the provider sent an event of more than {self._max_event} bytes"
            raise TooLarge(said, seen_bytes=self._raw_size)
        return None

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")

    def _dispatch(self) -> SseEvent | None:
        """Return the event collected so far, if it has data, and begin the next."""
        event = None
        if self._data:
            event = SseEvent(self._event, b"\n".join(self._data), b"".join(self._raw))
        self._data, self._raw, self._raw_size, self._event = [], [], 0, ""
        return event

    def _bound(self, size: int) -> None:
        if size > self._max_line:
            said = f"the provider sent a line of more than {self._max_line} bytes"
            raise TooLarge(said, seen_bytes=size)
