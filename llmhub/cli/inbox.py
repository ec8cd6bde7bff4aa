"""`llmhub inbox`: what changed at providers and waits for a decision, and rules that decide."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from typing import Any

from catalog import inbox
from catalog.discovery_models import EVENT_KINDS, CatalogEvent, InboxRule
from catalog.event_rows import chosen, event_rows
from catalog.inbox_shapes import event_out, rule_out
from catalog.rule_book import remove_rule, sentence, set_rule
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from routing.touches import routes_of

SHOWN = 200
_KINDS = [kind for kind, _ in EVENT_KINDS]


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `inbox`, `inbox accept`, `ignore` and `rules`."""
    noun = commands.add_parser("inbox", help="what changed at providers and waits for a decision")
    noun.add_argument("--all", action="store_true", help="decided events too")
    noun.add_argument("--provider", default="", help="short name")
    noun.add_argument("--kind", default="", choices=["", *_KINDS], metavar="KIND")
    show.add_json(noun)
    noun.set_defaults(run=list_events)
    verbs = noun.add_subparsers(metavar="VERB")
    for verb, function, what in (
        (
            "accept",
            accept_some,
            "write what events say into the catalog; a new model is promoted, a price no longer said ends",
        ),
        ("ignore", ignore_some, "leave the catalog as it is; a price no longer said stays in force"),
    ):
        command = verbs.add_parser(verb, help=what)
        command.add_argument("ids", nargs="+", type=int, metavar="ID")
        command.set_defaults(run=function)
    _register_rules(verbs.add_parser("rules", help="what is decided without asking"))


def _register_rules(noun: ArgumentParser) -> None:
    show.add_json(noun)
    noun.set_defaults(run=list_rules)
    verbs = noun.add_subparsers(metavar="VERB")
    listing = verbs.add_parser("list", help="every rule")
    show.add_json(listing)
    listing.set_defaults(run=list_rules)
    add = verbs.add_parser("add", help="decide on events of a kind from the next run on")
    add.add_argument("action", choices=InboxRule.Action.values, help="hold: always ask")
    add.add_argument("kind", choices=_KINDS, metavar="KIND", help=", ".join(_KINDS))
    add.add_argument("--provider", help="short name; without it, of any")
    add.set_defaults(run=add_rule)
    remove = verbs.add_parser("remove", help="ask again")
    remove.add_argument("id", type=int)
    remove.set_defaults(run=remove_one)


def list_events(options: Namespace) -> int:
    """List events, the newest first."""
    if options.provider:
        find.provider(options.provider)
    state = "all" if options.all else "open"
    rows = chosen(state=state, kind=options.kind, provider=options.provider)[:SHOWN]
    events = list(rows)
    routes = routes_of([event.entry_id for event in events if event.entry_id])
    found = [
        event_out(row).model_dump(mode="json") | {"routes": routes.get(row.event.entry_id or 0, [])}
        for row in event_rows(events)
    ]
    columns = ("id", "provider", "model", "kind", "summary", "curated", "routes", "state", "found_at")
    return show.rows(options, found, columns=columns, empty="nothing waits for a decision")


def accept_some(options: Namespace) -> int:
    """Accept events; 1 when one of them is refused."""
    return _told(inbox.accept_all(actor=COMMAND_LINE, events=_events(options.ids)), "accepted")


def ignore_some(options: Namespace) -> int:
    """Ignore events; 1 when one of them is refused."""
    return _told(inbox.ignore_all(actor=COMMAND_LINE, events=_events(options.ids)), "ignored")


def _events(ids: list[int]) -> list[CatalogEvent]:
    found = CatalogEvent.objects.in_bulk([id_ for id_ in ids if 0 < id_ < 2**63])
    if missing := [str(id_) for id_ in ids if id_ not in found]:
        raise ValueError(f"no event {', '.join(missing)}: see `llmhub inbox`")
    return list(found.values())


def _told(decided: inbox.Decided, word: str) -> int:
    for event in decided.done:
        show.line(f"{word} {event.pk}: {event.upstream_id}, {event.get_kind_display()}")
    for refusal in decided.refused:
        show.problem(refusal)
    return 1 if decided.refused else 0


def list_rules(options: Namespace) -> int:
    """List the rules."""
    rows = [rule_out(rule).model_dump(mode="json") for rule in InboxRule.objects.select_related("provider")]
    columns = ("id", "action", "kind", "provider", "says", "created_by")
    return show.rows(options, rows, columns=columns, empty="no rule yet: inbox rules add accept price_down")


def add_rule(options: Namespace) -> int:
    """Save a rule."""
    provider = find.provider(options.provider) if options.provider else None
    rule = set_rule(actor=COMMAND_LINE, kind=options.kind, action=options.action, provider=provider)
    show.line(f"from the next run on: {sentence(rule)}")
    return 0


def remove_one(options: Namespace) -> int:
    """Take a rule away."""
    rule = InboxRule.objects.select_related("provider").filter(pk=options.id).first()
    if rule is None:
        raise ValueError(f"no rule {options.id}: see `llmhub inbox rules list`")
    remove_rule(actor=COMMAND_LINE, rule=rule)
    show.line(f"removed: {sentence(rule)}")
    return 0
