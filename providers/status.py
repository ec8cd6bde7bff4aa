"""What the one word beside a provider's name says: the first reason why calls may not work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from providers.adapters import DialectNotServed, adapter_for
from providers.check import Outcome
from providers.models import Provider

Kind = Literal["good", "warn", "bad", "idle"]
_KINDS: dict[str, Kind] = {
    Outcome.OK: "good",
    Outcome.NO_MODEL_LIST: "good",
    Outcome.LIMITED: "warn",
}


@dataclass(frozen=True)
class Status:
    """A word, its colour, and the sentence behind it."""

    kind: Kind
    label: str
    detail: str = ""

    @property
    def is_trouble(self) -> bool:
        """Whether somebody should read the sentence without asking for it."""
        return self.kind in {"warn", "bad"} and bool(self.detail)


def status_of(provider: Provider, *, usable: int, out: int) -> Status:
    """Return the status of a provider with this many credentials in use, and taken out."""
    if provider.paused_reason:
        return Status("warn", "Paused", provider.paused_reason)
    if not usable and out:
        return Status("bad", "No credential is accepted", _OUT)
    if provider.needs_credential and not usable:
        return Status("idle", "Needs a credential", "Calls skip it until it has one.")
    try:
        adapter_for(provider.kind, provider.dialect)
    except DialectNotServed:
        return Status("idle", "Not callable yet", "llmhub does not speak its wire format yet.")
    checked = _checked(provider)
    if out and checked.kind != "bad":
        some = f"{out} of {usable + out} credentials {'is' if out == 1 else 'are'} out"
        return Status("warn", some, "The others are used. See why, and use it again or replace it.")
    return checked


_OUT = "The provider refused all of them: calls skip it until one is replaced or used again."


def _checked(provider: Provider) -> Status:
    if not provider.check_outcome:
        return Status("idle", "Not checked yet", "A check is a free call.")
    outcome = Outcome(provider.check_outcome)
    if provider.health == "up" and outcome_kind(outcome) == "bad":
        said = f"{provider.check_message}. It was well before: one more such check and it counts as down."
        return Status("warn", "Failed its last check", said)
    return Status(outcome_kind(outcome), str(outcome.label), provider.check_message)


def outcome_kind(outcome: str) -> Kind:
    """Return the colour of what a check found, a value of `Outcome`."""
    return _KINDS.get(outcome, "bad")
