"""Switch the billed probes of a provider on, with what they may cost in a day, and off again."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.people.roles import require
from providers.models import Provider
from providers.probe_amount import parse_ceiling, said
from providers.provider import subject


@transaction.atomic
def set_ceiling(*, actor: Actor, provider: Provider, ceiling: str) -> None:
    """Let billed probes of a provider cost so many USD in a day; `off`: none is made.

    Raises `ValidationError` on what is no amount.
    """
    require(actor, "configure")
    try:
        nano = parse_ceiling(ceiling)
    except ValueError as error:
        raise ValidationError({"ceiling": str(error)}) from None
    saved = Provider.objects.select_for_update().get(pk=provider.pk)
    if saved.probe_ceiling_nano == nano:
        return
    before, saved.probe_ceiling_nano = said(saved.probe_ceiling_nano), nano
    saved.save(update_fields=["probe_ceiling_nano"])
    told = {"before": {"ceiling": before}, "after": {"ceiling": said(nano)}}
    log.record(actor, "provider.probes", subject(saved), **told)
