"""R-WEEK: a week of calls with six kinds of trouble, played over the rules that choose an offer.

The rules are the gateway's own pure functions on a clock that jumps (week_hub.py). The full form plays
an hour of trouble once more through a running gateway, twelve times as fast (week_hour.py).
"""

from __future__ import annotations

from tests.prove import week_hour
from tests.prove.row import Figures
from tests.prove.week_figures import Came, play
from tests.prove.week_hub import Rules
from tests.prove.week_script import A_DAY, WEEK, Script

ROW = "R-WEEK"
CLAIM = "Calls go round what is ill, soon, without crying wolf, and cost hardly more than they must"
BLIND = {
    "breaker": Rules(breaker=False),
    "evidence": Rules(evidence=False),
}


def prove(stand) -> Figures:
    found = play(A_DAY if stand.quick else WEEK)
    holds, figures = not found.missed(), found.figures()
    if not stand.quick:
        hour = week_hour.compare(stand)
        holds, figures = holds and hour.agrees, figures | hour.figures()
    return Figures(holds, figures)


def control(stand) -> Figures:
    """Without breakers, and without evidence: each has to miss a bar."""
    missed = {name: blinded(A_DAY, name).missed() for name in BLIND}
    return Figures(
        not all(missed.values()),
        {f"missed without {name}": " and ".join(bars) or "nothing" for name, bars in missed.items()},
    )


def blinded(script: Script, name: str) -> Came:
    """What a script comes to without one part."""
    return play(script, BLIND[name])
