"""Take and free the names that callers can ask for."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from catalog.models import Alias, CatalogEntry, PublicName


def take_name(name: str, kind: PublicName.Kind) -> PublicName:
    """Save `name` as taken. Raises `ValidationError` that says who has it, or what is wrong with it.

    One table and one unique column: models, aliases and routes can never collide, not even
    when two people save at the same moment.
    """
    public = PublicName(name=name, kind=kind)
    try:
        public.clean_fields()
    except ValidationError as exc:
        raise ValidationError({"name": exc.messages}) from exc
    public, made = PublicName.objects.get_or_create(name=name, defaults={"kind": kind})
    if not made:
        raise ValidationError({"name": f"{name!r} is taken: {_holder(public)}. Choose another name"})
    return public


def _holder(public: PublicName) -> str:
    if public.kind == PublicName.Kind.ENTRY:
        entry = CatalogEntry.objects.filter(slug=public.name).first()
        withdrawn = entry is not None and entry.withdrawn_at is not None
        return "a withdrawn model has it" if withdrawn else "a model has it"
    if public.kind == PublicName.Kind.ALIAS:
        alias = Alias.objects.select_related("entry").filter(name=public).first()
        return f"it is an alias of {alias.entry.slug}" if alias else "it is an alias"
    return "a route has it"
