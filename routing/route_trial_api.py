"""Where a call would go by a route that need not be saved, in the management API."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from ninja import Router
from pydantic import Field

from catalog.words import CAPABILITIES
from llmhub.lib import money
from llmhub.lib.rest import REFUSALS, Input, Output
from llmhub.people.api_access import caller
from llmhub.people.models import Team
from routing.route_api import RouteChange, found_route
from routing.route_find import find_targets
from routing.route_now import Draft, draft_of, try_now
from routing.route_trial import Kept, Sample, Trial

router = Router()
Tokens = Annotated[int, Field(ge=1, le=2_000_000)]


class CallIn(Input):
    """A call that nobody sends."""

    input_tokens: Tokens = 1000
    output_limit: Tokens | None = None
    streams: bool = False
    needs: Annotated[list[Annotated[str, Field(max_length=30)]], Field(max_length=30)] = []
    team: Annotated[str, Field(max_length=64)] | None = None  # like whose calls

    def sample(self) -> Sample:
        """Return the call. Raises `ValidationError` on what no call can need."""
        unknown = sorted(set(self.needs) - CAPABILITIES.keys())
        if unknown:
            told = f"{unknown[0]!r} is nothing that a call needs: use {', '.join(CAPABILITIES)}"
            raise ValidationError({"call.needs": told})
        return Sample(self.input_tokens, self.output_limit, self.streams, frozenset(self.needs))


class RouteTrialIn(RouteChange):
    """A route as it would be saved; of one that is there, only what would be changed."""

    route: Annotated[str, Field(max_length=200)] | None = None  # the one that is there
    call: CallIn = CallIn()


class KeptOut(Output):
    """An offer that would be tried; what is not known of it is null."""

    model: str
    provider: str
    cost: str | None  # USD that the call is expected to cost
    latency_ms: float | None
    ttft_ms: float | None
    tokens_per_second: float | None
    reliability: float | None  # share of calls that are answered, at the least
    leg: int  # of a route that escalates: which target
    for_want_of_budget: bool


class LeftOut(Output):
    """An offer that would not be tried."""

    model: str
    provider: str
    why: str


class TrialOut(Output):
    """Where the call would go; with `refused` it would go nowhere."""

    policy: str
    kept: list[KeptOut]
    left_out: list[LeftOut]
    refused: str
    remedies: list[str]


@router.post("/route-trials", response={200: TrialOut, **REFUSALS})
def try_a_route(request: HttpRequest, body: RouteTrialIn) -> TrialOut:
    """Say where a call would go by a route, before it is saved; nothing is sent and nothing changed."""
    actor = caller(request, "read")
    team = None
    if body.call.team:
        team = Team.objects.seen_by(actor).filter(slug=body.call.team).first()
        if team is None:
            raise Http404(f"there is no team {body.call.team!r} among yours")
    trial = try_now(_draft(body), body.call.sample(), team_id=team.pk if team else None)
    if trial is None:
        raise ValidationError({"targets": "a route needs a model that its calls go to: name one"})
    return trial_out(trial)


def _draft(body: RouteTrialIn) -> Draft:
    start = draft_of(found_route(body.route)) if body.route else Draft(())
    changed: dict[str, Any] = {}
    for field in ("targets", "over_budget"):
        rows = getattr(body, field)
        if rows is not None:
            changed[field] = [row.said() for row in rows]
            find_targets(changed[field], field=field)
    for field in ("policy", "require", "escalates"):
        if (value := getattr(body, field)) is not None:
            changed[field] = value
    if "max_cost_multiple" in body.model_fields_set:
        changed["max_cost_multiple"] = (
            None if body.max_cost_multiple is None else Decimal(body.max_cost_multiple)
        )
    return replace(start, **changed)


def trial_out(trial: Trial) -> TrialOut:
    """Return a trial as programs read it."""
    return TrialOut(
        policy=trial.policy,
        kept=[_kept(each) for each in trial.kept],
        left_out=[LeftOut(model=each.model, provider=each.provider, why=each.why) for each in trial.left],
        refused=trial.refused,
        remedies=list(trial.remedies),
    )


def _kept(each: Kept) -> KeptOut:
    live = each.live
    return KeptOut(
        model=each.model,
        provider=each.provider,
        cost=None if each.cost_nano is None else money.text(each.cost_nano),
        latency_ms=live.latency_ms,
        ttft_ms=live.ttft_ms,
        tokens_per_second=live.tokens_per_second,
        reliability=live.reliability,
        leg=each.leg,
        for_want_of_budget=each.is_for_want,
    )
