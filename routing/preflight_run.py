"""Run a preflight: first what is asked of providers, where somebody wants that, then the judgement."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from llmhub.audit.actor import Actor
from routing.preflight import PROBES, Preflight
from routing.preflight_move import Move
from routing.preflight_probe import check_providers, make_call
from routing.preflight_read import preflight, with_call


def run(move: Move, *, actor: Actor, probe: str = "none") -> Preflight:
    """Return what a move would meet; `free` checks the providers first, `one-call` makes a call as well.

    Raises `ValidationError` on another probe, and `NotAllowed` where a probe is not this one's to make.
    """
    if probe not in PROBES:
        raise ValidationError({"probe": f"{probe[:40]!r} is no probe: use {', '.join(PROBES)}"})
    call = None
    if probe != "none":
        check_providers(move.target, actor=actor)
    if probe == "one-call":
        call = make_call(move.target, actor=actor)
    found = preflight(move, actor=actor)
    return found if call is None else with_call(found, call)
