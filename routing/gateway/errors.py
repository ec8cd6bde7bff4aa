"""Pure: an error as a caller of the gateway meets it.

`x-should-retry` goes out with it: whether an SDK may try again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from billing.entries import Over
from providers.errors import ProviderError, ProviderTimeout, RateLimited, RequestRejected
from routing.gateway.codes import CODES, Code

_SDKS_WAIT = 60  # seconds: told to wait longer, they come back within 8


@dataclass(eq=False)
class Refusal(Exception):
    """A request that ends with an error for the caller; the message says what is wrong."""

    name: str  # a key of CODES
    message: str
    param: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    remedies: tuple[str, ...] = ()
    retry_after: float | None = None  # seconds
    over: Over | None = None  # the budget that was in the way, as the ledger counts it

    @property
    def code(self) -> Code:
        """What the closed list says about this error."""
        return CODES[self.name]

    def body(self, request_id: str) -> dict[str, Any]:
        """Return what an error says, in every dialect; a face puts it into its own skin."""
        return {
            "type": self.code.type,
            "code": self.name,
            "message": self.message,
            "param": self.param,
            "request_id": request_id,
            "retryable": self.code.retryable,
            "retry_after": self._wait(),
            "details": self.details,
            "remedies": list(self.remedies) or [self.code.remedy],
        }

    def headers(self) -> dict[str, str]:
        """Return the headers that steer the retries of SDKs, and name what a caller must show."""
        wait = self._wait()
        may_retry = self.code.sdk_may_retry and (wait is None or wait <= _SDKS_WAIT)
        found = {"x-should-retry": "true" if may_retry else "false"}
        if self.code.status == 401:
            found["www-authenticate"] = "Bearer"
        return found if wait is None else {**found, "retry-after": str(wait)}

    def _wait(self) -> int | None:
        wait = self.code.retry_after if self.retry_after is None else self.retry_after
        return None if wait is None else max(1, -int(-wait // 1))


def from_failures(failures: list[ProviderError]) -> Refusal:
    """Return what the caller is told when no candidate answered; the last failure gives the reason."""
    last = failures[-1]
    if isinstance(last, RequestRejected):
        return Refusal("upstream_rejected", f"The provider rejected the request: {last.message}")
    if all(isinstance(failure, RateLimited) for failure in failures):
        known = [failure.retry_after for failure in failures if failure.retry_after is not None]
        return Refusal("upstream_rate_limited", last.message, retry_after=min(known, default=None))
    if isinstance(last, RateLimited):  # the others failed otherwise: together they are no mere limit
        return Refusal("upstream_unavailable", last.message)
    name = "upstream_timeout" if isinstance(last, ProviderTimeout) else last.code
    return Refusal(name, last.message)
