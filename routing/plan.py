"""Pure: where a request goes: the offers to try, in order, and those left out with their reasons."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from providers.adapters import Adapter, DialectNotServed, adapter_for
from providers.translators import TRANSLATORS
from providers.wire import Terms
from routing.gateway.errors import Refusal
from routing.reach import EVERYTHING, Reach
from routing.snapshot import EntryValue, OfferValue

Reason = Literal[
    "not_requested",
    "not_allowed",
    "provider_paused",
    "no_credential",
    "dialect_not_served",
    "not_offered",
    "failing",
]
Operation = Literal["generate", "embed", "count"]

_NONE: Mapping[tuple[int, str], float] = {}
_WORDS: dict[Reason, str] = {
    "not_requested": "not among the providers asked for",
    "not_allowed": "not among the providers that the key may use",
    "provider_paused": "paused",
    "no_credential": "has no credential",
    "dialect_not_served": "cannot be spoken to yet",
    "not_offered": "does not do this",
    "failing": "fails",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer that may be tried, with the adapter that speaks to it."""

    offer: OfferValue
    adapter: Adapter

    @property
    def terms(self) -> Terms:
        """How the model wants to be told what dialects say differently."""
        return self.adapter.terms(self.offer.upstream_id)

    def speaks(self, dialect: str) -> bool:
        """Return whether a call in this dialect goes out as it came."""
        return self.adapter.dialect == dialect


@dataclass(frozen=True, slots=True)
class Dropped:
    """An offer that is not tried, and why."""

    offer: OfferValue
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be tried for one request."""

    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...] = ()


def plan(
    entry: EntryValue,
    *,
    dialect: str,
    operation: Operation = "generate",
    only: Collection[str] = (),
    reach: Reach = EVERYTHING,
    waits: Mapping[tuple[int, str], float] = _NONE,
) -> Plan:
    """Return the offers of `entry` that can be tried, in their order.

    `only` restricts them to the providers named, `reach` to those that the key may use; `waits` are the
    seconds for which an offer (by its id and address) is not called, because it fails. Raises `Refusal`
    when nothing is left.
    """
    _check_endpoint(entry, operation)
    candidates: list[Candidate] = []
    dropped: list[Dropped] = []
    for offer in entry.offers:
        found = _judge(offer, dialect, operation, only)
        if not reach.has_provider(offer.provider.slug):
            found = Dropped(offer, "not_allowed")
        wait = waits.get((offer.id, offer.provider.base_url), 0.0)
        if wait and isinstance(found, Candidate):
            found = Dropped(offer, "failing", f"tried again in {wait:.0f} s")
        if isinstance(found, Candidate):
            candidates.append(found)
        else:
            dropped.append(found)
    if not candidates:
        raise _nothing_left(entry, dropped, waits)
    return Plan(tuple(candidates), tuple(dropped))


def standing(entry: EntryValue) -> tuple[OfferValue, ...]:
    """Return the offers of `entry` that can be called as they are set up, paused ones too."""
    judged = [_judge(offer, "chat", purpose(entry), ()) for offer in entry.offers]
    return tuple(
        found.offer for found in judged if isinstance(found, Candidate) or found.reason == "provider_paused"
    )


def purpose(entry: EntryValue) -> Operation:
    """Return what a model is called for."""
    return "embed" if entry.output_modalities == ("embedding",) else "generate"


def _check_endpoint(entry: EntryValue, operation: Operation) -> None:
    """Refuse a model that does not do what the endpoint is for."""
    if (purpose(entry) == "embed") == (operation == "embed"):
        return
    if operation == "embed" and not entry.output_modalities:
        return  # nobody has said what it gives
    use = "/v1/chat/completions or /v1/messages" if operation == "embed" else "/v1/embeddings"
    makes = "makes no embeddings" if operation == "embed" else "makes embeddings only"
    raise Refusal("wrong_endpoint", f"{entry.slug!r} {makes}: call POST {use}", param="model")


def _judge(
    offer: OfferValue, dialect: str, operation: Operation, only: Collection[str]
) -> Candidate | Dropped:
    provider = offer.provider
    if only and provider.slug not in only:
        return Dropped(offer, "not_requested")
    if provider.paused_reason:
        return Dropped(offer, "provider_paused", provider.paused_reason)
    if provider.needs_credential and not provider.credentials:
        return Dropped(offer, "no_credential")
    try:
        adapter = adapter_for(provider.kind, provider.dialect)
    except DialectNotServed as exc:
        return Dropped(offer, "dialect_not_served", str(exc))
    if adapter.dialect != dialect and (operation == "embed" or (dialect, adapter.dialect) not in TRANSLATORS):
        return Dropped(offer, "not_offered", f"it speaks {adapter.dialect}, the request is {dialect}")
    return Candidate(offer, adapter)


def _nothing_left(
    entry: EntryValue, dropped: list[Dropped], waits: Mapping[tuple[int, str], float]
) -> Refusal:
    asked = [drop for drop in dropped if drop.reason not in ("not_requested", "not_allowed")]
    details = {
        "dropped": [
            {"provider": drop.offer.provider.slug, "reason": drop.reason, "detail": drop.detail}
            for drop in dropped
        ]
    }
    if dropped and not asked and any(drop.reason == "not_allowed" for drop in dropped):
        message = f"The key may not use any provider that offers {entry.slug!r}"
        return Refusal("provider_not_allowed", message, details=details)
    if dropped and not asked:
        offered = ", ".join(dict.fromkeys(drop.offer.provider.slug for drop in dropped))
        return Refusal("not_at_provider", f"{entry.slug!r} is offered by {offered} only", details=details)
    reasons = "; ".join(_explained(drop) for drop in asked) or "the model has no offer at any provider"
    paused = bool(asked) and all(drop.reason == "provider_paused" for drop in asked)
    failing = [drop.offer for drop in asked if drop.reason == "failing"]
    return Refusal(
        "provider_paused" if paused else "providers_failing" if failing else "no_candidate",
        f"{entry.slug!r} cannot be called now: {reasons}",
        details=details,
        retry_after=min((waits[offer.id, offer.provider.base_url] for offer in failing), default=None),
    )


def _explained(drop: Dropped) -> str:
    detail = f" ({drop.detail})" if drop.detail else ""
    return f"{drop.offer.provider.slug} {_WORDS[drop.reason]}{detail}"
