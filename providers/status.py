"""What the one word beside a provider's name says: the first reason why calls may not work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from providers.adapters import DialectNotServed, adapter_for
from providers.check import Outcome
from providers.models import Provider

_KINDS: dict[str, Literal["good", "warn", "bad", "idle"]] = {
    Outcome.OK: "good",
    Outcome.NO_MODEL_LIST: "good",
    Outcome.LIMITED: "warn",
}


@dataclass(frozen=True)
class Status:
    """A word, its colour, and the sentence behind it."""

    kind: Literal["good", "warn", "bad", "idle"]
    label: str
    detail: str = ""


def status_of(provider: Provider, *, credentials: int) -> Status:
    """Return the status of a provider with this number of usable credentials."""
    if provider.paused_reason:
        return Status("warn", "Paused", provider.paused_reason)
    if provider.needs_credential and not credentials:
        return Status("idle", "Needs a credential", "Calls skip it until it has one.")
    try:
        adapter_for(provider.kind, provider.dialect)
    except DialectNotServed:
        return Status("idle", "Not callable yet", "llmhub does not speak its wire format yet.")
    if not provider.check_outcome:
        return Status("idle", "Not checked yet", "A check is a free call.")
    outcome = Outcome(provider.check_outcome)
    return Status(outcome_kind(outcome), str(outcome.label), provider.check_message)


def outcome_kind(outcome: Outcome) -> Literal["good", "warn", "bad", "idle"]:
    """Return the colour of what a check found."""
    return _KINDS.get(outcome, "bad")
