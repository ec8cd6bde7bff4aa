"""`llmhub spend`, `savings` and `movers`: who spends what on what, what for nothing, and what moved."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from billing import spend_range
from billing.movers import movers
from billing.savings import repriced, savings
from billing.spend_query import Query, day, question
from billing.spend_report import MEASURES, report
from billing.spend_shapes import mover_out, savings_out, spend_out
from billing.visible import teams_of
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import show
from llmhub.lib import clock, figures
from llmhub.people import organisation


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `spend`, `savings` and `movers`."""
    spend = commands.add_parser("spend", help="who spends what on what, against the time before")
    by = "team, key, person, provider, model, requested, cost_centre, source or tag:NAME"
    spend.add_argument("--by", default="team", metavar="DIMENSION", help=by)
    spend.add_argument("--measure", choices=MEASURES, default="spend")
    spend.add_argument("--per", choices=spend_range.PERS, default="day", help="the intervals of --json")
    spend.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="DIMENSION=VALUE",
        help="only these calls: team=support",
    )
    spend.add_argument("--top", type=int, default=25, help="how many before everything else, at most 200")
    _add_days(spend)
    show.add_json(spend)
    spend.set_defaults(run=show_spend)
    saved = commands.add_parser("savings", help="what was paid for nothing, and today's prices")
    _add_days(saved)
    show.add_json(saved)
    saved.set_defaults(run=show_savings)
    moved = commands.add_parser("movers", help="what moved spend this month, against as many days before")
    show.add_json(moved)
    moved.set_defaults(run=show_movers)


def _add_days(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--days", type=int, default=spend_range.DEFAULT_DAYS, help="the last so many, today too"
    )
    parser.add_argument("--since", default="", metavar="DAY", help="2026-03-01; instead of --days")
    parser.add_argument("--until", default="", metavar="DAY", help="today if left out")


def show_spend(options: Namespace) -> int:
    """Print spend by one dimension, the most first."""
    now, zone = clock.now(), ZoneInfo(organisation.current().time_zone)
    only: dict[str, list[str]] = {}
    for each in options.only:
        word, equals, value = each.partition("=")
        if not equals:
            raise ValueError(f"--only {each!r}: write DIMENSION=VALUE, such as team=support")
        only.setdefault(word, []).append(value)
    since = options.since or str(_since(options, zone))
    query = Query(
        by=options.by, measure=options.measure, per=options.per, since=since, until=options.until, only=only
    )
    top = max(1, min(options.top, 200))
    asked = question(query, teams=teams_of(COMMAND_LINE), now=now, zone=zone, top=top)
    found = report(asked, now=now)
    shape = spend_out(found).model_dump(mode="json")
    if options.json:
        return show.document(shape)
    whole = found.total.of(asked.measure)
    rows = [
        {
            asked.by.word: series.name.label,
            "spend": figures.usd(series.total.spend_nano),
            "tokens": series.total.tokens,
            "requests": series.total.requests,
            "errors": series.total.errors,
            "share": figures.share(series.total.of(asked.measure), whole),
            "before": figures.usd(series.before.spend_nano),
        }
        for series in found.series
    ]
    columns = (asked.by.word, "spend", "tokens", "requests", "errors", "share", "before")
    code = show.rows(options, rows, columns=columns, empty="no calls in these days")
    show.line(f"\ntotal {figures.usd(found.total.spend_nano)} USD, {found.total.requests} requests,")
    show.line(
        f"{figures.share(found.total.covered_nano, found.total.spend_nano)} of spend reported or computed"
    )
    return code


def show_savings(options: Namespace) -> int:
    """Print what each rule found."""
    now, zone = clock.now(), ZoneInfo(organisation.current().time_zone)
    since = day(options.since) or _since(options, zone)
    range_ = spend_range.asked(now=now, zone=zone, since=since, until=day(options.until))
    teams = teams_of(COMMAND_LINE)
    shape = savings_out(savings(range_, teams=teams), repriced(range_, teams=teams, now=now))
    if options.json:
        return show.document(shape.model_dump(mode="json"))
    rules = [each.model_dump() for each in shape.rules]
    show.rows(options, rules, columns=("title", "requests", "amount", "share"), empty="")
    show.line(f"\n{shape.amount} of {shape.spend} USD were paid for nothing.")
    show.line(f"At today's prices: {shape.cost_today} instead of {shape.cost_then} USD.")
    return 0


def show_movers(options: Namespace) -> int:
    """Print what moved spend most since the month began."""
    zone = ZoneInfo(organisation.current().time_zone)
    found = movers(clock.now(), zone, teams=teams_of(COMMAND_LINE))
    rows = [mover_out(mover).model_dump(mode="json") for mover in found]
    columns = ("group_by", "name", "difference", "spend", "before")
    return show.rows(options, rows, columns=columns, empty="nothing moved: no calls, or as many as before")


def _since(options: Namespace, zone: ZoneInfo) -> date:
    last = day(options.until) or clock.now().astimezone(zone).date()
    if not 1 <= options.days <= 3660:
        raise ValueError(f"--days {options.days}: write a number from 1 to 3660")
    return max(last, spend_range.FIRST + timedelta(days=options.days - 1)) - timedelta(days=options.days - 1)
