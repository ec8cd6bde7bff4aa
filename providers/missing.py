"""Pure: offers that their provider refuses call after call: a model that is gone, an address that is wrong.

That is no illness, and no breaker opens for it; but each call that tries such an offer first spends a
further attempt, of which there are few. So others are tried before it, and now and then a call looks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from providers.errors import CredentialRefused, ProviderError, TargetMisconfigured
from providers.live import Live

IN_A_ROW = 3  # refusals
LOOK_AGAIN = 300.0  # seconds after the last one, when an offer is tried in its own place again
_UNKNOWN = Live()


@dataclass(slots=True)
class Missing:
    """The offers of one gateway process that were refused last. Times are seconds on one clock."""

    _refusals: dict[int, int] = field(default_factory=dict)  # in a row, by offer
    _until: dict[int, float] = field(default_factory=dict)  # of those that are tried last

    def failed(self, offer_id: int, error: ProviderError, now: float) -> None:
        """Note how an attempt failed; a credential that is refused is seen to elsewhere."""
        if not isinstance(error, TargetMisconfigured) or isinstance(error, CredentialRefused):
            return
        self._refusals[offer_id] = self._refusals.get(offer_id, 0) + 1
        if self._refusals[offer_id] >= IN_A_ROW:
            self._until[offer_id] = now + LOOK_AGAIN

    def answered(self, offer_id: int) -> None:
        """Note that an offer answers."""
        if offer_id in self._refusals:
            del self._refusals[offer_id]
            self._until.pop(offer_id, None)

    def among(self, live: Mapping[int, Live], now: float) -> Mapping[int, Live]:
        """Return what is known of offers, with those that are to be tried last as degraded."""
        if not self._until:
            return live
        last = [offer_id for offer_id, until in self._until.items() if now < until]
        return {**live, **{each: replace(live.get(each, _UNKNOWN), is_degraded=True) for each in last}}
