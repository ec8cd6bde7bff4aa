"""How requests and spending look to programs: the same in the API and in `--json`.

Costs are decimal strings in USD; null is unknown, never 0.
"""

from __future__ import annotations

from datetime import date, datetime

from billing.adjustment_models import Adjustment
from billing.models import Attempt, UsageRecord
from billing.record import AttemptRow, Request, RequestRow
from billing.spend import Figures, Overview, Part
from catalog.models import CatalogEntry
from llmhub.lib import money
from llmhub.lib.rest import Output
from llmhub.people.models import Team
from providers.models import Provider


class TokensOut(Output):
    """Tokens; input includes cached ones, output includes reasoning."""

    input: int
    output: int
    cache_read: int
    cache_write: int
    reasoning: int


class RequestOut(Output):
    """One request of a caller; one that was refused stands for all of its key, code and minute."""

    id: str
    at: datetime
    team: str | None
    key: int | None
    person: str | None
    requested: str
    model: str | None
    provider: str | None
    status: str
    http_status: int
    error_code: str
    finish_reason: str
    fallback_reason: str
    streamed: bool
    attempts: int
    tokens: TokensOut
    cost: str | None
    cost_source: str
    unpriced_reason: str
    latency_ms: int
    ttft_ms: int | None
    tags: dict[str, str]
    session: str
    needs: list[str] | None  # what it asked for of CAPABILITIES; null: not known
    parameters: list[str] | None  # names of those it gave; what llmhub does not know is "other"
    refusals: int
    reason: str
    adjusts: str | None  # the request that an adjustment corrects


class AttemptOut(Output):
    """One upstream call of a request."""

    number: int
    provider: str | None
    model: str | None
    upstream_model: str
    upstream_request_id: str
    status: str
    http_status: int
    error_code: str
    tokens: TokensOut
    web_searches: int
    usage_estimated: bool
    cost: str | None
    computed_cost: str | None
    cost_source: str
    price_id: int | None
    latency_ms: int
    ttft_ms: int | None


class CorrectionOut(Output):
    """One adjustment of a request."""

    id: int
    amount: str
    reason: str
    made_by: str
    made_at: datetime


class RequestWhole(RequestOut):
    """One request with its upstream calls, first to last, and with corrections of its cost."""

    calls: list[AttemptOut]
    adjustments: list[CorrectionOut]
    corrected_cost: str | None  # with adjustments; of unknown cost, what they say
    overshoot: str | None  # USD beyond what a hard cap let it hold; null: none


class FiguresOut(Output):
    """Sums over some calls: spend leaves out those of unknown cost, and refusals are no requests."""

    spend: str
    requests: int
    errors: int
    unpriced: int
    refusals: int


class DayOut(FiguresOut):
    """One day in the organisation's zone."""

    day: date


class PartOut(FiguresOut):
    """What one model, provider or person had of the month; a person is named by e-mail address."""

    name: str


class RefusalsOut(Output):
    """How many requests were refused with one error code."""

    code: str
    refusals: int


class OverviewOut(Output):
    """The front page in numbers."""

    today: FiguresOut
    month: FiguresOut
    last_month: FiguresOut  # as much of the month before
    last_24_hours: FiguresOut
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    ttft_p50_ms: int | None
    ttft_p95_ms: int | None
    days: list[DayOut]
    models: list[PartOut]
    providers: list[PartOut]
    people: list[PartOut]
    refusals: list[RefusalsOut]
    counted_from: datetime | None


def usd(nano: int | None) -> str | None:
    """Return an amount as a decimal string in USD, every digit of it."""
    return None if nano is None else money.text(nano)


def slug_of(thing: Team | CatalogEntry | Provider | None) -> str | None:
    """Return the short name of what is there."""
    return None if thing is None else thing.slug


def _tokens(row: UsageRecord | Attempt) -> TokensOut:
    return TokensOut(
        input=row.input_tokens,
        output=row.output_tokens,
        cache_read=row.cache_read_tokens,
        cache_write=row.cache_write_tokens,
        reasoning=row.reasoning_tokens,
    )


def request_out(row: RequestRow) -> RequestOut:
    """Return a request as programs read it."""
    record = row.record
    return RequestOut(
        id=row.request_id,
        at=row.at,
        team=slug_of(row.team),
        key=record.key_id,
        person=row.person.email if row.person else None,
        requested=record.requested,
        model=slug_of(row.entry),
        provider=slug_of(row.provider),
        status=record.status,
        http_status=record.http_status,
        error_code=record.error_code,
        finish_reason=record.finish_reason,
        fallback_reason=record.fallback_reason,
        streamed=record.streamed,
        attempts=record.attempts,
        tokens=_tokens(record),
        cost=usd(record.cost_nano),
        cost_source=record.cost_source,
        unpriced_reason=record.unpriced_reason,
        latency_ms=record.latency_ms,
        ttft_ms=record.ttft_ms,
        tags=record.tags,
        session=record.session,
        needs=row.needs,
        parameters=row.parameters,
        refusals=record.refusals,
        reason=record.reason,
        adjusts=row.adjusts,
    )


def _attempt(row: AttemptRow) -> AttemptOut:
    return attempt_out(row.attempt, provider=slug_of(row.provider), model=slug_of(row.entry))


def attempt_out(attempt: Attempt, *, provider: str | None, model: str | None) -> AttemptOut:
    """Return an upstream call as programs read it."""
    return AttemptOut(
        number=attempt.number,
        provider=provider,
        model=model,
        upstream_model=attempt.upstream_model,
        upstream_request_id=attempt.upstream_request_id,
        status=attempt.status,
        http_status=attempt.http_status,
        error_code=attempt.error_code,
        tokens=_tokens(attempt),
        web_searches=attempt.web_searches,
        usage_estimated=attempt.usage_estimated,
        cost=usd(attempt.cost_nano),
        computed_cost=usd(attempt.computed_nano),
        cost_source=attempt.cost_source,
        price_id=attempt.price_id,
        latency_ms=attempt.latency_ms,
        ttft_ms=attempt.ttft_ms,
    )


def request_whole(request: Request) -> RequestWhole:
    """Return a request with its upstream calls as programs read it."""
    shape = request_out(request.row).model_dump()
    return RequestWhole(
        **shape,
        calls=[_attempt(row) for row in request.attempts],
        adjustments=[_correction(each) for each in request.adjustments],
        corrected_cost=usd(request.corrected_nano),
        overshoot=usd(request.overshoot.beyond_nano if request.overshoot else None),
    )


def _correction(of: Adjustment) -> CorrectionOut:
    return CorrectionOut(
        id=of.pk,
        amount=money.text(of.amount_nano),
        reason=of.reason,
        made_by=of.made_by,
        made_at=of.made_at,
    )


def _figures(figures: Figures) -> dict[str, str | int]:
    return {
        "spend": money.text(figures.spend_nano),
        "requests": figures.requests,
        "errors": figures.errors,
        "unpriced": figures.unpriced,
        "refusals": figures.refusals,
    }


def _part(part: Part) -> PartOut:
    return PartOut.model_validate({"name": part.slug, **_figures(part.figures)})


def overview_out(overview: Overview) -> OverviewOut:
    """Return the front page as programs read it."""
    timing = overview.timing
    return OverviewOut(
        today=FiguresOut.model_validate(_figures(overview.today)),
        month=FiguresOut.model_validate(_figures(overview.month)),
        last_month=FiguresOut.model_validate(_figures(overview.last_month)),
        last_24_hours=FiguresOut.model_validate(_figures(overview.last_24_hours)),
        latency_p50_ms=timing.latency_p50_ms,
        latency_p95_ms=timing.latency_p95_ms,
        ttft_p50_ms=timing.ttft_p50_ms,
        ttft_p95_ms=timing.ttft_p95_ms,
        days=[DayOut.model_validate({"day": day.day, **_figures(day.figures)}) for day in overview.days],
        models=[_part(part) for part in overview.models],
        providers=[_part(part) for part in overview.providers],
        people=[_part(part) for part in overview.people],
        refusals=[RefusalsOut(code=code, refusals=times) for code, times in overview.refusals.items()],
        counted_from=overview.counted_from,
    )
