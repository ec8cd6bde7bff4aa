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
from llmhub.people.models import Team
from providers.models import Provider
from tests.console.test_every_page import PLACES, PUBLIC, Place
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
        return {path: _p95(client, path, views) for path in paths or _paths(client)}


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


def _paths(client: Client) -> list[str]:
    """Every page without an argument, lists as people narrow them, and one page of each thing."""
    team, key = Team.objects.earliest("pk"), ApiKey.objects.earliest("pk")
    requests = reverse("billing:request_list")
    plain = [place.url for name, place in PLACES.items() if name not in PUBLIC and _is_plain(place)]
    return [
        *(path for path in plain if _is_page(client, path)),
        *(f"{requests}?{each}" for each in _narrowed(team, key)),
        *(f"{reverse('billing:spend')}?{each}" for each in _SPEND),
        *(reverse(name, args=[of]) for of, names in _of(team, key).items() for name in names),
    ]


def _is_plain(place: Place) -> bool:
    return not {"nothing", "1", "here"} & set(place.url.split("/"))


def _is_page(client: Client, path: str) -> bool:
    """Whether it is shown; what only takes something in, or leads elsewhere, is no page."""
    answer = client.get(path)
    assert answer.status_code in (200, 302, 404, 405), (path, answer.status_code)
    return answer.status_code == 200 and answer["content-type"].startswith("text/html")


def _of(team: Team, key: ApiKey) -> dict[object, tuple[str, ...]]:
    """The pages and parts of pages about one thing, by what they are about."""
    record, budget = UsageRecord.objects.filter(refusals=0).latest("pk"), Budget.objects.earliest("pk")
    provider = Provider.objects.listed().earliest("pk")
    return {
        team.slug: ("people:team_detail", "billing:team_spend", "billing:team_budgets"),
        key.pk: ("billing:key_detail", "billing:key_budgets", "billing:key_reach"),
        ids.request_id(record.pk): ("billing:request_detail",),
        "aurora/atlas-2": (
            "catalog:model_detail", "catalog:model_prices", "catalog:model_parameters",
            "billing:model_callers", "billing:model_offers",
        ),
        f"{budget.pk}": ("billing:budget_detail", "billing:budget_history"),
        provider.slug: (
            "providers:provider_detail", "billing:provider_attempts", "catalog:provider_evidence",
            "catalog:provider_offers", "catalog:provider_breakers", "catalog:provider_listings",
            "catalog:provider_discovery",
        ),
    }  # fmt: skip
