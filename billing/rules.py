"""Pure: the rules by which calls under a hard cap are bounded, and end when their caller leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ORGANISATION = 0  # in place of a team's id
DEFAULT_OUTPUT_TOKENS = 4096
MAX_OUTPUT_TOKENS = 10_000_000


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force for a call."""

    default_output_tokens: int = DEFAULT_OUTPUT_TOKENS
    allows_unpriced: bool = False
    finishes: bool = False  # a call whose caller leaves goes on, and its answer is thrown away
    allowance_nano: int | None = None  # held for a call that tokens do not bound; None: it is refused


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules of every team."""

    organisation: Rules = Rules()
    teams: Mapping[int, Rules] = field(default_factory=dict)

    def of(self, team_id: int) -> Rules:
        """Return the rules of a team."""
        return self.teams.get(team_id, self.organisation)
