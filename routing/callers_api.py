"""Who called a model, or by an alias, lately: in the management API."""

from __future__ import annotations

from typing import Annotated

from django.http import Http404, HttpRequest
from ninja import Router
from pydantic import Field

from billing.callers import Caller, callers
from catalog.models import Alias, CatalogEntry
from llmhub.lib import clock, money
from llmhub.lib.rest import REFUSALS, BadQuery, Output, Page
from llmhub.people.api_access import caller
from llmhub.people.roles import reach
from routing.alias_callers import alias_callers

router = Router()
Name = Annotated[str, Field(max_length=200)]


class CallerOut(Output):
    """A key, and what its calls of the last 30 days were; spend is USD."""

    key: int
    name: str
    team: str
    requests: int
    spend: str


def caller_out(of: Caller) -> CallerOut:
    """Return a caller as programs read it."""
    return CallerOut(
        key=of.key.pk,
        name=of.key.name,
        team=of.key.team.slug,
        requests=of.requests,
        spend=money.text(of.spend_nano),
    )


@router.get("/callers", response={200: Page[CallerOut], **REFUSALS})
def list_callers(request: HttpRequest, model: Name = "", alias: Name = "") -> Page[CallerOut]:
    """List the keys that called a model, or asked for an alias, in the last 30 days, the busiest first.

    Who sees only some teams gets the keys of those.
    """
    teams, now = reach(caller(request, "read")), clock.now()
    if bool(model) == bool(alias):
        raise BadQuery("say which: model=ID or alias=NAME, one of them")
    if alias:
        if not Alias.objects.filter(pk=alias).exists():
            raise Http404(f"no alias {alias!r}: see GET /api/v1/aliases")
        return Page(data=list(map(caller_out, alias_callers(alias, now=now, teams=teams))))
    entry = CatalogEntry.objects.filter(slug=model).first()
    if entry is None:
        raise Http404(f"no model {model!r}: see GET /api/v1/models")
    return Page(data=list(map(caller_out, callers(entry.pk, now=now, teams=teams))))
