"""Hold money for a call, candidate by candidate; what does not fit is dropped, not tried."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from billing.entries import LedgerUnavailable, OverBudget, Repeated, Room
from providers.translators import Malformed, Unsayable
from routing.demand import NOTHING_AHEAD, Demand
from routing.explain import pass_over
from routing.gateway import once
from routing.gateway.account import Account
from routing.gateway.carriage import Carried, is_passed_on, size_before
from routing.gateway.elsewhere import refused
from routing.gateway.errors import Refusal
from routing.gateway.fit import carried_to, fit, untold
from routing.gateway.hub import Hub
from routing.gateway.over_budget import Unfit, is_for_want_of_money
from routing.plan import Candidate
from routing.snapshot import Snapshot

_MARGIN = 60.0  # seconds a reservation outlives the deadline of its call


class Admission:
    """The reservation of one call, which moves with each fallback before its attempt."""

    def __init__(self, hub: Hub, account: Account, snapshot: Snapshot) -> None:
        self._hub = hub
        self._account = account
        self._snapshot = snapshot
        self._legs: dict[int, Candidate] = {}  # of a call to a route that escalates: the first of each

    def _pass(self, unfit: Unfit) -> None:
        budget_id = 0 if unfit.error is None else unfit.error.budget_id
        pass_over(self._account.decision, unfit.candidate, unfit.reason, budget_id=budget_id)

    async def first(self, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
        """Reserve for the first candidate that fits, and return the candidates from it on.

        Raises `Refusal` when none fits; then nothing is held. What is malformed for a translator is
        left to a candidate that gets the body as it came, as long as there is one.
        """
        unfit: list[Unfit] = []
        if self._account.destination.escalates:
            self._legs = {each.leg: each for each in reversed(candidates) if not each.is_for_want}
        for index, candidate in enumerate(candidates):
            if candidate.is_for_want and not is_for_want_of_money(unfit):
                break
            try:
                found = await self._admit(candidate)
            except Malformed as exc:
                if not self._is_passed_on_to_any(candidates[index + 1 :]):
                    raise Refusal("invalid_request", str(exc), param=exc.param or None) from None
                found = untold(candidate, exc)
            if found is None:
                self._account.passed_over = unfit[0].reason if unfit else ""
                return self._from(candidates, index)
            unfit.append(found)
            self._pass(found)
        raise await self._refusal(unfit)

    def _from(self, candidates: Sequence[Candidate], index: int) -> tuple[Candidate, ...]:
        """Return the candidates from one on: without those for want, unless that is where it begins."""
        for_want = candidates[index].is_for_want
        return tuple(each for each in candidates[index:] if each.is_for_want == for_want)

    async def _refusal(self, unfit: Sequence[Unfit]) -> Refusal:
        """Return what the caller is told; what else it could do is worked out on its body."""
        waits = self._hub.breakers.waits(time.monotonic())
        work = partial(refused, self._account, self._snapshot, unfit, waits=waits)
        return await self._hub.large.run(self._account.request.size.body_bytes, work)

    async def next(self, candidate: Candidate) -> bool:
        """Return whether a fallback fits, what was spent on the way here included; then it is held."""
        try:
            found = await self._admit(candidate)
        except Malformed as exc:  # how the call ended elsewhere tells its caller more
            found = untold(candidate, exc)
        if found is not None:
            self._pass(found)
        return found is None

    def _is_passed_on_to_any(self, candidates: Sequence[Candidate]) -> bool:
        return any(candidate.speaks(self._account.request.dialect) for candidate in candidates)

    async def _admit(self, candidate: Candidate) -> Unfit | None:
        try:
            self._account.carried = await self._carry(candidate)
        except Unsayable as exc:
            return untold(candidate, exc)
        found = fit(self._account, candidate, self._account.carried)
        if isinstance(found, Unfit):
            return found
        try:
            self._account.room = await self._hold_all(candidate, found.demand)
        except OverBudget as exc:
            return Unfit(candidate, "over_budget", found.demand, found.size, exc)
        except Repeated as exc:
            raise once.refusal(exc) from exc
        except LedgerUnavailable as exc:
            raise Refusal("ledger_unavailable", f"The ledger cannot be written: {exc}") from exc
        self._account.at_candidate = candidate
        return None

    async def _carry(self, candidate: Candidate) -> Carried:
        """Return the call as a candidate gets it; a large one is worked on beside the event loop."""
        account = self._account
        work = partial(carried_to, account, candidate)
        if is_passed_on(account.request, candidate):
            return work()
        return await self._hub.large.run(account.request.size.body_bytes, work)

    async def _hold_all(self, candidate: Candidate, demand: Demand) -> Room | None:
        """Hold what the call may take here and at later legs; without those where there is no room for both.

        A leg that nothing was held for is refused when its turn comes, and what there is is given.
        """
        account = self._account
        account.ahead = self._ahead(candidate)
        try:
            return await self._hold(candidate, demand)
        except OverBudget:
            if account.ahead == NOTHING_AHEAD:
                raise
        account.ahead = NOTHING_AHEAD
        return await self._hold(candidate, demand)

    def _ahead(self, candidate: Candidate) -> Demand:
        account, found = self._account, NOTHING_AHEAD
        for leg, first in sorted(self._legs.items()):
            if leg <= candidate.leg or candidate.is_for_want:
                continue
            demand = account.payment.demand(size_before(account.request, first), first.offer)
            if isinstance(demand, Demand) and not account.is_over_max_cost(found + demand):
                found += demand
        return found

    async def _hold(self, candidate: Candidate, demand: Demand) -> Room | None:
        account = self._account
        wanted = account.reservation(candidate, demand, seconds=self._hub.limits.deadline + _MARGIN)
        if account.held is None:
            room = await self._hub.ledger.reserve(wanted)
        elif account.is_covered(wanted):
            return account.room
        else:
            room = await self._hub.ledger.move(wanted)
        account.held = wanted
        return room
