"""The free check: what it finds, and what it tells a person to do."""

from __future__ import annotations

import asyncio

import pytest

from llmhub.audit.actor import COMMAND_LINE
from providers import saved_check
from providers.adapters import adapter_for
from providers.check import Outcome, check
from providers.credential import set_credential
from providers.credential_now import credentials_now
from providers.credential_state import take_out
from providers.listing import Listing
from providers.models import Credential, ListedModel, Provider
from providers.provider import update_provider
from providers.saved_check import check_and_save
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

    Credential.objects.create(provider=lab, reference="env:NOT_SET_ANYWHERE")
    assert "env:NOT_SET_ANYWHERE" in check_and_save(lab).message

    Provider.objects.update(kind="openai", dialect="messages", needs_credential=False)
    assert check_and_save(Provider.objects.get()).outcome == Outcome.NOT_SERVED
    assert Provider.objects.get().check_outcome == "not_served"


@pytest.mark.django_db
def test_what_was_found_at_an_old_address_is_not_kept_for_the_new_one(lab):
    stale = Provider.objects.get()
    Provider.objects.update(base_url="http://1.1.1.1/v1")

    check_and_save(stale)

    assert Provider.objects.get().check_outcome == ""


SECRETS = {"right": "sk-right-000001", "wrong": "sk-wrong-000001", "out": "sk-out-00000001"}


async def only_the_right_ones(reader, writer, seen):
    """Answer with the list to those who send a secret that is not wrong."""
    refused = SECRETS["wrong"].encode() in seen.requests[-1]
    writer.write(answer(b"", status="401 x") if refused else MODELS)
    await writer.drain()


@pytest.fixture
def three(lab):
    """Three credentials: one in use, one in use that is refused, one taken out that would be taken."""
    with serving_in_a_thread(only_the_right_ones) as server:
        Provider.objects.update(base_url=server.url)
        provider = Provider.objects.get()
        for label in ("wrong", "right", "out"):
            set_credential(actor=COMMAND_LINE, provider=provider, label=label, secret=SECRETS[label])
        out = Credential.objects.get(label="out")
        take_out(out.pk, out, reason="the provider refuses it")
        yield provider


@pytest.mark.django_db
def test_each_credential_is_tried_and_none_is_changed(three):
    found = check_and_save(three)

    kept = {row.label: row for row in Credential.objects.all()}
    assert {label: row.check_outcome for label, row in kept.items()} == {
        "wrong": "unauthorized",
        "right": "ok",
        "out": "ok",
    }
    assert (found.outcome, "but not with the credential wrong" in found.message) == (Outcome.OK, True)
    assert kept["out"].disabled_reason == "the provider refuses it"  # a person decides
    assert Provider.objects.get().check_outcome == "ok"


@pytest.mark.django_db
def test_where_none_is_in_use_those_that_are_out_are_tried(three):
    Credential.objects.filter(label="wrong").delete()
    Credential.objects.filter(label="right").delete()

    assert check_and_save(three).outcome == Outcome.OK
    assert credentials_now(Credential.objects.all())[0].could_be_used_again


@pytest.mark.django_db
def test_what_was_found_with_a_secret_that_was_replaced_meanwhile_is_not_kept(three, monkeypatch):
    def replace_it(*given):
        set_credential(actor=COMMAND_LINE, provider=three, label="right", secret="sk-newer-000001")
        return original(*given)

    original = saved_check.keep_check
    monkeypatch.setattr(saved_check, "keep_check", replace_it)

    check_and_save(three)

    assert Credential.objects.get(label="right").check_outcome == ""


@pytest.mark.django_db
def test_the_list_of_models_is_kept_until_the_next_one(lab):
    ListedModel.objects.create(provider=lab, upstream_id="gone")

    check_and_save(lab)
    Provider.objects.update(base_url="http://127.0.0.1:1/v1")
    check_and_save(Provider.objects.get())  # nobody answers

    assert list(lab.listings.values_list("upstream_id", flat=True)) == ["a", "b"]
    assert Provider.objects.get().listed_at


@pytest.mark.django_db
def test_a_list_is_kept_as_far_as_it_fits(lab, monkeypatch):
    monkeypatch.setattr(saved_check, "MAX_LISTED", 3)
    rows = [Listing(f"m{n}", context_tokens=2**40) for n in range(5)] + [Listing("m0")]

    saved_check.keep_listings(lab, rows)

    assert [(row.upstream_id, row.context_tokens) for row in lab.listings.all()] == [
        ("m0", None),
        ("m1", None),
        ("m2", None),
    ]


@pytest.mark.django_db
def test_a_new_address_forgets_the_list(lab):
    check_and_save(lab)

    update_provider(actor=COMMAND_LINE, provider=Provider.objects.get(), base_url="http://127.0.0.1:1/v1")

    assert not lab.listings.exists()
    assert Provider.objects.get().listed_at is None
