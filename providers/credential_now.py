"""The credentials of a provider as they are now: in use, resting, taken out; and which share each has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from providers.check import Outcome
from providers.credential_state import rests
from providers.models import Credential
from providers.weights import turns

State = Literal["in_use", "spare", "resting", "taken_out"]


@dataclass(frozen=True)
class CredentialNow:
    """A credential with what is known of it beside its row."""

    row: Credential
    turns: int  # of every `of_turns` calls; 0: only when no other can be used
    of_turns: int
    rests_for: str = ""  # the model it was limited for last
    rests_until: datetime | None = None

    @property
    def state(self) -> State:
        """What happens with it, in one word."""
        if self.row.disabled_reason:
            return "taken_out"
        if self.rests_until:
            return "resting"
        return "in_use" if self.turns else "spare"

    @property
    def is_refused(self) -> bool:
        """Whether it is in use although the last check with it failed for its own sake."""
        refused = {Outcome.UNAUTHORIZED, Outcome.NO_CREDENTIAL}
        return not self.row.disabled_reason and self.row.check_outcome in refused

    @property
    def could_be_used_again(self) -> bool:
        """Whether it was taken out, and has passed a check since."""
        row = self.row
        if not row.disabled_reason or row.check_outcome != Outcome.OK or row.checked_at is None:
            return False
        return row.disabled_at is None or row.checked_at > row.disabled_at

    @property
    def share(self) -> float | None:
        """Which part of the calls it gets while none rests; None while it is out."""
        return None if self.row.disabled_reason or not self.of_turns else self.turns / self.of_turns


def credentials_now(rows: Iterable[Credential]) -> list[CredentialNow]:
    """Return the credentials of one provider as they are now."""
    rows = list(rows)
    resting = rests(row.pk for row in rows if not row.disabled_reason) if rows else {}
    each = turns({row.pk: row.weight for row in rows if not row.disabled_reason})
    whole = sum(each.values())
    return [CredentialNow(row, each.get(row.pk, 0), whole, *resting.get(row.pk, ("", None))) for row in rows]


def taken_out() -> list[Credential]:
    """Return the credentials that were taken out, of providers that are still there, newest first."""
    rows = Credential.objects.exclude(disabled_reason="").filter(provider__removed_at=None)
    return list(rows.select_related("provider").order_by("-disabled_at", "-id"))
