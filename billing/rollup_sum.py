"""Pure: the sums of one bucket, from the calls in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from billing.totals import CUT_REASONS
from llmhub.lib.sketch import Sketch

OTHER = "(other)"  # stands for the values of a tag that a bucket has too many of
MOST_TAG_VALUES = 200  # of one tag in one bucket: a caller's inventions must not fill the disk
_MAX_TAG = 200  # letters


@dataclass(frozen=True, slots=True)
class Key:
    """What the calls of one roll-up have in common; 0 and "" stand for none."""

    team_id: int
    key_id: int
    person_id: int
    provider_id: int
    entry_id: int
    cost_centre: str
    refusal_code: str = ""
    cost_source: str = ""
    requested: str = ""
    tag_1: str = ""
    tag_2: str = ""
    tag_3: str = ""


@dataclass(frozen=True, slots=True)
class SupplyKey:
    """What the calls of one supply roll-up have in common: who answered, not who asked."""

    provider_id: int
    entry_id: int
    cost_centre: str
    refusal_code: str
    cost_source: str


@dataclass(slots=True)
class Sums:
    """What is added up; the fields are columns of `RollUp`."""

    requests: int = 0
    errors: int = 0
    interrupted: int = 0
    cancelled: int = 0
    refusals: int = 0
    unpriced: int = 0
    attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    spend_nano: int = 0
    retried: int = 0
    retried_nano: int = 0
    failed: int = 0
    failed_nano: int = 0
    cut: int = 0
    cut_nano: int = 0
    repeated: int = 0
    repeated_nano: int = 0
    latency: Sketch = field(default_factory=Sketch)
    ttft: Sketch = field(default_factory=Sketch)

    def add(self, call: Mapping[str, Any]) -> None:
        """Count one call, or the refusals that one record stands for: the columns of its usage record."""
        if call["refusals"]:
            self.refusals += call["refusals"]
            return
        if call["status"] == "adjusted":
            self.spend_nano += call["cost_nano"]
            return
        self._count(call["status"])
        self.attempts += call["attempts"]
        self.input_tokens += call["input_tokens"]
        self.output_tokens += call["output_tokens"]
        self.cache_read_tokens += call["cache_read_tokens"]
        self.cache_write_tokens += call["cache_write_tokens"]
        self.reasoning_tokens += call["reasoning_tokens"]
        if call["cost_nano"] is None:
            self.unpriced += 1
        else:
            self.spend_nano += call["cost_nano"]
            self._wasted(call)
        if call["status"] == "ok":
            self._time(call["latency_ms"], call["ttft_ms"])

    def merge(self, other: Sums) -> None:
        """Add what others counted."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.latency.merge(other.latency)
        self.ttft.merge(other.ttft)

    def _count(self, status: str) -> None:
        self.requests += 1
        self.errors += status in ("error", "interrupted")
        self.interrupted += status == "interrupted"
        self.cancelled += status == "cancelled"

    def _wasted(self, call: Mapping[str, Any]) -> None:
        """Count what was paid for nothing; each nano-USD under one of the four at most."""
        cost, beside = call["cost_nano"], call["beside_nano"]
        if call["status"] in ("error", "interrupted"):
            self.failed += cost > 0
            self.failed_nano += max(cost, 0)
        elif beside:
            self.retried += 1
            self.retried_nano += beside
        if call["status"] == "ok" and call["finish_reason"] in CUT_REASONS:
            self.cut += 1
            self.cut_nano += cost - beside
        elif call["status"] == "ok" and call["repeated_nano"]:
            self.repeated += 1
            self.repeated_nano += call["repeated_nano"]

    def _time(self, latency_ms: int, ttft_ms: int | None) -> None:
        self.latency.add(latency_ms)
        if ttft_ms is not None:
            self.ttft.add(ttft_ms)


COUNTS = tuple(name for name in Sums.__slots__ if name not in ("latency", "ttft"))


def by_supply(sums: Mapping[Key, Sums]) -> dict[SupplyKey, Sums]:
    """Return the sums over all teams, keys, people and tags."""
    found: dict[SupplyKey, Sums] = {}
    for key, some in sums.items():
        supply = SupplyKey(key.provider_id, key.entry_id, key.cost_centre, key.refusal_code, key.cost_source)
        found.setdefault(supply, Sums()).merge(some)
    return found


class Bucket:
    """The roll-ups of one bucket while its calls are counted, oldest first."""

    def __init__(self, tags: Mapping[int, str]) -> None:
        """Keep apart the values of these tags, by slot."""
        self.sums: dict[Key, Sums] = {}
        self._tags = tags
        self._seen: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, call: Mapping[str, Any]) -> None:
        """Count one call."""
        key = Key(
            call["team_id"] or 0,
            call["key_id"] or 0,
            call["person_id"] or 0,
            call["provider_id"] or 0,
            call["entry_id"] or 0,
            call["cost_centre"],
            call["error_code"] if call["refusals"] else "",
            "" if call["refusals"] else call["cost_source"],
            "" if call["refusals"] else self._few("requested", call["requested"]),
            # A record of many refusals has the tags of the first one alone: they are nobody's.
            **self._values(call["tags"]) if self._tags and not call["refusals"] else {},
        )
        found = self.sums.get(key)
        if found is None:
            found = self.sums[key] = Sums()
        found.add(call)

    def _values(self, tags: Mapping[str, object]) -> dict[str, str]:
        return {
            f"tag_{slot}": self._few(f"tag_{slot}", tags.get(name, "")) for slot, name in self._tags.items()
        }

    def _few(self, column: str, value: object) -> str:
        """Return what callers wrote, or `OTHER` for something new after too many."""
        text = str(value)[:_MAX_TAG]
        seen = self._seen[column]
        if text and text not in seen:
            if len(seen) >= MOST_TAG_VALUES:
                return OTHER
            seen.add(text)
        return text
