"""`llmhub config`: the file llmhub.toml."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from typing import Any

from django.conf import settings

from llmhub.audit.actor import Actor
from llmhub.cli import show
from llmhub.config import apply_file, check, export, json_schema, plan, text_of


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `config check`, `plan`, `apply`, `export` and `schema`."""
    noun = commands.add_parser("config", help="the file llmhub.toml")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    checking = verbs.add_parser("check", help="find every mistake in the file")
    _add_file(checking)
    show.add_json(checking)
    checking.set_defaults(run=check_file)
    planning = verbs.add_parser("plan", help="what applying it would change; 1 when something would")
    _add_file(planning)
    show.add_json(planning)
    planning.set_defaults(run=plan_it)
    applying = verbs.add_parser("apply", help="make it so, in one transaction")
    _add_file(applying)
    applying.set_defaults(run=apply_it)
    exporting = verbs.add_parser("export", help="the file that would make this configuration anew")
    exporting.add_argument("file", nargs="?", metavar="FILE", help="write it there; else it is printed")
    exporting.add_argument("--replace", action="store_true", help="also where there is a FILE already")
    exporting.set_defaults(run=export_it)
    verbs.add_parser("schema", help="the JSON Schema of the file, for editors").set_defaults(
        run=lambda _: show.document(json_schema())
    )


def _add_file(parser: ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", default=settings.CONFIG_FILE or "llmhub.toml", metavar="FILE")


def check_file(options: Namespace) -> int:
    """Print each finding as `file:line:column: what is wrong`; 1 when there is one."""
    findings = check(text_of(Path(options.file)))
    if options.json:
        show.document([vars(finding) for finding in findings])
    for finding in [] if options.json else findings:
        show.line(f"{options.file}:{finding}")
    if not findings and not options.json:
        show.line(f"{options.file} is fine")
    return 1 if findings else 0


def plan_it(options: Namespace) -> int:
    """Print what applying the file would change, without changing it; 1 when something would."""
    path = Path(options.file)
    planned = plan(text_of(path), path.name)
    if options.json:
        show.document(planned.document())
    else:
        show.line(str(planned))
    return 1 if planned.differences else 0


def apply_it(options: Namespace) -> int:
    """Apply the file; a file with a finding changes nothing."""
    path = Path(options.file)
    applied = apply_file(path, Actor(kind="file", label=path.name, role="owner"))
    show.line(str(applied.plan))
    show.line(f"written to the audit log: {applied}")
    return 0


def export_it(options: Namespace) -> int:
    """Print or write the file; what no file can hold is named on standard error."""
    exported = export()
    if options.file is None:
        sys.stdout.write(exported.text)
    else:
        _write(Path(options.file), exported.text, may_replace=options.replace)
    for missing in exported.missing:
        show.problem(missing)
    return 0


def _write(path: Path, text: str, *, may_replace: bool) -> None:
    """Write a file whole or not at all. Raises `ValueError`."""
    if path.exists() and not may_replace:
        raise ValueError(f"{str(path)!r} is there already: --replace writes over it, or take another name")
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as trouble:
        part.unlink(missing_ok=True)
        raise ValueError(f"cannot write {str(path)!r}: {trouble}") from trouble
