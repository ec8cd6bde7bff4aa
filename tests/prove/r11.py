"""R-11: every address of gateway and console, with a budget that is used up: nothing paid is sent."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from tests.console.test_every_page import PLACES
from tests.gateway.test_no_side_door import BODIES, ROUTES
from tests.prove import calls
from tests.prove.r38 import _client
from tests.prove.row import Figures

ROW = "R-11"
CLAIM = "No side door: whatever can reach a provider passes the same admission"
DATABASES = ("sqlite", "postgres")


def prove(stand) -> Figures:
    return _knock(stand)


def control(stand) -> Figures:
    """With an endpoint that sends without asking the budgets."""
    return _knock(stand, "unguarded")


def _knock(stand, *flags: str) -> Figures:
    gateway = stand.gateway(*flags)
    at = {dialect: [(dialect, stand.simulator.path(tag="door"))] for dialect in ("chat", "messages")}
    models = gateway.make_all({dialect: {"at": where} for dialect, where in at.items()})
    doors = [(models[dialect], endpoint) for endpoint, dialect in (route.values for route in ROUTES)]
    leading = sum(endpoint.reaches_providers for _, endpoint in doors)
    stand.simulator.clear()
    open_ = [_ask(*door) for door in doors]
    reached = _sent(stand)
    calls.set_budget(models["chat"], cap="0", scope="organisation")
    stand.simulator.clear()
    closed = [_ask(*door) for door in doors]
    with gateway.database():
        pages = _pages()
    return Figures(
        _sent(stand) == 0 and reached == leading == closed.count(402) and open_.count(402) == 0,
        {
            "ways into the gateway": len(doors),
            "lead to a provider while there is money": reached,
            "answered 402 on an exhausted budget": closed.count(402),
            "answers of console URLs": pages,
            "calls at the provider then": _sent(stand),
        },
    )


def _ask(model, endpoint) -> int:
    body = json.dumps(BODIES[endpoint.name] | {"model": model.name}) if endpoint.method == "POST" else None
    request = urllib.request.Request(
        model.gateway.url + endpoint.name.replace("{id}", model.name),
        data=body.encode() if body else None,
        headers={"authorization": f"Bearer {model.key}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def _pages() -> int:
    """Get and post every address of the console as an owner; how many answers there were."""
    from django.test.utils import setup_test_environment, teardown_test_environment

    setup_test_environment(debug=False)
    try:
        client = _client()
        return len([getattr(client, way)(place.url) for place in PLACES.values() for way in ("get", "post")])
    finally:
        teardown_test_environment()


def _sent(stand) -> int:
    """Calls at the provider; a list of models is free."""
    return sum(hit["method"] == "POST" for hit in stand.simulator.hits("door"))
