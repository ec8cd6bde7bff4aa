"""Read what a preflight judges: both models, offers, keys, the newest calls, what names the old one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from billing import recent_read
from billing.recent_read import Callers
from billing.spend import Figures
from catalog.availability import EntryNow, OfferNow, entries_now, offers_with_providers
from catalog.lifecycle import days_left
from catalog.models import CatalogEntry
from catalog.retirement import stage_of
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.models import Team
from llmhub.people.roles import allowed
from providers.check import Outcome
from providers.health_rules import was_asked
from providers.models import ListedModel
from providers.status import outcome_kind
from routing import preflight_calls as calls
from routing import preflight_figures as money
from routing import preflight_supply as supply
from routing.preflight import Check, Listed, ModelFacts, OfferFacts, Preflight
from routing.preflight_calls import Traffic
from routing.preflight_move import Move
from routing.preflight_names import references
from routing.preflight_supply import KeyFacts
from routing.reach import Reach

_OF_TARGET = 2_000  # calls of the new model that are looked at


def preflight(move: Move, *, actor: Actor) -> Preflight:
    """Return what a move would meet, by what is known now; nothing is asked of anybody."""
    now = clock.now()
    target_now = _now(move.target, now)
    source, target = model_facts(move.source, now), model_facts(move.target, now)
    offers = _offers(target_now)
    by_key = recent_read.by_key(move.source.pk, move.callers, now=now)
    keys = _keys(move.callers, by_key, now)
    traffic = _traffic(move.source, move.callers, now)
    month = money.Month(*_together(by_key), path=_spend_path(move.source, move.callers))
    others, whose = _others(move, actor)
    checks = (
        supply.keys(move.scope, source, target, offers, keys),
        supply.callable_now(target, offers),
        supply.reachable(target, offers, at=now),
        supply.in_list(target, offers, at=now),
        supply.lifecycle(target),
        calls.capabilities(traffic, source, target, required=move.route.require if move.route else ()),
        calls.context(traffic, target),
        calls.output(traffic, target),
        calls.parameters(traffic, target),
        money.price(traffic, month, target, offers, at=now),
        money.behaviour(traffic, _traffic(move.target, others, now, _OF_TARGET), target.slug, whose),
        supply.references(source, references(move, keys, actor=actor)),
    )
    return Preflight(source.slug, target.slug, move.scope, now, checks)


def with_call(of: Preflight, call: Check) -> Preflight:
    """Return a preflight with the check of a call that was made for it, after the free one."""
    place = 1 + next(n for n, check in enumerate(of.checks) if check.name == "reachable")
    return Preflight(of.source, of.target, of.scope, of.at, (*of.checks[:place], call, *of.checks[place:]))


def _now(entry: CatalogEntry, now: datetime) -> EntryNow:
    rows = CatalogEntry.objects.filter(pk=entry.pk).prefetch_related(offers_with_providers())
    return entries_now(list(rows), now)[0]


def model_facts(entry: CatalogEntry, now: datetime) -> ModelFacts:
    """Return what the catalog says of a model."""
    return ModelFacts(
        slug=entry.slug,
        path=reverse("catalog:model_detail", args=[entry.slug]),
        capabilities=frozenset(entry.capabilities),
        inputs=frozenset(entry.input_modalities),
        outputs=frozenset(entry.output_modalities),
        parameters=entry.parameters,
        context_tokens=entry.context_tokens,
        output_limit_tokens=entry.output_limit_tokens,
        stage=stage_of(entry, now.date()),
        days_left=days_left(entry.sunset_on, now.date()),
        replacement=entry.replacement,
        is_withdrawn=entry.withdrawn_at is not None,
        is_discovered=entry.source == CatalogEntry.Source.DISCOVERED,
    )


def _offers(target: EntryNow) -> list[OfferFacts]:
    ids = {(each.offer.provider_id, each.offer.upstream_id) for each in target.offers}
    rows = ListedModel.objects.filter(
        provider__in={provider for provider, _ in ids}, upstream_id__in={id_ for _, id_ in ids}
    )
    listed = {(row.provider_id, row.upstream_id): row for row in rows}
    return [
        _offer(each, listed.get((each.offer.provider_id, each.offer.upstream_id))) for each in target.offers
    ]


def _offer(each: OfferNow, row: ListedModel | None) -> OfferFacts:
    provider, outcome = each.offer.provider, each.offer.provider.check_outcome
    return OfferFacts(
        provider=provider.slug,
        name=provider.name,
        path=reverse("providers:provider_detail", args=[provider.slug]),
        upstream_id=each.offer.upstream_id,
        why_not=each.why_not.detail if each.why_not else "",
        prices=tuple(price.value() for price in each.prices),
        checked_at=provider.checked_at,
        outcome=str(Outcome(outcome).label) if outcome in Outcome.values else "",
        answers=outcome_kind(outcome) != "bad" if was_asked(outcome) else None,
        listed=_listed(row, was_read=provider.listed_at is not None),
        listed_at=provider.listed_at,
    )


def _listed(row: ListedModel | None, *, was_read: bool) -> Listed:
    if row is None:
        return "unlisted" if was_read else "no list"
    if row.vanished_at is not None:
        return "vanished"
    return "listed" if row.missing_since is None else "missing"


def _keys(callers: Callers, by_key: Mapping[int, Figures], now: datetime) -> list[KeyFacts]:
    return [
        KeyFacts(
            name=key.name,
            team=key.team.slug,
            path=reverse("billing:key_detail", args=[key.pk]),
            reach=Reach.of(key.allowed_models, key.allowed_providers),
            calls=by_key.get(key.pk, Figures()).requests,
        )
        for key in recent_read.in_force(callers, now=now)
    ]


def _traffic(entry: CatalogEntry, callers: Callers, now: datetime, most: int = recent_read.MOST) -> Traffic:
    recent = recent_read.newest(entry.pk, callers, now=now, most=most)
    query = {"model": callers.requested[0] if callers.requested else entry.slug, **_named(callers)}
    return Traffic(recent, f"{reverse('billing:request_list')}?{urlencode(query)}")


def _spend_path(entry: CatalogEntry, callers: Callers) -> str:
    query = {"by": "key", "model": entry.slug, **_named(callers)}
    if callers.requested:
        query["requested"] = callers.requested[0]
    return f"{reverse('billing:spend')}?{urlencode(query)}"


def _named(callers: Callers) -> dict[str, str]:
    if callers.key_id is not None:
        return {"key": str(callers.key_id)}
    if callers.teams is not None and len(callers.teams) == 1:
        return {"team": Team.objects.get(pk=next(iter(callers.teams))).slug}
    return {}


def _together(by_key: Mapping[int, Figures]) -> tuple[int, int, int]:
    whole = sum(by_key.values(), Figures())
    return whole.requests, whole.spend_nano, whole.unpriced


def _others(move: Move, actor: Actor) -> tuple[Callers, str]:
    """Return whose calls of the new model may be looked at, and how those are called."""
    if move.callers.teams is None or allowed(actor, "view"):
        return Callers(), "the organisation"
    return Callers(teams=move.callers.teams), "this team" if len(move.callers.teams) == 1 else "your teams"
