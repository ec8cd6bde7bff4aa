"""Adding, changing, pausing and removing providers: who may, what is refused, what the audit log says."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from llmhub.people.roles import NotAllowed
from providers.adapters import KINDS
from providers.credential import set_credential
from providers.models import Credential, Provider
from providers.provider import create_provider, pause_provider, remove_provider, update_provider

pytestmark = pytest.mark.django_db
ADMIN = Actor(kind="user", label="admin@example.com", role="admin", id=1)
VIEWER = Actor(kind="user", label="viewer@example.com", role="viewer", id=2)
URL = "http://1.1.1.1:8000/v1"


def make(slug="lab", **values) -> Provider:
    given = {"name": "Lab", "kind": "custom", "base_url": URL} | values
    return create_provider(actor=ADMIN, slug=slug, **given)


def last_event() -> AuditEvent:
    return AuditEvent.objects.order_by("-id")[0]


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if kind.base_url], ids=lambda kind: kind.name
)
def test_a_known_kind_needs_no_more_than_a_name(kind):
    provider = create_provider(actor=ADMIN, slug=kind.name, name=kind.label, kind=kind.name)

    assert (provider.base_url, provider.dialect) == (kind.base_url, kind.dialects[0])
    assert provider.needs_credential
    assert not Provider.objects.get().paused_reason


def test_a_compatible_server_has_its_own_address_in_one_spelling():
    provider = make(base_url=" HTTP://1.1.1.1:8000/v1/ ")

    assert provider.base_url == URL
    assert not provider.needs_credential
    assert (last_event().action, last_event().object) == ("provider.created", "provider:lab")
    assert last_event().after["base_url"] == URL


def test_a_server_in_the_next_container_may_have_a_name_without_a_dot():
    assert make(base_url="http://ollama:11434/v1").base_url == "http://ollama:11434/v1"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "nonsense"}, "kind"),
        ({"dialect": "morse"}, "dialect"),
        ({"kind": "openai", "dialect": "messages"}, "dialect"),
        ({"base_url": ""}, "base_url"),
        ({"base_url": "ftp://example.com"}, "base_url"),
        ({"base_url": "http://169.254.169.254"}, "base_url"),
        ({"base_url": "https://example.com/" + "x" * 300}, "base_url"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"slug": "not a slug"}, "slug"),
        ({"slug": ""}, "slug"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(values, field):
    with pytest.raises(ValidationError) as caught:
        make(**values)

    assert list(caught.value.message_dict) == [field]
    assert not Provider.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_short_name_is_taken_once():
    make()

    with pytest.raises(ValidationError) as caught:
        make()

    assert list(caught.value.message_dict) == ["slug"]


@pytest.mark.parametrize(
    "change",
    [
        lambda _: create_provider(actor=VIEWER, slug="x", name="X", kind="openai"),
        lambda provider: update_provider(actor=VIEWER, provider=provider, name="X"),
        lambda provider: pause_provider(actor=VIEWER, provider=provider, reason="x"),
        lambda provider: remove_provider(actor=VIEWER, provider=provider),
        lambda provider: set_credential(actor=VIEWER, provider=provider, secret="sk-canary-1"),
    ],
)
def test_a_viewer_changes_nothing(change):
    provider, before = make(), AuditEvent.objects.count()

    with pytest.raises(NotAllowed):
        change(provider)

    assert AuditEvent.objects.count() == before


def test_a_new_base_url_clears_credentials_and_what_a_check_found():
    provider = make()
    set_credential(actor=ADMIN, provider=provider, secret="sk-canary-0001")
    Provider.objects.update(check_outcome="ok", check_message="fine")

    update_provider(actor=ADMIN, provider=provider, base_url="http://1.0.0.1/v1")

    assert not Credential.objects.exists()
    assert Provider.objects.get().check_outcome == ""
    assert (last_event().before["base_url"], last_event().after["base_url"]) == (URL, "http://1.0.0.1/v1")


@pytest.mark.parametrize("change", [{"name": "New"}, {"base_url": URL + "/"}, {"needs_credential": True}])
def test_any_other_change_keeps_credentials(change):
    provider = make()
    set_credential(actor=ADMIN, provider=provider, secret="sk-canary-0001")

    update_provider(actor=ADMIN, provider=provider, **change)

    assert Credential.objects.count() == 1


def test_a_change_that_changes_nothing_is_no_event():
    provider, before = make(), AuditEvent.objects.count()

    update_provider(actor=ADMIN, provider=provider, name="Lab", base_url=URL)
    pause_provider(actor=ADMIN, provider=provider, reason="")

    assert AuditEvent.objects.count() == before


def test_a_change_spares_what_somebody_else_changed_meanwhile():
    stale = make()
    pause_provider(actor=ADMIN, provider=stale, reason="bills")

    update_provider(actor=ADMIN, provider=stale, name="New")

    assert Provider.objects.get().paused_reason == "bills"


def test_pausing_and_resuming_are_told_apart():
    provider = make()

    pause_provider(actor=ADMIN, provider=provider, reason=" too dear ")
    assert (last_event().action, Provider.objects.get().paused_reason) == ("provider.paused", "too dear")

    pause_provider(actor=ADMIN, provider=provider, reason="")
    assert (last_event().action, Provider.objects.get().paused_reason) == ("provider.resumed", "")


def test_a_removed_provider_forgets_its_credentials_and_comes_back_as_itself():
    provider = make()
    set_credential(actor=ADMIN, provider=provider, secret="sk-canary-0001")

    remove_provider(actor=ADMIN, provider=provider)
    remove_provider(actor=ADMIN, provider=provider)  # a second time changes nothing

    assert not Credential.objects.exists()
    assert not Provider.objects.listed().exists()
    assert AuditEvent.objects.filter(action="provider.removed").count() == 1
    with pytest.raises(ValidationError, match="removed"):
        set_credential(actor=ADMIN, provider=provider, secret="sk-canary-0001")

    back = make(name="Lab again", base_url="http://1.0.0.1/v1")
    assert back.pk == provider.pk
    assert Provider.objects.listed().get().name == "Lab again"


def test_a_removed_provider_does_not_come_back_as_another_kind():
    remove_provider(actor=ADMIN, provider=make())

    with pytest.raises(ValidationError, match="take another name"):
        make(kind="openai", base_url="")


def test_the_command_line_may_do_all_this():
    assert create_provider(actor=COMMAND_LINE, slug="openai", name="OpenAI", kind="openai").pk
