"""`llmhub request`: what was called, and what it cost."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from billing.in_flight import in_flight
from billing.in_flight_shapes import in_flight_out
from billing.models import UsageRecord
from billing.record import request, requests
from billing.request_filter import RequestFilter
from billing.shapes import request_out
from llmhub.cli import explain, find, request_content, show
from llmhub.lib import clock, ids
from routing.explain_api import planned
from routing.explain_read import of_request


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `request list`, `request in-flight` and `request show`."""
    noun = commands.add_parser("request", help="requests: what was called, and what it cost")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="the newest requests of the last 7 days")
    listing.add_argument("--team", help="only of this team")
    listing.add_argument("--person", metavar="EMAIL", help="only with their keys")
    listing.add_argument("--status", choices=UsageRecord.Status.values, help="only those that ended so")
    listing.add_argument("--code", default="", help="only with this error code")
    listing.add_argument("--overshot", action="store_true", help="only those that cost more than was held")
    listing.add_argument("--limit", type=int, default=20)
    show.add_json(listing)
    listing.set_defaults(run=list_newest)
    running = verbs.add_parser("in-flight", help="the calls that run now, the oldest first")
    show.add_json(running)
    running.set_defaults(run=list_in_flight)
    one = verbs.add_parser("show", help="one request with its upstream calls")
    one.add_argument("request", help="its id: req_…")
    show.add_json(one)
    one.set_defaults(run=show_one)
    request_content.register(verbs)


def list_newest(options: Namespace) -> int:
    """List the newest requests."""
    filters = RequestFilter(
        team_id=find.team(options.team).pk if options.team else None,
        person_id=find.person(options.person).pk if options.person else None,
        status=options.status or "",
        code=options.code,
        wasted="overshot" if options.overshot else "",
    )
    screen = requests(filters, now=clock.now(), limit=max(1, min(options.limit, 200)))
    found = [request_out(row).model_dump(mode="json") for row in screen.rows]
    columns = (
        *("id", "at", "team", "person", "requested", "provider"),
        *("status", "error_code", "refusals", "cost", "latency_ms"),
    )
    return show.rows(options, found, columns=columns, empty="no request in the last 7 days")


def list_in_flight(options: Namespace) -> int:
    """List the calls that run now."""
    found = in_flight_out(in_flight(None, now=clock.now(), limit=200)).model_dump(mode="json")
    columns = ("id", "since", "team", "requested", "model", "provider", "streamed", "held", "runs_ms")
    return show.rows(options, found["data"], columns=columns, empty="no call is running")


def show_one(options: Namespace) -> int:
    """Show one request with its upstream calls."""
    row_id = ids.parse_request_id(options.request)
    found = None if row_id is None else request(row_id)
    if found is None:
        raise ValueError(f"no request {options.request!r}: see `llmhub request list`")
    shape = planned(found).model_dump(mode="json")
    if options.json:
        return show.document(shape)
    calls, adjustments = shape.pop("calls"), shape.pop("adjustments")
    del shape["plan"]
    show.facts(options, shape)
    show.line("\nupstream calls")
    columns = ("number", "provider", "model", "status", "http_status", "cost", "cost_source", "latency_ms")
    show.rows(options, calls, columns=columns, empty="none")
    if adjustments:
        show.line("\ncorrections")
        show.rows(options, adjustments, columns=("amount", "reason", "made_by", "made_at"), empty="")
    if plan := of_request(found):
        show.line("\nwhy here")
        explain.show_plan(options, plan)
    return 0
