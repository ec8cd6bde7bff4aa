"""Channels of a team: who manages it sees to them, and to no other."""

from __future__ import annotations

import pytest

from llmhub.alerts import alert, owners
from llmhub.alerts.channel import change_channel, create_channel, remove_channel, send_again
from llmhub.alerts.channel import test_channel as send_a_test
from llmhub.alerts.models import Channel, Delivery
from llmhub.alerts.reading import deliveries
from llmhub.alerts.sending import way_of
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.lib import clock
from llmhub.people.membership import set_member
from llmhub.people.models import Team
from llmhub.people.person import create_user
from llmhub.people.roles import NotAllowed
from llmhub.people.team import create_team
from tests.alerts.found import finding

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return create_team(actor=COMMAND_LINE, name="Support")


@pytest.fixture
def other():
    return create_team(actor=COMMAND_LINE, name="Search")


def manager(*teams: Team, role: str = "manager") -> Actor:
    return Actor(
        kind="user", label="mia", role="member", id=7, teams=dict.fromkeys([t.pk for t in teams], role)
    )


def made(actor: Actor, receiver, team: Team | None, name: str = "ours") -> Channel:
    return create_channel(actor=actor, name=name, kind="webhook", address=receiver.url, team=team)[0]


def test_a_manager_makes_changes_tests_and_removes_a_channel_of_the_team(team, receiver):
    mia = manager(team)
    row = made(mia, receiver, team)

    change_channel(actor=mia, channel=row, rules=["budget"])
    assert send_a_test(actor=mia, channel=row).state == "sent"
    remove_channel(actor=mia, channel=row)

    assert not Channel.objects.there().exists()


@pytest.mark.parametrize("whose", ["nobody's", "another team's"])
def test_a_manager_has_nothing_to_do_with_any_other_channel(team, other, receiver, whose):
    mia, theirs = manager(team), None if whose == "nobody's" else other
    row = made(COMMAND_LINE, receiver, theirs)
    own = made(mia, receiver, team, "own")

    for act in (
        lambda: made(mia, receiver, theirs, "more"),
        lambda: change_channel(actor=mia, channel=row, paused=True),
        lambda: change_channel(actor=mia, channel=row, team=team),
        lambda: change_channel(actor=mia, channel=own, team=theirs),
        lambda: send_a_test(actor=mia, channel=row),
        lambda: remove_channel(actor=mia, channel=row),
        lambda: send_again(actor=mia, delivery=Delivery(channel=row)),
    ):
        with pytest.raises(NotAllowed):
            act()

    assert list(Channel.objects.there().seen_by(mia)) == [own]
    assert Channel.objects.there().seen_by(manager(team, role="member")).count() == 0
    assert Channel.objects.there().seen_by(COMMAND_LINE).count() == 2


def test_it_is_told_of_the_alerts_of_its_team_alone(team, other, receiver):
    ours, every = made(manager(team), receiver, team), made(COMMAND_LINE, receiver, None, "every")

    for number, whose in enumerate((team, other, None)):
        found = finding(subject=str(number), team_id=whose.pk if whose else None)
        alert.observe(found, now=clock.now())

    told = {row: Delivery.objects.filter(channel=row).count() for row in (ours, every)}
    assert told == {ours: 1, every: 3}


def test_what_a_channel_was_told_of_another_team_is_not_shown_to_its_new_one(team, other, receiver):
    row = made(COMMAND_LINE, receiver, other)
    alert.observe(finding(team_id=other.pk), now=clock.now())

    change_channel(actor=COMMAND_LINE, channel=row, team=team)
    alert.observe(finding(subject="ours", team_id=team.pk), now=clock.now())

    shown = [each.transition.alert.subject for each in deliveries(manager(team))]
    assert shown == ["ours"]
    assert deliveries(COMMAND_LINE).count() == 2


def test_e_mail_without_addresses_is_for_who_manages_the_team(team, settings):
    settings.SMTP_URL = "smtp://127.0.0.1:1?from=hub@example.org"
    boss = create_user(actor=COMMAND_LINE, email="boss@example.org", role="owner")
    mia = create_user(actor=COMMAND_LINE, email="mia@example.org", role="member")
    row, _ = create_channel(actor=manager(team), name="mail", kind="email", team=team)

    assert way_of(row).recipients == (boss.email,)  # nobody manages it yet
    set_member(actor=COMMAND_LINE, team=team, user=mia, role="manager")
    assert way_of(row).recipients == (mia.email,)


def test_managers_are_told_of_their_team_with_the_owners_and_of_no_other(team, other, settings):
    settings.SMTP_URL = "smtp://127.0.0.1:1?from=hub@example.org"
    boss = create_user(actor=COMMAND_LINE, email="boss@example.org", role="owner")
    mia = create_user(actor=COMMAND_LINE, email="mia@example.org", role="member")
    max_ = create_user(actor=COMMAND_LINE, email="max@example.org", role="member")
    set_member(actor=COMMAND_LINE, team=team, user=mia, role="manager")
    set_member(actor=COMMAND_LINE, team=team, user=max_, role="member")
    theirs, elsewhere, everybodys = (
        alert.observe(finding(subject=f"a{number}", team_id=whose), now=clock.now()).transitions.last()
        for number, whose in enumerate((team.pk, other.pk, None))
    )
    row = Channel.objects.get(name="owners")

    assert way_of(row, theirs).recipients == (boss.email, mia.email)
    assert way_of(row, elsewhere).recipients == way_of(row, everybodys).recipients == (boss.email,)
    assert way_of(row).recipients == (boss.email,)  # a digest, a test
    create_channel(actor=manager(team), name="mail", kind="email", team=team, rules=["unpriced"])
    assert way_of(row, theirs).recipients == (boss.email,)  # their own channel tells them


def test_owners_are_told_whatever_channels_teams_have(team, settings):
    settings.SMTP_URL = "smtp://127.0.0.1:1?from=hub@example.org"
    create_channel(actor=manager(team), name="mail", kind="email", team=team)

    owners.see_to_channel()
    owners.see_to_channel()

    assert sorted(Channel.objects.values_list("name", flat=True)) == ["mail", "owners"]
