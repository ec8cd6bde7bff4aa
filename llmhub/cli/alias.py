"""`llmhub alias`: other names for models; `llmhub provider alias` is the same command."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from catalog.alias import add_alias, move_alias, remove_alias
from catalog.models import Alias
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.lib import clock
from routing.alias_callers import alias_callers


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `alias list`, `add`, `move` and `remove`."""
    noun = commands.add_parser("alias", help="other names for models")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="every alias")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    add = verbs.add_parser("add", help="give a model another name")
    add.add_argument("name")
    add.add_argument("model", help="id of the model")
    add.set_defaults(run=add_one)
    move = verbs.add_parser("move", help="let an alias stand for another model, without a moment of neither")
    move.add_argument("name")
    move.add_argument("model", help="id of the model")
    move.set_defaults(run=move_one)
    remove = verbs.add_parser("remove", help="take an alias away")
    remove.add_argument("name")
    remove.set_defaults(run=remove_one)


def list_all(options: Namespace) -> int:
    """List the aliases with the keys that asked for them in the last 30 days."""
    now = clock.now()
    found = (
        {
            "alias": alias.name_id,
            "model": alias.entry.slug,
            "called_by": [
                f"{each.key.team.slug}/{each.key.name}" for each in alias_callers(alias.name_id, now=now)
            ],
        }
        for alias in Alias.objects.select_related("entry")
    )
    columns = ("alias", "model", "called_by")
    return show.rows(options, found, columns=columns, empty="no alias yet: alias add NAME MODEL")


def add_one(options: Namespace) -> int:
    """Give a model another name."""
    add_alias(actor=COMMAND_LINE, name=options.name, entry=find.model(options.model))
    show.line(f"{options.name} is now {options.model}")
    return 0


def move_one(options: Namespace) -> int:
    """Let an alias stand for another model."""
    move_alias(actor=COMMAND_LINE, alias=_alias(options.name), entry=find.model(options.model))
    show.line(f"{options.name} is now {options.model}")
    return 0


def remove_one(options: Namespace) -> int:
    """Take an alias away."""
    remove_alias(actor=COMMAND_LINE, alias=_alias(options.name))
    show.line(f"removed {options.name}")
    return 0


def _alias(name: str) -> Alias:
    alias = Alias.objects.select_related("entry").filter(name_id=name).first()
    if alias is None:
        raise ValueError(f"no alias {name!r}: see `llmhub alias list`")
    return alias
