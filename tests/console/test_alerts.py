"""Pages of alerts, deliveries and channels."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from llmhub.alerts import alert, outbox
from llmhub.alerts.channel import create_channel
from llmhub.alerts.models import Alert, Channel, Delivery
from llmhub.alerts.sending import send_due
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from llmhub.people.membership import set_member
from llmhub.people.models import Membership, Team, User
from tests.alerts.found import finding
from tests.alerts.receiver import receiving, verified

pytestmark = pytest.mark.django_db


@pytest.fixture
def smtp(settings):
    """E-mail works; Django keeps what is sent."""
    settings.SMTP_URL = "smtp://127.0.0.1:1?from=hub@example.org"
    return settings


def fired(**values) -> Alert:
    return alert.observe(finding(**values), now=clock.now())


def test_what_fires_stands_first_and_what_is_over_below(signed_in):
    fired(title="It fires & burns")
    over = fired(subject="other", title="It was so")
    alert.resolve(over, text="Somebody set a price.", now=clock.now())

    page = signed_in("viewer").get("/alerts/").text

    assert page.index("It fires &amp; burns") < page.index("History") < page.index("It was so")
    assert "Somebody set a price." in page
    assert "Acknowledge" not in page
    assert "sent nowhere" in page


def test_the_history_is_filtered_and_only_it_is_swapped(signed_in):
    team = Team.objects.create(slug="support", name="Support")
    for subject, values in (("a", {"team_id": team.pk}), ("b", {"rule": "provider"})):
        alert.resolve(fired(subject=subject, title=f"Alert {subject}", **values), text="", now=clock.now())
    client, swap = signed_in("viewer"), {"HX-Request": "true"}

    assert (
        client.get("/alerts/?rule=provider", headers=swap)
        .text.lstrip()
        .startswith('<div id="alert-history">')
    )
    assert "Alert b" in client.get("/alerts/?rule=provider").text
    assert "Alert b" not in client.get("/alerts/?team=support").text
    assert "No alert fits" in client.get("/alerts/?rule=ledger").text


def test_the_list_takes_a_fixed_number_of_queries(signed_in, django_assert_num_queries):
    client = signed_in()
    for number in range(30):
        fired(subject=str(number))

    # session, person, organisation; resolved, firing, teams, whether anybody is told
    with django_assert_num_queries(7):
        client.get("/alerts/")


def test_it_is_acknowledged_and_put_off_by_button(signed_in):
    row, client = fired(), signed_in("admin")
    assert "1 alert fires" in client.get("/").text

    client.post(f"/alerts/{row.pk}/acknowledge/")
    page = client.post(f"/alerts/{row.pk}/snooze/", {"minutes": "60", "from": "alert"}, follow=True).text

    assert "admin@example.com sees to it" in page
    assert "Put off until" in page
    assert "alert fires" not in client.get("/").text
    assert client.post(f"/alerts/{row.pk}/snooze/", {"minutes": "5"}, follow=True).status_code == 200
    alert.resolve(row, text="", now=clock.now())
    assert "does not fire" in client.post(f"/alerts/{row.pk}/acknowledge/", follow=True).text


@pytest.mark.parametrize(("minutes", "asks"), [(1, False), (-1, True)])
def test_every_page_tells_of_one_that_was_put_off_when_its_time_is_over(signed_in, minutes, asks):
    Alert.objects.filter(pk=fired().pk).update(snoozed_until=clock.now() + timedelta(minutes=minutes))

    assert ("nav-count" in signed_in().get("/settings/").text) == asks


def test_its_page_has_the_numbers_and_who_was_told(signed_in, smtp):
    create_channel(actor=COMMAND_LINE, name="team mail", kind="email", address="a@example.org")
    row = fired(facts={"unpriced": 3, "requests": 9, "models": ["a", "b"]})
    send_due()

    page = signed_in("viewer").get(f"/alerts/{row.pk}/").text

    for said in ("<dt>unpriced</dt>", "a, b", "team mail", "Sent", "3 of 9 calls are of unknown cost."):
        assert said in page


def test_a_webhook_is_made_tested_paused_given_a_secret_and_removed(signed_in, settings):
    with receiving() as receiver:
        settings.EGRESS_ALLOW = [f"127.0.0.1:{receiver.port}"]
        client = signed_in("admin")
        new = {"name": "ops", "kind": "webhook", "address": receiver.url, "rules": ["budget"]}
        new |= {"quiet": "22:00-07:00", "time_zone": "Europe/Berlin"}
        page = client.post("/alerts/channels/add/", new)
        secret = re.search(r"whsec_[A-Za-z0-9+/=]+", page.text)[0]
        row = Channel.objects.get()
        here = f"/alerts/channels/{row.pk}/"

        assert "was sent by ops" in client.post(f"{here}test/", follow=True).text
        [(headers, body)] = receiver.got
        assert verified(secret, headers, body)
        listed = client.get("/alerts/channels/").text
        assert "Budget threshold" in listed
        assert "/hook" not in listed  # a path may be a secret
        other = re.search(r"whsec_[A-Za-z0-9+/=]+", client.post(f"{here}secret/").text)[0]
        assert other != secret
        page = client.get(here).text
        assert secret not in page
        assert "22:00-07:00 (Europe/Berlin)" in page

    assert "cannot be reached" in client.post(f"{here}test/", follow=True).text
    assert "told of nothing" in client.post(f"{here}pause/", {"do": "pause"}, follow=True).text
    client.post(here, {"name": "night", "address": receiver.url})
    row.refresh_from_db()
    assert (row.name, row.rules, row.paused) == ("night", [], True)
    client.post(f"{here}remove/")
    assert client.get(here).status_code == 404
    assert "Given up" in client.get("/alerts/deliveries/").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"kind": "webhook", "address": "http://169.254.169.254/latest"}, "metadata"),
        ({"kind": "webhook", "address": "file:///etc/passwd"}, "references are read on the server"),
        ({"kind": "webhook", "address": ""}, "no web address"),
        ({"kind": "email", "address": "not an address"}, "is no e-mail address"),
        ({"kind": "chat", "address": "json://127.0.0.1/"}, "use the signed webhook"),
        ({"kind": "chat", "address": "slack://T/"}, "use the signed webhook"),
        ({"kind": "email", "name": ""}, "required"),
        ({"kind": "pigeon"}, "Select a valid choice"),
        ({"kind": "email", "quiet": "7-8"}, "write two times of a day such as 22:00-07:00"),
    ],
)
def test_what_cannot_be_told_is_refused_at_its_field(signed_in, smtp, form, said):
    answer = signed_in("admin").post("/alerts/channels/add/", {"name": "ops", **form})

    assert answer.status_code == 422
    assert said in answer.text
    assert not Channel.objects.exists()


def test_without_a_mail_server_e_mail_says_what_to_set(signed_in):
    page = signed_in("admin").post("/alerts/channels/add/", {"name": "us", "kind": "email"})

    assert page.status_code == 422
    assert "set LLMHUB_SMTP_URL and restart" in page.text


def test_with_a_mail_server_owners_are_told_with_nothing_else_set_up(signed_in, smtp):
    signed_in("owner")
    signed_in("admin")

    fired()
    send_due()

    [sent] = mail.outbox
    assert sent.to == ["owner@example.com"]
    assert sent.subject == "[llmhub] Nobody knows what calls of acme/small-1 cost"
    assert "/models/acme/small-1/" in sent.body
    assert "all owners" in signed_in("viewer").get("/alerts/channels/").text


def test_the_channel_of_owners_stays_removed(signed_in, smtp):
    fired()
    signed_in("owner").post(f"/alerts/channels/{Channel.objects.get().pk}/remove/")

    fired(subject="another")

    assert not Channel.objects.there().exists()
    assert Delivery.objects.count() == 1


def test_a_message_that_was_given_up_is_sent_again(signed_in, smtp):
    create_channel(actor=COMMAND_LINE, name="us", kind="email")
    fired()
    Delivery.objects.update(state="failed")
    client = signed_in("owner")

    client.post(f"/alerts/deliveries/{Delivery.objects.get().pk}/again/")
    send_due()

    assert Delivery.objects.get().state == "sent"
    assert "No message fits" in client.get("/alerts/deliveries/?state=failed").text
    again = client.post(f"/alerts/deliveries/{Delivery.objects.get().pk}/again/", follow=True)
    assert "nothing to send again" in again.text


def test_what_is_held_says_until_when_and_a_digest_what_it_is(signed_in, smtp):
    at = datetime(2026, 11, 16, 23, tzinfo=UTC)
    create_channel(actor=COMMAND_LINE, name="us", kind="email", quiet="22:00-07:00", time_zone="UTC")
    for subject in "ab":
        alert.observe(finding(subject=subject), now=at)
    client = signed_in("owner")
    here = f"/alerts/channels/{Channel.objects.get().pk}/"

    assert "2 messages wait for the end" in client.get(here).text
    assert client.get("/alerts/deliveries/?state=held").text.count("Held") == 2
    outbox.end_quiet(at + timedelta(hours=9))
    send_due()

    page = client.get("/alerts/deliveries/").text
    assert "Digest of what was held in quiet hours" in page
    assert page.count("in a digest") == 2
    [sent] = mail.outbox
    assert sent.subject == "[llmhub] While it was quiet: 2 alerts fire"
    assert sent.body.count("Firing since 23:00: Nobody knows") == 2


def test_who_sees_only_their_teams_has_the_number_of_their_alerts_in_the_menu(signed_in):
    """The negative control: somebody of another team."""
    teams = [Team.objects.create(slug=slug, name=slug) for slug in ("support", "search")]
    client = signed_in("member")
    user = User.objects.get(email="member@example.com")
    for subject, team in (("a", teams[0]), ("b", teams[0]), ("c", teams[1])):
        fired(subject=subject, team_id=team.pk)

    numbers = []
    for team in teams:
        set_member(actor=COMMAND_LINE, team=team, user=user, role="manager")
        numbers.append(re.search(r'nav-count"><span [^>]*>: </span>(\d+)<', client.get("/budgets/").text)[1])
        Membership.objects.all().delete()

    assert numbers == ["2", "1"]
    assert "nav-count" not in client.get("/budgets/").text


def test_thresholds_of_one_budget_are_one_line_and_others_are_not(signed_in):
    for threshold, subject in ((50, "budget:1"), (80, "budget:1"), (50, "budget:2")):
        fired(rule="budget", subject=subject, period=7, threshold=threshold, title=f"{subject} {threshold} %")
    fired(rule="budget", subject="budget:1", period=8, threshold=50, title="another period")

    page = signed_in("admin").get("/alerts/")

    lines = [(each.row.title, [lower.threshold for lower in each.below]) for each in page.context["firing"]]
    assert sorted(lines) == [("another period", []), ("budget:1 80 %", [50]), ("budget:2 50 %", [])]
    assert page.text.count("Fires too:") == 1


def test_who_may_not_acknowledge_it_has_no_button(signed_in):
    """A manager sees an alert of everybody's beside one of their team; the control is the team's."""
    team = Team.objects.create(slug="support", name="Support")
    mine, everybodys = fired(subject="a", team_id=team.pk), fired(subject="b")
    client = signed_in("viewer")
    set_member(
        actor=COMMAND_LINE, team=team, user=User.objects.get(email="viewer@example.com"), role="manager"
    )

    page = client.get("/alerts/").text

    assert f"/alerts/{mine.pk}/acknowledge/" in page
    assert f"/alerts/{everybodys.pk}/acknowledge/" not in page
