"""Check llmhub.toml, and make it so: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from catalog.models import Alias, Origin, PublicName
from llmhub.audit.actor import Actor
from llmhub.audit.models import AuditEvent
from llmhub.config.apply_budgets import apply_budgets
from llmhub.config.apply_channels import apply_channels
from llmhub.config.apply_hub import apply_hub, apply_teams
from llmhub.config.apply_inbox import apply_inbox_rules
from llmhub.config.apply_models import ModelApplier, curated
from llmhub.config.apply_providers import apply_providers, remove_providers
from llmhub.config.apply_routes import remove_routes, save_routes
from llmhub.config.difference import Plan, compare
from llmhub.config.findings import Finding, Places, dotted, read
from llmhub.config.references import Known, dangling
from llmhub.config.schema import Config
from llmhub.config.state import read_all
from providers.models import Provider
from providers.provider import checked_url
from routing.models import Route


class BadFile(ValueError):
    """The file has findings; nothing of it was applied."""

    def __init__(self, name: str, findings: list[Finding]) -> None:
        super().__init__("\n".join(f"{name}:{finding}" for finding in findings))
        self.findings = findings


@dataclass(frozen=True)
class Applied:
    """What an application changed, one line for each audit event, and the same in words."""

    changes: tuple[str, ...]
    plan: Plan

    def __str__(self) -> str:
        count = len(self.changes)
        return "\n".join([f"{count} changes:", *self.changes]) if count else "nothing to change"


def check(text: str) -> list[Finding]:
    """Return every mistake in the text of a file.

    References are looked up in the database, and what nothing else refuses is applied on trial;
    where there is no database yet, both are left to `apply`.
    """
    config, findings = read(text)
    if config is None:
        return findings
    places = Places(text)
    findings = _wrong_addresses(config, places)
    try:
        findings += dangling(config, known_now(), places)
        findings = findings or _refused_on_trial(config, places)
    except DatabaseError:
        pass
    return sorted(findings, key=lambda finding: (finding.line, finding.column))


def _wrong_addresses(config: Config, places: Places) -> list[Finding]:
    found = []
    for slug, section in config.providers.items():
        try:
            if section.base_url:
                checked_url(section.base_url)
        except ValidationError as refusal:
            found += [places.finding(("providers", slug, "base_url"), text) for text in refusal.messages]
    return found


def _refused_on_trial(config: Config, places: Places) -> list[Finding]:
    """Return what stops an application; nothing of it is kept."""
    try:
        with transaction.atomic():
            _Application(config, Actor(kind="file", label="check", role="owner"), places, "").run()
            transaction.set_rollback(True)
    except BadFile as refusal:
        return refusal.findings
    return []


def apply_file(path: Path, actor: Actor) -> Applied:
    """Make the database as the file says, and return what changed; a second time nothing does.

    What the file wrote before and no longer says is taken away. Raises `BadFile`, and `ValueError`
    on a file that cannot be read; then nothing has changed.
    """
    return _applied(text_of(path), path.name, actor, keep=True)


def plan(text: str, name: str = "llmhub.toml") -> Plan:
    """Return what applying the text would change: it is applied, and all of it undone again.

    Raises `BadFile`.
    """
    return _applied(text, name, Actor(kind="file", label=name, role="owner"), keep=False).plan


def text_of(path: Path) -> str:
    """Return the text of a file. Raises `ValueError` when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise ValueError(f"cannot read {str(path)!r}: {trouble}") from trouble


def _applied(text: str, name: str, actor: Actor, *, keep: bool) -> Applied:
    config, findings = read(text)
    if config is None:
        raise BadFile(name, findings)
    places = Places(text)
    with transaction.atomic():
        if dangling_now := dangling(config, known_now(), places):
            raise BadFile(name, dangling_now)
        before = read_all()
        changes = _Application(config, actor, places, name).run()
        applied = Applied(changes, compare(before, read_all(), _named(config)))
        if not keep:
            transaction.set_rollback(True)
    return applied


def _named(config: Config) -> set[str]:
    """Return what the file names whoever owns it: an alias that stays as it is remains a person's."""
    sections = {
        "providers": config.providers.keys(),
        "models": config.models.keys(),
        "aliases": config.aliases.keys(),
        "routes": config.routes.keys(),
        "teams": config.teams.keys(),
        "channels": config.channels.keys(),
    }
    return {dotted((kind, name)) for kind, names in sections.items() for name in names}


def known_now() -> Known:
    """Return what the database has, for references; aliases and routes of the file can be given up."""
    models = frozenset(curated().values_list("slug", flat=True))
    aliases = dict(Alias.objects.values_list("name_id", "origin"))
    routes = dict(Route.objects.values_list("name_id", "origin"))
    names = frozenset(PublicName.objects.values_list("name", flat=True))
    return Known(
        models=models,
        aliases=frozenset(name for name, origin in aliases.items() if origin != Origin.FILE),
        routes=frozenset(name for name, origin in routes.items() if origin != Origin.FILE),
        other_names=names - models - aliases.keys() - routes.keys(),
        providers=dict(Provider.objects.listed().values_list("slug", "kind")),
        parameters=frozenset(
            name for names in curated().values_list("parameters", flat=True) for name in names
        ),
    )


class _Application:
    def __init__(self, config: Config, actor: Actor, places: Places, name: str) -> None:
        self._config = config
        self._actor = actor
        self._places = places
        self._name = name

    def run(self) -> tuple[str, ...]:
        """Write every section in the order in which they need each other; return what was changed."""
        before = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
        models = ModelApplier(self._config, self._actor, self._at)
        models.remove_aliases()
        remove_routes(self._config, self._actor)
        apply_providers(self._config, self._actor, self._at)
        models.save_entries()
        models.save_offers()
        models.save_aliases()
        save_routes(self._config, self._actor, self._at)
        models.withdraw_entries()
        models.give_up()
        remove_providers(self._config, self._actor, self._at)
        apply_hub(self._config.hub, self._actor, self._at)
        apply_teams(self._config, self._actor, self._at)
        apply_budgets(self._config, self._actor, self._at)
        apply_channels(self._config, self._actor, self._at)
        apply_inbox_rules(self._config, self._actor, self._at)
        events = AuditEvent.objects.filter(id__gt=before).order_by("id")
        return tuple(f"{event.action} {event.object}" for event in events)

    @contextmanager
    def _at(self, *path: str) -> Iterator[None]:
        """Turn what a write function refuses into a finding at `path`."""
        try:
            yield
        except ValidationError as refusal:
            raise BadFile(self._name, list(self._refused(path, refusal))) from refusal

    def _refused(self, path: tuple[str, ...], refusal: ValidationError) -> Iterator[Finding]:
        """Return a finding for each message, at the key of its field where the file has that."""
        by_field = refusal.message_dict if hasattr(refusal, "error_dict") else {"": refusal.messages}
        for field, messages in by_field.items():
            place = (*path, field) if self._places.has((*path, field)) else path
            yield from (self._places.finding(place, message) for message in messages)
