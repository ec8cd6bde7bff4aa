"""Short names that stand in addresses of pages."""

from __future__ import annotations

from django.core.exceptions import ValidationError

RESERVED = frozenset({"add"})  # /providers/add/ is the form of a new one


def refuse_reserved(slug: str) -> None:
    """Raise `ValidationError` when a page of the console has this name."""
    if slug in RESERVED:
        raise ValidationError({"slug": f"{slug!r} is the name of a page: choose another short name"})
