"""How calls under a hard cap are bounded: what the organisation says, and what a team has otherwise."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from billing import amount
from billing.call_rules_models import CallRules
from billing.rules import MAX_OUTPUT_TOKENS, ORGANISATION, RuleBook, Rules
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import money
from llmhub.people.models import Team
from llmhub.people.roles import require

_KEPT: Any = object()


def rule_book() -> RuleBook:
    """Return the rules in force."""
    rows = {row.team_id: row for row in CallRules.objects.all()}
    organisation = _merged(Rules(), rows.pop(ORGANISATION, None))
    return RuleBook(organisation, {team_id: _merged(organisation, row) for team_id, row in rows.items()})


def own_rules(team: Team | None) -> CallRules:
    """Return what a team, or the organisation, says itself; empty fields say nothing."""
    team_id = ORGANISATION if team is None else team.pk
    return CallRules.objects.filter(team_id=team_id).first() or CallRules(team_id=team_id)


@transaction.atomic
def set_rules(
    *,
    actor: Actor,
    team: Team | None,
    default_output_tokens: int | None = _KEPT,
    unpriced: str = _KEPT,
    allowance: str | None = _KEPT,
    when_left: str = _KEPT,
) -> CallRules:
    """Save rules of a team, or of the organisation; what is not given stays, None means as above.

    `allowance` is USD. Raises `ValidationError` on a value out of range.
    """
    require(actor, "configure")
    row = own_rules(team)
    before = _facts(row)
    if default_output_tokens is not _KEPT:
        row.default_output_tokens = _output(default_output_tokens)
    if unpriced is not _KEPT:
        row.unpriced = unpriced
    if allowance is not _KEPT:
        row.allowance_nano = _allowance(allowance)
    if when_left is not _KEPT:
        row.when_left = when_left
    row.full_clean()
    if (after := _facts(row)) != before:
        row.save()
        subject = "organisation" if team is None else f"team:{team.slug}"
        log.record(actor, "call_rules.changed", subject, before=before, after=after)
    return row


def _merged(above: Rules, row: CallRules | None) -> Rules:
    if row is None:
        return above
    return Rules(
        default_output_tokens=row.default_output_tokens or above.default_output_tokens,
        allows_unpriced=row.unpriced == CallRules.Unpriced.ALLOW if row.unpriced else above.allows_unpriced,
        allowance_nano=above.allowance_nano if row.allowance_nano is None else row.allowance_nano,
        finishes=row.when_left == CallRules.WhenLeft.FINISH if row.when_left else above.finishes,
    )


def _output(tokens: int | None) -> int | None:
    if tokens is not None and not 1 <= tokens <= MAX_OUTPUT_TOKENS:
        raise ValidationError({"default_output_tokens": f"write a number from 1 to {MAX_OUTPUT_TOKENS}"})
    return tokens


def _allowance(text: str | None) -> int | None:
    try:
        return None if text is None else amount.parse_usd(text.strip(), maximum_nano=money.MAX_CALL_NANO)
    except ValueError as wrong:
        raise ValidationError({"allowance": str(wrong)}) from None


def _facts(row: CallRules) -> dict[str, Any]:
    allowance = row.allowance_nano
    return {
        "default_output_tokens": row.default_output_tokens,
        "unpriced": row.unpriced,
        "allowance": None if allowance is None else money.text(allowance),
        "when_left": row.when_left,
    }
