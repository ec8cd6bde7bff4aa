"""The rules of the inbox: write them, take them away, and let them decide after a run."""

from __future__ import annotations

import logging

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog import inbox
from catalog.discovery_models import CatalogEvent, DiscoveryRun, InboxRule
from catalog.inbox_rules import ACCEPT, HOLD, Rule, rule_for
from llmhub.audit import log
from llmhub.audit.actor import SYSTEM, Actor
from llmhub.people.roles import require
from providers.models import Provider

_logger = logging.getLogger(__name__)


@transaction.atomic
def set_rule(*, actor: Actor, kind: str, action: str, provider: Provider | None = None) -> InboxRule:
    """Save what is done with events of a kind from the next run on; it takes the place of one for the same.

    Raises `ValidationError` on a kind or an action that there is not.
    """
    require(actor, "configure")
    same, is_file = InboxRule.objects.filter(kind=kind, provider=provider), actor.kind == "file"
    there = same.first()
    if there is not None and there.action == action and there.from_file >= is_file:
        return there
    before = None if there is None else _plain(there)
    same.delete()
    rule = InboxRule(
        kind=kind, action=action, provider=provider, from_file=is_file, created_by=actor.label[:200]
    )
    rule.full_clean()
    rule.save()
    log.record(actor, "inbox.rule_set", "inbox", before=before, after=_plain(rule))
    return rule


@transaction.atomic
def remove_rule(*, actor: Actor, rule: InboxRule) -> None:
    """Take a rule away: a person is asked again from the next run on."""
    require(actor, "configure")
    before = _plain(rule)
    rule.delete()
    log.record(actor, "inbox.rule_removed", "inbox", before=before)


def sentence(rule: InboxRule) -> str:
    """Return a rule in words: `accept price down at Router`."""
    where = f" at {rule.provider.name}" if rule.provider else ""
    verb = {ACCEPT: "accept", HOLD: "always ask about"}.get(rule.action, rule.action)
    return f"{verb} {rule.get_kind_display()}{where}"


def apply_rules(run: DiscoveryRun) -> int:
    """Decide on the open events of a run by the rules, and return how many were decided.

    What a rule would accept and cannot be written stays open, for a person to see.
    """
    rows = {rule.pk: rule for rule in InboxRule.objects.select_related("provider")}
    rules = [Rule(pk, row.kind, row.action, row.provider_id) for pk, row in rows.items()]
    if not rules:
        return 0
    decided = 0
    for event in run.events.filter(state=CatalogEvent.State.OPEN).order_by("id"):
        rule = rule_for(event.kind, event.provider_id, rules)
        if rule is not None and rule.action != HOLD:
            decided += _decide(event, rows[rule.id])
    return decided


def _decide(event: CatalogEvent, rule: InboxRule) -> bool:
    decide = inbox.accept if rule.action == ACCEPT else inbox.ignore
    try:
        decide(actor=SYSTEM, event=event, by=f"rule: {sentence(rule)}")
    except ValidationError as error:
        told = {"event": event.pk, "upstream_id": event.upstream_id, "why": "; ".join(error.messages)}
        _logger.info("a rule could not be applied: the event stays open", extra=told)
        return False
    return True


def _plain(rule: InboxRule) -> dict[str, str]:
    by_file = {"by": "llmhub.toml"} if rule.from_file else {}
    return {
        **by_file,
        "kind": rule.kind,
        "action": rule.action,
        "provider": rule.provider.slug if rule.provider else "",
    }
