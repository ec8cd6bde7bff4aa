"""Bring the providers of llmhub.toml into the database, with the references of their credentials."""

from __future__ import annotations

from llmhub.audit.actor import Actor
from llmhub.config.apply_models import At
from llmhub.config.schema import DIALECTS, Config, ProviderSection
from providers.credential import remove_credential, set_credential
from providers.models import Provider
from providers.provider import create_provider, update_provider

_LONGEST_LABEL = 60  # of Credential.label


def apply_providers(config: Config, actor: Actor, at: At) -> None:
    """Save every provider of the file; a provider that is not in the file is left alone."""
    there = {row.slug: row for row in Provider.objects.listed()}
    for slug, section in config.providers.items():
        with at("providers", slug):
            provider = _saved(actor, slug, section, there.get(slug))
        if section.credentials is not None:
            with at("providers", slug, "credentials"):
                _save_credentials(actor, provider, section.credentials)


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
        base_url=section.base_url,
        dialect=dialect,
        needs_credential=section.needs_credential,
    )


def _save_credentials(actor: Actor, provider: Provider, references: list[str]) -> None:
    """Keep exactly these references, beside the credentials that people entered."""
    wanted = {label_of(reference): reference for reference in references}
    kept = {row.label for row in provider.credentials.all() if row.label == label_of(row.reference)}
    for label, reference in wanted.items():
        if label not in kept:
            set_credential(actor=actor, provider=provider, label=label, reference=reference)
    for label in sorted(kept - wanted.keys()):
        remove_credential(actor=actor, provider=provider, label=label)


def label_of(reference: str) -> str:
    """Return the label that a reference of the file goes by: itself, its middle left out when it is long."""
    if len(reference) <= _LONGEST_LABEL:
        return reference
    half = _LONGEST_LABEL // 2
    return f"{reference[: half - 1]}…{reference[-half:]}"
