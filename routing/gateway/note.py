"""One attempt of a call while it runs, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from billing.entries import Status
from llmhub.lib import clock
from providers.breaker import Entry
from providers.errors import ProviderError, RateLimited, RequestRejected, TargetMisconfigured, TooLarge
from routing.gateway.carriage import Carried
from routing.gateway.ear import Ear
from routing.gateway.reading import Heard
from routing.plan import Candidate
from routing.snapshot import SealedCredential

# The provider said no and did nothing.
_REFUSED = {RateLimited.code, RequestRejected.code, TargetMisconfigured.code}


@dataclass(slots=True)
class Note:
    """One attempt while it runs."""

    number: int
    candidate: Candidate
    carried: Carried
    credential: SealedCredential | None = None  # None: the provider is called without one
    started_at_ms: int = field(default_factory=clock.unix_ms)
    started: float = field(default_factory=time.monotonic)
    status: Status | None = None  # None: still running
    http_status: int = 0
    error_code: str = ""
    is_free: bool = False  # it failed, and nothing can have been generated
    heard: Heard = field(default_factory=Heard)
    ttft_ms: int | None = None
    latency_ms: int = 0
    on_first_token: Callable[[], None] | None = None
    ear: Ear | None = None  # hears whether what was asked for is well formed; None: nothing is listened for
    entry: Entry | None = None  # of its offer's breaker
    is_silent: bool = False  # it has said nothing for so long that the breaker was told
    is_held: bool = False  # nobody sees its answer before it was looked at
    events: bytes = b""  # of a stream that is held: what its caller would see
    told: dict[str, Any] | None = None  # of a stream that is held: what its usage says of cost
    finish: Callable[[], bytes] | None = None  # of a stream: returns what still comes after its events

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the attempt began."""
        return int((time.monotonic() - self.started) * 1000)

    @property
    def is_refused(self) -> bool:
        """Whether the provider refused the request: it did nothing, and may be asked again."""
        did_nothing = not self.heard.has_output and self.ttft_ms is None
        return did_nothing and self.http_status >= 400 and self.error_code in _REFUSED

    def end(self, status: Status, error_code: str = "") -> None:
        """Say how the attempt ended; only the first time counts."""
        if self.status is None:
            self.status, self.error_code, self.latency_ms = status, error_code, self.elapsed_ms

    def fail(self, error: ProviderError) -> None:
        """End the attempt with what went wrong; what it used is paid for all the same."""
        self.heard.usage = error.usage or self.heard.usage
        if isinstance(error, TooLarge):
            self.heard.unread_bytes = error.seen_bytes
        self.http_status = error.status or self.http_status
        self.is_free = error.is_free and not self.heard.text_bytes and self.ttft_ms is None
        self.end("error", error.code)
