"""Consent to keep what is said in a team's calls: who gives it, for how long, and what it leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError

from billing import content_clear
from billing.content_consent import in_force, switch_off, switch_on
from billing.content_models import CallContent
from billing.content_read import NotKept, answer_of, kept_until, open_content
from billing.content_state import of_team, switched_on
from billing.content_writer import MOST_BYTES, ContentWriter, Said, write
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock, secrets
from llmhub.people import organisation
from llmhub.people.roles import NotAllowed
from tests.billing import rows, said

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
ADMIN = Actor(kind="user", label="ada@example.org", role="admin")
VIEWER = replace(ADMIN, role="viewer")


def consent_of(team, until: date, **more):
    return switch_on(**({"actor": COMMAND_LINE, "team": team, "until": until, "reason": "a fault"} | more))


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def test_it_ends_with_the_last_day_by_the_time_zone_of_the_organisation(noon):
    organisation.describe(actor=COMMAND_LINE, name="Acme", time_zone="Europe/Berlin")
    team = rows.team()

    row = consent_of(team, date(2026, 5, 14))

    assert row.until == datetime(2026, 5, 14, 22, tzinfo=UTC)
    assert in_force(row.until - timedelta(seconds=1)) == {team.pk: row.until}
    assert in_force(row.until) == {}
    assert of_team(team, now=clock.now()).last_day == date(2026, 5, 14)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"until": date(2026, 5, 11)}, "until"),
        ({"until": date(2026, 8, 11)}, "until"),  # 91 days
        ({"reason": " "}, "reason"),
    ],
)
def test_it_is_for_a_reason_and_90_days_at_most(noon, more, field):
    with pytest.raises(ValidationError) as caught:
        consent_of(rows.team(), **({"until": date(2026, 8, 10)} | more))

    assert field in caught.value.message_dict
    assert in_force(NOON) == {}


@pytest.mark.parametrize("actor", [ADMIN, VIEWER])
def test_only_an_owner_switches_it(actor):
    team = rows.team()

    with pytest.raises(NotAllowed):
        consent_of(team, clock.now().date(), actor=actor)
    with pytest.raises(NotAllowed):
        switch_off(actor=actor, team=team)


def test_each_step_and_each_look_is_in_the_audit_log(settings):
    team = rows.team()
    said.keep(team)
    record = said.call(team)
    open_content(actor=ADMIN, row_id=record.pk)
    switch_off(actor=COMMAND_LINE, team=team)

    on, viewed, off = AuditEvent.objects.order_by("id")

    assert (on.action, on.object, on.before) == ("content.switched_on", "team:support", None)
    assert on.after["reason"] == "a fault"
    assert (viewed.action, viewed.actor, viewed.after) == (
        "content.viewed",
        "ada@example.org",
        {"team": "support"},
    )
    assert (off.action, off.after) == ("content.switched_off", {"content": "deleted"})


def test_what_may_not_be_read_is_not_and_leaves_no_trace_of_a_look():
    team = rows.team()
    said.keep(team)
    record = said.call(team)

    with pytest.raises(NotAllowed):
        open_content(actor=VIEWER, row_id=record.pk)

    assert not AuditEvent.objects.filter(action="content.viewed").exists()


def test_an_answer_is_repeated_whole_to_its_own_team_and_only_while_it_is_kept():
    team, other = rows.team(), rows.team("other")
    said.keep(team)
    made, cut, unsent = (said.call(team) for _ in range(3))
    CallContent.objects.filter(pk=cut.pk).update(answer_bytes=MOST_BYTES + 1)
    CallContent.objects.filter(pk=unsent.pk).update(answer=secrets.encrypt(""), answer_bytes=0)

    assert answer_of(made.pk, team_id=team.pk) == json.dumps(said.ANSWER)
    assert answer_of(made.pk, team_id=other.pk) is None
    assert answer_of(cut.pk, team_id=team.pk) is None
    assert answer_of(unsent.pk, team_id=team.pk) is None
    with time_machine.travel(clock.now() + timedelta(days=30)):
        assert answer_of(made.pk, team_id=team.pk) is None


def test_nothing_is_kept_of_a_team_that_did_not_agree_or_of_another():
    agreed, other = rows.team(), rows.team("other")
    said.keep(agreed)

    assert kept_until(said.call(agreed).pk, now=clock.now())
    assert kept_until(said.call(other).pk, now=clock.now()) is None
    assert CallContent.objects.count() == 1


def test_a_call_that_was_under_way_at_the_end_is_not_kept_even_if_it_begins_anew():
    team = rows.team()
    said.keep(team)
    begun = rows.usage(clock.now(), team_id=team.pk)
    switch_off(actor=COMMAND_LINE, team=team)
    late = Said(begun.pk, team.pk, clock.now() + timedelta(days=1), b"{}", b"{}", 2, 2)

    assert write([late]) == 0
    said.keep(team)
    assert write([late]) == 0
    assert said.call(team)
    assert CallContent.objects.count() == 1


@pytest.mark.parametrize("keeps", [False, True])
def test_the_end_deletes_at_once_unless_it_is_to_stay_until_its_day(keeps):
    team = rows.team()
    until = said.keep(team).until
    record = said.call(team)

    assert switch_off(actor=COMMAND_LINE, team=team, keeps=keeps) == (0 if keeps else 1)

    state = of_team(team, now=clock.now())
    assert (state.is_on, state.kept) == (False, int(keeps))
    assert kept_until(record.pk, now=clock.now()) == (until if keeps else None)
    assert CallContent.objects.count() == int(keeps)
    assert content_clear.clear() == 0
    if keeps:
        assert switch_off(actor=COMMAND_LINE, team=team) == 1
        assert not CallContent.objects.exists()


def test_on_the_day_it_is_not_shown_before_the_job_comes_and_then_it_is_gone():
    team = rows.team()
    until = said.keep(team, days=1).until
    record = said.call(team)

    with time_machine.travel(until, tick=False):
        with pytest.raises(NotKept):
            open_content(actor=COMMAND_LINE, row_id=record.pk)
        assert content_clear.clear() == 1
    assert not CallContent.objects.exists()


def test_a_later_day_is_for_later_calls_and_an_earlier_one_for_all():
    team = rows.team()
    first = said.keep(team, days=10).until
    record = said.call(team)

    said.keep(team, days=20)
    assert kept_until(record.pk, now=clock.now()) == first

    sooner = said.keep(team, days=3).until
    assert kept_until(record.pk, now=clock.now()) == sooner
    with time_machine.travel(sooner, tick=False):
        assert content_clear.clear() == 1


def test_what_was_to_be_gone_does_not_come_back_when_it_is_switched_on_again():
    team = rows.team()
    said.keep(team, days=10)
    record = said.call(team)
    until = said.keep(team, days=1).until

    with time_machine.travel(until + timedelta(minutes=1), tick=False):
        said.keep(team, days=5)
        assert kept_until(record.pk, now=clock.now()) is None
        assert content_clear.clear() == 1


def test_where_the_operator_forbids_it_it_is_refused_not_shown_and_deleted(settings):
    team = rows.team()
    said.keep(team)
    record = said.call(team)

    settings.CONTENT_ALLOWED = False

    assert in_force(clock.now()) == {}
    assert switched_on(now=clock.now()) == []
    with pytest.raises(ValidationError, match="LLMHUB_CONTENT=off"):
        said.keep(team)
    with pytest.raises(NotKept):
        open_content(actor=COMMAND_LINE, row_id=record.pk)
    assert content_clear.clear() == 1


def test_it_outlives_no_call(settings):
    team = rows.team()
    said.keep(team, days=80)
    said.call(team)

    settings.RETENTION_DAYS = 30

    assert content_clear.clear(clock.now() + timedelta(days=29)) == 0
    assert content_clear.clear(clock.now() + timedelta(days=31)) == 1


def test_it_is_sealed_with_the_first_key_and_read_with_any_of_the_ring(settings):
    old, new = "o" * 40, "n" * 40
    settings.LLMHUB_SECRET_KEYS = [old]
    team = rows.team()
    said.keep(team)
    record = said.call(team)
    row = CallContent.objects.get()
    assert "order" not in row.request
    assert "way" not in row.answer

    settings.LLMHUB_SECRET_KEYS = [new, old]
    assert "order 7" in open_content(actor=ADMIN, row_id=record.pk).request

    settings.LLMHUB_SECRET_KEYS = [new]
    with pytest.raises(secrets.Undecryptable):
        open_content(actor=ADMIN, row_id=record.pk)


def test_nothing_of_it_is_in_a_repr():
    team = rows.team()
    said.keep(team)
    content = open_content(actor=ADMIN, row_id=said.call(team).pk)
    waiting = Said(1, team.pk, clock.now(), b"order 7", b"its way", 7, 7)

    assert "order" not in f"{content!r} {waiting!r} {CallContent.objects.get()!r}"
    assert "way" not in f"{content!r} {waiting!r} {CallContent.objects.get()!r}"


def test_what_cannot_be_kept_up_with_is_counted_and_never_waited_for():
    writer = ContentWriter()
    writer.close(0)  # nobody writes

    writer.put(Said(1, 1, clock.now(), b"x", b"", 1, 0))

    assert (writer.kept, writer.lost) == (0, 1)
