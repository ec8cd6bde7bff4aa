"""What budgets are of, by name: a budget keeps an id, people read `team:support`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from billing.models import ApiKey, Budget
from catalog.models import CatalogEntry
from llmhub.audit.actor import Actor
from llmhub.people.models import Team, User
from providers.models import Provider

_NAMED: dict[str, tuple[type[models.Model], str]] = {
    Budget.Scope.TEAM: (Team, "slug"),
    Budget.Scope.KEY: (ApiKey, "name"),
    Budget.Scope.PERSON: (User, "email"),
    Budget.Scope.PROVIDER: (Provider, "slug"),
    Budget.Scope.MODEL: (CatalogEntry, "slug"),
}
_OF_TEAMS = (Budget.Scope.TEAM, Budget.Scope.KEY, Budget.Scope.PERSON)  # not everybody sees all of them


@dataclass(frozen=True)
class Names:
    """The names of what some budgets are of."""

    by_scope: Mapping[str, Mapping[int, str]]

    @classmethod
    def of(cls, budgets: Iterable[Budget]) -> Names:
        """Look the names up, with one query for each scope."""
        wanted: dict[str, set[int]] = {}
        for budget in budgets:
            if budget.scope in _NAMED:
                wanted.setdefault(budget.scope, set()).add(budget.scope_id)
        return cls({scope: _names(scope, ids) for scope, ids in wanted.items()})

    def name(self, budget: Budget) -> str:
        """Return what a budget is of: `support`, `env=prod`; "" for the organisation."""
        if budget.scope not in _NAMED:
            return budget.tag
        return self.by_scope.get(budget.scope, {}).get(budget.scope_id, str(budget.scope_id))

    def label(self, budget: Budget) -> str:
        """Return scope and name in one: `team:support`, `organisation`."""
        name = self.name(budget)
        return f"{budget.scope}:{name}" if name else budget.scope


def _names(scope: str, ids: set[int]) -> dict[int, str]:
    model, field = _NAMED[scope]
    rows: Iterable[tuple[int, str]] = model._default_manager.filter(pk__in=ids).values_list("pk", field)
    return dict(rows)


class NotThere(ValueError):
    """Nothing has this name in this scope; the message says where to look."""


def find(scope: str, name: str, *, by: Actor | None = None) -> int:
    """Return the id of what `name` says in `scope`; 0 for the organisation and for tags.

    A key may also be given by its id; the case of an e-mail address says nothing. What the one who asks
    may not see is not there. Raises `NotThere`.
    """
    if scope not in _NAMED:
        return 0
    model, field = _NAMED[scope]
    manager: Any = model._default_manager
    rows: models.QuerySet[models.Model] = (
        manager.all() if by is None or scope not in _OF_TEAMS else manager.seen_by(by)
    )
    if scope == Budget.Scope.KEY and name.isdecimal() and len(name) < 19:
        ids = list(rows.filter(pk=int(name)).values_list("pk", flat=True))
    else:
        name = name.lower() if scope == Budget.Scope.PERSON else name
        ids = list(rows.filter(**{field: name}).values_list("pk", flat=True)[:2])
    if len(ids) == 1:
        return int(ids[0])
    if ids:
        raise NotThere(f"several keys are called {name!r}: give the id of one")
    if scope == Budget.Scope.PERSON:
        raise NotThere(f"nobody has the e-mail address {name[:100]!r}")
    raise NotThere(f"no {scope} is called {name[:100]!r}")
