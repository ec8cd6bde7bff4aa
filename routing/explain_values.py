"""Pure: what is said about where a call goes, by names, with its figures in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from llmhub.lib import figures, money
from routing.needs import in_words

NOTES = {
    "session": "first, because it answered the session last",
    "explored": "first, to learn about it: little is known of it",
}
Outcome = Literal["", "answered", "escalated", "failed", "passed_over", "not_needed", "not_tried"]


@dataclass(frozen=True)
class Place:
    """An offer by the names of its model and its provider; None: it was deleted."""

    model: str | None = None
    provider: str | None = None
    provider_name: str = ""


@dataclass(frozen=True)
class Tried:
    """An attempt, as far as it says what became of a candidate."""

    offer: int
    number: int
    status: str
    error_code: str = ""


@dataclass(frozen=True)
class Offered:
    """A candidate in its place, with the figures that put it there; None is not known, or had no say."""

    model: str | None
    provider: str | None
    expected_cost: str | None  # USD
    value: float | None  # by which it was ranked, the least first
    terms: dict[str, float]  # that sum to the value
    reliability: float | None
    latency_ms: float | None
    ttft_ms: float | None
    tokens_per_second: float | None
    calls: float | None  # that its figures are of; each counts half as much after 30 minutes
    is_degraded: bool
    note: str  # session, explored: why it is first though it is not ranked first
    only_over_budget: bool  # tried only where no budget lets the call go elsewhere
    bound: str | None = None  # USD, the most that the call can cost there
    outcome: Outcome = ""  # of a call that was made
    attempts: tuple[int, ...] = ()  # their numbers
    why: str = ""  # an error's code, or the reason why it was or would be passed over
    words: str = ""  # that reason in words
    budget: str | None = None  # team:support: the one that is in the way

    @property
    def figures(self) -> list[str]:
        """What put it there, each figure in a few words."""
        found = [
            (self.expected_cost, lambda: f"expected {short_usd(self.expected_cost)}"),
            (self.bound, lambda: f"at most {short_usd(self.bound)}"),
            (self.reliability, lambda: f"answers at least {100 * (self.reliability or 0):.1f} %"),
            (self.latency_ms, lambda: f"takes {figures.duration(self.latency_ms)}"),
            (self.ttft_ms, lambda: f"begins after {figures.duration(self.ttft_ms)}"),
            (self.tokens_per_second, lambda: f"{figures.speed(self.tokens_per_second)} tokens/s"),
        ]
        return [words() for figure, words in found if figure is not None]

    @property
    def sum(self) -> str:
        """How its value comes about: `0.31 = 0.2 cost + 0.11 latency`."""
        if not self.terms or self.value is None:
            return ""
        parts = [f"{value:.3g} {name}" for name, value in self.terms.items() if value]
        return f"{self.value:.3g} worse than the best = {' + '.join(parts)}" if parts else "the best"

    @property
    def became(self) -> str:
        """What became of it, in words."""
        if self.outcome == "failed":
            return f"Failed: {self.why}" if self.why else "Failed"
        if self.outcome == "escalated":
            return f"Of no use: {self.why.removeprefix('escalated_')}"
        if self.outcome == "passed_over":
            return "Passed over"
        return {"answered": "Answered", "not_needed": "Not needed", "not_tried": "Not tried"}.get(
            self.outcome, ""
        )

    @property
    def because(self) -> list[str]:
        """Why it stands there or was not tried, in words."""
        said = [
            self.words + (f": {self.budget}" if self.budget else ""),
            NOTES.get(self.note, ""),
            "degraded: after those that are well" if self.is_degraded else "",
            "only where no budget lets the call go elsewhere" if self.only_over_budget else "",
        ]
        return [each for each in said if each]


def short_usd(usd: str | None) -> str:
    """Return an amount as people read it."""
    return "unknown" if usd is None else f"${figures.usd(money.to_nano(Decimal(usd)))}"


@dataclass(frozen=True)
class LeftOut:
    """An offer that is not tried, and why."""

    model: str | None
    provider: str | None
    reason: str
    words: str
    expected_cost: str | None = None  # USD

    @property
    def cost(self) -> str:
        """What the call is expected to cost there, in words."""
        return "" if self.expected_cost is None else f"expected {short_usd(self.expected_cost)}"


@dataclass(frozen=True)
class Habits:
    """What the team's calls were like in the last 7 days, from which a cost is expected."""

    calls: int
    cached_share: float  # of their input, 0 to 1
    output_tokens: int  # of an answer on average


@dataclass(frozen=True)
class Explained:
    """Where a call goes and why."""

    requested: str
    name: str  # of the model or route that the name stands for
    is_brief: bool  # there was one offer only, and nothing else is kept
    policy: str
    policy_from: str  # call, suffix, route, model
    says: str  # the policy in words
    at: datetime | None
    configuration: int | None  # its version
    needs: list[str]
    required: list[str]  # by the route of each target
    only_providers: list[str]
    max_cost: str | None  # USD, that the call allows
    max_cost_multiple: str | None  # of the first choice's cost
    body_bytes: int
    output_limit: int | None
    streamed: bool
    candidates: list[Offered]
    dropped: list[LeftOut]
    more: int  # offers that are not listed
    seed: str  # what chance was made of
    session_at: str | None  # the provider that answered the session last
    waits: dict[str, float]  # seconds, of providers that fail
    habits: Habits | None
    goes_to: int | None = None  # the place of the candidate that would be tried first; None: of none
    refusal: dict[str, str] = field(default_factory=dict)  # code and message, where it would be refused

    @property
    def needs_words(self) -> str:
        """What the call needs, in words."""
        return in_words(self.needs)
