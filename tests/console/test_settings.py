from __future__ import annotations

import pytest
from django.test import Client

from billing.rollup_models import Discrepancy
from llmhub.audit import log
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from llmhub.people import organisation
from llmhub.people.models import Organisation

pytestmark = pytest.mark.django_db


def test_the_page_shows_organisation_version_and_last_changes(signed_in, settings):
    settings.VERSION = "9.8.7"
    organisation.describe(actor=COMMAND_LINE, name="Acme", time_zone="Europe/Berlin")

    page = signed_in("viewer").get("/settings/").text

    assert "llmhub 9.8.7" in page
    assert 'value="Acme"' in page
    assert "organisation.changed" in page
    assert "command line" in page


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_who_may_configure_pauses_everything_with_a_reason_and_resumes(signed_in, role):
    client = signed_in(role)

    paused = client.post("/settings/pause/", {"reason": "Cost spike"}, follow=True)

    assert organisation.current().paused_reason == "Cost spike"
    assert "Everything is paused" in paused.text
    assert "“Cost spike”" in client.get("/profile/").text  # every page says so

    client.post("/settings/resume/")

    assert organisation.current().paused_reason == ""
    actions = list(AuditEvent.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["organisation.paused", "organisation.resumed"]


@pytest.mark.parametrize("path", ["/settings/pause/", "/settings/resume/", "/settings/organisation/"])
def test_a_viewer_changes_nothing(signed_in, path):
    organisation.pause(actor=COMMAND_LINE, reason="stays")

    response = signed_in("viewer").post(path, {"reason": "x", "name": "x", "time_zone": "UTC"})

    assert response.status_code == 403
    assert "your role does not allow this" in response.text
    assert (organisation.current().paused_reason, organisation.current().name) == ("stays", "llmhub")


def test_a_viewer_is_not_offered_what_is_refused(signed_in):
    viewer, owner = signed_in("viewer").get("/settings/").text, signed_in("owner").get("/settings/").text

    for offer in ("Pause everything", "Save</button>"):
        assert offer in owner
        assert offer not in viewer


def test_an_admin_does_not_rename_the_organisation(signed_in):
    response = signed_in("admin").post("/settings/organisation/", {"name": "Mine", "time_zone": "UTC"})

    assert response.status_code == 403
    assert organisation.current().name == "llmhub"


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_pause_needs_a_reason(signed_in, reason):
    response = signed_in().post("/settings/pause/", {"reason": reason})

    assert response.status_code == 422
    assert organisation.current().paused_reason == ""


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "time_zone": "UTC"},
        {"name": "A", "time_zone": "Mars/Olympus"},
        {"name": "A" * 101, "time_zone": "UTC"},
    ],
)
def test_a_bad_description_is_refused_and_the_form_shown_again(signed_in, form):
    response = signed_in().post("/settings/organisation/", form)

    assert response.status_code == 422
    assert "is-invalid" in response.text
    assert not Organisation.objects.exclude(name="llmhub").exists()


def test_saving_the_same_description_is_no_change(signed_in):
    signed_in().post("/settings/organisation/", {"name": "llmhub", "time_zone": "UTC"})

    assert not AuditEvent.objects.exists()


def test_saving_the_description_leaves_the_pause_as_it_is(signed_in):
    organisation.pause(actor=COMMAND_LINE, reason="Cost spike")

    signed_in().post("/settings/organisation/", {"name": "Acme", "time_zone": "Asia/Tokyo"})

    assert Organisation.objects.values_list("name", "time_zone", "paused_reason").get() == (
        "Acme",
        "Asia/Tokyo",
        "Cost spike",
    )


def test_times_are_shown_in_the_organisations_zone(signed_in):
    organisation.describe(actor=COMMAND_LINE, name="llmhub", time_zone="Asia/Tokyo")

    page = signed_in().get("/settings/").text

    assert "JST" in page
    assert "+09:00" in page


def test_what_people_wrote_is_escaped(signed_in):
    organisation.pause(actor=COMMAND_LINE, reason="<script>alert(1)</script>")

    page = signed_in().get("/settings/").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_page_takes_as_many_queries_as_it_shows_things(signed_in, django_assert_num_queries):
    client = signed_in()

    with django_assert_num_queries(6):  # session, person, organisation, audit events, content
        client.get("/settings/")


def test_a_stranger_signs_in_first():
    assert Client().get("/settings/").headers["Location"] == "/sign-in/?next=/settings/"


def test_a_sum_that_differs_from_the_ledger_is_an_alarm_until_it_agrees_again(signed_in):
    assert "differ from the ledger" not in signed_in().get("/settings/").text
    found = Discrepancy.objects.create(
        kind="spent", subject="team:support", period_start=0, expected=1, found=2, found_at=clock.now()
    )

    assert "team:support" in signed_in().get("/settings/").text

    Discrepancy.objects.filter(pk=found.pk).update(resolved_at=clock.now())
    assert "team:support" not in signed_in().get("/settings/").text


def test_a_change_is_told_in_words(signed_in):
    tiers = [{"input": "0.15", "output": "0.60"}]
    log.record(COMMAND_LINE, "price.set", "model:acme/small-1", after={"tiers": tiers, "params": {}})

    page = signed_in().get("/settings/").text

    assert "tiers <ins>input 0.15, output 0.60</ins>" in page
    assert "params <ins>none</ins>" in page
