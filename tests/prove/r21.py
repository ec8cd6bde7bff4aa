"""R-21: how long each page of the console takes when the ledger has millions of attempts."""

from __future__ import annotations

import time
from datetime import timedelta
from unittest.mock import patch

from django.db import connection
from django.template import Template
from django.test import Client
from django.test.utils import _TestState
from django.urls import reverse

from billing import rollup, rollup_read
from billing.models import ApiKey, Attempt, Budget, UsageRecord
from billing.rollup_models import RollUp, SupplyRollUp
from llmhub.demo import seed, setting
from llmhub.lib import clock, ids
from llmhub.navigation import menu
from llmhub.people.models import Team
from tests.prove.r38 import _client
from tests.prove.row import Figures

ROW = "R-21"
CLAIM = "Pages take no longer because there are millions of calls: they read sums, and lists by index"
BAR = (
    "every console page ≤ 300 ms at the 95th percentile with 10 million attempts, server time at "
    "concurrency 1; 10 million attempts are loaded in at most 6 minutes on SQLite"
)
DATABASES = ("sqlite", "postgres")
_MOST = 0.3  # seconds
_LOAD = 360.0  # seconds, of ten million on SQLite
_VIEWS = 20
_FEWER = 300_000
_SPEND = ("by=key", "by=model&per=week&since=2025-01-01", "by=source&per=hour", "by=requested&measure=tokens")


def prove(stand) -> Figures:
    attempts = stand.size(quick=100_000, full=10_000_000)
    took = _load(stand, attempts)
    pages = _look()
    slowest = max(pages, key=lambda page: pages[page])
    return Figures(
        max(pages.values()) <= _MOST and (took <= _LOAD or stand.database != "sqlite"),
        {
            "attempts": Attempt.objects.count(),
            "s to load them": took,
            f"pages, {_VIEWS} views each": len(pages),
            "ms at p95 the slowest": max(pages.values()) * 1000,
            "of them": slowest,
            "pages at p95": ", ".join(f"{seconds * 1000:.0f} ms {path}" for path, seconds in pages.items()),
        },
    )


def control(stand) -> Figures:
    """With pages that add up the ledger: no sums are there, and no bound on what is read in their place.

    That grows with the rows, so ten million are worked out from fewer.
    """
    _load(stand, _FEWER)
    for model in (RollUp, SupplyRollUp):
        model.objects.all().delete()
    rollup.mark_everything()
    with patch.object(rollup_read, "MOST_ROWS", 10**9):
        found = max(_look([reverse("overview")], views=5).values())
    whole = found * 10_000_000 / _FEWER
    return Figures(
        whole <= _MOST,
        {
            f"ms at p95 for Overview with {_FEWER:,} attempts": found * 1000,
            "ms with ten million at that rate": whole * 1000,
        },
    )


def _load(stand, attempts: int) -> float:
    stand.hub_database(DEMO=True)
    setting.write("http://127.0.0.1:9", clock.now())
    began = time.monotonic()
    seed.load(attempts)
    took = time.monotonic() - began
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as autovacuum does within a minute
    return took


def _look(paths: list[str] | None = None, *, views: int = _VIEWS) -> dict[str, float]:
    """Seconds at the 95th percentile of each page, for an owner who is signed in."""
    client = _client()
    as_served = patch.object(
        Template, "_render", _TestState.saved_data.template_render
    )  # tests copy contexts
    with as_served:
        return {path: _p95(client, path, views) for path in paths or _paths()}


def _p95(client: Client, path: str, views: int) -> float:
    took = []
    for _ in range(views + 1):
        began = time.monotonic()
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        took.append(time.monotonic() - began)
    return sorted(took[1:])[max(0, int(views * 0.95) - 1)]  # the first view fills templates and caches


def _narrowed(team: Team, key: ApiKey) -> tuple[str, ...]:
    """Filters of the list of requests; two of them find next to nothing and have to look for it."""
    since = clock.now().date() - timedelta(days=31)
    return (
        f"team={team.slug}", f"key={key.pk}", "status=interrupted", "model=no/such", f"since={since}",
    )  # fmt: skip


def _paths() -> list[str]:
    """The pages of the menu, lists as people narrow them, and one page of each thing."""
    team, key = Team.objects.earliest("pk"), ApiKey.objects.earliest("pk")
    requests, record = reverse("billing:request_list"), UsageRecord.objects.latest("pk")
    return [
        *(item["url"] for _, items in menu("") for item in items),
        *(f"{requests}?{each}" for each in _narrowed(team, key)),
        *(f"{reverse('billing:spend')}?{each}" for each in _SPEND),
        reverse("billing:saving_list"),
        reverse("billing:team_spend", args=[team.slug]),
        reverse("billing:request_detail", args=[ids.request_id(record.pk)]),
        reverse("catalog:model_detail", args=["aurora/atlas-2"]),
        reverse("billing:key_detail", args=[key.pk]),
        reverse("billing:budget_detail", args=[Budget.objects.earliest("pk").pk]),
    ]
