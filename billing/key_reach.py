"""Say which models and providers a key may use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from billing.models import ApiKey
from catalog.models import PublicName
from catalog.names import nearest
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.people.roles import require
from providers.models import Provider

MOST = 200  # names in one list
_ALL_OF = re.compile(r"[^\s*]{1,100}/\*")  # acme/*


@transaction.atomic
def set_reach(*, actor: Actor, key: ApiKey, models: Sequence[str], providers: Sequence[str]) -> ApiKey:
    """Let a key use these models and providers only; an empty list is all of them.

    A model is a name that callers use (an id, an alias or a route), or `acme/*` for all of a maker, also
    those to come. Raises `ValidationError` on a name that nothing has.
    """
    require(actor, "manage", team=key.team_id)
    row = ApiKey.objects.select_for_update().get(pk=key.pk)
    before = facts(row)
    row.allowed_models, row.allowed_providers = checked_models(models), checked_providers(providers)
    if (after := facts(row)) != before:
        row.save(update_fields=["allowed_models", "allowed_providers"])
        log.record(actor, "key.reach_changed", f"key:{row.pk}", before=before, after=after)
    return row


def facts(key: ApiKey) -> dict[str, Any]:
    """Return what a key may use, for the audit log."""
    return {"models": key.allowed_models or "all", "providers": key.allowed_providers or "all"}


def checked_models(names: Sequence[str]) -> list[str]:
    """Return names of models in order, each once. Raises `ValidationError` on `allowed_models`."""
    wanted = _listed("allowed_models", names)
    exact = [name for name in wanted if not _ALL_OF.fullmatch(name)]
    known = set(PublicName.objects.filter(name__in=exact).values_list("name", flat=True))
    for name in exact:
        if name not in known:
            near = nearest(name, PublicName.objects.values_list("name", flat=True))
            hint = f"did you mean {', '.join(near)}?" if near else "write an id, an alias, a route, or acme/*"
            raise ValidationError({"allowed_models": f"nothing is called {name[:100]!r}: {hint}"})
    return wanted


def checked_providers(slugs: Sequence[str]) -> list[str]:
    """Return providers in order, each once. Raises `ValidationError` on `allowed_providers`."""
    wanted = _listed("allowed_providers", slugs)
    known = set(Provider.objects.listed().values_list("slug", flat=True))
    for slug in wanted:
        if slug not in known:
            told = f"there is no provider {slug[:100]!r}: there are {', '.join(sorted(known))}"
            raise ValidationError({"allowed_providers": told})
    return wanted


def _listed(field: str, names: Sequence[str]) -> list[str]:
    wanted = sorted({name.strip() for name in names} - {""})
    if len(wanted) > MOST:
        raise ValidationError({field: f"{len(wanted)} names are too many: {MOST} at most, or write acme/*"})
    return wanted
