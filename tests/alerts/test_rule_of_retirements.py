"""Each team that still calls what ends soon is told at 60, 30, 7 and 1 days, and that it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing import retirement_alerts
from billing.retirement_notice import notice_due
from catalog.entry import create_entry, update_entry
from llmhub.alerts.models import Alert
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def old():
    create_entry(actor=COMMAND_LINE, slug="acme/new")
    ends = clock.now().date() + 70 * DAY
    return create_entry(actor=COMMAND_LINE, slug="acme/old", sunset_on=ends, replacement="acme/new")


@pytest.fixture
def bot(old):
    bot = rows.key(rows.team())
    for day in range(0, 70, 5):
        rows.usage(
            clock.now() + day * DAY, key_id=bot.pk, team_id=bot.team_id, entry_id=old.pk, requested="acme/old"
        )
    return bot


def look(day: int) -> list[tuple]:
    now = clock.now() + day * DAY
    notice_due(now)
    retirement_alerts.look(now)
    retirement_alerts.look(now)  # two workers, or one that ran twice
    return list(Alert.objects.order_by("-threshold").values_list("threshold", "severity", "state"))


def test_each_reminder_takes_the_place_of_the_one_before_until_the_end(old, bot):
    assert look(9) == []
    assert look(10) == [(60, "notice", "firing")]
    assert look(40) == [(60, "notice", "resolved"), (30, "notice", "firing")]
    assert look(63)[-1] == (7, "warning", "firing")
    assert look(69)[-1] == (1, "critical", "firing")
    assert {state for _, _, state in look(70)} == {"resolved"}
    texts = dict(Alert.objects.values_list("threshold", "text"))
    assert texts[1] == "It has ended: calls are refused with 410."
    assert texts[60] == "The next reminder has come."


def test_it_says_who_calls_what_and_what_to_do(old, bot):
    look(10)

    alert = Alert.objects.get()
    assert alert.title == "Support still calls acme/old, which ends in 60 days"
    assert "bot (3 calls)" in alert.text
    assert "Use acme/new instead" in alert.text
    assert (alert.team_id, alert.path) == (bot.team_id, "/retirements/")
    assert alert.facts["callers"] == [{"key": bot.pk, "name": "bot", "requests": 3}]
    assert alert.facts["replacement"] == "acme/new"


def test_each_team_is_told_of_its_own_keys_and_nobody_of_keys_that_are_revoked(old, bot):
    sales = rows.team("sales")
    gone = rows.key(rows.team("gone"), name="gone", revoked_at=clock.now())
    for key in (rows.key(sales, name="crm"), gone):
        rows.usage(clock.now() + 9 * DAY, key_id=key.pk, team_id=key.team_id, entry_id=old.pk)

    look(10)

    assert set(Alert.objects.values_list("team__slug", flat=True)) == {"support", "sales"}


def test_a_model_that_is_to_stay_is_told_of_no_more(old, bot):
    look(10)
    update_entry(actor=COMMAND_LINE, entry=old, sunset_on=None)

    look(11)

    (alert,) = Alert.objects.all()
    assert (alert.state, alert.text[:16]) == ("resolved", "It is to stay, e")
