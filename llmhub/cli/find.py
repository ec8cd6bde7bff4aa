"""Find what a command names; a wrong name gets the ones there are."""

from __future__ import annotations

from billing.models import ApiKey, Budget
from catalog.models import CatalogEntry
from catalog.names import nearest
from llmhub.people.models import Team, User
from providers.models import Provider


def model(model_id: str) -> CatalogEntry:
    """Return the listed model of this id. Raises `ValueError` with the nearest ids."""
    entry = CatalogEntry.objects.listed().filter(slug=model_id).first()
    if entry is None:
        near = nearest(model_id, CatalogEntry.objects.listed().values_list("slug", flat=True))
        raise ValueError(
            f"no model {model_id!r}: {'did you mean ' + ', '.join(near) if near else 'see model list'}"
        )
    return entry


def provider(slug: str) -> Provider:
    """Return the provider of this short name. Raises `ValueError` that lists the ones there are."""
    provider = Provider.objects.listed().filter(slug=slug).first()
    if provider is None:
        there = ", ".join(Provider.objects.listed().values_list("slug", flat=True)[:20])
        raise ValueError(f"no provider {slug!r}: there are {there or 'none yet'}")
    return provider


def team(slug: str) -> Team:
    """Return the team of this short name. Raises `ValueError` that lists the teams there are."""
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        there = ", ".join(Team.objects.values_list("slug", flat=True)[:20])
        raise ValueError(
            f"no team {slug!r}: {'there are ' + there if there else 'make one with team create'}"
        )
    return team


def person(email: str) -> User:
    """Return the person of this address. Raises `ValueError` when there is none."""
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise ValueError(f"nobody has the address {email!r}: see `llmhub user list`")
    return user


def key(text: str) -> ApiKey:
    """Return the key of this id or these first letters. Raises `ValueError` unless it is just one."""
    keys = ApiKey.objects.select_related("team", "person")
    found = list(
        keys.filter(pk=int(text)) if text.isdecimal() else keys.filter(prefix__startswith=text[:16])[:2]
    )
    if len(found) != 1:
        raise ValueError(f"{len(found) or 'no'} keys fit {text!r}: give an id of `llmhub key list`")
    return found[0]


def budget(budget_id: int) -> Budget:
    """Return the budget of this id, also one that was removed. Raises `ValueError` when there is none."""
    found = Budget.objects.filter(pk=budget_id).first()
    if found is None:
        raise ValueError(f"no budget {budget_id}: see `llmhub budget list`")
    return found
