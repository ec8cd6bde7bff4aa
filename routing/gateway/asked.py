"""Pure: what a call asks of its model, as its record keeps it: known words only, never what was said."""

from __future__ import annotations

from typing import TypedDict

from billing.asked import needs_number, parameters_number
from providers.adapters.parameters import ALSO_CALLED, CARRIED
from routing.gateway.body import is_said
from routing.gateway.caller_request import CallerRequest


class Asked(TypedDict):
    """Two columns of a usage record, see billing/asked.py."""

    needs: int
    parameters: int


def asked(request: CallerRequest) -> Asked:
    """Return what a call asks for."""
    body, streamed = request.body, ("stream",) if request.stream else ()
    given = (ALSO_CALLED.get(name, name) for name in body if name not in CARRIED and is_said(body, name))
    return Asked(needs=needs_number((*request.needs, *streamed)), parameters=parameters_number(given))
