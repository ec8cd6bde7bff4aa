"""R-33: words that anybody would recognise, said in calls and looked for wherever they could be kept."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator

from django.test import Client

from billing.content_consent import switch_off
from billing.content_models import CallContent
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import ids, secrets
from llmhub.people.models import User
from tests.fixtures.people import Api
from tests.gateway import test_content as said
from tests.prove.row import Figures

ROW = "R-33"
CLAIM = (
    "What is said in calls is nowhere afterwards; where a team has it kept it is sealed, and gone at the end"
)
DATABASES = ("sqlite", "postgres")
_SEALED = "what is sealed, opened"


def prove(stand) -> Figures:
    return _search(stand)


def control(stand) -> Figures:
    """With a gateway that keeps what is said of every team."""
    return _search(stand, "curious")


def _search(stand, *flags: str) -> Figures:
    stand.hub_database()
    gateway = stand.gateway(*flags, LLMHUB_LOG="DEBUG")
    word = said.canary()
    models = said.say_everything(gateway, stand.simulator, word)
    calls = sum(len(gateway.records(model)) for model in models.values())
    reached = len(stand.simulator.hits(word[:12]))
    places = dict(_places(gateway, models))
    found = [name for name, text in places.items() if word in text]
    on, off = _agreed(gateway, models["chat "])
    holds = not found and calls > 50 and reached > 50 and on == [_SEALED] and not off
    return Figures(
        holds,
        {
            "calls, in both dialects, whole and streamed, good and bad": calls,
            f"places ({', '.join(places)})": len(places),
            "as the places with what was said while nobody had it kept": ", ".join(found) or 0,
            "with what was said while a team had it kept": ", ".join(on) or 0,
            "after it was switched off": ", ".join(off) or 0,
        },
    )


def _agreed(gateway, model) -> tuple[list[str], list[str]]:
    """Where a word is found that was said while the team had it kept: then, and after the end."""
    word = said.canary()
    said.keep(gateway, model)
    before = len(said.kept(gateway, model))
    model.ask(word)
    gateway.until(lambda: len(said.kept(gateway, model)) > before, within=10, what="it is kept")
    on = [name for name, text in _places(gateway, {"": model}) if word in text]
    with gateway.database():
        switch_off(actor=COMMAND_LINE, team=said.team_of(model))
    return on, [name for name, text in _places(gateway, {"": model}) if word in text]


def _places(gateway, models) -> Iterator[tuple[str, str]]:
    yield from said.sinks(gateway).items()
    for name, path in (("metrics", "/metrics"), ("readiness", "/readyz")):
        yield name, urllib.request.urlopen(gateway.url + path, timeout=5).read().decode()
    records = [record for model in models.values() for record in gateway.records(model)[:2]]
    with gateway.database():
        yield from _inside([ids.request_id(record.pk) for record in records])


def _inside(requests: list[str]) -> Iterator[tuple[str, str]]:
    """What console and management API show of calls, and what lies sealed in the database."""
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.service_key import create_service_key

    owner, _ = User.objects.get_or_create(email="owner@example.com", defaults={"role": "owner"})
    client = Client(raise_request_exception=False)
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    urls = ["/", "/requests/", "/settings/", *(f"/requests/{name}/" for name in requests)]
    pages = [client.get(url) for url in urls]
    assert {page.status_code for page in pages} == {200}
    yield "pages", "".join(page.text for page in pages)
    api = Api(create_service_key(actor=SYSTEM, name="prove", role="owner")[1])
    paths = ["/usage", "/audit", *(f"/usage/{name}" for name in requests)]
    answers = [api.get(path) for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    yield "management API", "".join(answer.text for answer in answers)
    rows = CallContent.objects.values_list("request", "answer")
    yield _SEALED, "".join(secrets.decrypt(sealed) for row in rows for sealed in row)
