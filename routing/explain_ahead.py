"""Where a call of a team would go and why, for people: by the configuration and figures of this moment.

Which breakers are open, and where a session was answered last, is taken from what gateways wrote down. A
gateway that hears nothing of the others has breakers of its own: what it knows, only it can say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from msgspec import structs

from billing import standing
from billing.models import ApiKey
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.models import Team
from llmhub.people.roles import reach
from providers import breaker_log
from routing.evidence_read import live_of
from routing.explain_values import Explained
from routing.gateway.caller_request import CallerRequest
from routing.gateway.errors import Refusal
from routing.gateway.foresight import ahead_of, explained_of, with_budgets
from routing.gateway.mixes import read_mixes
from routing.gateway.opening import session_of
from routing.gateway.readers import READERS
from routing.load import load_snapshot
from routing.plan import Moment
from routing.reach import EVERYTHING, Reach, refuse_out_of_reach
from routing.resolve import Destination, resolve
from routing.session_read import answered_last
from routing.snapshot import Caller, Snapshot

_BYTES_PER_TOKEN = 4
_ONE_MESSAGE: Sequence[Mapping[str, str]] = [{"role": "user", "content": "x"}]
_NOT_A_CALL = 1  # an id: no call has it


@dataclass(frozen=True)
class Question:
    """A call that somebody asks about: with a body, or with its size and what it needs."""

    model: str = ""  # "": the one that the body names
    policy: str = ""
    body: str = ""  # JSON; "": made of the following
    dialect: str = "chat"
    needs: tuple[str, ...] = ()
    input_tokens: int = 1000
    output_tokens: int | None = None  # at most; None: the call has no limit of its own
    max_cost: str = ""  # USD
    session: str = ""  # the conversation that it goes on with


class CannotAnswer(ValueError):
    """The question cannot be answered; the message says what is wrong with it."""


def ask(
    question: Question, *, team: Team | None, key: ApiKey | None = None, shows_all: bool = True
) -> Explained:
    """Return where a call of a team, or of one of its keys, would go; of nobody's, without budgets of teams.

    Who is not shown all hears of no figures of budgets: they may be of others. Raises `CannotAnswer`.
    """
    snapshot, now = load_snapshot(), clock.now()
    caller = _caller(snapshot, team, key)
    try:
        request = _request(question, snapshot)
        destination = resolve(snapshot, request.model, now=now)
        if destination.route is None:
            refuse_out_of_reach(caller.reach, destination.asked, destination.name, key_name=caller.key_name)
    except Refusal as refusal:
        raise CannotAnswer(refusal.message) from None
    moment = _moment(caller, request, destination, now)
    ahead = ahead_of(snapshot, caller, request, destination, moment, whole=moment, id_=_NOT_A_CALL)
    found = explained_of(with_budgets(ahead, standing.verdicts(ahead.wanted, at=now)))
    if shows_all or found.refusal.get("code") != "budget_exceeded":
        return found
    said = "A budget that the call falls under has no room for it: ask an admin, or see Budgets."
    return replace(found, refusal={"code": "budget_exceeded", "message": said})


def whose(actor: Actor, *, team: str = "", key_id: int | None = None) -> tuple[Team | None, ApiKey | None]:
    """Return whose call it is. Raises `CannotAnswer` where that is nothing `actor` may read.

    Who sees some teams only asks for one of them: without a team the figures are of nobody.
    """
    if key_id is not None:
        key = ApiKey.objects.seen_by(actor).select_related("team").filter(pk=key_id).first()
        if key is None:
            raise CannotAnswer(f"there is no key {key_id} in your teams")
        return key.team, key
    if team:
        found = Team.objects.seen_by(actor).filter(slug=team).first()
        if found is None:
            raise CannotAnswer(f"there is no team {team!r} among yours")
        return found, None
    own = Team.objects.seen_by(actor)
    return (own.first() if reach(actor) is not None else None), None


def _caller(snapshot: Snapshot, team: Team | None, key: ApiKey | None) -> Caller:
    if key is not None:
        for caller in snapshot.keys.values():
            if caller.key_id == key.pk:
                return caller
        raise CannotAnswer(f"the key {key.name!r} was revoked or has expired: no call goes anywhere with it")
    found = Caller(key_id=0, key_name="", team_id=0, team_slug="", reach=EVERYTHING)
    if team is None:
        return found
    reach = Reach.of([], [], team.allowed_routes)
    return replace(found, team_id=team.pk, team_slug=team.slug, reach=reach)


def _request(question: Question, snapshot: Snapshot) -> CallerRequest:
    reader = READERS.get(question.dialect)
    if reader is None:
        raise CannotAnswer(f"{question.dialect[:40]!r} is no dialect: use {', '.join(READERS)}")
    headers = {
        "x-llmhub-policy": question.policy,
        "x-llmhub-max-cost": question.max_cost,
        "x-llmhub-session": question.session,
    }
    body = _body(question)
    if question.model:
        body["model"] = question.model
    found = reader(
        json.dumps(body).encode(),
        {name: value for name, value in headers.items() if value},
        known_providers=snapshot.providers,
    )
    if question.body:
        return found
    size = structs.replace(found.size, body_bytes=question.input_tokens * _BYTES_PER_TOKEN)
    return structs.replace(found, size=size, needs=frozenset(question.needs))


def _body(question: Question) -> dict[str, Any]:
    if not question.body:
        content = {"input": "x"} if question.dialect == "embeddings" else {"messages": _ONE_MESSAGE}
        limit = {} if question.output_tokens is None else {"max_tokens": question.output_tokens}
        return {"model": question.model, **content, **limit}
    try:
        body = json.loads(question.body)
    except (ValueError, RecursionError):
        raise CannotAnswer("the body is no JSON: paste the body of a call") from None
    if not isinstance(body, dict):
        raise CannotAnswer("the body is no JSON object: paste the body of a call")
    return body


def _moment(caller: Caller, request: CallerRequest, destination: Destination, now: datetime) -> Moment:
    """Return what gateways wrote down of each offer that a destination has, and of this team's calls."""
    route = destination.route
    targets = (*destination.targets, *(route.over_budget if route else ()))
    entries = {target.entry.id: target.entry for target in targets}.values()
    session = session_of(caller, request, destination)
    return Moment(
        now,
        waits=breaker_log.waits({offer.id for entry in entries for offer in entry.offers}, now),
        live=live_of(entries, now=now),
        mixes=read_mixes(caller.team_id) if caller.team_id else {},
        session_offer=answered_last(session, now=now) if session and caller.team_id else None,
    )
