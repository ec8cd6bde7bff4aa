"""R-33: what is said in calls is kept nowhere, unless a team has it kept: encrypted, and gone on its day."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import anthropic
import openai
import pytest
import time_machine
from django.apps import apps

from billing import content_clear
from billing.content_consent import switch_off, switch_on
from billing.content_models import CallContent
from billing.content_read import open_content
from billing.content_writer import MOST_BYTES
from llmhub.audit.actor import COMMAND_LINE
from llmhub.config import export
from llmhub.lib import clock
from llmhub.people.models import Team

FAULTS = ("", "status/500", "status/400", "error_mid/1", "cut/40", "garbage", "html")


@pytest.fixture(scope="module")
def talkative(make_gateway):
    """A gateway that logs all it can."""
    running = make_gateway()
    running.start(LLMHUB_LOG="DEBUG")
    return running


def canary() -> str:
    return f"canary{secrets.token_hex(12)}"


def say_everything(gateway, simulator, word: str) -> dict:
    """Calls in both dialects, to providers of both, whole and streamed, that work out and that do not."""
    wanted = {
        f"{dialect} {fault}": {"at": [(dialect, simulator.path("tokens/12", fault, tag=word[:12]))]}
        for dialect in ("chat", "messages")
        for fault in FAULTS
    }
    models = gateway.make_all(wanted)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda model: _say(model, word), models.values()))
    return models


def _say(model, word: str) -> None:
    """Calls with the word in the question and, as the name of a tool that is called, in the answer."""
    function = {"name": word, "parameters": {"type": "object", "properties": {}}}
    tool = {"type": "function", "function": function}
    other_tool = {"name": word, "input_schema": {"type": "object", "properties": {}}}
    for call in (
        lambda: model.ask(word, tools=[tool]),
        lambda: list(model.stream(word, tools=[tool])),
        lambda: model.say(word, tools=[other_tool]),
        lambda: (
            model.messages()
            .messages.create(
                model=model.name, max_tokens=64, messages=[{"role": "user", "content": word}], stream=True
            )
            .close()
        ),
        lambda: model.ask(word, temperature=99),  # refused by some providers
        lambda: model.ask(word, extra_body={"stream_options": word}),  # refused by llmhub
    ):
        with suppress(openai.APIError, anthropic.APIError, ValueError):
            call()


def keep(gateway, *models, days: int = 7) -> None:
    def on() -> None:
        for team in Team.objects.filter(slug__in=[model.team for model in models]):
            last = clock.now().date() + timedelta(days=days)
            switch_on(actor=COMMAND_LINE, team=team, until=last, reason="a test")

    gateway.change(on)


def team_of(model) -> Team:
    return Team.objects.get(slug=model.team)


def kept(gateway, model) -> list[CallContent]:
    with gateway.database():
        return list(CallContent.objects.filter(team_id=model.team_id).order_by("pk"))


def sinks(gateway) -> dict[str, str]:
    """Everything of a gateway that lasts."""
    with gateway.database():
        rows = repr([list(model.objects.values()) for model in apps.get_models()])
        exported = export().text
    files = [path for path in gateway.home.iterdir() if path.is_file()]
    return {
        "log": gateway.log,
        "rows": rows,
        "export": exported,
        "files": "".join(path.read_bytes().decode("latin-1") for path in files),
    }


def found_in(gateway, word: str) -> list[str]:
    return [name for name, text in sinks(gateway).items() if word in text]


def test_by_default_nothing_of_what_is_said_is_anywhere(talkative, simulator):
    word = canary()

    models = say_everything(talkative, simulator, word)

    assert len(simulator.hits(word[:12])) >= 2 * len(models)
    assert all(talkative.records(model) for model in models.values())
    assert found_in(talkative, word) == []
    with talkative.database():
        assert not CallContent.objects.exists()


def test_a_canary_that_is_written_somewhere_would_be_found(talkative, simulator):
    word = canary()
    model = talkative.make(at=[simulator.path()])

    model.ask(extra_body={"llmhub": {"session": word}})

    assert found_in(talkative, word) == ["rows", "files"]


def test_while_it_is_kept_it_is_readable_for_who_may_and_encrypted_everywhere(talkative, simulator):
    word = canary()
    models = {
        name: talkative.make(at=[(dialect, simulator.path("tokens/5"))])
        for name, dialect in (("as it came", "chat"), ("translated", "messages"))
    }
    keep(talkative, *models.values())

    for model in models.values():
        _say(model, word)
        talkative.until(lambda model=model: len(kept(talkative, model)) >= 5, within=5, what="it is kept")

    assert found_in(talkative, word) == []
    for model in models.values():
        rows = kept(talkative, model)
        assert len(rows) == 5  # not the one that was refused before it was sent
        with talkative.database():
            contents = [open_content(actor=COMMAND_LINE, row_id=row.pk) for row in rows]
        assert all(word in content.request for content in contents)
        assert [word in content.answer for content in contents[:3]] == [True] * 3
        assert "[DONE]" in contents[1].answer


def test_what_is_kept_is_gone_from_the_file_when_it_is_switched_off(talkative, simulator):
    model = talkative.make(at=[simulator.path("tokens/5")])
    keep(talkative, model)
    model.ask("Hello")
    talkative.until(lambda: kept(talkative, model), within=5, what="it is kept")
    sealed = kept(talkative, model)[0].request
    tail = sealed[-60:]
    assert tail in sinks(talkative)["files"]

    with talkative.database():
        assert switch_off(actor=COMMAND_LINE, team=team_of(model)) == 1
    model.ask("Hello")  # the gateway may not know yet

    assert tail not in sinks(talkative)["files"]
    assert kept(talkative, model) == []
    assert len(talkative.records(model)) == 2


def test_large_bodies_are_kept_up_to_a_bound(talkative, simulator):
    model = talkative.make(at=[simulator.path("huge/1")])
    keep(talkative, model)

    with suppress(openai.APIError):
        model.ask("x" * (2 * MOST_BYTES))
    talkative.until(lambda: kept(talkative, model), within=5, what="it is kept")

    with talkative.database():
        content = open_content(actor=COMMAND_LINE, row_id=kept(talkative, model)[0].pk)
    assert (len(content.request), content.request_is_cut) == (MOST_BYTES, True)
    assert content.request_bytes > 2 * MOST_BYTES
    assert len(content.answer) <= MOST_BYTES


def test_on_its_day_the_gateway_stops_by_itself_and_the_job_deletes(talkative, simulator):
    model = talkative.make(at=[simulator.path("tokens/5")])
    keep(talkative, model, days=0)
    model.ask("Hello")
    talkative.until(lambda: kept(talkative, model), within=5, what="it is kept")

    with talkative.database():
        at = kept(talkative, model)[0].delete_after
        with time_machine.travel(at - timedelta(seconds=1), tick=False):
            assert content_clear.clear() == 0
        with time_machine.travel(at, tick=False):
            assert content_clear.clear() == 1


def test_who_operates_llmhub_can_forbid_it_whatever_a_team_agreed_to(make_gateway, simulator):
    gateway, word = make_gateway(), canary()
    gateway.start(LLMHUB_CONTENT="off", LLMHUB_LOG="DEBUG")
    models = gateway.make_all({name: {"at": [simulator.path("tokens/5")]} for name in ("off", "on")})
    keep(gateway, *models.values())  # who writes the consent here is not under the switch

    _say(models["off"], word)
    gateway.stop()  # with what it had to write
    assert len(gateway.records(models["off"])) >= 4
    assert kept(gateway, models["off"]) == []
    assert found_in(gateway, word) == []

    gateway.start()  # the consent was there all the time
    models["on"].ask(word)
    gateway.until(lambda: kept(gateway, models["on"]), within=5, what="it is kept")
