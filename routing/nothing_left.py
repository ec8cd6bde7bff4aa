"""Pure: what the caller of a call is told that no offer can take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from routing.gateway.errors import Refusal
from routing.plan_words import WORDS

if TYPE_CHECKING:
    from routing.plan import Dropped

_ABOUT_THE_CALLER = ("not_requested", "not_allowed", "model_not_allowed")


def nothing_left(name: str, dropped: Sequence[Dropped], waits: Mapping[tuple[int, str], float]) -> Refusal:
    """Return the refusal of a call to `name`, with the reason of each offer."""
    asked = [drop for drop in dropped if drop.reason not in _ABOUT_THE_CALLER]
    details: dict[str, Any] = {"dropped": [shown(drop) for drop in dropped]}
    if dropped and not asked:
        return _not_for_the_caller(name, dropped, details)
    if asked and all(drop.reason == "lacks" for drop in asked):
        message = f"{name!r} cannot take this call: it needs a model that {asked[0].detail}"
        return Refusal("capability_missing", message, param="model", details=details)
    reasons = "; ".join(map(_explained, asked)) or "the model has no offer at any provider"
    paused = bool(asked) and all(drop.reason == "provider_paused" for drop in asked)
    failing = [drop.offer for drop in asked if drop.reason == "failing"]
    return Refusal(
        "provider_paused" if paused else "providers_failing" if failing else "no_candidate",
        f"{name!r} cannot be called now: {reasons}",
        details=details,
        retry_after=min((waits[offer.id, offer.provider.base_url] for offer in failing), default=None),
    )


def shown(drop: Dropped) -> dict[str, Any]:
    """Return an offer that was left out, as callers see it."""
    return {
        "model": drop.entry.slug,
        "provider": drop.offer.provider.slug,
        "reason": drop.reason,
        "detail": drop.detail,
    }


def _not_for_the_caller(name: str, dropped: Sequence[Dropped], details: dict[str, Any]) -> Refusal:
    if all(drop.reason == "model_not_allowed" for drop in dropped):
        message = f"The key, or its team, may not use {name!r} or any of its models"
        return Refusal("model_not_allowed", message, param="model", details=details)
    if any(drop.reason == "not_allowed" for drop in dropped):
        message = f"The key may not use any provider that offers {name!r}"
        return Refusal("provider_not_allowed", message, details=details)
    offered = ", ".join(dict.fromkeys(drop.offer.provider.slug for drop in dropped))
    return Refusal("not_at_provider", f"{name!r} is offered by {offered} only", details=details)


def _explained(drop: Dropped) -> str:
    detail = f" ({drop.detail})" if drop.detail else ""
    return f"{drop.offer.provider.slug} {WORDS[drop.reason]}{detail}"
