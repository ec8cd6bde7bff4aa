"""Which tags of calls roll-ups keep apart, so that reports can: at most three."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from billing import rollup_bucket
from billing.rollup_models import SLOTS, ReportTag
from billing.tag_sql import NAME
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.roles import require


def report_tags() -> list[str]:
    """Return their names."""
    return list(ReportTag.objects.order_by("slot").values_list("name", flat=True))


@transaction.atomic
def set_report_tags(*, actor: Actor, names: Sequence[str]) -> None:
    """Keep the values of these tags apart, from the open quarter of an hour on.

    A tag that stays keeps its history; one that goes and comes back begins anew. Raises
    `ValidationError` on more than three, on one named twice, and on what is no tag's name.
    """
    require(actor, "configure")
    _check(names)
    before = report_tags()
    ReportTag.objects.exclude(name__in=names).delete()
    kept = dict(ReportTag.objects.values_list("name", "slot"))
    free = [slot for slot in range(1, SLOTS + 1) if slot not in kept.values()]
    since = rollup_bucket.at(clock.now())
    for name in names:
        if name not in kept:
            ReportTag.objects.create(slot=free.pop(0), name=name, since=since)
    if report_tags() != before:
        log.record(
            actor,
            "report_tags.changed",
            "organisation",
            before={"tags": before},
            after={"tags": report_tags()},
        )


def _check(names: Sequence[str]) -> None:
    if len(names) > SLOTS:
        raise ValidationError(f"{len(names)} report tags: choose at most {SLOTS}")
    if len(set(names)) < len(names):
        raise ValidationError("a report tag is named twice: name it once")
    for name in names:
        if not NAME.fullmatch(name):
            raise ValidationError(
                f"{name!r} is no name of a tag: use up to 40 of a-z, 0-9, _ . -, a letter or digit first"
            )
