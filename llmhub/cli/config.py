"""`llmhub config`: the file llmhub.toml."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from typing import Any

from django.conf import settings

from llmhub.audit.actor import Actor
from llmhub.cli import show
from llmhub.config import apply_file, check, json_schema


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `config check`, `config apply` and `config schema`."""
    noun = commands.add_parser("config", help="the file llmhub.toml")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    checking = verbs.add_parser("check", help="find every mistake in the file")
    _add_file(checking)
    show.add_json(checking)
    checking.set_defaults(run=check_file)
    applying = verbs.add_parser("apply", help="make it so, in one transaction")
    _add_file(applying)
    applying.set_defaults(run=apply_it)
    verbs.add_parser("schema", help="the JSON Schema of the file, for editors").set_defaults(
        run=lambda _: show.document(json_schema())
    )


def _add_file(parser: ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", default=settings.CONFIG_FILE or "llmhub.toml", metavar="FILE")


def check_file(options: Namespace) -> int:
    """Print each finding as `file:line:column: what is wrong`; 1 when there is one."""
    findings = check(_read(options.file))
    if options.json:
        show.document([vars(finding) for finding in findings])
    for finding in [] if options.json else findings:
        show.line(f"{options.file}:{finding}")
    if not findings and not options.json:
        show.line(f"{options.file} is fine")
    return 1 if findings else 0


def apply_it(options: Namespace) -> int:
    """Apply the file; a file with a finding changes nothing."""
    path = Path(options.file)
    applied = apply_file(path, Actor(kind="file", label=path.name, role="owner"))
    show.line(str(applied))
    return 0


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise ValueError(f"cannot read {name!r}: {trouble}") from trouble
