"""`llmhub route`: names whose calls go to one of several models."""

from __future__ import annotations

from argparse import Action, ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from argparse import _SubParsersAction as SubParsers
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from billing.rules import MAX_OUTPUT_TOKENS
from catalog.words import CAPABILITIES
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import route_try, show
from llmhub.cli.call_rules import INHERIT
from routing.models import Route
from routing.policy_words import POLICIES, SAYS
from routing.route import change_route, create_route, remove_route
from routing.route_find import Said, find_route, find_targets
from routing.route_shapes import TargetOut, route_out

NO_LIMIT = "none"
_PLAIN = ("description", "policy", "require", "explore_percent", "keeps_sessions", "escalates")


class _Another(Action):
    """One more target; `--at` and `--weight` after it are about it."""

    def __call__(self, parser: ArgumentParser, options: Namespace, value: Any, option: Any = None) -> None:
        targets = [*(getattr(options, self.dest) or ()), Said(value)]
        setattr(options, self.dest, targets)
        options.last_list = self.dest


class _About(Action):
    """Something about the target before it."""

    def __call__(self, parser: ArgumentParser, options: Namespace, value: Any, option: Any = None) -> None:
        last = getattr(options, "last_list", None)
        if last is None:
            parser.error(f"{option} is about the --to or --over-budget before it: name a model first")
        *others, target = getattr(options, last)
        setattr(options, last, [*others, replace(target, **{self.dest: value})])


def register(commands: SubParsers[Any]) -> None:
    """Add `route list`, `show`, `add`, `change`, `try` and `remove`."""
    noun = commands.add_parser("route", help="routes: names whose calls go to one of several models")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="every route with its policy and targets")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    showing = verbs.add_parser("show", help="one route")
    showing.add_argument("name")
    show.add_json(showing)
    showing.set_defaults(run=show_one)
    add = verbs.add_parser("add", help="make a route: route add NAME --to MODEL --to MODEL --at PROVIDER")
    add.add_argument("name", help="what callers ask for")
    _add_facts(add)
    add.set_defaults(run=add_one)
    change = verbs.add_parser("change", help="change what is given; the rest stays as it is")
    change.add_argument("name")
    _add_facts(change)
    change.add_argument("--no-over-budget", action="store_true", help="refuse calls that no budget lets go")
    change.add_argument("--require-nothing", action="store_true", help="take every target as it is")
    change.set_defaults(run=change_one)
    trial = verbs.add_parser("try", help="where a call would go by it, with changes that are not saved")
    trial.add_argument("name", nargs="?", default="", help="of one that is there; none: of --to alone")
    _add_facts(trial)
    route_try.add_call(trial)
    trial.set_defaults(run=try_one)
    remove = verbs.add_parser("remove", help="take a route away; its name is free at once")
    remove.add_argument("name")
    remove.set_defaults(run=remove_one)


def _add_facts(parser: ArgumentParser) -> None:
    said = "; ".join(f"{policy}: {words}" for policy, words in SAYS.items())
    parser.add_argument(
        "--to", action=_Another, metavar="MODEL", help="a target; again for one more, in their order"
    )
    parser.add_argument(
        "--over-budget",
        action=_Another,
        metavar="MODEL",
        help="where a call goes that no budget lets go there",
    )
    parser.add_argument(
        "--at", dest="provider", action=_About, metavar="PROVIDER", help="the target before it, only there"
    )
    parser.add_argument(
        "--weight",
        action=_About,
        type=int,
        metavar="N",
        help="of the target before it, for --policy weighted",
    )
    parser.add_argument("--policy", choices=POLICIES, help=said)
    parser.add_argument("--description")
    parser.add_argument(
        "--require", action="append", choices=list(CAPABILITIES), help="what every target must be able to do"
    )
    parser.add_argument(
        "--max-cost-multiple",
        type=_multiple,
        metavar="N",
        help=f"a fallback costs at most so many times the first choice, or {NO_LIMIT}",
    )
    parser.add_argument(
        "--explore-percent", type=int, metavar="N", help="of calls that go first where little is known"
    )
    parser.add_argument(
        "--default-output",
        dest="default_output_tokens",
        type=_output,
        metavar="N",
        help=f"tokens of a call that sets no limit, or {INHERIT}: as its team's rules say",
    )
    parser.add_argument(
        "--keeps-sessions", action=BooleanOptionalAction, help="calls of one session stay where they are"
    )
    parser.add_argument(
        "--escalates",
        action=BooleanOptionalAction,
        help="the next target answers where an answer is of no use",
    )
    show.add_json(parser)


def _output(text: str) -> int | str:
    if text == INHERIT:
        return text
    if not text.isdecimal() or not 1 <= int(text) <= MAX_OUTPUT_TOKENS:
        raise ArgumentTypeError(f"{text!r} is no limit: write 1 to {MAX_OUTPUT_TOKENS}, or {INHERIT}")
    return int(text)


def _multiple(text: str) -> Decimal | str:
    if text == NO_LIMIT:
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ArgumentTypeError(f"{text!r} is no number: give one such as 3, or {NO_LIMIT}")
    return number


def _said(options: Namespace) -> dict[str, list[Said] | None]:
    return {"targets": options.to, "over_budget": options.over_budget}


def _facts(options: Namespace) -> dict[str, Any]:
    facts = _plain_facts(options)
    for field, said in _said(options).items():
        if said:
            facts[field] = find_targets(said, field=field)
    return facts


def _plain_facts(options: Namespace) -> dict[str, Any]:
    facts = {name: getattr(options, name) for name in _PLAIN if getattr(options, name) is not None}
    if options.max_cost_multiple is not None:
        multiple = options.max_cost_multiple
        facts["max_cost_multiple"] = None if multiple == NO_LIMIT else multiple
    if options.default_output_tokens is not None:
        output = options.default_output_tokens
        facts["default_output_tokens"] = None if output == INHERIT else output
    return facts


def list_all(options: Namespace) -> int:
    """List the routes."""
    routes = [route_out(route) for route in Route.objects.with_targets()]
    if options.json:
        return show.document([route.model_dump() for route in routes])
    rows = [
        {"route": route.name, "policy": route.policy, "targets": _words(route.targets)} for route in routes
    ]
    empty = "no route yet: route add NAME --to MODEL --to MODEL"
    return show.rows(options, rows, columns=("route", "policy", "targets"), empty=empty)


def show_one(options: Namespace) -> int:
    """Show one route."""
    route = route_out(find_route(options.name))
    if options.json:
        return show.document(route.model_dump())
    facts = route.model_dump() | {
        "policy": f"{route.policy}: {SAYS[route.policy]}",  # type: ignore[index]
        "targets": _words(route.targets),
        "over_budget": _words(route.over_budget),
        "max_cost_multiple": route.max_cost_multiple or "no limit",
    }
    return show.facts(options, facts)


def add_one(options: Namespace) -> int:
    """Make a route."""
    facts = {"targets": [], **_facts(options)}
    route = create_route(actor=COMMAND_LINE, name=options.name, **facts)
    return _done(options, route, "made")


def change_one(options: Namespace) -> int:
    """Change a route."""
    facts = _facts(options)
    if options.no_over_budget:
        facts["over_budget"] = []
    if options.require_nothing:
        facts["require"] = []
    if not facts:
        raise ValueError("nothing to change: say what, see `llmhub route change --help`")
    route = change_route(actor=COMMAND_LINE, route=find_route(options.name), **facts)
    return _done(options, route, "saved")


def try_one(options: Namespace) -> int:
    """Say where a call would go."""
    facts = _plain_facts(options)
    facts |= {field: said for field, said in _said(options).items() if said}
    return route_try.try_one(options, facts)


def _done(options: Namespace, route: Route, verb: str) -> int:
    if options.json:
        return show.document(route_out(find_route(route.pk)).model_dump())
    show.line(f"{verb} {route.pk}: {SAYS[route.policy]}")  # type: ignore[index]
    return 0


def remove_one(options: Namespace) -> int:
    """Take a route away."""
    remove_route(actor=COMMAND_LINE, route=find_route(options.name))
    show.line(f"removed {options.name}")
    return 0


def _words(targets: list[TargetOut]) -> str:
    return ", ".join(
        each.model
        + (f" at {each.provider}" if each.provider else "")
        + (f" (weight {each.weight})" if each.weight != 1 else "")
        for each in targets
    )
