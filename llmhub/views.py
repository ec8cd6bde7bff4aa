"""Overview, and the settings of the whole hub."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing.content_state import switched_on
from billing.reconcile import open_discrepancies
from billing.retirement_notice import still_called
from catalog.discovery_now import held_lists
from llmhub.audit.models import AuditEvent
from llmhub.first_steps import first_steps
from llmhub.forms import OrganisationForm, PauseForm
from llmhub.lib import clock
from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page
from llmhub.overview import bars, budgets, demanding, figures, provider_states
from llmhub.people import organisation
from llmhub.people.access import actor_of, needs
from llmhub.people.roles import allowed, reach
from llmhub.people.sign_in_log import COMINGS_AND_GOINGS
from llmhub.zone import open_events_of, organisation_of
from providers.credential_now import taken_out

DISCREPANCIES_SHOWN = 10
AUDIT_EVENTS_SHOWN = 20


@require_GET
@needs("read")
def overview(request: HttpRequest) -> HttpResponse:
    """Show what was spent and how calls went; before the first call, what to do first.

    Who sees only some teams sees what those spent, and nothing of the hub itself.
    """
    teams = reach(actor_of(request))
    steps = first_steps() if teams is None else []
    zone = ZoneInfo(timezone.get_current_timezone_name())
    context: dict[str, Any] = {"steps": steps, "next_step": next((s for s in steps if not s.done), None)}
    if not steps:
        found = figures(zone, teams=teams)
        context |= {
            "now": found,
            "today": found.days[-1].day,
            "bars": bars(found.days),
            "most": max(found.days, key=lambda day: day.figures.spend_nano),
            "budgets": budgets(actor_of(request)),
        }
    if teams is None:
        context |= {"states": provider_states(), "leaving": still_called(clock.now())}
        context |= {"refused": taken_out(), "open_events": open_events_of(request), "held": held_lists()}
    context["demanding"] = demanding(clock.now(), actor_of(request))
    partial = "hub/_first_steps.html" if steps else "hub/_overview.html"
    return render_page(request, page="hub/overview.html", partial=partial, context=context)


@require_GET
@needs("view")
def settings_page(request: HttpRequest) -> HttpResponse:
    """Show the pause switch, the organisation, and what was changed last."""
    return _settings(request)


@require_POST
@needs("own")
def organisation_save(request: HttpRequest) -> HttpResponse:
    """Save name, time zone, and whether everyone needs a second factor."""
    form, actor = OrganisationForm(request.POST), actor_of(request)
    if form.is_valid():
        required = form.cleaned_data.pop("requires_second_factor")
        try:
            with transaction.atomic():
                organisation.describe(actor=actor, **form.cleaned_data)
                organisation.require_second_factor(actor=actor, required=required)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, "Organisation saved.")
            return redirect("settings")
    return _settings(request, organisation_form=form, status=422)


@require_POST
@needs("configure")
def pause_everything(request: HttpRequest) -> HttpResponse:
    """Refuse every call with a reason."""
    form = PauseForm(request.POST)
    if form.is_valid():
        organisation.pause(actor=actor_of(request), reason=form.cleaned_data["reason"])
        messages.warning(request, "Everything is paused.")
        return redirect("settings")
    return _settings(request, pause_form=form, status=422)


@require_POST
@needs("configure")
def resume_everything(request: HttpRequest) -> HttpResponse:
    """Let calls through again."""
    organisation.resume(actor=actor_of(request))
    messages.success(request, "Calls go through again.")
    return redirect("settings")


def _settings(
    request: HttpRequest,
    *,
    organisation_form: OrganisationForm | None = None,
    pause_form: PauseForm | None = None,
    status: int = 200,
) -> HttpResponse:
    hub, actor = organisation_of(request), actor_of(request)
    described = {name: getattr(hub, name) for name in OrganisationForm.base_fields}
    context = {
        "organisation_form": organisation_form or OrganisationForm(initial=described),
        "pause_form": pause_form or PauseForm(),
        "may_pause": allowed(actor, "configure"),
        "may_describe": allowed(actor, "own"),
        "events": AuditEvent.objects.exclude(action__in=COMINGS_AND_GOINGS).order_by("-id")[
            :AUDIT_EVENTS_SHOWN
        ],
        "discrepancies": open_discrepancies()[:DISCREPANCIES_SHOWN],
        "contents": switched_on(now=clock.now()),
        "content_allowed": settings.CONTENT_ALLOWED,
        "version": settings.VERSION,
    }
    return render(request, "hub/settings.html", context, status=status)
