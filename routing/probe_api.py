"""Billed probes in the management API."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from llmhub.lib import clock
from llmhub.lib.rest import REFUSALS, Input, Output
from llmhub.people.api_access import caller
from providers.credential_api import find_provider
from providers.models import Provider
from providers.probe_amount import OFF
from providers.probe_ceiling import set_ceiling
from routing.probe_read import probes_of

router = Router()
Slug = Annotated[str, Field(min_length=1, max_length=64)]


class ProbesIn(Input):
    """What billed probes of a provider may cost."""

    ceiling: Annotated[str, Field(max_length=20, description="USD a day")] | None  # null: none is made


class ProbesOut(Output):
    """Whether billed probes of a provider are made, and what calls of health cost there today."""

    ceiling: str | None  # USD a day; null: none is made
    spent_today: str  # USD, since midnight in the hub's zone
    calls_today: int


@router.get("/providers/{slug}/probes", response={200: ProbesOut, **REFUSALS})
def show_probes(request: HttpRequest, slug: Slug) -> ProbesOut:
    """Show whether billed probes are on, and what they cost today."""
    caller(request, "view")
    return _out(find_provider(slug, Provider.objects.listed()))


@router.put("/providers/{slug}/probes", response={200: ProbesOut, **REFUSALS})
def set_probes(request: HttpRequest, slug: Slug, body: ProbesIn) -> ProbesOut:
    """Switch billed probes on with what they may cost in a day, or off with null."""
    actor = caller(request, "configure")
    provider = find_provider(slug, Provider.objects.listed())
    set_ceiling(actor=actor, provider=provider, ceiling=OFF if body.ceiling is None else body.ceiling)
    return _out(find_provider(slug, Provider.objects.listed()))


def _out(provider: Provider) -> ProbesOut:
    found = probes_of(provider, clock.now())
    return ProbesOut(ceiling=found.ceiling, spent_today=found.spent, calls_today=found.today.calls)
