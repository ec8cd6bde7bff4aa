"""`llmhub preflight`: what moving somebody from one model to another would meet, before anything moves."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import show
from llmhub.lib import figures
from routing.preflight import PROBES, Check
from routing.preflight_api import preflight_out
from routing.preflight_move import Move, move_of
from routing.preflight_probe import bound
from routing.preflight_run import run


def register(commands: _SubParsersAction[Any]) -> None:
    """Add it."""
    noun = commands.add_parser("preflight", help="what moving to another model would meet; 1 if it fails")
    noun.add_argument(
        "--from", dest="source", default="", help="the model that is called now, an alias or a route"
    )
    noun.add_argument("--to", dest="target", required=True, help="the model to move to")
    who = noun.add_mutually_exclusive_group()
    who.add_argument("--team", default="", help="only this team, by its short name")
    who.add_argument("--key", default="", help="only this key, by its id or first letters")
    who.add_argument("--alias", default="", help="the calls by this name, which would be moved")
    who.add_argument("--route", default="", help="the calls by this name that the old model answers")
    noun.add_argument(
        "--probe", choices=PROBES, default="none", help="ask the providers first (default: none)"
    )
    noun.add_argument("--evidence", action="store_true", help="what each check looked at as well")
    show.add_json(noun)
    noun.set_defaults(run=check)


def check(options: Namespace) -> int:
    """Print the checks and the verdict; 1 when one fails."""
    scopes = {kind: getattr(options, kind) for kind in ("team", "key", "alias", "route")}
    kind, name = next(((kind, name) for kind, name in scopes.items() if name), ("", ""))
    move = move_of(actor=COMMAND_LINE, source=options.source, target=options.target, kind=kind, name=name)
    if options.probe == "one-call":
        _say_bound(move)
    found = run(move, actor=COMMAND_LINE, probe=options.probe)
    if options.json:
        show.document(preflight_out(found).model_dump(mode="json"))
        return int(found.fails)
    rows = [{"status": each.status, "check": each.title, "said": _plain(each.said)} for each in found.checks]
    show.line(f"{found.source} to {found.target}, {found.scope.label}")
    show.rows(options, rows, columns=("status", "check", "said"), empty="")
    if options.evidence:
        for each in found.checks:
            _say_evidence(each)
    show.line(found.said)
    return int(found.fails)


def _say_bound(move: Move) -> None:
    most = bound(move.target)
    if not most.why_not:
        show.problem(f"one call to {move.target.slug} is made, which may cost at most {most.said}")


def _say_evidence(of: Check) -> None:
    for each in of.evidence:
        show.line(_plain(f"{of.name}: {each.what}: {each.value}"))


def _plain(text: str) -> str:
    """Return text with spaces that every terminal shows."""
    return text.replace(figures.SPACE, " ")
