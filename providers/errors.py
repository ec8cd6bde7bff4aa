"""Pure: everything that can go wrong upstream.

* ProviderError
  + ProviderUnavailable    retryable: cannot connect, timeout, connection lost, 5xx
  + ComeAgain              retryable: 409, 425: it cannot take this one call just now, or answered it wrongly
  + RateLimited            retryable: 429; `retry_after` when the provider said it
    - TooLargeForLimit     retryable: 429 of one call that is larger than the whole limit
  + TargetMisconfigured    retryable: 404, some 402 and 403: the address or model name is wrong here
    - ModelGone            retryable: 404, 410 about the model: it is not there, or not for this credential
    - CredentialRefused    retryable: 401, 402, 403, no credit: the credential is of no use any more
    - AddressRefused       retryable: llmhub does not connect to the provider's address
  + BadReply               retryable: an answer we cannot read, or a truncated one
    - TooLarge             final: an answer beyond llmhub's own bounds, which was generated and is paid for
  + RequestRejected        final: the next provider would refuse it too
    - TooLong              retryable: the call is longer than this model reads here
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from providers.quoting import quoted
from providers.wire import Usage


class ProviderError(Exception):
    """Base of all upstream failures; `retryable` decides on fallback."""

    retryable = True
    code = "upstream_unavailable"
    was_sent = True  # False: the provider never got the call

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__()  # what is no argument shows in no repr
        self._said = message  # in the provider's own words, where it quotes them
        self.credential = ""  # of the call: `hiding` says it
        self.status = status  # HTTP status of the provider; None when there was no answer
        self.retry_after = retry_after  # seconds
        self.usage: Usage | None = None  # what was used before it failed: paid for all the same

    @property
    def message(self) -> str:
        """What went wrong: may quote the provider, so it is shown to the caller, never stored or logged."""
        return quoted(self._said, hide=self.credential)

    def __str__(self) -> str:
        return self.message

    def add_place(self, where: str) -> None:
        """Say where it happened before what was said."""
        self._said = f"{where}: {self._said}"

    @property
    def is_free(self) -> bool:
        """Whether it proves that nothing was generated: no connection, or a status that says no."""
        return not self.was_sent if self.status is None else not 200 <= self.status < 300


class ProviderUnavailable(ProviderError):
    """No answer, or a failure of the provider's own."""


class ProviderTimeout(ProviderUnavailable):
    """The provider did not answer in time."""

    code = "upstream_timeout"


class ComeAgain(ProviderError):
    """The provider cannot take this one call just now: that says nothing about others."""


class RateLimited(ProviderError):
    """The provider asks us to come later."""

    code = "upstream_rate_limited"


class TooLargeForLimit(RateLimited):
    """This one call is larger than a whole minute's limit: no wait mends it, and others may be sent."""


class TargetMisconfigured(ProviderError):
    """Our credential, credit or model name is refused at this provider."""

    code = "upstream_refused_credential"
    was_sent = False  # where there is no status, it is llmhub that cannot send


class CredentialRefused(TargetMisconfigured):
    """Our credential or its credit is refused: it is of no use until an admin acts."""


class ModelGone(TargetMisconfigured):
    """The provider does not know the model, or does not give it to us: no illness, and no wait helps."""


class AddressRefused(TargetMisconfigured):
    """The provider's address is one that llmhub does not connect to."""

    code = "upstream_unavailable"


class BadReply(ProviderError):
    """The provider answered something that is no answer."""

    code = "upstream_bad_reply"


class TooLarge(BadReply):
    """The answer goes beyond llmhub's own bounds: no illness, and a second one would be paid for too."""

    retryable = False
    code = "upstream_too_large"

    def __init__(self, message: str, *, seen_bytes: int = 0, status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.seen_bytes = seen_bytes  # of the answer, which are not looked into


class Truncated(BadReply):
    """The answer ended before its end."""

    code = "upstream_truncated"


class RequestRejected(ProviderError):
    """The provider says the request itself is wrong."""

    retryable = False
    code = "upstream_rejected"


class TooLong(RequestRejected):
    """The call is longer than the model reads, at this provider: another may read more."""

    retryable = True


@contextmanager
def hiding(credential: str) -> Iterator[None]:
    """Let no `ProviderError` that is raised inside quote `credential`, however the provider sent it."""
    try:
        yield
    except ProviderError as error:
        error.credential = credential
        raise
