"""Pure: how much a chat call wants its model to think, in the messages dialect.

Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from providers.translators.base import Malformed
from providers.translators.chat_messages_fields import Fields, a_count
from providers.wire import Terms

MIN_BUDGET = 1024  # tokens
# What an effort is worth in tokens, where a model is told a budget. The numbers are those of another gateway.
BUDGETS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096, "xhigh": 8192, "max": 16384}
_EFFORTS = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}
_DEFAULT = "medium"  # where reasoning is asked for and nothing is said of how much
_KNOWN = ("effort", "max_tokens", "enabled", "exclude")


@dataclass(frozen=True)
class Wish:
    """What a caller says about reasoning."""

    field: str = ""  # where it was said; "" where nothing was
    effort: str = ""  # "none" asks for none
    budget: int | None = None  # tokens
    shown: bool = True  # in the answer

    @property
    def wanted(self) -> bool:
        """Whether reasoning is asked for."""
        return bool(self.field) and self.effort != "none"


def wish_of(fields: Fields) -> Wish:
    """Return what a call says about reasoning. Raises `Malformed`."""
    effort = _effort(fields.take("reasoning_effort"), at="reasoning_effort")
    reasoning = fields.take_object("reasoning") or {}
    fields.drop_others(reasoning, _KNOWN, path="reasoning")
    shown = fields.take("include_reasoning") is not False and reasoning.get("exclude") is not True
    said = _effort(reasoning.get("effort"), at="reasoning.effort")
    if reasoning.get("enabled") is False:
        return Wish("reasoning", "none", shown=shown)
    if reasoning.get("max_tokens") is not None:
        budget = a_count(reasoning["max_tokens"], at="reasoning.max_tokens")
        return Wish("reasoning", said or _nearest(budget), budget, shown)
    if said or (reasoning.get("enabled") is True and not effort):
        return Wish("reasoning", said or _DEFAULT, shown=shown)
    return Wish("reasoning_effort" if effort else "", effort, shown=shown)


def thinking_of(
    wish: Wish, terms: Terms, *, max_tokens: int, possible: bool, fields: Fields
) -> dict[str, Any]:
    """Return the fields that make a model think as wished; {} where it does not.

    Not `possible`: something else in the call forbids it. A wish that is not met is dropped and named.
    """
    if not wish.wanted:
        return {"thinking": {"type": "disabled"}} if wish.field and terms.reasoning == "adaptive" else {}
    if possible and terms.reasoning == "adaptive":
        thinking = {"type": "adaptive", "display": "summarized" if wish.shown else "omitted"}
        return {"thinking": thinking, "output_config": {"effort": _EFFORTS[wish.effort]}}
    if possible and terms.reasoning == "budget" and max_tokens > MIN_BUDGET:
        budget = _budget(wish, max_tokens, fields)
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    fields.drop(wish.field)
    return {}


def _budget(wish: Wish, max_tokens: int, fields: Fields) -> int:
    """Return the tokens to think with: half of all at most, unless the caller gave the number."""
    half = max(MIN_BUDGET, max_tokens // 2)
    if wish.budget is None:
        return min(BUDGETS[wish.effort], half)
    if wish.budget >= max_tokens:
        fields.drop("reasoning.max_tokens>max_tokens")
        return half
    return max(MIN_BUDGET, wish.budget)


def _effort(value: Any, *, at: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or (value != "none" and value not in BUDGETS):
        raise Malformed(f"{at!r} must be none or one of {', '.join(BUDGETS)}", param=at)
    return value


def _nearest(budget: int) -> str:
    """Return the largest effort that `budget` pays for."""
    return next((effort for effort, worth in reversed(BUDGETS.items()) if worth <= budget), "low")
