"""`llmhub explain`: where a call goes and why."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from dataclasses import asdict
from pathlib import Path
from typing import Any

from llmhub.cli import find, show
from routing.explain_ahead import Question, ask
from routing.explain_values import Explained
from routing.policy_words import POLICIES


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `explain`."""
    noun = commands.add_parser("explain", help="where a call would go and why, without sending it")
    noun.add_argument("--model", required=True, help="a model, an alias or a route, also name:floor")
    noun.add_argument("--policy", choices=POLICIES, default="", help="how the candidates are ranked")
    noun.add_argument("--body", metavar="FILE", help="the body of a call as JSON; without it, a short one")
    noun.add_argument("--dialect", choices=("chat", "messages", "embeddings"), default="chat")
    noun.add_argument("--max-cost", default="", metavar="USD", help="the most that the call may cost")
    noun.add_argument("--session", default="", help="the session that it goes on with")
    noun.add_argument("--team", help="whose budgets and usual calls count")
    noun.add_argument("--key", help="the key of the call: its id or its first letters")
    show.add_json(noun)
    noun.set_defaults(run=explain_one)


def explain_one(options: Namespace) -> int:
    """Say where a call would go; exit 1 where it would be refused."""
    key = find.key(options.key) if options.key else None
    question = Question(
        model=options.model,
        policy=options.policy,
        body=_content(options.body) if options.body else "",
        dialect=options.dialect,
        max_cost=options.max_cost,
        session=options.session,
    )
    team = key.team if key else find.team(options.team) if options.team else None
    plan = ask(question, team=team, key=key)
    if options.json:
        show.document(asdict(plan))
    else:
        show_plan(options, plan)
    if plan.refusal:
        show.problem(f"it would be refused, {plan.refusal['code']}: {plan.refusal['message']}")
        return 1
    return 0


def _content(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def show_plan(options: Namespace, plan: Explained) -> None:
    """Print a plan: its order with the figures that decided, and what was left out."""
    if plan.is_brief:
        show.line("it was the only offer")
        return
    show.line(f"order by {plan.policy}: {plan.says}")
    if plan.needs:
        show.line(f"needs a model that {plan.needs_words}")
    rows: list[show.Row] = [
        {
            "place": place,
            "model": each.model,
            "provider": each.provider,
            "figures": ", ".join([*each.figures, *([each.sum] if each.sum else [])]),
            "outcome": each.became or _foreseen(plan, place, each.why),
            "because": "; ".join(each.because),
        }
        for place, each in enumerate(plan.candidates, 1)
    ]
    columns = ("place", "model", "provider", "figures", "outcome", "because")
    show.rows(options, rows, columns=columns, empty="nothing could take it")
    if plan.dropped:
        show.line("\nleft out")
        out: list[show.Row] = [
            {"model": each.model, "provider": each.provider, "because": each.words} for each in plan.dropped
        ]
        show.rows(options, out, columns=("model", "provider", "because"), empty="")
    if plan.more:
        show.line(f"{plan.more} more offers are not listed")


def _foreseen(plan: Explained, place: int, why: str) -> str:
    if plan.goes_to == place - 1:
        return "goes here"
    return "passed over" if why else "fallback"
