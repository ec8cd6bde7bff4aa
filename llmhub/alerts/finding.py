"""Pure: what a rule found, and the rules there are.

A rule lives in the app that knows the condition; it looks at rows there and calls down with findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["notice", "warning", "critical"]  # a notice is told, and asks nobody to do anything

BUDGET, BURN, FORECAST, UNPRICED = "budget", "burn", "forecast", "unpriced"
REFUSED, ASKED = "refused", "asked"
BREAKER, NO_OFFER = "breaker", "no_offer"
CREDENTIAL, PROVIDER, DEGRADED, LEDGER = "credential", "provider", "degraded", "ledger"
RETIREMENT = "retirement"
RULES: dict[str, str] = {  # a word of files and programs: what people read
    BUDGET: "Budget threshold",
    REFUSED: "Budget refuses calls",
    ASKED: "Asked for more",
    BURN: "Budget burns fast",
    FORECAST: "Budget forecast",
    UNPRICED: "Calls of unknown cost",
    CREDENTIAL: "Credential out of use",
    PROVIDER: "Provider down",
    BREAKER: "Breaker open",
    NO_OFFER: "No offer can be called",
    DEGRADED: "Offer degraded",
    RETIREMENT: "Model ends soon",
    LEDGER: "Sums differ from the ledger",
}


@dataclass(frozen=True)
class Finding:
    """A condition that holds; the first four values are its identity: it fires once for each."""

    rule: str
    subject: str  # `budget:12`
    title: str  # one line, without its end
    text: str  # what is so, and what to do
    period: int = 0  # Unix seconds: of a budget's period, or since when it holds; 0: none
    threshold: int = 0  # percent, of a retirement days; 0: none
    severity: Severity = "warning"
    team_id: int | None = None  # whose it is; None: everybody's
    path: str = "/"  # of the page that shows it
    facts: Mapping[str, Any] = field(default_factory=dict)  # the numbers behind the text, as JSON holds them

    @property
    def identity(self) -> tuple[str, str, int, int]:
        """What tells it from any other."""
        return self.rule, self.subject, self.period, self.threshold
