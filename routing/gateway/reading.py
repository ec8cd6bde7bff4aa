"""Pure: a stream as it passes by: what is understood of it, and what the caller gets to see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from providers.errors import BadReply, ProviderError, ProviderUnavailable, Truncated
from providers.sse import SseEvent
from providers.wire import Answer, Event, Usage
from routing.gateway.shown import Show


class BrokeOff(ProviderError):
    """The provider reported an error in the middle of its answer."""

    code = "upstream_failed"
    is_free = True  # the provider's word is as good as its status; what it generated before was heard


@dataclass(slots=True)
class Heard:
    """What an answer has said about itself so far."""

    usage: Usage | None = None
    model: str = ""
    upstream_id: str = ""
    finish_reason: str = ""
    text_bytes: int = 0  # of what was generated
    unread_bytes: int = 0  # of what was too large to be read
    has_output: bool = False  # of a stream: something was generated, text or not

    def event(self, event: Event) -> None:
        """Take in an event; of usage that is counted in every event the last one counts.

        A usage without output is not credible once some was heard: llmhub counts itself then.
        """
        self.has_output = self.has_output or bool(event.text) or event.kind == "content"
        usage = event.usage or self.usage
        self.usage = usage if usage is None or usage.counts_output or not self.has_output else None
        self.model = event.model or self.model
        self.upstream_id = event.upstream_id or self.upstream_id
        self.finish_reason = event.finish_reason or self.finish_reason
        self.text_bytes += len(event.text.encode())

    def answer(self, answer: Answer) -> None:
        """Take in a whole answer."""
        self.usage, self.model, self.upstream_id = answer.usage, answer.model, answer.upstream_id
        self.finish_reason = answer.finish_reason
        self.text_bytes = answer.text_bytes


@dataclass(slots=True)
class Reading:
    """Reads the events of one attempt."""

    read: Callable[[bytes], Event]  # the event reader of the adapter
    heard: Heard
    show: Show  # makes the caller's events of the provider's
    answers: int = 1
    has_content: bool = False
    is_done: bool = False
    error: str = ""
    failure: Exception | None = None  # what the error means
    events: int = 0
    finished: set[int] = field(default_factory=set)  # indexes of the answers that have ended

    def take(self, events: Iterable[SseEvent]) -> list[bytes]:
        """Return what goes to the caller of `events`. Raises `BadReply` on one that is none.

        After an error or the end marker nothing is taken any more.
        """
        passed: list[bytes] = []
        for sse in events:
            try:
                event = self.read(sse.data)
            except BadReply:
                if self.is_whole:  # cut in the middle of what comes after the answer: nothing of it is lost
                    break
                raise
            self.heard.event(event)
            self.events += 1
            self.finished.update(event.finished)
            self.has_content = self.has_content or event.kind in {"content", "finish"}
            if event.kind == "done":
                self.is_done = True
            elif event.kind == "error":
                self.error = event.error or "the provider gave no reason"
                self.failure = event.failure
            if self.is_done or self.error:
                break
            if shown := self.show.take(sse, event):
                passed.append(shown)
        return passed

    @property
    def is_whole(self) -> bool:
        """Whether the end has come: the marker, or a finish reason of every answer (R-09)."""
        return self.is_done or len(self.finished) >= self.answers

    def check_end(self) -> None:
        """Raise what is wrong with a stream that is over.

        R-09: an end is never faked.
        """
        if isinstance(self.failure, ProviderError) and not isinstance(self.failure, ProviderUnavailable):
            raise self.failure  # it says what it is: a limit, a refusal, a rejected request
        if self.error:
            raise BrokeOff(f"the provider broke off: {self.error}", status=200)
        if not self.events:
            raise BadReply("the provider sent no stream where one was asked for", status=200)
        if not self.is_whole:
            raise Truncated("the provider's answer broke off before its end", status=200)
        if not self.has_content:
            raise BadReply("the provider ended its stream without an answer", status=200)
