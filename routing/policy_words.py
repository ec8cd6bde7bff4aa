"""Pure: the words for how the candidates of a call are ranked."""

from __future__ import annotations

from typing import Literal, get_args

Policy = Literal["priority", "cost", "latency", "throughput", "reliability", "balanced", "weighted"]
POLICIES: tuple[Policy, ...] = get_args(Policy)

SAYS: dict[Policy, str] = {
    "priority": "in the order of the list",
    "cost": "what this call is expected to cost, the least first",
    "latency": "what answers soonest",
    "throughput": "what writes fastest",
    "reliability": "what fails least",
    "balanced": "cost, reliability, latency and throughput together",
    "weighted": "by chance, in shares of the weights",
}
BY_EVIDENCE: frozenset[Policy] = frozenset({"latency", "throughput", "reliability", "balanced"})
BY_SUFFIX: dict[str, Policy] = {"floor": "cost", "nitro": "throughput"}  # name:floor, name:nitro


def asked_as(name: str) -> tuple[str, ...]:
    """Return the names that calls by an alias or a route ask for."""
    return (name, *(f"{name}:{suffix}" for suffix in BY_SUFFIX))
