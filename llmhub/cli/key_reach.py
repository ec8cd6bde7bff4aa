"""`llmhub key reach`, `rotate` and `models`: what a key may use, and its text."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from billing.key_reach import set_reach
from billing.key_rotation import end_old_text, rotate_key
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from routing.key_check import check_one


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add the verbs to `key`."""
    reach = verbs.add_parser("reach", help="say what a key may use; without options, everything")
    reach.add_argument("key", help="its id or its first letters")
    reach.add_argument(
        "--model", action="append", default=[], metavar="NAME", help="an id, an alias, a route, or acme/*"
    )
    reach.add_argument("--provider", action="append", default=[], metavar="NAME", help="its short name")
    reach.set_defaults(run=reach_one)
    rotate = verbs.add_parser("rotate", help="give a key a new text and print it, this once")
    rotate.add_argument("key", help="its id or its first letters")
    rotate.add_argument(
        "--overlap-hours", type=int, default=24, help="how long the old text works (default: 24)"
    )
    show.add_json(rotate)
    rotate.set_defaults(run=rotate_one)
    end = verbs.add_parser("end-old", help="end the text from before the last rotation now")
    end.add_argument("key", help="its id or its first letters")
    end.set_defaults(run=end_one)
    models = verbs.add_parser("models", help="what a key can call now, and what keeps it from the rest")
    models.add_argument("key", help="its id or its first letters")
    show.add_json(models)
    models.set_defaults(run=list_models)


def reach_one(options: Namespace) -> int:
    """Say what a key may use."""
    key = find.key(options.key)
    set_reach(actor=COMMAND_LINE, key=key, models=options.model, providers=options.provider)
    show.line(f"saved what {key.name} may use")
    return 0


def rotate_one(options: Namespace) -> int:
    """Rotate a key."""
    key, text = rotate_key(actor=COMMAND_LINE, key=find.key(options.key), overlap_hours=options.overlap_hours)
    if options.json:
        return show.document({"id": key.pk, "key": text, "old_text_until": key.old_until})
    show.line(text)
    return 0


def end_one(options: Namespace) -> int:
    """End the old text of a key."""
    key = find.key(options.key)
    end_old_text(actor=COMMAND_LINE, key=key)
    show.line(f"the old text of {key.name} no longer works")
    return 0


def list_models(options: Namespace) -> int:
    """List what a key can call, and why not the rest."""
    verdict = check_one(find.key(options.key))
    rows: list[show.Row] = [{"model": slug, "callable": True, "why": ""} for slug in verdict.models]
    rows += [
        {"model": slug, "callable": False, "why": group.why}
        for group in verdict.not_now
        for slug in group.models
    ]
    if verdict.problem:
        show.problem(verdict.problem)
    code = show.rows(options, rows, columns=("model", "callable", "why"), empty="no model can be called")
    return 1 if verdict.problem else code
