"""Pure: the configuration as the gateway sees it: frozen values, swapped whole.

It holds only what can be called. Facts with a date (expiry, sunset, price) keep their date:
they are decided by the `now` of each request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing.rules import RuleBook
from billing.scopes import Budgets
from catalog.pricing import PriceValue
from routing.policy_words import Policy
from routing.reach import EVERYTHING, Reach


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a key, the team that pays, and the person whose key it is."""

    key_id: int
    key_name: str
    team_id: int
    team_slug: str
    person_id: int | None = None  # None: a service
    deactivated_person: str = ""  # e-mail address of its person; not empty: every call is refused
    expires_at: datetime | None = None
    paused_reason: str = ""
    requests_per_minute: int | None = None  # None: no limit
    tokens_per_minute: int | None = None
    reach: Reach = EVERYTHING
    was_replaced: bool = False  # it calls with the text from before the last rotation


@dataclass(frozen=True, slots=True)
class SealedCredential:
    """A provider's secret as it is stored; opened only where it is used."""

    id: int
    sealed: str = field(repr=False, default="")
    reference: str = ""
    label: str = "default"
    weight: int = 1  # share of the calls; 0: only when no other can be used


@dataclass(frozen=True, slots=True)
class ProviderValue:
    """A provider as a call needs it."""

    id: int
    slug: str
    kind: str
    dialect: str
    base_url: str
    needs_credential: bool = True
    paused_reason: str = ""
    credentials: tuple[SealedCredential, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferValue:
    """An entry at one provider."""

    id: int
    upstream_id: str
    provider: ProviderValue
    prices: tuple[PriceValue, ...] = ()  # in force now and later; older ones are left out
    entry_id: int = 0


@dataclass(frozen=True, slots=True)
class EntryValue:
    """A model that can be asked for."""

    id: int
    slug: str
    name: str
    family: str = ""
    created_at: int = 0  # Unix seconds
    context_tokens: int | None = None
    output_limit_tokens: int | None = None
    capabilities: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    sunset_on: date | None = None  # no longer answers from this day on
    replacement: str = ""
    notice: Mapping[str, str] = field(default_factory=dict)  # headers of its answers, while it is leaving
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # descriptors by name
    offers: tuple[OfferValue, ...] = ()  # tried in this order


@dataclass(frozen=True, slots=True)
class TargetValue:
    """A model of a route, or that model at one provider."""

    entry: EntryValue
    provider: str = ""  # slug; "": wherever the model is offered
    weight: int = 1  # share of the calls, where the policy is weighted


@dataclass(frozen=True, slots=True)
class RouteValue:
    """A name whose calls go to one of several models, as its owner decided."""

    name: str
    targets: tuple[TargetValue, ...]
    policy: Policy = "priority"
    require: frozenset[str] = frozenset()  # capabilities of every target, whatever the call needs
    max_cost_multiple: Decimal | None = None  # of the first choice's cost; None: fallbacks may cost more
    explore_percent: int = 0  # of calls that go first to an offer about which little is known
    keeps_sessions: bool = True  # calls of one session go where the last one was answered
    escalates: bool = False  # the next target answers only where the one before gave nothing of use
    default_output_tokens: int | None = None  # of a call without a limit; None: as its team's rules say
    over_budget: tuple[TargetValue, ...] = ()  # where a call goes that no budget lets go elsewhere


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the gateway needs to know, at one version of the configuration."""

    version: int  # id of the last audit event
    keys: Mapping[str, Caller] = field(repr=False, default_factory=dict)  # by digest
    entries: Mapping[str, EntryValue] = field(repr=False, default_factory=dict)  # by slug
    aliases: Mapping[str, str] = field(repr=False, default_factory=dict)  # alias: slug
    routes: Mapping[str, RouteValue] = field(repr=False, default_factory=dict)  # by name
    providers: frozenset[str] = frozenset()  # slugs
    paused_reason: str = ""  # not empty: no call is let through
    console_url: str = ""  # where people are sent
    budgets: Budgets = field(repr=False, default_factory=dict)  # by who pays
    rules: RuleBook = field(default_factory=RuleBook)
    content_until: Mapping[int, datetime] = field(default_factory=dict)  # of teams whose content is kept

    def names(self) -> list[str]:
        """Return every name that can be asked for, sorted."""
        return sorted([*self.entries, *self.aliases, *self.routes])
