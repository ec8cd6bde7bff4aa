"""The page of savings: what was paid for nothing, by stated rules, and a span at today's prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing import spend_range
from billing.savings import Saving, repriced, savings
from billing.spend_query import day
from billing.visible import teams_of
from llmhub.lib import clock
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs


@dataclass(frozen=True)
class SavingLine:
    """What one rule found, and the requests that it counted."""

    saving: Saving
    requests_url: str


@require_GET
@needs("read")
def saving_list(request: HttpRequest) -> HttpResponse:
    """What each rule found in a span; other dates swap only the report."""
    now, zone = clock.now(), ZoneInfo(timezone.get_current_timezone_name())
    context: dict[str, Any] = {"since": request.GET.get("since", ""), "until": request.GET.get("until", "")}
    try:
        range_ = spend_range.asked(
            now=now, zone=zone, since=day(context["since"]), until=day(context["until"])
        )
    except ValueError as error:
        context["refusal"] = str(error)
    else:
        context |= _found(request, range_, now)
    return render_page(
        request,
        page="billing/saving_list.html",
        partial="billing/_savings.html",
        context=context,
        status=422 if "refusal" in context else 200,
    )


def _found(request: HttpRequest, range_: spend_range.Range, now: datetime) -> dict[str, Any]:
    teams = teams_of(actor_of(request))
    found = savings(range_, teams=teams)
    days = {"since": range_.since.isoformat(), "until": range_.until.isoformat()}
    return {
        "found": found,
        "range": range_,
        "lines": [
            SavingLine(
                each,
                f"{reverse('billing:request_list')}?{urlencode({'wasted': each.rule.word, **days})}",
            )
            for each in found.found
        ],
        "repricing": repriced(range_, teams=teams, now=now),
        "presets": [
            (label, f"?since={since}&until={until}", (since, until) == (range_.since, range_.until))
            for label, since, until in spend_range.presets(now.astimezone(range_.zone).date())
        ],
    }
