"""Pure: how much evidence is enough to say that a share has risen, so that false alarms are as rare at night.

The evidence of degradation.py is a cumulative sum: it rises by `up` with a bad call, falls by `down` with a
good one, and begins anew at zero. Where a share `p` of the calls is bad, exp(w * sum) is a martingale for the
w > 0 with p·exp(w·up) + (1 - p)·exp(-w·down) = 1. The sum leaves zero by a bad call only, and then gets from
`up` to a height h before it is back with a probability of at most exp(w·(up - h)). So false alarms are at
least exp(w·(h - up)) / p calls apart, and a height follows from the calls in which there may be one.
Source: A. Wald, Sequential Tests of Statistical Hypotheses, Annals of Mathematical Statistics 16 (1945)
117-186, https://doi.org/10.1214/aoms/1177731118; docs/scoring.md
"""

from __future__ import annotations

import math

APART = 8 * 7 * 24 * 60  # minutes between two false alarms of one measure of an offer, on average, at least
_LEAST_SHARE = 1e-4
_STEPS = 40  # of bisection


def steps(usual: float, higher: float) -> tuple[float, float]:
    """Return what a bad call adds to the evidence that a share rose to `higher`, and a good one takes off."""
    return math.log(higher / usual), -math.log((1 - higher) / (1 - usual))


def enough(up: float, down: float, *, highest: float, calls_per_minute: float) -> float:
    """Return the evidence that is enough where `highest` is the share of bad calls when all is well."""
    share = max(highest, _LEAST_SHARE)
    calls = max(1.0, APART * calls_per_minute)
    return up + max(0.0, math.log(calls * share)) / exponent(up, down, share)


def exponent(up: float, down: float, share: float) -> float:
    """Return the w of above. Raises `ValueError` where the sum rises on average: there is none then."""
    if share * up >= (1 - share) * down:
        raise ValueError(f"a share of {share} is no usual one: the evidence would rise with it")

    def excess(w: float) -> float:
        return share * math.exp(w * up) + (1 - share) * math.exp(-w * down) - 1

    low, high = 0.0, 1.0
    while excess(high) < 0:
        low, high = high, 2 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    return low or high
