"""`llmhub budget`: what may be spent, by whom, in which period."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from typing import Any

from billing import thresholds
from billing.budget import change_budget, create_budget, remove_budget
from billing.budget_api import budget_out
from billing.budget_names import find as find_owner
from billing.budget_state import states
from billing.forecast_shapes import forecast_out
from billing.forecasts import forecast_of
from billing.models import Budget
from billing.periods import PERIODS
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import budget_history, budget_raise, find, show
from llmhub.lib import clock

UNLIMITED = "unlimited"
_COLUMNS = ("id", "scope", "name", "per", "unit", "cap", "hard", "spent", "reserved", "left", "resets_at")


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `budget create`, `list`, `show`, `change`, `remove`, and the verbs of raises and of the past."""
    noun = commands.add_parser("budget", help="budgets: what may be spent")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    _register_create(verbs.add_parser("create", help="make a budget"))
    listing = verbs.add_parser("list", help="every budget, with what is left of it")
    listing.add_argument("--scope", choices=Budget.Scope.values)
    listing.add_argument("--name", default="", help="with --scope: of this team, key, … only")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    showing = verbs.add_parser("show", help="one budget, with what is left of it")
    showing.add_argument("budget", type=int, help="its id")
    show.add_json(showing)
    showing.set_defaults(run=show_one)
    forecast = verbs.add_parser("forecast", help="what it will have spent when its period ends")
    forecast.add_argument("budget", type=int, help="its id")
    show.add_json(forecast)
    forecast.set_defaults(run=show_forecast)
    change = verbs.add_parser(
        "change", help="give a budget another cap, make it hard or soft, tell at other percents"
    )
    change.add_argument("budget", type=int, help="its id")
    change.add_argument("--cap", help=f"USD such as 250.00, a whole number, or {UNLIMITED}")
    change.add_argument("--contact", help="whom a refused caller may ask for more")
    _add_thresholds(change)
    _add_hardness(change)
    change.set_defaults(run=change_one)
    remove = verbs.add_parser("remove", help="let a budget limit nothing any more")
    remove.add_argument("budget", type=int, help="its id")
    remove.set_defaults(run=remove_one)
    budget_raise.register(verbs)
    budget_history.register(verbs)


def _register_create(create: ArgumentParser) -> None:
    create.add_argument("--scope", choices=Budget.Scope.values, required=True)
    create.add_argument(
        "--name", default="", help="short name of the team, e-mail of the person, name=value of the tag, …"
    )
    create.add_argument("--per", choices=PERIODS, required=True)
    create.add_argument("--cap", required=True, help=f"USD such as 250.00, a whole number, or {UNLIMITED}")
    create.add_argument("--unit", choices=Budget.Unit.values, default="usd")
    create.add_argument("--contact", default="", help="whom a refused caller may ask for more")
    create.add_argument("--time-zone", default="", help="IANA name; the organisation's by default")
    _add_thresholds(create)
    _add_hardness(create)
    show.add_json(create)
    create.set_defaults(run=create_one)


def _add_thresholds(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--alert-at",
        metavar="PERCENTS",
        help=f"tell when so much of the cap is spent, such as 50,80,100, or {thresholds.NONE}",
    )


def _add_hardness(parser: ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--hard", action="store_true", default=None, help="refuse what does not fit (default)")
    which.add_argument("--soft", dest="hard", action="store_false", help="count, never refuse")


def create_one(options: Namespace) -> int:
    """Make a budget."""
    budget = create_budget(
        actor=COMMAND_LINE,
        scope=options.scope,
        name=options.name,
        per=options.per,
        cap=_cap(options.cap),
        unit=options.unit,
        hard=options.hard is not False,
        time_zone=options.time_zone,
        contact=options.contact,
        alert_at=thresholds.DEFAULT if options.alert_at is None else thresholds.typed(options.alert_at),
    )
    if options.json:
        return show.document(_row(budget))
    show.line(f"made budget {budget.pk}")
    return 0


def list_all(options: Namespace) -> int:
    """List the budgets in force."""
    budgets = Budget.objects.in_force().order_by("scope", "id")
    if options.scope:
        budgets = budgets.filter(scope=options.scope)
    if options.scope and options.name:
        tag = options.name if options.scope == Budget.Scope.TAG else ""
        budgets = budgets.filter(scope_id=find_owner(options.scope, options.name), tag=tag)
    rows = [budget_out(row).model_dump() for row in states(budgets, at=clock.now())]
    return show.rows(
        options, rows, columns=_COLUMNS, empty="no budget yet: see `llmhub budget create --help`"
    )


def show_one(options: Namespace) -> int:
    """Show a budget."""
    return show.facts(options, _row(find.budget(options.budget)))


def show_forecast(options: Namespace) -> int:
    """Show the forecast of a budget."""
    budget = find.budget(options.budget)
    if (row := forecast_of(budget)) is None:
        raise ValueError("nothing is foretold of this budget: docs/alerts.md says of which, and from when on")
    return show.facts(options, forecast_out(row, budget).model_dump())


def change_one(options: Namespace) -> int:
    """Change a budget."""
    wanted: dict[str, Any] = {}
    if options.cap is not None:
        wanted["cap"] = _cap(options.cap)
    if options.hard is not None:
        wanted["hard"] = options.hard
    if options.contact is not None:
        wanted["contact"] = options.contact
    if options.alert_at is not None:
        wanted["alert_at"] = thresholds.typed(options.alert_at)
    if not wanted:
        raise ValueError("nothing to change: give --cap, --alert-at, --hard, --soft or --contact")
    change_budget(actor=COMMAND_LINE, budget=find.budget(options.budget), **wanted)
    show.line(f"changed budget {options.budget}")
    return 0


def remove_one(options: Namespace) -> int:
    """Remove a budget."""
    remove_budget(actor=COMMAND_LINE, budget=find.budget(options.budget))
    show.line(f"removed budget {options.budget}")
    return 0


def _cap(text: str) -> str | None:
    return None if text == UNLIMITED else text


def _row(budget: Budget) -> show.Row:
    return budget_out(states([budget], at=clock.now())[0]).model_dump()
