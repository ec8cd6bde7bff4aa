"""Name the organisation, set its time zone, and stop or resume everything it calls."""

from __future__ import annotations

from typing import cast

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import zones
from llmhub.people.models import Organisation
from llmhub.people.roles import require
from llmhub.people.sign_in_models import SecondFactor

_ORGANISATION = "_llmhub_organisation"


def current() -> Organisation:
    """Return the organisation of this installation; before the first change, one with defaults."""
    return Organisation.objects.filter(pk=1).first() or Organisation(pk=1)


def of(request: HttpRequest) -> Organisation:
    """Return the organisation, read once a request."""
    found = getattr(request, _ORGANISATION, None)
    if found is None:
        found = keep(request, current())
    return cast("Organisation", found)


def keep(request: HttpRequest, found: Organisation) -> Organisation:
    """Remember the organisation as long as a request lasts."""
    setattr(request, _ORGANISATION, found)
    return found


def _locked() -> Organisation:
    """Return the row to change; two changes at once wait for each other."""
    return Organisation.objects.select_for_update().get_or_create(pk=1)[0]


@transaction.atomic
def describe(*, actor: Actor, name: str, time_zone: str) -> Organisation:
    """Save name and time zone. Raises `ValidationError` on an empty name or an unknown zone."""
    require(actor, "own")
    organisation = _locked()
    before = {"name": organisation.name, "time_zone": organisation.time_zone}
    organisation.name, organisation.time_zone = name.strip(), time_zone.strip()
    if wrong := zones.fault(organisation.time_zone):
        raise ValidationError({"time_zone": wrong})
    organisation.full_clean(validate_unique=False)
    after = {"name": organisation.name, "time_zone": organisation.time_zone}
    if after != before:
        organisation.save()
        log.record(actor, "organisation.changed", "organisation", before=before, after=after)
    return organisation


@transaction.atomic
def require_second_factor(*, actor: Actor, required: bool) -> None:
    """Let nobody use the console without a second factor, or let them again; `required` twice is once.

    People without one are sent to set it up before anything else.
    Raises `ValidationError` for a person who has none: they would be the first to be sent away.
    """
    require(actor, "own")
    organisation = _locked()
    if organisation.requires_second_factor == required:
        return
    if required and actor.kind == "user" and not SecondFactor.objects.of(actor.id).exists():
        raise ValidationError(
            {"requires_second_factor": "set up your own second factor first, on your profile"}
        )
    organisation.requires_second_factor = required
    organisation.save()
    before, after = ({"requires_second_factor": value} for value in (not required, required))
    log.record(actor, "organisation.changed", "organisation", before=before, after=after)


@transaction.atomic
def pause(*, actor: Actor, reason: str) -> None:
    """Refuse every call of the gateway with `reason` until `resume`.

    Raises `ValidationError` without a reason: callers are told it in the 503.
    """
    require(actor, "configure")
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": "say why: callers read it in their 503"})
    organisation = _locked()
    organisation.paused_reason = reason
    organisation.full_clean(validate_unique=False)
    organisation.save()
    log.record(actor, "organisation.paused", "organisation", after={"reason": reason})


@transaction.atomic
def resume(*, actor: Actor) -> None:
    """Let calls through again; a second time changes nothing."""
    require(actor, "configure")
    organisation = _locked()
    if not organisation.paused_reason:
        return
    before = {"reason": organisation.paused_reason}
    organisation.paused_reason = ""
    organisation.save()
    log.record(actor, "organisation.resumed", "organisation", before=before)
