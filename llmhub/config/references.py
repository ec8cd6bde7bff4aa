"""Pure: what llmhub.toml refers to, and whether it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from catalog.parameters import faults
from llmhub.config.findings import Finding, Places, near
from llmhub.config.positions import Path
from llmhub.config.schema import Config, ProviderSection
from llmhub.config.schema_models import ModelSection
from llmhub.config.values import DIALECTS
from providers.adapters import KINDS
from providers.adapters.parameters import NAMES


@dataclass(frozen=True)
class Known:
    """What is there already, without the file."""

    models: frozenset[str] = frozenset()  # that can be called
    aliases: frozenset[str] = frozenset()
    routes: frozenset[str] = frozenset()
    other_names: frozenset[str] = frozenset()  # taken by withdrawn models
    providers: dict[str, str] = field(default_factory=dict)  # slug → kind
    parameters: frozenset[str] = frozenset()  # names of those that any model has


Fault = tuple[Path, str, str]


def dangling(config: Config, known: Known, places: Places) -> list[Finding]:
    """Return every reference to nothing, and every name that two things would have."""
    faults = [
        *_providers(config, known),
        *_models(config, known),
        *_aliases(config, known),
        *_routes(config, known),
        *_inbox_rules(config, known),
        *_teams(config, known),
    ]
    found = [places.finding(path, message, meant) for path, message, meant in faults]
    return sorted(found, key=lambda finding: (finding.line, finding.column))


def _providers(config: Config, known: Known) -> Iterator[Fault]:
    for slug, section in config.providers.items():
        kind = KINDS[section.kind]
        if (there := known.providers.get(slug, section.kind)) != section.kind:
            yield ("providers", slug, "kind"), f"is {there!r} already: take another name for this one", ""
        if not (kind.base_url or section.base_url or slug in known.providers or section.removed):
            yield ("providers", slug), f"a provider of kind {section.kind!r} needs base_url", ""
        yield from _dialect(slug, section)


def _dialect(slug: str, section: ProviderSection) -> Iterator[Fault]:
    spoken = KINDS[section.kind].dialects
    if section.dialect and DIALECTS[section.dialect] not in spoken:
        message = f"a provider of kind {section.kind!r} does not speak it: use {' or '.join(spoken)}"
        yield ("providers", slug, "dialect"), message, ""


def _models(config: Config, known: Known) -> Iterator[Fault]:
    models, providers = _models_after(config, known), _providers_after(config, known)
    for slug, section in config.models.items():
        if slug in known.aliases and slug not in config.aliases and not section.withdrawn:
            yield ("models", slug), "an alias has this name", ""
        if slug in known.routes and slug not in config.routes and not section.withdrawn:
            yield ("models", slug), "a route has this name", ""
        if section.replacement and section.replacement not in models:
            message = f"{section.replacement!r} is no model"
            yield ("models", slug, "replacement"), message, near(section.replacement, models)
        yield from _parameters(slug, section, known)
        for provider in section.offers:
            if provider not in providers:
                path = ("models", slug, "offers", provider)
                yield path, f"{provider!r} is no provider", near(provider, providers)


def _parameters(slug: str, section: ModelSection, known: Known) -> Iterator[Fault]:
    own = section.parameters or {}
    names = {*own, *known.parameters, *NAMES}
    for name, each in own.items():
        for key, message in faults(each.descriptor(name), names):
            others = (getattr(each, key, None) or ()) if key in ("requires", "excludes") else ()
            meant = next((near(other, names) for other in others if other not in names), "")
            yield ("models", slug, "parameters", name, key), message, meant


def _models_after(config: Config, known: Known) -> frozenset[str]:
    """Return the models that can be called once the file is applied."""
    withdrawn = {slug for slug, section in config.models.items() if section.withdrawn}
    return (known.models | config.models.keys()) - withdrawn


def _providers_after(config: Config, known: Known) -> frozenset[str]:
    """Return the providers that are there once the file is applied."""
    removed = {slug for slug, section in config.providers.items() if section.removed}
    return frozenset(known.providers.keys() | config.providers.keys()) - removed


def _aliases(config: Config, known: Known) -> Iterator[Fault]:
    models = _models_after(config, known)
    aliases = known.aliases | config.aliases.keys()
    for name, target in config.aliases.items():
        if name in models:
            yield ("aliases", name), "a model has this name", ""
        elif name in known.other_names | known.routes:
            yield ("aliases", name), "a route or a withdrawn model has this name", ""
        if target in models:
            continue
        if target in aliases:
            yield ("aliases", name), f"{target!r} is an alias itself: name the model", ""
        else:
            yield ("aliases", name), f"{target!r} is no model", near(target, models)


def _teams(config: Config, known: Known) -> Iterator[Fault]:
    routes = known.routes | config.routes.keys()
    for slug, section in config.teams.items():
        for place, name in enumerate(section.routes or ()):
            if name not in routes:
                yield ("teams", slug, "routes", place), f"{name!r} is no route", near(name, routes)


def _routes(config: Config, known: Known) -> Iterator[Fault]:
    models, providers = _models_after(config, known), _providers_after(config, known)
    routes = known.routes | config.routes.keys()
    aliases = known.aliases | config.aliases.keys()
    for name, section in config.routes.items():
        if name in models:
            yield ("routes", name), "a model has this name", ""
        elif name in aliases:
            yield ("routes", name), "an alias has this name", ""
        elif name in known.other_names:
            yield ("routes", name), "a withdrawn model has this name", ""
        for key, place, target in section.all_targets():
            path = ("routes", name, key, place)
            if target.model not in models:
                yield path, *_no_model(target.model, models, aliases, routes)
            if target.provider is not None and target.provider not in providers:
                yield path, f"{target.provider!r} is no provider", near(target.provider, providers)


def _inbox_rules(config: Config, known: Known) -> Iterator[Fault]:
    providers = _providers_after(config, known)
    for number, rule in enumerate(config.inbox_rules):
        if rule.provider is not None and rule.provider not in providers:
            path = ("inbox_rules", number, "provider")
            yield path, f"{rule.provider!r} is no provider", near(rule.provider, providers)


def _no_model(
    name: str, models: frozenset[str], aliases: frozenset[str], routes: frozenset[str]
) -> tuple[str, str]:
    """Return what is wrong with a target of a route, and what was probably meant."""
    if name in aliases:
        return f"{name!r} is an alias: name the model", ""
    if name in routes:
        return f"{name!r} is a route itself: a route lists models", ""
    return f"{name!r} is no model", near(name, models)
