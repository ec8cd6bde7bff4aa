"""What the same call would take at another model, worked out as its admission there would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from providers.translators import CannotTranslate
from routing.bound import Size
from routing.demand import Demand, is_unbounded, supplier_of
from routing.gateway.account import Account
from routing.gateway.caller_request import CallerRequest
from routing.gateway.carriage import carry, size_at, size_before
from routing.gateway.errors import Refusal
from routing.gateway.opening import asking_of, open_account
from routing.gateway.over_budget import Asked, Unfit, refusal
from routing.plan import Candidate, Moment, plan
from routing.remedies import Left
from routing.resolve import only
from routing.snapshot import EntryValue, Snapshot


def refused(
    account: Account,
    snapshot: Snapshot,
    unfit: Sequence[Unfit],
    *,
    waits: Mapping[tuple[int, str], float],
) -> Refusal:
    """Return what the caller of a call is told that fits at no candidate, with what else it could do."""
    asked = Asked(
        snapshot,
        account.payment,
        account.destination.entry,
        account.request.size,
        account.request.dialect,
        partial(bound_elsewhere, account, snapshot, waits=waits),
    )
    return refusal(asked, unfit)


def bound_elsewhere(
    account: Account,
    snapshot: Snapshot,
    entry: EntryValue,
    left: Left,
    *,
    waits: Mapping[tuple[int, str], float],
) -> int | None:
    """Return the most that the call would cost at `entry`, translated where it has to be.

    None where it would not fit in what is `left`, could not be told to the provider, is not bounded by
    tokens, or where budgets of that model or its provider have a say.
    """
    request, reach = _asking_for(account, entry), account.caller.reach
    if not reach.has_model(entry.slug, entry.slug):
        return None
    try:
        route = plan(only(entry), asking_of(request, account.caller), Moment(account.at, waits=waits))
    except Refusal:
        return None
    twin = open_account(snapshot, account.caller, only(entry), request, route, id_=account.id, at=account.at)
    for candidate in route.candidates:
        if _fitting(twin, candidate, size_before(twin.request, candidate), left) is None:
            return None  # a translator makes no call smaller
        try:
            carried = carry(
                twin.request,
                candidate,
                output_limit=entry.output_limit_tokens,
                default=twin.default_output,
                at=twin.at,
            )
        except CannotTranslate:
            continue
        return _fitting(twin, candidate, size_at(twin.request, candidate, carried), left)
    return None


def _asking_for(account: Account, entry: EntryValue) -> CallerRequest:
    """Return the call with another model's name, and without a limit that its caller did not set."""
    request, name = account.request, msgspec.Raw(msgspec.json.encode(entry.slug))
    size = replace(
        request.size,
        body_bytes=request.size.body_bytes + len(entry.slug),
        output_limit=request.size.output_limit if account.default_output is None else None,
    )
    return replace(request, model=entry.slug, size=size, body=request.body | {"model": name})


def _fitting(account: Account, candidate: Candidate, size: Size, left: Left) -> int | None:
    """Return the bound of a call of this size at a candidate, None where it does not fit there."""
    entry, pays = candidate.entry, account.payment
    if is_unbounded(size) or size.files or pays.at_supplier(supplier_of(candidate.offer)):
        return None
    demand = pays.demand(size, candidate.offer)
    fits = entry.context_tokens is None or size.tokens <= entry.context_tokens
    return demand.nano if fits and isinstance(demand, Demand) and left.takes(size, demand.nano) else None
