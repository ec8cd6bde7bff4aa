"""Pure: which models and providers a key may use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from catalog.names import nearest
from routing.gateway.errors import Refusal

_ALL_OF = "/*"  # acme/*: every model whose id begins with acme/


@dataclass(frozen=True, slots=True)
class Reach:
    """What a key may use; nothing said is everything."""

    names: frozenset[str] = frozenset()
    families: tuple[str, ...] = ()  # "acme/"
    providers: frozenset[str] = frozenset()
    routes: frozenset[str] | None = None  # of its team; None: every route

    @classmethod
    def of(cls, models: Iterable[str], providers: Iterable[str], routes: Iterable[str] | None = None) -> Self:
        """Return the reach that a key's two lists, and its team's list of routes, say."""
        models = list(models)
        whole = tuple(name.removesuffix("*") for name in models if name.endswith(_ALL_OF))
        names = frozenset(name for name in models if not name.endswith(_ALL_OF))
        return cls(names, whole, frozenset(providers), None if routes is None else frozenset(routes))

    def has_model(self, name: str, slug: str) -> bool:
        """Return whether the model may be asked for by `name`, an alias or its id `slug`.

        An alias that is listed may be used by this name, whatever it points to; its model by its own
        id only where that is listed too.
        """
        if not self.names and not self.families:
            return True
        return name in self.names or slug in self.names or slug.startswith(self.families)

    def has_target(self, route: str, slug: str) -> bool:
        """Return whether a call may go by a route to a model of it."""
        return (self.routes is None or route in self.routes) and self.has_model(route, slug)

    def has_provider(self, slug: str) -> bool:
        """Return whether an offer at this provider may be tried."""
        return not self.providers or slug in self.providers


EVERYTHING = Reach()


def refuse_out_of_reach(reach: Reach, name: str, slug: str, *, key_name: str) -> None:
    """Raise `Refusal` when a key may not ask for this model."""
    if reach.has_model(name, slug):
        return
    listed = sorted([*reach.names, *(f"{family}*" for family in reach.families)])
    near = nearest(name, listed) or listed[:5]
    raise Refusal(
        "model_not_allowed",
        f"The key {key_name!r} may not use {name[:200]!r}: it may use {', '.join(map(repr, near))}"
        + (" and others" if len(listed) > len(near) else ""),
        param="model",
        details={"allowed": listed[:100]},
        remedies=("use a model that the key may use", "have an admin add the model to the key"),
    )
