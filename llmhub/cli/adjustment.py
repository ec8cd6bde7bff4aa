"""`llmhub adjustment`: correct what was charged, by an entry beside it."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser, Namespace, _SubParsersAction
from typing import Any
from zoneinfo import ZoneInfo

from billing import adjustment, reprice
from billing.adjustment_models import Adjustment
from billing.adjustment_read import rows_of
from billing.adjustment_shapes import adjustment_out, repricing_out
from billing.export_forms import moments
from billing.spend_query import day
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import show
from llmhub.people import organisation

_MOST = 200  # rows
_COLUMNS = ("id", "at", "amount", "request", "team", "provider", "reason", "made_by")


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `adjustment post`, `list` and `reprice`."""
    noun = commands.add_parser("adjustment", help="corrections of what was charged")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    _register_post(verbs.add_parser("post", help="correct a request, or a team or provider in a month"))
    listing = verbs.add_parser("list", help="the last that were posted")
    show.add_json(listing)
    listing.set_defaults(run=list_newest)
    _register_reprice(verbs.add_parser("reprice", help="price a span of calls by the price in force now"))


def _register_post(post: ArgumentParser) -> None:
    post.add_argument("--amount", required=True, help="USD that is added; --amount=-1.20 gives 1.20 back")
    post.add_argument("--request", default="", help="req_…, the one that was wrong")
    post.add_argument("--team", default="", help="short name")
    post.add_argument("--provider", default="", help="short name")
    post.add_argument("--month", default="", metavar="YYYY-MM", help="one that has ended; else this one")
    _add_why(post)
    show.add_json(post)
    post.set_defaults(run=post_one)


def _register_reprice(again: ArgumentParser) -> None:
    again.add_argument("--provider", required=True, help="short name")
    again.add_argument("--model", required=True, help="its id")
    again.add_argument("--since", required=True, metavar="DAY")
    again.add_argument("--until", required=True, metavar="DAY", help="that day included")
    again.add_argument("--post", action="store_true", help="post what differs; without it, it is only shown")
    again.add_argument("--in-their-months", action="store_true", help="change months that have ended, too")
    _add_why(again, required=False)
    show.add_json(again)
    again.set_defaults(run=reprice_calls)


def _add_why(parser: ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument("--reason", required=required, default="", help="what for: it stands in every report")
    parser.add_argument("--once", default="", metavar="KEY", help="a repeated post with it counts once")


def post_one(options: Namespace) -> int:
    """Post a correction."""
    made, is_new = adjustment.post(
        actor=COMMAND_LINE,
        amount=options.amount,
        reason=options.reason,
        once=options.once or secrets.token_hex(16),
        request=options.request,
        team=options.team,
        provider=options.provider,
        month=options.month,
    )
    if options.json:
        return show.document(adjustment_out(rows_of([made])[0]).model_dump(mode="json"))
    show.line(f"adjustment {made.pk} {'is posted' if is_new else 'was there before'}")
    return 0


def list_newest(options: Namespace) -> int:
    """List the last corrections."""
    found = rows_of(list(Adjustment.objects.all()[:_MOST]))
    rows = [adjustment_out(row).model_dump(mode="json") for row in found]
    return show.rows(options, rows, columns=_COLUMNS, empty="nothing was corrected")


def reprice_calls(options: Namespace) -> int:
    """Show what differs of a span of calls, or post it."""
    first, last = day(options.since), day(options.until)
    if first is None or last is None:
        raise ValueError("say which days: --since 2026-03-01 --until 2026-03-31")
    since, until = moments(first, last, ZoneInfo(organisation.current().time_zone))
    span = reprice.span_of(
        provider=options.provider,
        model=options.model,
        since=since,
        until=until,
        most=reprice.MOST_OF_A_COMMAND,
    )
    if options.post:
        once = options.once or secrets.token_hex(16)
        found = reprice.post(
            span, actor=COMMAND_LINE, reason=options.reason, once=once,
            in_their_months=options.in_their_months,
        )  # fmt: skip
    else:
        found = reprice.preview(span)
    shape = repricing_out(found, posted=options.post).model_dump(mode="json")
    if options.json:
        return show.document(shape)
    columns = ("day", "calls", "charged", "right", "difference")
    show.rows(options, shape["days"], columns=columns, empty="no call was charged anything else")
    show.line(
        f"{shape['calls']} of {shape['looked_at']} calls differ by {shape['difference']} USD"
        f"{', posted' if options.post else ': post it with --post --reason …'}; left: {shape['reported']} "
        f"whose cost the provider reported, {shape['unclear']} of which more is unknown"
    )
    return 0
