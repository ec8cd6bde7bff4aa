"""`llmhub model refresh`, `held` and `promote`: what discovery does, by hand."""

from __future__ import annotations

import sys
from argparse import Namespace, _SubParsersAction
from pathlib import Path
from typing import Any

from catalog import discovery
from catalog.api import read_entry
from catalog.discovery_models import DiscoveryRun
from catalog.inbox_shapes import run_out
from catalog.model_toml import toml_of
from catalog.promote import promote
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from providers.model_list import can_list
from providers.models import Provider

_BAD = {DiscoveryRun.Outcome.FAILED.value, DiscoveryRun.Outcome.HELD.value}


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add `refresh`, `held` and `promote` to `model`."""
    reading = verbs.add_parser(
        "refresh", help="read what providers list now; 1 when a list failed or is held"
    )
    reading.add_argument("--provider", help="short name; without it, all that can be asked")
    reading.add_argument("--from-file", type=Path, metavar="F", help="a list that was saved from --provider")
    show.add_json(reading)
    reading.set_defaults(run=refresh_some)
    held = verbs.add_parser("held", help="a list that was held back: accept or discard it")
    choices = held.add_subparsers(required=True, metavar="accept|discard")
    for verb, function, what in (
        ("accept", accept_held, "believe it, and apply it"),
        ("discard", discard_held, "throw it away; the list before stays"),
    ):
        command = choices.add_parser(verb, help=what)
        command.add_argument("provider", help="short name")
        command.set_defaults(run=function)
    taken = verbs.add_parser("promote", help="take a discovered model into the catalog")
    taken.add_argument("model", help="its id, which stays")
    taken.add_argument("--as", dest="as_name", default="", metavar="NAME", help="an alias for callers, too")
    taken.add_argument(
        "--print-toml", action="store_true", help="promote nothing: print the lines of llmhub.toml instead"
    )
    taken.set_defaults(run=promote_one)


def refresh_some(options: Namespace) -> int:
    """Read lists now, one provider after the other."""
    if options.from_file and not options.provider:
        raise ValueError("--from-file needs --provider: say whose list it is")
    runs = [_read(provider, options.from_file) for provider in _chosen(options.provider)]
    rows = [run_out(run).model_dump(mode="json") for run in runs]
    columns = ("provider", "outcome", "listed", "changes", "said")
    empty = "no provider's list can be asked for: add a credential"
    show.rows(options, rows, columns=columns, empty=empty)
    return 1 if any(run.outcome in _BAD for run in runs) else 0


def _chosen(slug: str | None) -> list[Provider]:
    if slug:
        return [find.provider(slug)]
    return [row for row in Provider.objects.listed().filter(paused_reason="") if can_list(row)]


def _read(provider: Provider, file: Path | None) -> DiscoveryRun:
    if file is not None:
        return discovery.take_file(provider, _content(file), actor=COMMAND_LINE)
    if sys.stderr.isatty():
        sys.stderr.write(f"asking {provider.slug} …\n")
    return discovery.refresh(provider, actor=COMMAND_LINE, trigger=DiscoveryRun.Trigger.COMMAND)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as trouble:
        raise ValueError(f"{file} cannot be read: {trouble.strerror}") from None


def accept_held(options: Namespace) -> int:
    """Believe a list that was held back."""
    run = discovery.accept_held(find.provider(options.provider), actor=COMMAND_LINE)
    show.line(f"applied: {_changes(run)}")
    return 0


def discard_held(options: Namespace) -> int:
    """Throw a list away that was held back."""
    discovery.discard_held(find.provider(options.provider), actor=COMMAND_LINE)
    show.line("discarded: the list before stays")
    return 0


def _changes(run: DiscoveryRun) -> str:
    return ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in run.counts.items()) or "no change"


def promote_one(options: Namespace) -> int:
    """Make a discovered model callable, or print the lines that do the same."""
    entry = find.model(options.model)
    if options.print_toml:
        sys.stdout.write(toml_of(read_entry(entry), as_name=options.as_name))
        return 0
    promote(actor=COMMAND_LINE, entry=entry, as_name=options.as_name)
    name = f" and as {options.as_name}" if options.as_name else ""
    show.line(f"{entry.slug} can be called within seconds{name}")
    return 0
