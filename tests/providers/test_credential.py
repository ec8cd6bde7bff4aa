"""Credentials: sealed, write-only, opened in one place, and in no sink there is."""

from __future__ import annotations

import asyncio
import logging
import os
import time
import traceback

import pytest
from django.core.exceptions import ValidationError

from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from providers import credential
from providers.adapters import adapter_for
from providers.check import check_and_save
from providers.client import Client, Timeouts
from providers.credential import CredentialUnreadable, remove_credential, reveal, set_credential
from providers.errors import ProviderError
from providers.models import Credential, Provider
from providers.provider import update_provider
from providers.wire import Target
from tests.providers.servers import answer, cut, serving, serving_in_a_thread

pytestmark = pytest.mark.django_db
ADMIN = Actor(kind="user", label="admin@example.com", role="admin", id=1)
CANARY = "sk-live-Canary7Zq0xWv93"


@pytest.fixture
def provider():
    return Provider.objects.create(
        slug="lab", name="Lab", kind="custom", dialect="chat", base_url="http://1.1.1.1/v1"
    )


def kept(provider, **given) -> Credential:
    return set_credential(actor=given.pop("actor", COMMAND_LINE), provider=provider, **given)


def test_a_secret_is_sealed_and_opened_again(provider):
    kept(provider, secret=f"  {CANARY}\n")

    saved = Credential.objects.get()
    assert CANARY not in saved.sealed
    assert (saved.hint, reveal(saved)) == ("Wv93", CANARY)


def test_a_short_secret_gives_no_hint(provider):
    assert kept(provider, secret="sk-short").hint == ""


def test_one_of_the_same_label_is_replaced_and_others_stay(provider):
    kept(provider, secret="sk-first-000001")
    kept(provider, secret="sk-other-000001", label="other")
    kept(provider, secret="sk-second-00001")

    assert [reveal(c) for c in Credential.objects.all()] == ["sk-second-00001", "sk-other-000001"]

    remove_credential(actor=ADMIN, provider=provider, label="other")
    assert [c.label for c in Credential.objects.all()] == ["default"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"secret": ""},
        {"secret": "   "},
        {"secret": "a", "reference": "env:A"},
        {"secret": "sk-a\r\nx-evil: 1"},
        {"secret": "sk-a\nb"},
        {"secret": "sk a"},
        {"secret": "sk-ä"},
        {"secret": "sk-\x00"},
        {"secret": "sk-\x7f"},
        {"secret": "x" * 4001},
        {"reference": "A_NAME"},
        {"reference": "env:"},
        {"reference": "env:A B"},
        {"reference": "file:relative"},
        {"reference": "http://example.com"},
        {"secret": "sk-a", "label": ""},
    ],
)
def test_what_no_header_can_carry_or_nobody_can_read_is_refused(provider, given):
    with pytest.raises(ValidationError) as caught:
        kept(provider, **given)

    assert "evil" not in str(caught.value)
    assert not Credential.objects.exists()


@pytest.mark.parametrize("kind", ["user", "service_key"])
def test_a_reference_is_for_who_can_read_the_server_anyway(provider, kind):
    """Else an admin of the console could send any secret of this machine to an address of choice."""
    with pytest.raises(ValidationError, match="references are read on the server"):
        kept(provider, reference="env:DATABASE_URL", actor=Actor(kind=kind, label="x", role="owner"))


def test_references_are_read_when_they_are_used(provider, monkeypatch, tmp_path):
    file = tmp_path / "key"
    by_name, by_path = (
        kept(provider, reference="env:LAB_KEY"),
        kept(provider, reference=f"file:{file}", label="f"),
    )

    monkeypatch.setenv("LAB_KEY", f" {CANARY} ")
    file.write_text(f"{CANARY}\n")

    assert (reveal(by_name), reveal(by_path)) == (CANARY, CANARY)
    assert by_name.sealed == by_path.sealed == by_path.hint == ""


def test_a_file_is_read_again_only_after_seconds(provider, monkeypatch, tmp_path):
    """A busy gateway opens a credential for every attempt; its disk may be slow."""
    monkeypatch.setattr(credential, "_OPEN_SECONDS", 0.2)
    file = tmp_path / "key"
    file.write_text("first-secret")
    by_path = kept(provider, reference=f"file:{file}")
    began = time.monotonic()
    seen = [reveal(by_path)]

    file.write_text("second-secret")
    while (now := reveal(by_path)) == "first-secret":
        seen.append(now)
        time.sleep(0.01)

    assert now == "second-secret"
    assert len(seen) > 2
    assert 0.2 <= time.monotonic() - began < 2
    assert "secret" not in repr(credential._opened)


def test_what_is_remembered_is_bounded_and_forgotten(provider, monkeypatch):
    credential._opened.clear()
    monkeypatch.setattr(credential, "_MAX_OPENED", 3)
    monkeypatch.setattr(credential, "_OPEN_SECONDS", 0.1)
    rows = [kept(provider, secret=f"sk-{n}-0000000", label=str(n)) for n in range(5)]

    assert [reveal(row) for row in rows] == [f"sk-{n}-0000000" for n in range(5)]
    assert len(credential._opened) == 3

    time.sleep(0.15)
    reveal(rows[4])
    assert list(credential._opened) == [rows[4].sealed]


@pytest.mark.parametrize("content", [None, b"", b"two\nlines", b"\xff\xfe", b"x" * 5000 + b"\n" * 5000])
def test_a_reference_that_leads_nowhere_says_so_and_quotes_nothing(provider, tmp_path, content):
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    row = kept(provider, reference=f"file:{file}")
    if content and content.startswith(b"xxxx"):
        assert len(reveal(row)) <= 4002  # bounded, whatever the file
        return

    with pytest.raises(CredentialUnreadable, match="file:/") as caught:
        reveal(row)

    assert "lines" not in str(caught.value)


def test_a_device_or_a_pipe_is_not_read(provider, tmp_path):
    os.mkfifo(tmp_path / "pipe")

    for place in ("/dev/zero", str(tmp_path / "pipe"), str(tmp_path)):
        with pytest.raises(CredentialUnreadable, match="no regular file"):
            reveal(kept(provider, reference=f"file:{place}"))


def test_a_secret_sealed_with_a_lost_key_says_what_to_do(provider, settings):
    row = kept(provider, secret=CANARY)
    settings.LLMHUB_SECRET_KEYS = ["another key of at least thirty-two letters"]

    with pytest.raises(CredentialUnreadable, match="LLMHUB_SECRET_KEYS") as caught:
        reveal(row)

    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_credential_typed_for_one_address_is_not_kept_for_another(provider):
    seen_by_the_form = Provider.objects.get()
    update_provider(actor=ADMIN, provider=provider, base_url="http://1.0.0.1/v1")

    with pytest.raises(ValidationError, match="was moved to"):
        kept(seen_by_the_form, secret=CANARY)


async def echo(reader, writer, seen):
    """A provider that quotes the whole request, credential included."""
    writer.write(answer(seen.requests[0], status="400 Bad Request"))
    await writer.drain()


async def echo_in_json(reader, writer, seen):
    body = b'{"error":{"message":"Incorrect API key provided: %s"}}' % CANARY.encode()
    writer.write(answer(body, status=f"{400 + len(seen.requests) % 2} Oops"))
    await writer.drain()


def chain(error):
    """An error and those behind it, as a tool that reports errors walks them."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


REPLIES = [
    echo, echo_in_json, cut(b""), b"garbage\r\n\r\n", answer(b"<html>"), answer(b"", status="401 No"),
    answer(b"{}"), answer(b"", "content-encoding: gzip"), answer(b"", "location: /", status="301 x"),
    cut(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("reply", REPLIES)
def test_a_credential_shows_in_no_sink_whatever_a_provider_answers(reply, caplog):
    """Errors with their tracebacks and chains, logs at debug level, reprs."""
    caplog.set_level(logging.DEBUG)
    sinks = []

    async def call():
        async with serving(reply) as server:
            target, adapter, client = Target(server.url, "m", CANARY), adapter_for("custom", "chat"), Client()
            sent = adapter.generate_call(target, {}, stream=True)
            try:
                async with client.stream(sent, timeout=Timeouts(total=1)) as stream:
                    content = await stream.read()
                    sinks.extend(
                        [repr(stream), repr(adapter.failure(stream.status, stream.headers, content))]
                    )
                    adapter.parse_answer(content)
            except ProviderError as error:
                sinks.extend([error.message, *traceback.format_exception(error), *map(repr, chain(error))])
            finally:
                await client.aclose()
            sinks.extend([repr(target), repr(sent), repr(client)])
            return server.requests

    requests = asyncio.run(call())

    assert CANARY.encode() in requests[0]  # it was sent, or there would be nothing to leak
    assert not [sink for sink in [*sinks, caplog.text] if CANARY in sink]


def test_a_credential_shows_neither_in_the_audit_log_nor_in_a_check(provider, caplog):
    caplog.set_level(logging.DEBUG)

    with serving_in_a_thread(echo_in_json) as server:
        Provider.objects.filter(pk=provider.pk).update(base_url=server.url)
        lab = Provider.objects.get()
        for _ in range(2):
            kept(lab, secret=CANARY)
        found = check_and_save(lab)
        remove_credential(actor=ADMIN, provider=lab)

    assert CANARY.encode() in server.requests[0]
    rows = [*AuditEvent.objects.values(), *Provider.objects.values()]
    assert {row["action"] for row in rows if "action" in row} == {"credential.set", "credential.removed"}
    assert found.message
    assert not [text for text in (*map(str, rows), repr(found), caplog.text) if CANARY in text]
