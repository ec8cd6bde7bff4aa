"""`llmhub route try`: where a call would go by a route that need not be saved."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import Any

from catalog.words import CAPABILITIES
from llmhub.cli import find, show
from llmhub.lib import money
from routing.route_find import find_route, find_targets
from routing.route_now import Draft, draft_of, try_now
from routing.route_trial import Sample, Trial
from routing.route_trial_api import trial_out

_COLUMNS = ("model", "provider", "cost", "latency_ms", "ttft_ms", "tokens_per_second", "reliability")


def add_call(parser: ArgumentParser) -> None:
    """Offer what a call can be like."""
    parser.add_argument("--input-tokens", type=int, default=1000, metavar="N")
    parser.add_argument("--output-limit", type=int, metavar="N", help="tokens that the call asks for at most")
    parser.add_argument("--streams", action="store_true")
    parser.add_argument("--needs", action="append", default=[], choices=list(CAPABILITIES))
    parser.add_argument("--team", default="", help="like the calls of this team")


def try_one(options: Namespace, facts: dict[str, Any]) -> int:
    """Say where a call would go with `facts` changed; 1 where it would be refused."""
    start = draft_of(find_route(options.name)) if options.name else Draft(())
    for field in ("targets", "over_budget"):
        if field in facts:
            find_targets(facts[field], field=field)
    known = {name: value for name, value in facts.items() if name in Draft.__dataclass_fields__}
    sample = Sample(options.input_tokens, options.output_limit, options.streams, frozenset(options.needs))
    team_id = find.team(options.team).pk if options.team else None
    trial = try_now(replace(start, **known), sample, team_id=team_id)
    if trial is None:
        raise ValueError(
            "a route needs a model that its calls go to: give --to MODEL, or the name of a route"
        )
    if options.json:
        show.document(trial_out(trial).model_dump())
    else:
        _tell(options, trial)
    return 1 if trial.refused else 0


def _tell(options: Namespace, trial: Trial) -> None:
    if trial.refused:
        show.problem(f"it would be refused: {trial.refused}")
    else:
        rows = [
            {
                "model": each.model,
                "provider": each.provider,
                "cost": None if each.cost_nano is None else money.text(each.cost_nano),
                **{name: _short(getattr(each.live, name)) for name in _COLUMNS[3:]},
            }
            for each in trial.kept
        ]
        show.rows(options, rows, columns=_COLUMNS, empty="")
    for left in trial.left:
        show.line(f"left out: {left.model} at {left.provider}: {left.why}")


def _short(value: float | None) -> str | None:
    return None if value is None else f"{value:.4g}"
