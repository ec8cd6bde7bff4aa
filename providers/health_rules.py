"""Pure: what checks in a row say about a provider.

One failed check is no outage: a provider that was well is down after two in a row. A refused
credential is believed at once: it does not heal by waiting.
"""

from __future__ import annotations

from typing import Literal

Health = Literal["", "up", "refused", "down"]  # "": nothing is known

BAD_IN_A_ROW = 2
_UP = {"ok", "no_model_list", "limited"}  # it answers
_UNKNOWN = {"", "no_credential", "not_served"}  # nobody asked it


def was_asked(outcome: str) -> bool:
    """Return whether the provider was asked anything: else what was found is no evidence of it."""
    return outcome not in _UNKNOWN


def settle(before: Health, outcome: str, bad_checks: int) -> tuple[Health, int]:
    """Return the health after a check of `outcome`, and how many bad checks there are now in a row.

    `bad_checks` is their number before; `outcome` a value of `providers.check.Outcome`.
    """
    if not was_asked(outcome):
        return "", 0
    if outcome in _UP:
        return "up", 0
    if outcome == "unauthorized":
        return "refused", bad_checks + 1
    is_over = before != "up" or bad_checks + 1 >= BAD_IN_A_ROW
    return ("down" if is_over else before), bad_checks + 1
