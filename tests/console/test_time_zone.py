"""By which clock a person sees times and days: their own, or the organisation's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.forms import Select
from pytest_django.asserts import assertHTMLEqual

from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.cli.main import run
from llmhub.lib import clock, ids
from llmhub.people import organisation
from llmhub.people.forms import ZoneForm
from llmhub.people.models import User
from llmhub.templatetags.hub import control
from tests.billing import rows

pytestmark = pytest.mark.django_db
LATE = datetime(2026, 3, 10, 22, 30, tzinfo=UTC)  # the 11th in Kathmandu


@pytest.fixture(autouse=True)
def calls(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 12, 12, tzinfo=UTC))
    organisation.describe(actor=COMMAND_LINE, name="Acme", time_zone="UTC")
    return rows.usage(LATE, cost_nano=5 * 10**9)


@pytest.mark.parametrize("chosen", ["", "Asia/Kathmandu", 'none">'])
def test_the_choice_of_a_zone_is_what_django_would_draw(chosen):
    form = ZoneForm({"time_zone": chosen})
    drawn = control(form["time_zone"])

    form.fields["time_zone"].widget.__class__ = Select

    assertHTMLEqual(drawn, control(form["time_zone"]))


def test_who_chose_a_zone_sees_days_and_times_by_it(signed_in, calls):
    client, other = signed_in("viewer"), signed_in("admin")
    day = "/spend/?since=2026-03-11&until=2026-03-11"
    assert client.get(day).context["report"].total.requests == 0

    saved = client.post("/profile/", {"part": "zone", "time_zone": "Asia/Kathmandu"}, follow=True)

    assert "Time zone saved" in saved.text
    assert client.get(day).context["report"].total.requests == 1
    assert "Asia/Kathmandu" in client.get(day).text
    assert other.get(day).context["report"].total.requests == 0
    assert "04:15:00" in client.get(f"/requests/{ids.request_id(calls.pk)}/").text
    assert "22:30:00" in other.get(f"/requests/{ids.request_id(calls.pk)}/").text
    event = AuditEvent.objects.get(action="user.time_zone_set")
    assert (event.before, event.after) == ({"time_zone": ""}, {"time_zone": "Asia/Kathmandu"})
    client.post("/profile/", {"part": "zone", "time_zone": ""})
    assert client.get(day).context["report"].total.requests == 0


def test_what_is_no_zone_is_refused_on_page_api_and_command(signed_in, api_as, capsys):
    assert signed_in("viewer").post("/profile/", {"part": "zone", "time_zone": "Mars"}).status_code == 422
    person = User.objects.latest("pk")
    owner = api_as("owner")
    assert owner.patch(f"/people/{person.pk}", time_zone="Mars").status_code == 422
    assert (
        owner.patch(f"/people/{person.pk}", time_zone="Europe/Berlin").json()["time_zone"] == "Europe/Berlin"
    )
    assert run(["user", "time-zone", person.email, "Mars"]) == 1
    assert "no time zone" in capsys.readouterr().err
    assert run(["user", "time-zone", person.email]) == 0
    person.refresh_from_db()
    assert person.time_zone == ""
