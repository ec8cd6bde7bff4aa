"""Pure: the verdict on moving somebody from one model to another, before anything is moved.

What is asked of the new model is judged in routing/preflight_supply.py, what the recorded calls say of
the move in routing/preflight_calls.py and routing/preflight_figures.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from catalog.lifecycle import Stage
from catalog.pricing import PriceValue
from llmhub.lib import figures
from routing.needs import has

Status = Literal["ok", "warn", "fail", "unknown"]
Kind = Literal["organisation", "team", "key", "alias", "route"]
Listed = Literal["listed", "missing", "vanished", "unlisted", "no list"]
STATUSES: tuple[Status, ...] = ("fail", "warn", "unknown", "ok")
PROBES = ("none", "free", "one-call")


@dataclass(frozen=True)
class Evidence:
    """One thing that a check looked at."""

    what: str
    value: str
    path: str = ""  # the page of the console that shows what it is made of; "": there is none


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what came of it."""

    name: str
    title: str
    status: Status
    said: str  # a sentence with figures
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Scope:
    """Who is to move."""

    kind: Kind
    name: str = ""  # as commands and addresses write it; "" for the organisation
    label: str = "the whole organisation"

    @property
    def keeps_its_name(self) -> bool:
        """Whether callers go on asking by the name they ask by now."""
        return self.kind in ("alias", "route")


@dataclass(frozen=True)
class ModelFacts:
    """What the catalog says of a model."""

    slug: str
    path: str
    capabilities: frozenset[str]
    inputs: frozenset[str]  # modalities
    outputs: frozenset[str]
    parameters: Mapping[str, Mapping[str, Any]]
    context_tokens: int | None = None
    output_limit_tokens: int | None = None
    stage: Stage = Stage.CURRENT
    days_left: int | None = None
    replacement: str = ""
    is_withdrawn: bool = False
    is_discovered: bool = False  # found at a provider, and not taken in: nobody can call it

    @property
    def is_described(self) -> bool:
        """Whether anybody said what it can do."""
        return bool(self.capabilities or self.inputs)

    @property
    def embeds(self) -> bool:
        """Whether it makes embeddings and nothing else."""
        return self.outputs == {"embedding"}

    def can(self, need: str) -> bool:
        """Return whether it is said to do what a call asks for."""
        return has(need, self.capabilities, self.inputs)


@dataclass(frozen=True)
class OfferFacts:
    """A model at one provider, as it stands now."""

    provider: str  # short name
    name: str
    path: str
    upstream_id: str
    why_not: str  # "" where it can be called
    prices: tuple[PriceValue, ...]
    checked_at: datetime | None
    outcome: str  # of the last free check, in words
    answers: bool | None  # what that check found; None: there was none that says so
    listed: Listed
    listed_at: datetime | None  # when the list was read


@dataclass(frozen=True)
class Preflight:
    """What a move would meet, check by check."""

    source: str
    target: str
    scope: Scope
    at: datetime
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Status:
        """The worst that a check found; what is not known is no reason to refuse."""
        found = {check.status for check in self.checks}
        return next(status for status in STATUSES if status in found or status == "ok")

    @property
    def fails(self) -> bool:
        """Whether anything would break."""
        return self.verdict == "fail"

    @property
    def worst_first(self) -> list[Check]:
        """The checks, those to look at before the others."""
        return sorted(self.checks, key=lambda check: STATUSES.index(check.status))

    def count(self, status: Status) -> int:
        """Return how many checks ended so."""
        return sum(check.status == status for check in self.checks)

    @property
    def said(self) -> str:
        """The verdict in a sentence."""
        failed, warned, unknown = self.count("fail"), self.count("warn"), self.count("unknown")
        rest = ", ".join(
            words
            for number, words in ((warned, f"{warned} to look at"), (unknown, f"{unknown} not known"))
            if number
        )
        if failed:
            many = "1 check fails" if failed == 1 else f"{failed} checks fail"
            return f"Not yet: {many}{', ' + rest if rest else ''}."
        if rest:
            return f"Nothing fails; {rest}."
        return f"Nothing stands against it: all {len(self.checks)} checks are well."


def many(number: int, one: str, more: str = "") -> str:
    """Return a number with its noun: `1 key`, `2 keys`, `1 250 calls`."""
    return f"{figures.count(number)} {one if number == 1 else more or one + 's'}"


def listed(words: Sequence[str], most: int = 5) -> str:
    """Return words in a row, and how many more there are."""
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest} more" if rest > 0 else "")
