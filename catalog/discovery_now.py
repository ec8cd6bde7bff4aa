"""How discovery stands with each provider: what was read last, when it is read next, what is held back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import F, Func, IntegerField, Max, QuerySet, Subquery
from django.utils.timesince import timesince

from catalog.bundled_list import list_date
from catalog.discovery_models import CatalogEvent, DiscoveryRun, DiscoveryState, HeldList
from llmhub.lib import clock
from providers.model_list import lists_openly
from providers.models import Provider

_WORDS = {"facts": "described anew"}  # of what no event tells
Pool = Literal["list", "bundled", "none"]  # where the discovered models of a provider are from


@dataclass(frozen=True)
class DiscoveryNow:
    """Discovery at one provider."""

    provider: Provider
    state: DiscoveryState | None  # None: never read
    held: HeldList | None
    last_run: DiscoveryRun | None
    pool: Pool
    why_not: str  # not empty: its list cannot be asked for

    @property
    def next_at(self) -> datetime | None:
        """When its list is read next; None where that is at once, or never."""
        if self.state is None or self.why_not or self.state.next_at <= clock.now():
            return None
        return self.state.next_at

    @property
    def source(self) -> str:
        """Where its discovered models are from, in words."""
        if self.pool == "list":
            return "its own list"
        return f"the bundled list of {list_date():%-d %b %Y}" if self.pool == "bundled" else "no list yet"

    @property
    def shown(self) -> str:
        """Which list its discovered models are from, and of when it is."""
        if self.pool == "list" and self.state and self.state.succeeded_at:
            return f"{self.source}, read {_ago(self.state.succeeded_at)}"
        return self.source

    @property
    def trouble(self) -> str:
        """Why that is not its list of now; "" where it is."""
        if self.state and self.state.error:
            when = f" {_ago(self.state.failed_at)}" if self.state.failed_at else ""
            return f"the last refresh failed{when}: {self.state.error}"
        if self.held:
            return "a newer one is held back until somebody decides"
        return f"not refreshed: {self.why_not}" if self.why_not else ""

    @property
    def status(self) -> tuple[str, str]:
        """The colour and the word beside its name."""
        if self.held:
            return "warn", "Held back"
        if self.state and self.state.error:
            return "bad", "Failed"
        if self.why_not:
            return "idle", "Not asked"
        return ("good", "Up to date") if self.pool == "list" else ("idle", "Not read yet")


def _ago(moment: datetime) -> str:
    passed = timesince(moment, clock.now(), depth=1)
    return "just now" if passed.startswith("0") else f"{passed} ago"


def pools() -> list[DiscoveryNow]:
    """Return where discovered models are from, those with trouble first."""
    rows = [row for row in discovery_now() if row.pool != "none" or row.trouble]
    return sorted(rows, key=lambda row: not (row.state and row.state.error))


def discovery_now(rows: QuerySet[Provider] | None = None) -> list[DiscoveryNow]:
    """Return how discovery stands with providers, by name, in a fixed number of queries.

    Without `rows`, with all that can be asked or have a list.
    """
    found = list((Provider.objects.listed() if rows is None else rows).counted().order_by("name", "id"))  # type: ignore[attr-defined]
    ids = [provider.pk for provider in found]
    states = {row.provider_id: row for row in DiscoveryState.objects.filter(provider__in=ids)}
    held = {
        row.provider_id: row
        for row in HeldList.objects.filter(provider__in=ids).select_related("run").defer("content")
    }
    runs = _last_runs(ids)
    bundled = set(
        DiscoveryRun.objects.filter(provider__in=ids, trigger=DiscoveryRun.Trigger.BUNDLED).values_list(
            "provider_id", flat=True
        )
    )
    all_rows = [
        DiscoveryNow(
            provider=provider,
            state=states.get(provider.pk),
            held=held.get(provider.pk),
            last_run=runs.get(provider.pk),
            pool=_pool(states.get(provider.pk), is_bundled=provider.pk in bundled),
            why_not=_why_not(provider),
        )
        for provider in found
    ]
    return all_rows if rows is not None else [row for row in all_rows if row.last_run or not row.why_not]


def discovery_of(provider: Provider) -> DiscoveryNow:
    """Return how discovery stands with one provider."""
    return discovery_now(Provider.objects.filter(pk=provider.pk))[0]


def told(run: DiscoveryRun) -> str:
    """Return what came of a run, in a few words."""
    changes = ", ".join(
        f"{count} {_WORDS.get(kind, kind.replace('_', ' '))}" for kind, count in run.counts.items()
    )
    if run.outcome in {DiscoveryRun.Outcome.FAILED, DiscoveryRun.Outcome.HELD}:
        return run.said
    if run.outcome == DiscoveryRun.Outcome.FIRST:
        return f"{run.listed} models"
    return changes or f"{run.listed} models, as before"


def open_events() -> int:
    """Return how many events wait for a decision."""
    return _waiting().count()


def open_events_beside() -> Subquery:
    """Return the same number as a column of a query that is made anyway."""
    number = Func(F("pk"), function="COUNT", output_field=IntegerField())
    return Subquery(_waiting().order_by().annotate(number=number).values("number"))


def _waiting() -> QuerySet[CatalogEvent]:
    return CatalogEvent.objects.filter(state=CatalogEvent.State.OPEN, provider__removed_at=None)


def held_lists() -> QuerySet[HeldList]:
    """Return the lists that wait for a person, by name of the provider."""
    rows = HeldList.objects.filter(provider__removed_at=None).select_related("provider", "run")
    return rows.defer("content").order_by("provider__name")


def _last_runs(ids: Iterable[int]) -> dict[int, DiscoveryRun]:
    newest = (
        DiscoveryRun.objects.filter(provider__in=ids).order_by().values("provider").annotate(id=Max("id"))
    )
    rows = DiscoveryRun.objects.filter(pk__in=[row["id"] for row in newest])
    return {row.provider_id: row for row in rows}


def _pool(state: DiscoveryState | None, *, is_bundled: bool) -> Pool:
    if state is not None and state.succeeded_at is not None:
        return "list"
    return "bundled" if is_bundled else "none"


def _why_not(provider: Provider) -> str:
    if provider.paused_reason:
        return f"it is paused: {provider.paused_reason}"
    if provider.needs_credential and not provider.usable and not lists_openly(provider):
        return "it needs a credential"
    return ""
