"""Pure: which rule of the inbox decides on an event, if any.

Of the rules that fit, `hold` comes before all, then one of the event's provider, then one of any;
among equals the newest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ACCEPT, IGNORE, HOLD = ACTIONS = ("accept", "ignore", "hold")


@dataclass(frozen=True)
class Rule:
    """What is done with events of a kind."""

    id: int  # newer ones have greater ids
    kind: str
    action: str
    provider_id: int | None = None  # None: of any provider


def rule_for(kind: str, provider_id: int, rules: Iterable[Rule]) -> Rule | None:
    """Return the rule that decides, None where a person is asked because no rule fits."""
    fitting = [rule for rule in rules if rule.kind == kind and rule.provider_id in {None, provider_id}]
    return max(fitting, key=_weight, default=None)


def _weight(rule: Rule) -> tuple[bool, bool, int]:
    return rule.action == HOLD, rule.provider_id is not None, rule.id
