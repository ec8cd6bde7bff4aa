"""What every request of one gateway process shares."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from billing.content_writer import ContentWriter
from billing.ledger import Ledger
from providers.client import Client, Timeouts
from providers.live_statistics import LiveStatistics
from providers.missing import Missing
from routing.gateway.breakers import Breakers
from routing.gateway.credentials import Credentials
from routing.gateway.large import LargeBodies
from routing.gateway.metrics import Metrics
from routing.gateway.mixes import TeamMixes
from routing.gateway.provider_health import ProviderHealth
from routing.gateway.watch import Reader, Watch
from routing.prefixes import Prefixes
from routing.rates import Rates
from routing.retry_budget import RetryBudget
from routing.sessions import Sessions


@dataclass(frozen=True)
class Limits:
    """How long and how often a call may be tried (R-32, R-18)."""

    timeouts: Timeouts = field(default_factory=Timeouts)  # of each attempt
    deadline: float = 600.0  # seconds of a whole request
    counting: float = 30.0  # of a request that only counts tokens: it generates nothing
    attempts: int = 3


@dataclass(frozen=True)
class Hub:
    """The parts of a running gateway."""

    name: str  # the same for all processes of one installation
    watch: Watch
    reader: Reader  # for what is read from the database on request
    ledger: Ledger
    client: Client
    metrics: Metrics
    limits: Limits
    credentials: Credentials
    provider_health: ProviderHealth
    breakers: Breakers = field(default_factory=Breakers)
    missing: Missing = field(default_factory=Missing)
    retries: defaultdict[str, RetryBudget] = field(
        default_factory=lambda: defaultdict(RetryBudget)
    )  # by name of the model or route
    mixes: TeamMixes = field(default_factory=TeamMixes)
    sessions: Sessions = field(default_factory=Sessions)
    prefixes: Prefixes = field(default_factory=Prefixes)
    rates: Rates = field(default_factory=Rates)
    contents: ContentWriter = field(default_factory=ContentWriter)
    large: LargeBodies = field(default_factory=LargeBodies)
    estimates: LargeBodies = field(default_factory=LargeBodies)  # a turn of their own, one at a time
    statistics: LiveStatistics = field(default_factory=LiveStatistics)
