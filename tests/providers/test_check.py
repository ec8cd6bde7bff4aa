"""The free check: what it finds, and what it tells a person to do."""

from __future__ import annotations

import asyncio

import pytest

from providers.adapters import adapter_for
from providers.check import Outcome, check, check_and_save
from providers.models import Credential, Provider
from providers.wire import Target
from tests.providers.servers import answer, cut, serving, serving_in_a_thread

MODELS = answer(b'{"object":"list","data":[{"id":"a"},{"id":"b"}]}')
JSON_404 = answer(b'{"error":{"message":"no"}}', status="404 Not Found")


async def hang(reader, writer, seen):
    await asyncio.sleep(30)


def checked(reply, *, kind="custom", credential=""):
    async def run():
        async with serving(reply) as server:
            return await check(Target(server.url, "", credential), adapter_for(kind, "chat")), server.requests

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("reply", "outcome", "words"),
    [
        (MODELS, Outcome.OK, "lists 2 models"),
        (answer(b'{"data":[]}'), Outcome.OK, "lists 0 models"),
        (JSON_404, Outcome.NO_MODEL_LIST, "often ends in /v1"),
        (answer(b"", status="405 x"), Outcome.NO_MODEL_LIST, "no model list"),
        (answer(b"", status="401 x"), Outcome.UNAUTHORIZED, "add one"),
        (answer(b"", status="403 x"), Outcome.UNAUTHORIZED, "refuses the credential"),
        (answer(b"", status="402 x"), Outcome.FAILING, "status 402"),
        (answer(b"", status="429 x"), Outcome.LIMITED, "later"),
        (answer(b"", status="500 x"), Outcome.FAILING, "status 500"),
        (answer(b"", status="504 x"), Outcome.TIMEOUT, "firewall"),
        (answer(b"<html>Welcome</html>"), Outcome.BAD_REPLY, "an HTML page"),
        (answer(b'{"data":7}'), Outcome.BAD_REPLY, "no list of models"),
        (answer(b"", "location: /x", status="301 x"), Outcome.BAD_REPLY, "redirect"),
        (b"\x00garbage\r\n\r\n", Outcome.BAD_REPLY, "HTTP"),
        (cut(b""), Outcome.UNREACHABLE, "check the address"),
    ],
)
def test_an_outcome_says_what_to_do(reply, outcome, words):
    found, requests = checked(reply)

    assert (found.outcome, found.answered) == (outcome, outcome in {"ok", "no_model_list"})
    assert words in found.message
    assert requests[0].startswith(b"GET /models HTTP/1.1\r\n")  # free, and nothing else


def test_a_refused_credential_is_to_be_replaced():
    assert "replace it" in checked(answer(b"", status="401 x"), credential="sk-1")[0].message


def test_a_server_that_is_not_there_cannot_be_reached():
    found = asyncio.run(check(Target("http://127.0.0.1:1", ""), adapter_for("custom", "chat")))

    assert (found.outcome, found.answered) == (Outcome.UNREACHABLE, False)


def test_an_address_that_is_not_allowed_is_told_with_the_setting(settings):
    settings.EGRESS_ALLOW = []

    found = asyncio.run(check(Target("http://10.1.2.3:8000", ""), adapter_for("custom", "chat")))

    assert found.outcome == Outcome.REFUSED
    assert "add 10.1.2.3:8000 to LLMHUB_EGRESS_ALLOW" in found.message


def test_where_the_list_is_open_to_everybody_the_credential_is_proved_by_itself():
    async def open_list(reader, writer, seen):
        for _ in range(2):
            path = seen.requests[-1].split()[1]
            writer.write(MODELS if path == b"/models" else answer(b"{}", status="401 x"))
            await writer.drain()
            if len(seen.requests) < 2:
                seen.requests.append(await reader.readuntil(b"\r\n\r\n"))

    found, requests = checked(open_list, kind="openrouter", credential="sk-wrong")

    assert found.outcome == Outcome.UNAUTHORIZED
    assert [request.split()[1] for request in requests] == [b"/models", b"/key"]


@pytest.fixture
def lab(db):
    """A provider at a server that lists two models."""
    with serving_in_a_thread(MODELS) as server:
        yield Provider.objects.create(
            slug="lab",
            name="Lab",
            kind="custom",
            dialect="chat",
            base_url=server.url,
            needs_credential=False,
        )


@pytest.mark.django_db
def test_what_a_check_found_is_kept_with_the_provider(lab):
    found = check_and_save(lab)

    saved = Provider.objects.get()
    assert (saved.check_outcome, saved.check_message) == ("ok", "it answers and lists 2 models")
    assert saved.checked_at
    assert [row.upstream_id for row in found.listings] == ["a", "b"]
    assert found.latency_ms < 5000


@pytest.mark.django_db
def test_without_what_it_needs_a_provider_is_not_even_called(lab, settings):
    lab.needs_credential = True
    lab.save()
    assert check_and_save(lab).outcome == Outcome.NO_CREDENTIAL

    credential = Credential.objects.create(provider=lab, reference="env:NOT_SET_ANYWHERE")
    assert "env:NOT_SET_ANYWHERE" in check_and_save(lab).message

    credential.disabled_reason = "leaked"
    credential.save()
    assert check_and_save(lab).message == "it needs a credential: add one"

    Provider.objects.update(kind="openai", dialect="messages", needs_credential=False)
    assert check_and_save(Provider.objects.get()).outcome == Outcome.NOT_SERVED
    assert Provider.objects.get().check_outcome == "not_served"


@pytest.mark.django_db
def test_what_was_found_at_an_old_address_is_not_kept_for_the_new_one(lab):
    stale = Provider.objects.get()
    Provider.objects.update(base_url="http://1.1.1.1/v1")

    check_and_save(stale)

    assert Provider.objects.get().check_outcome == ""
