"""Pure: what stands at the other end: keys, credentials, providers, lists, lifecycle, and what names it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.lifecycle import Stage
from llmhub.lib import figures
from routing.preflight import Check, Evidence, ModelFacts, OfferFacts, Scope, Status, listed, many
from routing.reach import Reach

_SHOWN = 20  # keys of a kind
OLD_HOURS = 24  # after which a check says little of now
_TITLES = {
    "keys": "Keys",
    "callable": "Providers and credentials",
    "reachable": "Free check",
    "listed": "In the provider's list",
    "lifecycle": "Lifecycle",
    "references": "What names the old model",
}


@dataclass(frozen=True)
class KeyFacts:
    """A key of the scope."""

    name: str
    team: str
    path: str
    reach: Reach
    calls: int  # to the old model in the last 30 days

    @property
    def label(self) -> str:
        """Its name, with its team."""
        return f"{self.name} ({self.team})"


@dataclass(frozen=True)
class Reference:
    """Something that names the old model, and what comes of it when its calls move."""

    what: str
    value: str
    path: str = ""
    breaks: bool = True  # a person has to do something about it


def keys(
    scope: Scope, source: ModelFacts, target: ModelFacts, offers: Sequence[OfferFacts],
    found: Sequence[KeyFacts],
) -> Check:  # fmt: skip
    """Say which keys could no longer call: by model, or by provider."""
    there = {offer.provider for offer in offers if not offer.why_not} or {offer.provider for offer in offers}
    old, new = (scope.name, scope.name) if scope.keeps_its_name else (source.slug, target.slug)
    concerned = [key for key in found if key.calls or key.reach.has_model(old, source.slug)]
    by_model = [key for key in concerned if not key.reach.has_model(new, target.slug)]
    by_provider = [
        key
        for key in concerned
        if key not in by_model and there and not any(map(key.reach.has_provider, there))
    ]
    shut = sorted([*by_model, *by_provider], key=lambda key: (-key.calls, key.name))
    evidence = [Evidence("Keys looked at", figures.count(len(concerned)))]
    evidence += [Evidence(key.label, _shut(key, by_model=key in by_model), key.path) for key in shut[:_SHOWN]]
    busy = sorted((key for key in concerned if key.calls and key not in shut), key=lambda key: -key.calls)
    evidence += [Evidence(key.label, many(key.calls, "call"), key.path) for key in busy[:_SHOWN]]
    if not shut:
        said = f"No key of {scope.label} may call {source.slug}: none has to change."
        if concerned:
            said = (
                f"{many(len(concerned), 'key')} of {scope.label} may call {source.slug} now; all may go on."
            )
        return _check("keys", "ok", said, evidence)
    calling = [key for key in shut if key.calls]
    names = listed([key.label for key in calling or shut], 3)
    if calling:
        said = (
            f"{many(len(calling), 'key')} that called {source.slug} in the last 30 days may not use"
            f" {target.slug}: {names}. Add the model, or its provider, to what they may use."
        )
        return _check("keys", "fail", said, evidence)
    said = f"{many(len(shut), 'key')} may use {source.slug}, but not {target.slug}: {names}; none called it."
    return _check("keys", "warn", said, evidence)


def _shut(key: KeyFacts, *, by_model: bool) -> str:
    why = "may not use the model" if by_model else "may use none of its providers"
    return f"{why}; {many(key.calls, 'call')} in 30 days"


def callable_now(target: ModelFacts, offers: Sequence[OfferFacts]) -> Check:
    """Say whether a provider that is not paused has a credential for it."""
    able = [offer for offer in offers if not offer.why_not]
    evidence = [Evidence(offer.name, offer.why_not or "can be called", offer.path) for offer in offers]
    if not offers:
        return _check("callable", "fail", f"No provider offers {target.slug}: add it at one.", evidence)
    if not able:
        said = f"None of its {many(len(offers), 'offer')} can be called. {offers[0].why_not}"
        return _check("callable", "fail", said, evidence)
    if len(able) < len(offers):
        said = f"{len(able)} of its {len(offers)} offers can be called: at {listed([o.name for o in able])}."
        return _check("callable", "warn", said, evidence)
    said = f"It can be called at {listed([offer.name for offer in able])}."
    return _check("callable", "ok", said, evidence)


def reachable(target: ModelFacts, offers: Sequence[OfferFacts], *, at: datetime) -> Check:
    """Say what the last free check of its providers found, and how old that is."""
    able = [offer for offer in offers if not offer.why_not] or offers
    evidence = [Evidence(offer.name, _checked(offer, at), offer.path) for offer in able]
    known = [offer for offer in able if offer.answers is not None]
    if not known:
        said = "No provider of it was checked yet: run this with the free check."
        return _check("reachable", "unknown", said, evidence)
    well = [offer for offer in known if offer.answers]
    if not well:
        said = (
            f"The last check failed at {listed([offer.name for offer in known])}: {_checked(known[0], at)}."
        )
        return _check("reachable", "fail", said, evidence)
    best = max(well, key=_when)
    is_old = _age(best, at) > OLD_HOURS * 3600
    said = f"{best.name}: {_checked(best, at)}."
    if len(well) < len(able):
        rest = [offer.name for offer in able if offer not in well]
        return _check("reachable", "warn", f"{said} Not so at {listed(rest)}.", evidence)
    if is_old:
        said += " That is long ago: run this with the free check."
    return _check("reachable", "warn" if is_old else "ok", said, evidence)


def _when(offer: OfferFacts) -> float:
    return offer.checked_at.timestamp() if offer.checked_at else 0.0


def _age(offer: OfferFacts, at: datetime) -> float:
    return max(0.0, at.timestamp() - _when(offer))


def _checked(offer: OfferFacts, at: datetime) -> str:
    if offer.checked_at is None:
        return "never checked"
    return f"{offer.outcome.lower()}, {figures.duration(_age(offer, at) * 1000)} ago"


def in_list(target: ModelFacts, offers: Sequence[OfferFacts], *, at: datetime) -> Check:
    """Say whether its providers list it under the id that calls use."""
    able = [offer for offer in offers if not offer.why_not] or offers
    words = {
        "listed": "listed", "missing": "not in the last list", "vanished": "gone from the list",
        "unlisted": "not in the list", "no list": "has no list that was read",
    }  # fmt: skip
    evidence = [
        Evidence(f"{offer.name}, {offer.upstream_id}", words[offer.listed], offer.path) for offer in able
    ]
    here = [offer for offer in able if offer.listed == "listed"]
    gone = [offer for offer in able if offer.listed in ("vanished", "unlisted", "missing")]
    if here:
        read = [offer.listed_at for offer in here if offer.listed_at]
        age = f", read {figures.duration((at - max(read)).total_seconds() * 1000)} ago" if read else ""
        said = f"{here[0].name} lists {here[0].upstream_id}{age}."
        if gone:
            said += f" Not listed at {listed([offer.name for offer in gone])}."
        return _check("listed", "warn" if gone else "ok", said, evidence)
    if not gone:
        return _check("listed", "unknown", "None of its providers has a list that was read.", evidence)
    said = f"{gone[0].name} does not list {gone[0].upstream_id}: calls may get a 404."
    is_sure = any(offer.listed == "vanished" for offer in gone) and len(gone) == len(able)
    return _check("listed", "fail" if is_sure else "warn", said, evidence)


def lifecycle(target: ModelFacts) -> Check:
    """Say whether it is leaving, or gone, itself."""
    evidence = [Evidence("Stage", target.stage.value, target.path)]
    instead = f" Its successor is {target.replacement}." if target.replacement else ""
    if target.is_withdrawn:
        return _check("lifecycle", "fail", f"{target.slug} was taken out of the catalog.{instead}", evidence)
    if target.is_discovered:
        said = f"{target.slug} was found at a provider and not taken in yet: promote it first."
        return _check("lifecycle", "fail", said, evidence)
    if target.stage == Stage.RETIRED:
        return _check("lifecycle", "fail", f"{target.slug} no longer answers.{instead}", evidence)
    if target.stage == Stage.DEPRECATED:
        ends = "" if target.days_left is None else f" and ends in {many(target.days_left, 'day')}"
        return _check("lifecycle", "warn", f"{target.slug} is deprecated{ends}.{instead}", evidence)
    if target.stage == Stage.SUPERSEDED:
        return _check("lifecycle", "warn", f"{target.slug} answers, but has a successor.{instead}", evidence)
    return _check("lifecycle", "ok", f"Nobody said that {target.slug} is leaving.", evidence)


def references(source: ModelFacts, found: Sequence[Reference]) -> Check:
    """Say what else names the old model, and so does not move along."""
    evidence = [Evidence(each.what, each.value, each.path) for each in found]
    left = [each for each in found if each.breaks]
    if not left:
        return _check("references", "ok", f"Nothing else has to change with {source.slug}.", evidence)
    counted: dict[str, int] = {}
    for each in left:
        counted[each.what] = counted.get(each.what, 0) + 1
    said = ", ".join(f"{number} {what.lower()}" for what, number in counted.items())
    return _check("references", "warn", f"These name {source.slug} and do not move along: {said}.", evidence)


def _check(name: str, status: Status, said: str, evidence: Sequence[Evidence]) -> Check:
    return Check(name, _TITLES[name], status, said, tuple(evidence))
