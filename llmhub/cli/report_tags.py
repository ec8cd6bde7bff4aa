"""`llmhub report-tags`: which tags of calls sums are kept apart by."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from billing.rollup_tags import report_tags, set_report_tags
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import show


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `report-tags list` and `report-tags set`."""
    noun = commands.add_parser("report-tags", help="tags that sums are kept apart by: at most three")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="the tags of today")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    setting = verbs.add_parser("set", help="keep these apart from now on, and no others")
    setting.add_argument("names", nargs="*", metavar="NAME", help="none: no tag is kept apart")
    setting.set_defaults(run=set_all)


def list_all(options: Namespace) -> int:
    """List the report tags."""
    found = ({"tag": name} for name in report_tags())
    return show.rows(options, found, columns=("tag",), empty="no tag is kept apart: report-tags set NAME")


def set_all(options: Namespace) -> int:
    """Keep the sums of these tags apart."""
    set_report_tags(actor=COMMAND_LINE, names=options.names)
    show.line(f"sums are kept apart by {', '.join(report_tags()) or 'no tag'}")
    return 0
