"""`llmhub model check-parameters`: what is wrong with the parameters of a call, before it is made."""

from __future__ import annotations

import sys
from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import Any

from catalog.parameter_api import check_out
from catalog.parameter_check import read
from llmhub.cli import find, show


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add it."""
    checking = verbs.add_parser("check-parameters", help="check the parameters of a call against a model")
    checking.add_argument("model", help="its id")
    checking.add_argument("--body", required=True, help="a file with the JSON body of a call; - reads it")
    show.add_json(checking)
    checking.set_defaults(run=check)


def check(options: Namespace) -> int:
    """Print what is wrong, a line each; 1 when anything is."""
    entry = find.model(options.model)
    body = read(_text(options.body))
    if not isinstance(body, dict):
        raise ValueError(f"{options.body!r} holds no object: write {{ … }} with the parameters of a call")
    found = check_out(entry.slug, entry.parameters, entry.output_limit_tokens, body)
    if options.json:
        show.document(found.model_dump(mode="json"))
        return 0 if found.fits else 1
    for finding in found.findings:
        show.line(finding.message)
    if not found.stated:
        show.problem(f"nobody said what {entry.slug} takes: only its output limit was looked at")
    elif found.fits:
        show.line(f"every parameter fits what {entry.slug} is said to take")
    return 0 if found.fits else 1


def _text(path: str) -> str:
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise ValueError(f"cannot read {path!r}: {trouble}") from trouble
