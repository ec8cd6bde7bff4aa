"""R-29: secrets that anybody would recognise, looked for wherever they could come to light."""

from __future__ import annotations

import json
import secrets
import urllib.request
from collections.abc import Iterator

from django.apps import apps
from django.test import Client

from llmhub.people.models import User
from tests.console.test_every_page import PLACES
from tests.fixtures.people import Api
from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-29"
CLAIM = "No credential and no key stands in any log, row, error, header, page or file"
DATABASES = ("sqlite", "postgres")
_FAULTS = (
    "status/401",
    "status/500",
    "reset",
    "html",
    "garbage",
    "error_200",
    "error_mid/1",
    "key/right",
    "cut/40",
    "",
)


def prove(stand) -> Figures:
    return _search(stand)


def control(stand) -> Figures:
    """With a line of log that shows the headers of a call."""
    return _search(stand, "talkative")


def _search(stand, *flags: str) -> Figures:
    stand.hub_database()
    canary = f"canary{secrets.token_hex(16)}"
    gateway = stand.gateway(*flags, LLMHUB_LOG="debug")
    wanted = {name: {"at": [stand.simulator.path(name, tag="canary")], "secret": canary} for name in _FAULTS}
    models = gateway.make_all(wanted)
    outcomes = calls.by_clients(_calls(gateway, models), clients=4)
    failed = sum(outcome.status != 200 or bool(outcome.code) for outcome in outcomes)
    reached = sum(canary in json.dumps(hit["headers"]) for hit in stand.simulator.hits("canary"))
    words = [canary, *(model.key for model in models.values())]
    sinks = dict(_sinks(gateway, models, outcomes))
    found = [name for name, text in sinks.items() if any(word in text for word in words)]
    empty = [name for name, text in sinks.items() if not text]
    return Figures(
        not found and not empty and failed >= 30 and reached > 0,
        {
            "secrets": len(words),
            f"sinks ({', '.join(sinks)})": len(sinks),
            "calls that failed, at debug level": failed,
            "as the sinks with a secret": ", ".join(found) or 0,
            "calls that carried it where it belongs": reached,
        },
    )


def _calls(gateway, models) -> Iterator[tuple]:
    for number in range(4):
        yield from ((gateway.url, model, {"stream": bool(number % 2)}) for model in models.values())


def _sinks(gateway, models, outcomes) -> Iterator[tuple[str, str]]:
    model = models[""]
    yield "log of the gateway", gateway.log
    yield "answers", repr(outcomes)
    for name, path in (("metrics", "/metrics"), ("readiness", "/readyz"), ("health", "/healthz")):
        yield name, urllib.request.urlopen(gateway.url + path, timeout=5).read().decode()
    yield "models of a key", repr(gateway.get("/v1/models", key=model.key))
    yield "a request by its key", repr(gateway.get(f"/v1/requests/{outcomes[0].request_id}", key=model.key))
    yield "headers", repr(dict(model.ask().headers))
    yield (
        "files of the home",
        "".join(path.read_bytes().decode("latin-1") for path in gateway.home.iterdir() if path.is_file()),
    )
    with gateway.database():
        yield from _inside(models)


def _inside(models) -> Iterator[tuple[str, str]]:
    """What the database holds, and what the console and the API show of it."""
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.service_key import create_service_key
    from routing.load import load_snapshot

    owner = User.objects.create(email="owner@example.com", role="owner")
    client = Client(raise_request_exception=False)
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    slug = models[""].providers[0]
    urls = [place.url for place in PLACES.values()] + [
        place.url.replace("nothing", slug) for place in PLACES.values() if "nothing" in place.url
    ]
    yield "pages", "".join(client.get(url).text for url in urls if "sign-out" not in url)
    api = Api(create_service_key(actor=SYSTEM, name="prove", role="owner")[1])
    lists = ("/providers", f"/providers/{slug}", "/models", "/keys", "/usage", "/budgets", "/requests")
    yield "management API", "".join(api.get(path).text for path in lists)
    yield "rows", repr([list(model.objects.values()) for model in apps.get_models()])
    yield "snapshot", repr(load_snapshot())
