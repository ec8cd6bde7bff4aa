"""One small call to a provider that is not saved yet, with what it may cost said before it is made.

That is held in the ledger like for any call, and its record is written at once: who never saves the
provider has paid for the call all the same.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from asgiref.sync import async_to_sync
from django.db import transaction
from django.db.models import Q

from billing import budget_state, ledger_alone
from billing.entries import AttemptEntry, OverBudget, Reserve, Settle, Status
from billing.models import Budget
from catalog.models import CatalogEntry
from catalog.pricing import PriceValue, cost_of
from llmhub.add_provider.draft import Draft, FirstCall
from llmhub.add_provider.forms import rates_of
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people import organisation
from llmhub.people.roles import require
from providers.adapters import Adapter, adapter_for
from providers.adapters.reading import items, mapping, text, value_of
from providers.client import Client, Timeouts
from providers.errors import ProviderError, hiding
from providers.quoting import quoted
from providers.rates import Rates
from providers.wire import Answer, Body, Usage
from routing.bound import Size, worst_case_nano

PROMPT = "Say hello in one short sentence."
MAX_OUTPUT_TOKENS = 200  # a model that reasons needs some of them before it says anything
MOST_SHOWN = 500  # letters of the answer
COST_CENTRE = "health"
_TIMEOUTS = Timeouts(total=60.0)
_LEASE = timedelta(seconds=120)  # after it the sweeper counts what was held
_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


class NotNow(ValueError):
    """The call is not made; the message says why, and what to do."""


@dataclass(frozen=True)
class Bound:
    """What a first call of one model may cost at most."""

    upstream_id: str
    nano: int | None  # None: its price is unknown


def bounds(draft: Draft) -> list[Bound]:
    """Return what the first call of each chosen model may cost at most."""
    return [Bound(id_, bound_nano(draft, id_)) for id_ in draft.chosen if id_ in draft.terms]


def bound_nano(draft: Draft, upstream_id: str) -> int | None:
    """Return the bound of one model in nano-USD, None where its price is unknown."""
    return worst_case_nano(_size(draft, upstream_id), _prices(draft, upstream_id), at=clock.now())


def _size(draft: Draft, upstream_id: str) -> Size:
    content = _content(_body(draft, upstream_id))
    return Size(body_bytes=len(content), messages=1, output_limit=MAX_OUTPUT_TOKENS)


def make_call(*, actor: Actor, draft: Draft, upstream_id: str) -> FirstCall:
    """Make the call and return what it brought; it is audited, with its tokens and its cost.

    Raises `NotNow` while everything is paused, and when the hub's own budget has no room for it.
    """
    require(actor, "configure")
    _refuse_if_it_may_not(draft, upstream_id)
    held = _hold(draft, upstream_id)
    made = _written(draft, async_to_sync(_call)(draft, upstream_id), held)
    told = {
        "kind": draft.kind,
        "base_url": draft.base_url,
        "model": upstream_id,
        "answered": made.answered,
        "input_tokens": made.input_tokens,
        "output_tokens": made.output_tokens,
        "cost_nano": made.cost_nano,
    }
    with transaction.atomic():
        log.record(actor, "provider.first_call", f"provider:{draft.slug}", after=told)
    return made


def _refuse_if_it_may_not(draft: Draft, upstream_id: str) -> None:
    if reason := organisation.current().paused_reason:
        raise NotNow(
            f"Everything is paused (“{reason}”): resume it on the Settings page first, or save without."
        )
    wanted = _wanted(draft, upstream_id)
    whose = Q(scope="organisation") | Q(scope="model", scope_id=_entry_id(draft, upstream_id))
    caps = Budget.objects.in_force().filter(whose, hard=True).exclude(cap=None)
    for row in budget_state.states(caps, at=clock.now()):
        most = wanted[row.unit]
        if most is None or (row.left or 0) < most:
            why = "its price is unknown" if most is None else "it has no room for it"
            of = "The hub" if row.budget.scope == "organisation" else "The model"
            raise NotNow(f"{of} has a hard budget per {row.budget.per} and {why}: save without a call.")


def _wanted(draft: Draft, upstream_id: str) -> dict[str, int | None]:
    """Return the most that a call takes of budgets, by their unit."""
    return {
        "usd": bound_nano(draft, upstream_id),
        "tokens": _size(draft, upstream_id).tokens,
        "requests": 1,
    }


def _hold(draft: Draft, upstream_id: str) -> Reserve:
    """Hold the most that a call takes. Raises `NotNow` where another one was quicker."""
    entry_id = _entry_id(draft, upstream_id)
    facts = {"cost_centre": COST_CENTRE, "requested": _slug(draft, upstream_id), "dialect": draft.dialect}
    wanted = Reserve(
        id=0,
        amount_nano=bound_nano(draft, upstream_id) or 0,
        expires_at=int((clock.now() + _LEASE).timestamp()),
        facts=facts | {"entry_id": entry_id or None},
    )
    try:
        return ledger_alone.hold(wanted, tokens=_size(draft, upstream_id).tokens, entry_id=entry_id)
    except OverBudget:
        raise NotNow("A hard budget has no room left for it: save without a call.") from None


@transaction.atomic
def _written(draft: Draft, made: FirstCall, held: Reserve) -> FirstCall:
    """Write the record of a call; one that nothing was done for leaves none."""
    if not made.cost_source:
        ledger_alone.release(held)
        return made
    status: Status = "ok" if made.answered else "error"
    attempt = AttemptEntry(
        number=1,
        status=status,
        started_at_ms=made.at_ms,
        latency_ms=made.latency_ms,
        entry_id=held.facts["entry_id"],
        http_status=made.http_status,
        error_code=made.error_code,
        input_tokens=made.input_tokens,
        output_tokens=made.output_tokens,
        usage_estimated=made.estimated,
        cost_nano=made.cost_nano,
        computed_nano=made.computed_nano,
        cost_source=made.cost_source,
    )
    entry = Settle(
        id=held.id,
        requested=_slug(draft, made.upstream_id),
        status=status,
        attempts=(attempt,),
        cost_centre=COST_CENTRE,
        dialect=draft.dialect,
        http_status=made.http_status,
        error_code=made.error_code,
        latency_ms=made.latency_ms,
    )
    ledger_alone.settle(entry, held)
    return replace(made, usage_id=held.id)


def _entry_id(draft: Draft, upstream_id: str) -> int:
    """Return the model that it is a call of, 0 where none is called so yet: one may have a budget."""
    found = CatalogEntry.objects.filter(slug=_slug(draft, upstream_id))
    return found.values_list("pk", flat=True).first() or 0


def _slug(draft: Draft, upstream_id: str) -> str:
    return draft.terms[upstream_id].slug if upstream_id in draft.terms else ""


async def _call(draft: Draft, upstream_id: str) -> FirstCall:
    adapter, begun, at_ms = adapter_for(draft.kind, draft.dialect), time.monotonic(), clock.unix_ms()
    client = Client()
    try:
        with hiding(draft.secret):
            answer = await _answer(client, adapter, draft, upstream_id)
    except ProviderError as error:
        failed = FirstCall(
            upstream_id, answered=False, said=error.message, latency_ms=_since(begun), at_ms=at_ms,
            error_code=error.code, http_status=error.status or 0,
        )  # fmt: skip
        used = error.usage or (None if error.is_free else _at_most(draft, upstream_id))
        return failed if used is None else _priced(failed, draft, used)
    finally:
        await client.aclose()
    latency_ms = _since(begun)
    said = quoted(said_in(answer.body), hide=draft.secret)[:MOST_SHOWN]
    made = FirstCall(upstream_id, True, said, latency_ms, at_ms=at_ms, http_status=200)
    return _priced(made, draft, answer.usage or _at_most(draft, upstream_id))


def _at_most(draft: Draft, upstream_id: str) -> Usage:
    """Return what a call used whose provider does not say: the most it may have."""
    size = _size(draft, upstream_id)
    return Usage(input_tokens=size.input_tokens, output_tokens=size.output_tokens, estimated=True)


def _priced(made: FirstCall, draft: Draft, usage: Usage) -> FirstCall:
    """Return a call with what it used and cost."""
    cost = cost_of(usage, _prices(draft, made.upstream_id), at=clock.now())
    return replace(
        made,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_nano=cost.nano,
        cost_source=cost.source,
        computed_nano=cost.computed_nano,
        estimated=usage.estimated,
    )


async def _answer(client: Client, adapter: Adapter, draft: Draft, upstream_id: str) -> Answer:
    call = adapter.generate_call(draft.target(upstream_id), _body(draft, upstream_id), stream=False)
    reply = await client.send(call, timeout=_TIMEOUTS)
    if reply.status != 200:
        raise adapter.failure(reply.status, reply.headers, reply.content)
    return adapter.parse_answer(reply.content)


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)


def _body(draft: Draft, upstream_id: str) -> Body:
    terms = adapter_for(draft.kind, draft.dialect).terms(upstream_id)
    plain: dict[str, Any] = {
        "model": upstream_id,
        "messages": [{"role": "user", "content": PROMPT}],
        terms.limit_field: MAX_OUTPUT_TOKENS,
    }
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in plain.items()}


def _content(body: Body) -> bytes:
    return msgspec.json.encode(body)


def _prices(draft: Draft, upstream_id: str) -> list[PriceValue]:
    terms = draft.terms.get(upstream_id)
    rates = rates_of(terms) if terms else None
    return [] if rates is None else [_value(rates)]


def _value(rates: Rates) -> PriceValue:
    amounts = {name: value for name, value in vars(rates).items() if value is not None}
    return PriceValue(id=0, effective_from=_BEGINNING, **amounts)


def said_in(body: Body) -> str:
    """Return the text of a whole answer, in whichever dialect it came."""
    for choice in items(value_of(body["choices"])) if "choices" in body else []:
        return text(mapping(mapping(choice).get("message")).get("content"))
    parts = items(value_of(body["content"])) if "content" in body else []
    return "".join(text(mapping(part).get("text")) for part in parts)
