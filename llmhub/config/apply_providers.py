"""Bring the providers of llmhub.toml into the database, with the references of their credentials."""

from __future__ import annotations

from llmhub.audit.actor import Actor
from llmhub.config.apply_models import At
from llmhub.config.schema import Config, CredentialSection, ProviderSection, label_of
from llmhub.config.values import DIALECTS
from providers.credential import remove_credential, set_credential
from providers.credential_state import give_to_file, set_weight
from providers.models import Provider
from providers.probe_ceiling import set_ceiling
from providers.provider import create_provider, pause_provider, remove_provider, update_provider


def apply_providers(config: Config, actor: Actor, at: At) -> None:
    """Save every provider of the file; a provider that is not in the file is left alone."""
    there = {row.slug: row for row in Provider.objects.listed()}
    for slug, section in config.providers.items():
        if section.removed:
            continue
        with at("providers", slug):
            provider = _saved(actor, slug, section, there.get(slug))
            if section.paused is not None:
                pause_provider(actor=actor, provider=provider, reason=section.paused)
            if section.probe_ceiling is not None:
                set_ceiling(actor=actor, provider=provider, ceiling=section.probe_ceiling)
        if section.credentials is not None:
            with at("providers", slug, "credentials"):
                _save_credentials(actor, provider, section.credentials)


def remove_providers(config: Config, actor: Actor, at: At) -> None:
    """Remove the providers that the file does not want, once nothing of the file needs them."""
    unwanted = [slug for slug, section in config.providers.items() if section.removed]
    for provider in Provider.objects.listed().filter(slug__in=unwanted):
        with at("providers", provider.slug):
            remove_provider(actor=actor, provider=provider)


def _saved(actor: Actor, slug: str, section: ProviderSection, provider: Provider | None) -> Provider:
    dialect = DIALECTS[section.dialect] if section.dialect else None
    if provider is None:
        return create_provider(
            actor=actor,
            slug=slug,
            name=section.name or slug,
            kind=section.kind,
            base_url=section.base_url or "",
            dialect=dialect or "",
            needs_credential=section.needs_credential,
        )
    return update_provider(
        actor=actor,
        provider=provider,
        name=section.name,
        base_url=None if section.base_url == provider.base_url else section.base_url,
        dialect=dialect,
        needs_credential=section.needs_credential,
    )


def _save_credentials(actor: Actor, provider: Provider, wanted: list[CredentialSection]) -> None:
    """Keep exactly these, beside the credentials that people entered.

    One that is there as the file says is left as it is: if its provider refused it, it stays out.
    """
    there = {row.label: row for row in provider.credentials.all()}
    sections = {section.label or label_of(section.ref): section for section in wanted}
    for label, section in sections.items():
        row = there.get(label)
        if row is None or row.reference != section.ref:
            set_credential(
                actor=actor, provider=provider, label=label, reference=section.ref, weight=section.weight
            )
            continue
        give_to_file(actor=actor, provider=provider, label=label)
        if section.weight is not None:
            set_weight(actor=actor, provider=provider, label=label, weight=section.weight)
    for label in sorted(row.label for row in there.values() if row.from_file and row.label not in sections):
        remove_credential(actor=actor, provider=provider, label=label)
