"""The pages of providers, against the simulator on a real port."""

from __future__ import annotations

import pytest
from django.test import Client

from catalog import offer_scores
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from providers import statistics_rows
from providers.check import Check, Outcome
from providers.credential import reveal, set_credential
from providers.credential_state import take_out
from providers.degradation_watch import Baselines, minute_of
from providers.evidence_models import Degradation
from providers.models import Credential, Provider
from providers.provider import create_provider, pause_provider
from providers.saved_check import keep_check
from providers.tally import Outcome as Ended
from providers.tally import Tally

pytestmark = pytest.mark.django_db
CANARY = "sk-canary-4f1d9c77e0ab-Z9QX"


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_a_check_of_a_saved_provider_shows_what_it_found(signed_in, simulator):
    create_provider(
        actor=COMMAND_LINE, slug="sim", name="Sim", kind="custom", base_url=simulator.path("models/2")
    )

    answer = signed_in("admin").post("/providers/sim/check/", headers={"HX-Request": "true"})
    panel = one_line(signed_in("admin").get("/providers/sim/listed/", headers={"HX-Request": "true"}).text)

    assert answer.text.startswith('<section class="card mb-3" id="provider-status"')
    assert "provider-checked" in answer["HX-Trigger"]  # the panel of the list is asked for again
    assert "2 models, just now" in panel
    assert "/providers/sim/models/add/?upstream_id=sim-small" in panel
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

    with django_assert_num_queries(5):  # session, person, organisation, providers, scores
        page = client.get("/providers/").text

    assert '?provider=lab">1</a>' in page
    assert '?provider=p7">0</a>' in page


def test_the_page_shows_the_day_what_is_asked_and_what_changed(signed_in, lab):
    for outcome, said in ((Outcome.OK, "it answers"), (Outcome.TIMEOUT, "no answer <i>in time</i>")):
        keep_check(lab, Check(outcome, said, latency_ms=1200), [])

    page = one_line(signed_in("viewer").get("/providers/lab/").text)

    assert "Failed its last check</span>" in page
    assert "It was well before: one more such check and it counts as down" in page
    assert f"GET {lab.base_url}/models" in page
    assert "just now</time>, in 1.2 s" in page
    assert page.count('class="strip-idle"') == 95
    assert page.count('class="strip-bad"') == 1
    assert "failed in 1 quarter of an hour" in page
    assert "not known →</span> well" in page
    assert "<i>in time</i>" not in page


def test_where_nothing_was_checked_nothing_is_shown_and_nothing_is_red(signed_in, lab):
    Provider.objects.update(needs_credential=True)
    signed_in("admin").post("/providers/lab/check/")  # the page does so by itself at its first sight

    page = signed_in("viewer").get("/providers/lab/").text

    assert "Needs a credential" in page
    assert "state-bad" not in page
    assert 'class="strip"' not in page
    assert "· checked" not in page
    assert ">never<" in signed_in("viewer").get("/providers/").text
    assert "free call:" not in page


def test_the_list_says_why_one_is_in_trouble_and_how_long_a_check_took(signed_in, lab):
    keep_check(lab, Check(Outcome.UNREACHABLE, "connection refused: is it on?", latency_ms=30), [])

    page = one_line(signed_in("viewer").get("/providers/").text)

    assert '<div class="text-secondary small evidence">Connection refused: is it on?</div>' in page
    assert "just now</time>, in 30 ms" in page


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


WRITES = [
    "check", "change", "pause", "resume", "remove", "credentials", "credentials/remove",
    "credentials/weight", "credentials/use-again",
]  # fmt: skip


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


def two_credentials(lab):
    for label, weight in (("first", 3), ("second", 2)):
        set_credential(
            actor=COMMAND_LINE, provider=lab, label=label, secret=f"{CANARY}{label}", weight=weight
        )
    return {row.label: row for row in lab.credentials.all()}


def credentials_of(page: str) -> str:
    return one_line(page.split('id="credentials"')[1].split("</section>")[0])


def test_each_credential_shows_its_state_and_its_share(signed_in, lab):
    kept = two_credentials(lab)
    take_out(kept["second"].pk, kept["second"], reason="the provider refuses llmhub's credential")

    part = credentials_of(signed_in("viewer").get("/providers/lab/").text)

    assert "100 % of calls" in part
    assert "Taken out" in part
    assert "“the provider refuses llmhub&#x27;s credential”" in part
    assert "<form" not in part


def test_a_weight_is_changed(signed_in, lab):
    two_credentials(lab)
    client = signed_in("admin")

    page = client.post("/providers/lab/credentials/weight/", {"label": "second", "weight": 1}, follow=True)
    wrong = client.post("/providers/lab/credentials/weight/", {"label": "second", "weight": -1})
    gone = client.post("/providers/lab/credentials/weight/", {"label": "third", "weight": 1})

    assert "75 % of calls" in credentials_of(page.text)
    assert (wrong.status_code, gone.status_code) == (422, 404)
    assert "greater than or equal to 0" in credentials_of(wrong.text)


def test_one_that_was_taken_out_is_used_again_when_a_person_says_so(signed_in, lab):
    kept = two_credentials(lab)
    take_out(kept["second"].pk, kept["second"], reason="refused")
    client = signed_in("admin")
    assert "1 of 2 credentials is out</span>" in client.get("/providers/").text

    page = client.post("/providers/lab/credentials/use-again/", {"label": "second"}, follow=True)

    assert "used again" in page.text
    assert Credential.objects.get(label="second").disabled_reason == ""


def test_one_more_credential_never_takes_the_label_of_another_by_itself(signed_in, lab):
    client = signed_in("admin")
    for _ in range(3):
        label = client.get("/providers/lab/").context["credential_form"]["label"].value()
        client.post("/providers/lab/credentials/", {"label": label, "weight": 2, "secret": CANARY + label})

    assert [(row.label, row.weight) for row in lab.credentials.all()] == [
        ("default", 2),
        ("key-2", 2),
        ("key-3", 2),
    ]


def test_replacing_keeps_the_weight_and_uses_it_again(signed_in, lab):
    kept = two_credentials(lab)
    take_out(kept["first"].pk, kept["first"], reason="refused")

    signed_in("admin").post("/providers/lab/credentials/", {"label": "first", "secret": "sk-another-secret"})

    row = Credential.objects.get(label="first")
    assert (reveal(row), row.weight, row.disabled_reason) == ("sk-another-secret", 3, "")


def test_a_check_offers_to_use_one_again_that_passed_it(signed_in, simulator):
    lab = create_provider(
        actor=COMMAND_LINE, slug="sim", name="Sim", kind="custom", base_url=simulator.path("models/1")
    )
    kept = two_credentials(lab)
    take_out(kept["first"].pk, kept["first"], reason="refused")

    part = one_line(signed_in("admin").post("/providers/sim/check/", headers={"HX-Request": "true"}).text)

    assert 'id="credentials" hx-swap-oob="true"' in part
    assert "it can be used again" in part
    assert Credential.objects.get(label="first").disabled_reason == "refused"


def test_a_provider_without_calls_has_no_score_and_says_so(signed_in, lab):
    Provider.objects.update(checked_at=clock.now(), check_latency_ms=12, check_message="it lists 2 models")
    admin = signed_in("admin")

    panel = one_line(admin.get("/providers/lab/evidence/", headers={"HX-Request": "true"}).text)

    assert "no traffic" in panel
    assert "What is known is from a free check" in panel
    assert "it lists 2 models" in panel
    assert "no traffic" in admin.get("/providers/").text


@pytest.mark.parametrize(("calls", "words"), [(100, "95.6"), (7, "below 20 calls")])
def test_a_provider_with_calls_shows_its_score_with_its_terms_and_what_it_is_made_of(
    signed_in, offer, calls, words
):
    minute, tally = minute_of(clock.now()), Tally()
    for _ in range(calls):
        tally.add(Ended("ok", latency_ms=800, tokens_per_second=50))
    statistics_rows.write([statistics_rows.row_of(statistics_rows.Kept(offer.pk, minute, "a", tally))])
    offer_scores.look(baselines=Baselines())
    admin = signed_in("admin")

    panel = one_line(admin.get("/providers/lab/evidence/", headers={"HX-Request": "true"}).text)

    assert words in panel
    assert f"{calls} calls in the last 2 hours" in panel
    assert ("55.6 of 60" in panel) is (calls == 100)
    assert 'data-chart="latency-figure"' in panel
    assert words in admin.get("/providers/").text
    assert "<html" in admin.get("/providers/lab/evidence/").text


def test_what_has_degraded_is_said_with_its_numbers(signed_in, offer):
    Degradation.objects.create(
        provider=offer.provider,
        target_id=offer.pk,
        label="acme/small-1",
        measure="errors",
        began_at=clock.now(),
        began_with="48 of 240 calls failed",
    )

    panel = signed_in("admin").get("/providers/lab/evidence/").text

    assert "acme/small-1: more calls fail" in panel
    assert "48 of 240 calls failed" in panel
