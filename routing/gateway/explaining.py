"""POST /v1/explain: where a call would go and why. Nothing is sent, nothing is held, nothing is recorded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import parse_qs

import msgspec

from billing import standing
from billing.standing import Verdict
from llmhub.lib import clock
from routing.explain import Decision, nowhere
from routing.explain_values import Explained
from routing.gateway.account import Account
from routing.gateway.admission import Admission
from routing.gateway.caller_request import CallerRequest, ReadRequest
from routing.gateway.chat_request import read_chat
from routing.gateway.embeddings_request import read_embeddings
from routing.gateway.errors import Refusal
from routing.gateway.exchange import Exchange
from routing.gateway.foresight import Foreseen, first_of, foresee, labels_of, places_of, told, with_budgets
from routing.gateway.hub import Hub
from routing.gateway.messages_request import read_messages
from routing.gateway.opening import asking_of, moment_of, open_account
from routing.plan import Moment, Plan, plan
from routing.reach import refuse_out_of_reach
from routing.resolve import resolve
from routing.snapshot import Caller, Snapshot
from routing.who_could import with_who_could

_READERS: dict[str, ReadRequest] = {
    "chat": read_chat,
    "messages": read_messages,
    "embeddings": read_embeddings,
}


@dataclass(frozen=True)
class Ahead:
    """A call that is asked about."""

    snapshot: Snapshot
    request: CallerRequest
    decision: Decision
    moment: Moment  # with what had no say as well
    account: Account | None  # None: no offer could take it
    foreseen: Sequence[Foreseen] = ()
    verdicts: Sequence[Verdict] = ()  # of budgets, on those that would hold something
    refusal: Refusal | None = None  # None: it would be sent


async def explain(hub: Hub, exchange: Exchange, caller: Caller, content: bytes) -> None:
    """Answer where a call with this body would go, and what each candidate would take."""
    found = explained_of(await look_ahead(hub, exchange, caller, content))
    await exchange.answer(msgspec.json.encode({"object": "explanation", **msgspec.to_builtins(found)}))


def explained_of(ahead: Ahead) -> Explained:
    """Return a call that is asked about, in words."""
    account, decision = ahead.account, ahead.decision
    return told(
        decision,
        ahead.foreseen,
        moment=ahead.moment,
        requested=ahead.request.model,
        places=places_of(decision.destination),
        labels=labels_of(account, decision.plan.candidates) if account else {},
        refusal=ahead.refusal,
    )


async def look_ahead(hub: Hub, exchange: Exchange, caller: Caller, content: bytes) -> Ahead:
    """Return what would become of a call. Raises `Refusal` where its model may not be asked for at all."""
    exchange.has_record = True  # who asks is no refused call
    snapshot, now = hub.watch.snapshot, clock.now()
    reader = partial(_reader(exchange), headers=exchange.headers, known_providers=snapshot.providers)
    request = exchange.asked = await hub.large.read(content, reader)
    destination = resolve(snapshot, request.model, now=now)
    if destination.route is None:
        refuse_out_of_reach(caller.reach, request.model, destination.name, key_name=caller.key_name)
    asking = asking_of(request, caller, seed=exchange.request_id)
    moment = moment_of(hub, caller, request, destination, at=now)
    mixes = await hub.mixes.fresh(caller.team_id, now=time.monotonic())
    whole = replace(moment, mixes=mixes, live=hub.statistics.live(time.monotonic()))
    decision = Decision(
        snapshot.version, destination, asking, moment, Plan(()), caller.key_id, request.extras.max_cost_nano
    )
    try:
        decision.plan = plan(destination, asking, moment)
    except Refusal as refusal:
        decision.plan = nowhere(destination, asking, moment, refusal)
        said = with_who_could(refusal, snapshot, caller.reach, asking.needs)
        return Ahead(snapshot, request, decision, whole, None, refusal=said)
    account = open_account(snapshot, caller, destination, request, decision.plan, id_=exchange.id, at=now)
    return await _weighed(hub, Ahead(snapshot, request, decision, whole, account), account)


async def _weighed(hub: Hub, ahead: Ahead, account: Account) -> Ahead:
    """Return it with what each candidate would take, and what budgets would say to that."""
    work = partial(foresee, account, ahead.decision.plan.candidates)
    foreseen = await hub.large.run(account.request.size.body_bytes, work)
    wanted = [each.wanted for each in foreseen if each.wanted is not None]
    verdicts = await hub.reader.run(partial(standing.verdicts, wanted, at=account.at))
    foreseen = with_budgets(foreseen, verdicts)
    unfit = [each.unfit for each in foreseen if each.unfit is not None]
    refusal = None
    if first_of(foreseen) is None:
        refusal = await Admission(hub, account, ahead.snapshot).refusal(unfit)
    return replace(ahead, foreseen=foreseen, verdicts=verdicts, refusal=refusal)


def _reader(exchange: Exchange) -> ReadRequest:
    """Return what reads the body: `?dialect=` says in which one it is, chat where nothing is said."""
    dialect = parse_qs(exchange.query).get("dialect", ["chat"])[-1]
    if dialect not in _READERS:
        said = f"dialect={dialect[:40]!r} is not known here: use {', '.join(_READERS)}"
        raise Refusal("invalid_request", said, param="dialect")
    return _READERS[dialect]
