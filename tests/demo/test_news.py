"""A month of lists in the demo: what discovery found in them, and who decided on it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from catalog import discovery
from catalog.discovery_models import CatalogEvent, DiscoveryRun, HeldList, InboxRule
from catalog.lifecycle import Stage
from catalog.listing_diff import Kind
from catalog.models import CatalogEntry, Price
from catalog.retirement import stage_of
from llmhub.audit import log
from llmhub.audit.actor import SYSTEM
from llmhub.demo import cast, news, setting
from llmhub.lib import clock
from providers.models import ListedModel, Provider

URL = "http://127.0.0.1:9"
pytestmark = pytest.mark.django_db


@pytest.fixture
def month(settings, tmp_path):
    """Write the month, and return when it was told."""
    settings.DEMO, settings.HOME = True, tmp_path
    now = clock.now()
    setting.write(URL, now)
    news.write(now)
    return now


def test_events_of_nearly_every_kind_wait_and_others_were_decided_by_people_and_a_rule(month):
    events = list(CatalogEvent.objects.all())
    kinds = {event.kind for event in events if event.state == "open"}
    decided = {(event.state, event.decided_by.split("@")[0]) for event in events if event.decided_by}

    assert kinds >= {kind.value for kind in Kind} - {"facts", "price_down", "back"}
    assert {event.kind for event in events} == {kind.value for kind in Kind} - {"facts"}
    assert {("accepted", "mara-lindqvist"), ("accepted", "jonas-adeyemi")} <= decided
    assert ("ignored", "jonas-adeyemi") in decided
    assert ("accepted", "rule: accept price down at Harbor Inference") in decided
    assert {event.state for event in events} == set(CatalogEvent.State.values)
    assert all(event.found_at < month - timedelta(hours=1) for event in events)
    assert all(event.found_at <= event.decided_at < month for event in events if event.decided_at)
    assert [event.found_at for event in events] == sorted((e.found_at for e in events), reverse=True)
    assert {rule.action for rule in InboxRule.objects.all()} == {"accept", "hold"}
    assert log.first_broken_link() is None


def test_a_list_is_held_prices_moved_and_models_leave(month):
    begun = Price.objects.filter(effective_from__gt=month - timedelta(days=30), above_input_tokens=0)
    moved = {(row.offer.entry.slug, row.offer.provider.slug) for row in begun if row.offer.prices.count() > 1}
    entries = {row.slug: row for row in CatalogEntry.objects.all()}

    assert HeldList.objects.get().run.said == "7 of 11 models are gone"
    assert moved >= {("open/breeze-70b", "harbor"), ("aurora/atlas-2-mini", "harbor")}
    assert stage_of(entries["aurora/lumen-1"], month.date()) == Stage.DEPRECATED
    assert entries["aurora/lumen-1"].sunset_on > month.date()
    assert stage_of(entries["open/quill-code"], month.date()) == Stage.SUPERSEDED
    assert entries["open/quill-code-2"].source == "curated"  # promoted
    marlin = entries["marlin/marlin-pro"]
    assert (marlin.source, marlin.context_tokens, "reasoning" in marlin.capabilities) == (
        "discovered", 1_048_576, True,
    )  # fmt: skip
    assert marlin.parameters["temperature"]["max"] == 2


def test_the_lists_that_the_simulator_answers_with_tell_nothing_new(month):
    for row in cast.PROVIDERS:
        content = (news.folder() / f"{row.slug}.json").read_bytes()
        run = discovery.take_file(Provider.objects.get(slug=row.slug), content, actor=SYSTEM)
        assert (row.slug, run.outcome) == (row.slug, "held" if row.slug == "cellar" else "unchanged")


def test_it_happens_once_and_a_demo_of_other_kinds_is_left_alone(month):
    before = CatalogEvent.objects.count(), DiscoveryRun.objects.count()
    news.write(clock.now())
    assert (CatalogEvent.objects.count(), DiscoveryRun.objects.count()) == before

    CatalogEvent.objects.all().delete()
    HeldList.objects.all().delete()
    DiscoveryRun.objects.all().delete()
    ListedModel.objects.all().delete()
    Provider.objects.filter(slug="harbor").update(kind="custom")  # as earlier demos made it
    news.write(clock.now())
    assert not DiscoveryRun.objects.exists()


def test_only_the_demo_pretends_another_time():
    root = Path(django_settings.BASE_DIR)
    folders = ("llmhub", "providers", "catalog", "billing", "routing")
    told = {
        str(path.relative_to(root))
        for folder in folders
        for path in (root / folder).rglob("*.py")
        if "pretending(" in path.read_text()
    }

    demo = {f"llmhub/demo/{name}.py" for name in ("news", "owners", "setting")}
    assert told == {"llmhub/lib/clock.py", *demo}
