"""`llmhub budget raise`, `end-raise`, `requests`, `approve` and `refuse`: a higher cap for a while."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from billing.budget_raise import end_raise, raise_budget
from billing.raise_api import request_out
from billing.raise_models import RaiseRequest
from billing.raise_request import approve, refuse
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.cli.key import moment

_MOST = 500  # rows
_COLUMNS = ("id", "budget", "cap", "until", "reason", "asked_by", "state", "decided_by")


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add the verbs of raises to `budget`."""
    more = verbs.add_parser("raise", help="give a budget a higher cap until an end")
    more.add_argument("budget", type=int, help="its id")
    more.add_argument("--cap", required=True, help="what may be spent in all until then")
    more.add_argument("--until", type=moment, help="2026-12-24T18:00+01:00; the end of its period by default")
    more.add_argument("--reason", default="", help="for the audit log")
    more.set_defaults(run=raise_one)
    end = verbs.add_parser("end-raise", help="take a raise back before its end")
    end.add_argument("budget", type=int, help="its id")
    end.set_defaults(run=end_one)
    listing = verbs.add_parser("requests", help="who asks for more")
    listing.add_argument("--all", action="store_true", help="decided ones too")
    show.add_json(listing)
    listing.set_defaults(run=list_requests)
    for verb, run in (("approve", approve_one), ("refuse", refuse_one)):
        decide = verbs.add_parser(verb, help=f"{verb} a question for more")
        decide.add_argument("request", type=int, help="its id, see `llmhub budget requests`")
        decide.add_argument("--note", default="", help="a word about it")
        decide.set_defaults(run=run)


def raise_one(options: Namespace) -> int:
    """Raise a budget."""
    budget = find.budget(options.budget)
    raise_budget(
        actor=COMMAND_LINE, budget=budget, cap=options.cap, until=options.until, reason=options.reason
    )
    show.line(f"raised budget {options.budget}")
    return 0


def end_one(options: Namespace) -> int:
    """End a raise."""
    end_raise(actor=COMMAND_LINE, budget=find.budget(options.budget))
    show.line(f"the old cap of budget {options.budget} is back")
    return 0


def list_requests(options: Namespace) -> int:
    """List questions for more, newest first."""
    rows = RaiseRequest.objects.select_related("budget")
    if not options.all:
        rows = rows.filter(state=RaiseRequest.State.OPEN)
    shown = [request_out(row).model_dump() for row in rows[:_MOST]]
    return show.rows(options, shown, columns=_COLUMNS, empty="nobody asks for more")


def approve_one(options: Namespace) -> int:
    """Approve a question."""
    approve(actor=COMMAND_LINE, asked=_request(options.request), note=options.note)
    show.line(f"approved {options.request}")
    return 0


def refuse_one(options: Namespace) -> int:
    """Refuse a question."""
    refuse(actor=COMMAND_LINE, asked=_request(options.request), note=options.note)
    show.line(f"refused {options.request}")
    return 0


def _request(request_id: int) -> RaiseRequest:
    row = RaiseRequest.objects.filter(pk=request_id).first()
    if row is None:
        raise ValueError(f"no question {request_id}: see `llmhub budget requests --all`")
    return row
