"""The pages of providers, against the simulator on a real port."""

from __future__ import annotations

import pytest
from django.test import Client

from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from providers.adapters import KINDS
from providers.credential import reveal, set_credential
from providers.models import Credential, Provider
from providers.provider import create_provider, pause_provider

pytestmark = pytest.mark.django_db
CANARY = "sk-canary-4f1d9c77e0ab-Z9QX"


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_kinds_to_choose_from_are_those_of_the_adapters(signed_in):
    page = signed_in("admin").get("/providers/add/").text

    for kind in KINDS.values():
        assert f"?kind={kind.name}" in page
        assert kind.label in page


def test_a_custom_provider_is_added_with_its_credential(signed_in):
    values = {"name": "Our Lab", "base_url": "http://127.0.0.1:9/v1/", "secret": CANARY}

    response = signed_in("admin").post("/providers/add/?kind=custom", values)

    lab = Provider.objects.get(slug="our-lab")
    assert response["Location"] == "/providers/our-lab/"
    assert (lab.base_url, lab.dialect, lab.needs_credential) == ("http://127.0.0.1:9/v1", "chat", True)
    assert reveal(lab.credentials.get()) == CANARY


def test_a_custom_provider_may_speak_either_dialect(signed_in):
    values = {"name": "Lab", "base_url": "http://127.0.0.1:9", "dialect": "messages"}

    signed_in("admin").post("/providers/add/?kind=custom", values)

    assert Provider.objects.get(slug="lab").dialect == "messages"


def test_a_server_that_asks_for_no_credential_needs_none(signed_in):
    signed_in("admin").post("/providers/add/?kind=custom", {"name": "Lab", "base_url": "http://127.0.0.1:9"})

    assert Provider.objects.get(slug="lab").needs_credential is False


def test_a_known_kind_asks_for_no_address(signed_in):
    client = signed_in("admin")

    page = client.get("/providers/add/?kind=openai").text
    client.post("/providers/add/?kind=openai", {"name": "OpenAI EU", "secret": CANARY})

    assert "Base URL" not in page
    assert Provider.objects.get(slug="openai-eu").base_url == KINDS["openai"].base_url


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"name": "", "base_url": "http://127.0.0.1:9"}, "name", "required"),
        ({"name": "Lab", "base_url": ""}, "base_url", "required"),
        ({"name": "Lab", "base_url": "ftp://x"}, "base_url", "no web address"),
        ({"name": "Lab", "base_url": "http://10.1.2.3/v1"}, "base_url", "LLMHUB_EGRESS_ALLOW"),
        ({"name": "Lab", "base_url": "http://127.0.0.1:9", "secret": "two words"}, "secret", ""),
        ({"name": "日本", "base_url": "http://127.0.0.1:9"}, "slug", "no short name"),
    ],
)
def test_what_cannot_be_saved_is_said_at_its_field(signed_in, values, field, words):
    response = signed_in("admin").post("/providers/add/?kind=custom", values)

    assert response.status_code == 422
    assert words in response.text.split(f'id="id_{field}_error"')[1].split("</div>")[0]
    assert not Provider.objects.exists()


def test_a_refused_credential_leaves_no_provider_behind(signed_in):
    values = {"name": "Lab", "base_url": "http://127.0.0.1:9", "secret": "line\nbreak"}

    signed_in("admin").post("/providers/add/?kind=custom", values)

    assert (Provider.objects.count(), AuditEvent.objects.count()) == (0, 0)


def tried(client, base_url, **values) -> str:
    headers = {"HX-Request": "true"}
    values = {"base_url": base_url, **values}
    return one_line(client.post("/providers/add/try/?kind=custom", values, headers=headers).text)


def test_a_connection_is_tested_before_anything_is_saved(signed_in, simulator):
    part = tried(signed_in("admin"), simulator.path("models/3"))

    assert part.startswith('<div id="check-verdict"')
    assert "Answers" in part
    assert "3 models found" in part
    assert not Provider.objects.exists()


@pytest.mark.parametrize(
    ("switch", "secret", "words"),
    [
        ("list/missing", "", "Answers, without a model list"),
        ("list/refused", "wrong", "Refuses the credential"),
        ("list/broken", "", "Does not answer as a provider"),
        ("status/500", "", "Answers with errors"),
    ],
)
def test_the_test_tells_one_trouble_from_another(signed_in, simulator, switch, secret, words):
    assert words in tried(signed_in("admin"), simulator.path(switch), secret=secret)


def test_a_server_that_is_not_there_cannot_be_reached(signed_in):
    assert "Cannot be reached" in tried(signed_in("admin"), "http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://169.254.169.254/latest",
        "http://10.0.0.1:8000/v1",
        "http://[::ffff:10.0.0.1]/v1",
        "file:///etc/passwd",
        "http://user:secret@127.0.0.1:9/v1",
    ],
)
def test_the_test_sends_nothing_to_an_address_that_is_not_allowed(signed_in, address):
    assert "Address not allowed" in tried(signed_in("admin"), address)


def test_the_test_sends_the_typed_credential_and_nothing_shows_it(signed_in, simulator):
    base_url = simulator.path(f"key/{CANARY}", tag="typed")

    right = tried(signed_in("admin"), base_url, secret=CANARY)
    wrong = tried(signed_in("admin"), base_url, secret="sk-other-4f1d9c77")

    assert "Refuses the credential" in wrong
    assert "models found" in right
    assert CANARY not in right.replace(f"key/{CANARY}", "")


def test_a_check_of_a_saved_provider_shows_what_it_found(signed_in, simulator):
    create_provider(
        actor=COMMAND_LINE, slug="sim", name="Sim", kind="custom", base_url=simulator.path("models/2")
    )

    part = one_line(signed_in("admin").post("/providers/sim/check/", headers={"HX-Request": "true"}).text)

    assert part.startswith('<section class="card mb-3" id="provider-status"')
    assert "2 models found" in part
    assert "/providers/sim/models/add/?upstream_id=" in part
    assert Provider.objects.get().check_outcome == "ok"


def test_a_check_without_script_comes_back_to_the_page(signed_in, lab):
    page = signed_in("admin").post("/providers/lab/check/", follow=True).text

    assert "Cannot be reached" in page


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"paused_reason": "moving house"}, "Paused"),
        ({"needs_credential": True}, "Needs a credential"),
        ({"kind": "openai", "dialect": "messages"}, "Not callable yet"),
        ({}, "Not checked yet"),
        ({"check_outcome": "ok"}, "Answers"),
        ({"check_outcome": "unreachable"}, "Cannot be reached"),
    ],
)
def test_the_list_says_each_status_in_a_word(signed_in, lab, values, words):
    Provider.objects.update(**values)

    page = signed_in("viewer").get("/providers/").text

    assert f"{words}</span>" in page


def test_the_list_counts_offers_and_takes_a_fixed_number_of_queries(
    signed_in, offer, django_assert_num_queries
):
    client = signed_in("viewer")
    for number in range(20):
        create_provider(
            actor=COMMAND_LINE,
            slug=f"p{number}",
            name=f"Provider {number}",
            kind="custom",
            base_url="http://127.0.0.1:9",
        )

    with django_assert_num_queries(4):  # session, person, organisation, providers
        page = client.get("/providers/").text

    assert '?provider=lab">1</a>' in page
    assert '?provider=p7">0</a>' in page


def test_an_empty_list_leads_to_the_first_provider(signed_in):
    assert "Add a provider" in signed_in("admin").get("/providers/").text
    assert "An admin adds them here" in signed_in("viewer").get("/providers/").text


def test_a_credential_is_kept_and_never_shown_again(signed_in, lab):
    client = signed_in("owner")

    saved = client.post("/providers/lab/credentials/", {"label": "default", "secret": CANARY}, follow=True)
    pages = [client.get(path).text for path in ("/providers/lab/", "/providers/", "/settings/", "/models/")]
    failed = client.post("/providers/lab/change/", {"name": "", "base_url": "x"})

    assert "ends in" in saved.text
    assert "Z9QX" in saved.text  # the last four
    for text in (saved.text, failed.text, *pages, str(list(AuditEvent.objects.values()))):
        assert CANARY not in text
    assert CANARY not in Credential.objects.get().sealed


def test_a_form_that_fails_does_not_give_the_secret_back(signed_in):
    values = {"name": "", "base_url": "http://127.0.0.1:9", "secret": CANARY}

    response = signed_in("admin").post("/providers/add/?kind=custom", values)

    assert response.status_code == 422
    assert CANARY not in response.text


def test_a_credential_of_the_same_label_is_replaced_and_one_is_removed(signed_in, lab):
    client = signed_in("admin")
    for secret in ("first-secret", "second-secret"):
        client.post("/providers/lab/credentials/", {"label": "default", "secret": secret})

    assert [reveal(row) for row in lab.credentials.all()] == ["second-secret"]

    client.post("/providers/lab/credentials/remove/", {"label": "default"})

    assert not lab.credentials.exists()
    assert client.post("/providers/lab/credentials/remove/", {"label": "default"}).status_code == 404


def test_a_new_address_clears_the_credentials_and_says_so(signed_in, lab):
    set_credential(actor=COMMAND_LINE, provider=lab, secret=CANARY)
    client = signed_in("admin")

    warned = client.get("/providers/lab/").text
    renamed = client.post("/providers/lab/change/", {"name": "Lab 2", "base_url": lab.base_url}, follow=True)
    kept = lab.credentials.count()
    moved = client.post(
        "/providers/lab/change/", {"name": "Lab 2", "base_url": "http://127.0.0.1:8/v1"}, follow=True
    )

    assert "A new address clears the credentials" in warned
    assert "credentials were cleared" not in renamed.text
    assert kept == 1
    assert "Its credentials were cleared" in moved.text
    assert not lab.credentials.exists()


def test_a_provider_is_paused_with_a_reason_resumed_and_removed(signed_in, lab):
    client = signed_in("admin")

    refused = client.post("/providers/lab/pause/", {"reason": " "})
    paused = client.post("/providers/lab/pause/", {"reason": "wrong bills"}, follow=True).text
    client.post("/providers/lab/resume/")
    resumed = Provider.objects.get().paused_reason
    removed = client.post("/providers/lab/remove/", follow=True).text

    assert refused.status_code == 422
    assert "“wrong bills”" in paused
    assert resumed == ""
    assert "Lab was removed" in removed
    assert client.get("/providers/lab/").status_code == 404


WRITES = ["check", "change", "pause", "resume", "remove", "credentials", "credentials/remove"]


@pytest.mark.parametrize("action", WRITES)
def test_a_viewer_changes_no_provider(signed_in, lab, action):
    pause_provider(actor=COMMAND_LINE, provider=lab, reason="stays")
    events = AuditEvent.objects.count()
    values = {"name": "x", "base_url": "http://127.0.0.1:8", "reason": "x", "label": "x", "secret": CANARY}

    assert signed_in("viewer").post(f"/providers/lab/{action}/", values).status_code == 403
    assert (AuditEvent.objects.count(), Provider.objects.get().paused_reason) == (events, "stays")


def test_a_viewer_is_offered_no_change(signed_in, lab):
    page = signed_in("viewer").get("/providers/lab/").text

    assert "<form" not in page.split('id="content"')[1]


@pytest.mark.parametrize("action", WRITES)
def test_a_post_without_its_csrf_token_changes_nothing(signed_in, lab, action):
    client: Client = signed_in("owner", enforce_csrf_checks=True)
    events = AuditEvent.objects.count()

    assert client.post(f"/providers/lab/{action}/", {"reason": "x"}).status_code == 403
    assert AuditEvent.objects.count() == events
