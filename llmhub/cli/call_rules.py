"""`llmhub call-rules`: how calls under a hard cap are bounded, and what becomes of those that are left."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from billing.budget_api import rules_out
from billing.call_rules import own_rules, set_rules
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.people.models import Team

INHERIT = "inherit"


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `call-rules show` and `call-rules set`."""
    noun = commands.add_parser("call-rules", help="how calls under a hard cap are bounded")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    showing = verbs.add_parser("show", help="the organisation's rules, or those of a team")
    showing.add_argument("--team", help="short name of the team")
    show.add_json(showing)
    showing.set_defaults(run=show_rules)
    setting = verbs.add_parser("set", help="change the organisation's rules, or those of a team")
    setting.add_argument("--team", help="short name of the team")
    setting.add_argument(
        "--default-output", help=f"tokens of a call that sets no limit, or {INHERIT}: as above"
    )
    setting.add_argument("--unpriced", choices=["block", "allow", INHERIT], help="models without a price")
    setting.add_argument("--allowance", help=f"USD held for a call that tokens do not bound, or {INHERIT}")
    setting.add_argument(
        "--when-left",
        choices=["cancel", "finish", INHERIT],
        help="a call whose caller leaves: end it, or let it finish and throw its answer away",
    )
    setting.set_defaults(run=change_rules)


def show_rules(options: Namespace) -> int:
    """Show the rules."""
    team = _team(options)
    shape = rules_out(own_rules(team), team).model_dump()
    return show.facts(options, shape if options.json else shape["in_force"])


def change_rules(options: Namespace) -> int:
    """Change the rules."""
    wanted: dict[str, Any] = {}
    if options.default_output is not None:
        wanted["default_output_tokens"] = (
            None if options.default_output == INHERIT else int(options.default_output)
        )
    for word in ("unpriced", "when_left"):
        said = getattr(options, word)
        if said is not None:
            wanted[word] = "" if said == INHERIT else said
    if options.allowance is not None:
        wanted["allowance"] = None if options.allowance == INHERIT else options.allowance
    if not wanted:
        raise ValueError("nothing to change: give --default-output, --unpriced, --allowance or --when-left")
    set_rules(actor=COMMAND_LINE, team=_team(options), **wanted)
    show.line("changed the rules")
    return 0


def _team(options: Namespace) -> Team | None:
    return find.team(options.team) if options.team else None
