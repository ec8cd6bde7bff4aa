"""Bring the rules of the inbox in llmhub.toml into the database."""

from __future__ import annotations

from catalog.discovery_models import InboxRule
from catalog.rule_book import remove_rule, set_rule
from llmhub.audit.actor import Actor
from llmhub.config.apply_models import At
from llmhub.config.schema import Config
from providers.models import Provider


def apply_inbox_rules(config: Config, actor: Actor, at: At) -> None:
    """Save the rules of the file; those that people made beside them stay.

    What the file had and has no more is removed.
    """
    kept = set()
    for number, each in enumerate(config.inbox_rules):
        with at("inbox_rules", number):
            provider = Provider.objects.listed().get(slug=each.provider) if each.provider else None
            kept.add(set_rule(actor=actor, kind=each.kind, action=each.action, provider=provider).pk)
    for row in InboxRule.objects.filter(from_file=True).exclude(pk__in=kept):
        remove_rule(actor=actor, rule=row)
