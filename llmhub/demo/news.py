"""Let the month of the demo's lists happen: read by discovery, decided by people and rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from catalog import discovery, inbox
from catalog.discovery_models import CatalogEvent, DiscoveryRun, InboxRule
from catalog.entry import update_entry
from catalog.models import CatalogEntry
from catalog.rule_book import set_rule
from llmhub.audit.actor import SYSTEM, Actor
from llmhub.demo import cast
from llmhub.demo.listed import Row, first_lists
from llmhub.demo.month import Decided, Reading, Replaced, Ruled, Step, steps
from llmhub.demo.setting import OPENED
from llmhub.lib import clock
from llmhub.people.models import User
from providers.models import Provider

Rows = Mapping[str, Row]


def folder() -> Path:
    """Return where the lists stand that the simulator answers with."""
    return settings.HOME / "lists"


@transaction.atomic
def write(now: datetime) -> None:
    """Let discovery read the first lists and what changed since, once; the last lists are kept as files.

    A demo that an earlier version made goes on without: its providers are of other kinds.
    """
    providers = {row.slug: Provider.objects.get(slug=row.slug) for row in cast.PROVIDERS}
    made_before = any(providers[row.slug].kind != row.kind for row in cast.PROVIDERS)
    if made_before or DiscoveryRun.objects.filter(provider__in=providers.values()).exists():
        return
    month = _Month(providers, now)
    month.begin((now - OPENED).replace(hour=6, minute=0, second=0, microsecond=0))
    for step in steps(now.date()):
        with clock.pretending(step.moment(now)):
            month.happen(step)
    month.keep()


class _Month:
    """The lists as they are, and what to do at each step."""

    def __init__(self, providers: Mapping[str, Provider], now: datetime) -> None:
        self._providers = providers
        self._now = now
        self._lists = first_lists()

    def begin(self, began: datetime) -> None:
        """Take in the first list of each provider."""
        with clock.pretending(began):
            for provider in self._providers:
                self._read(provider)

    def happen(self, step: Step) -> None:
        """Do what happened at a step, by the functions that people and discovery use."""
        if isinstance(step, Reading):
            self._change(step)
            self._read(step.provider)
        elif isinstance(step, Decided):
            decide = inbox.accept if step.verdict == "accept" else inbox.ignore
            decide(actor=_person(step.person), event=self._open(step))
        elif isinstance(step, Ruled):
            at = self._providers.get(step.provider)
            rule = set_rule(actor=_person(step.person), kind=step.kind.value, action=step.action, provider=at)
            InboxRule.objects.filter(pk=rule.pk).update(created_at=clock.now())
        elif isinstance(step, Replaced):
            entry = CatalogEntry.objects.get(slug=step.slug)
            update_entry(actor=_person(step.person), entry=entry, replacement=step.replacement)

    def keep(self) -> None:
        """Keep the lists as they are now, for the simulator to answer with."""
        folder().mkdir(exist_ok=True)
        for provider, rows in self._lists.items():
            (folder() / f"{provider}.json").write_text(_sent(rows))

    def _change(self, step: Reading) -> None:
        rows = self._lists[step.provider]
        for id_, fields in step.changes.items():
            if fields is None:
                del rows[id_]
            else:
                rows[id_] = {**rows.get(id_, {}), **fields}

    def _read(self, provider: str) -> None:
        content = _sent(self._lists[provider]).encode()
        discovery.take_file(self._providers[provider], content, actor=SYSTEM)

    def _open(self, step: Decided) -> CatalogEvent:
        return CatalogEvent.objects.get(
            provider=self._providers[step.provider],
            kind=step.kind.value,
            upstream_id=step.upstream_id,
            state=CatalogEvent.State.OPEN,
        )


def _sent(rows: Rows) -> str:
    """Return a list as its provider sends it."""
    return json.dumps({"object": "list", "data": list(rows.values())}, indent=1)


def _person(name: str) -> Actor:
    person = User.objects.get(name=name)
    return Actor(kind="user", label=person.email, role=person.role, id=person.pk)
