"""`llmhub explain`: where a call goes and why."""

from __future__ import annotations

from argparse import Namespace

from llmhub.cli import show
from routing.explain_values import Explained


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
            "what_became_of_it": each.became,
            "because": "; ".join(each.because),
        }
        for place, each in enumerate(plan.candidates, 1)
    ]
    columns = ("place", "model", "provider", "figures", "what_became_of_it", "because")
    show.rows(options, rows, columns=columns, empty="nothing could take it")
    if plan.dropped:
        show.line("\nleft out")
        out: list[show.Row] = [
            {"model": each.model, "provider": each.provider, "because": each.words} for each in plan.dropped
        ]
        show.rows(options, out, columns=("model", "provider", "because"), empty="")
    if plan.more:
        show.line(f"{plan.more} more offers are not listed")
