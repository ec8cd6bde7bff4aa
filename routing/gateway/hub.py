"""What every request of one gateway process shares."""

from __future__ import annotations

from dataclasses import dataclass

from billing.ledger import Ledger
from providers.client import Client
from routing.gateway.metrics import Metrics
from routing.gateway.watch import Reader, Watch


@dataclass(frozen=True)
class Hub:
    """The parts of a running gateway."""

    name: str  # the same for all processes of one installation
    watch: Watch
    reader: Reader  # for what is read from the database on request
    ledger: Ledger
    client: Client
    metrics: Metrics
    deadline: float = 600.0  # seconds of a whole request
    max_attempts: int = 3
