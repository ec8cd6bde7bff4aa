"""Who still calls what ends soon is written down, once for each threshold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.callers import callers
from billing.retirement_models import RetirementNotice
from billing.retirement_notice import notice_due, still_called
from billing.tasks import notice_retirements
from catalog.entry import create_entry, update_entry
from llmhub.alerts.models import Alert
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry():
    ends = clock.now().date() + timedelta(days=70)
    return create_entry(actor=COMMAND_LINE, slug="acme/old", sunset_on=ends)


def test_each_threshold_is_told_once(entry):
    told = []
    for day in range(72):
        now = clock.now() + timedelta(days=day)
        for _ in range(2):  # two workers, or one that ran twice
            told += [(day, notice.threshold_days) for notice in notice_due(now)]

    assert told == [(10, 60), (40, 30), (63, 7), (69, 1)]


def test_a_new_end_is_told_again(entry):
    late = clock.now() + timedelta(days=65)
    notice_due(late)
    update_entry(actor=COMMAND_LINE, entry=entry, sunset_on=late.date() + timedelta(days=20))

    assert [notice.threshold_days for notice in notice_due(late)] == [30]


def test_what_is_still_called_names_the_keys(entry):
    bot = rows.key(rows.team())
    idle = rows.key(rows.team("sales"), name="idle")
    now = clock.now() + timedelta(days=65)
    for day in (1, 2, 40):  # the last one is too long ago
        rows.usage(now - timedelta(days=day), key_id=bot.pk, team_id=bot.team_id, entry_id=entry.pk)
    rows.usage(now, key_id=idle.pk, team_id=idle.team_id, entry_id=entry.pk + 1)  # another model
    rows.usage(now, key_id=idle.pk, team_id=idle.team_id, entry_id=entry.pk, status="adjusted")  # no call

    notice_due(now)

    (caller,) = callers(entry.pk, now=now)
    assert (caller.key, caller.requests, caller.spend_nano) == (bot, 2, 2000)
    (notice,) = still_called(clock.now())
    assert notice.callers == [{"key": "bot", "team": "support", "requests": 2}]
    assert RetirementNotice.objects.count() == 1
    assert still_called(clock.now() + timedelta(days=80)) == []


def test_the_task_writes_notices_down_and_tells_the_teams(entry):
    bot = rows.key(rows.team())
    update_entry(actor=COMMAND_LINE, entry=entry, sunset_on=clock.now().date() + timedelta(days=5))
    rows.usage(clock.now(), key_id=bot.pk, team_id=bot.team_id, entry_id=entry.pk)

    assert (notice_retirements(), notice_retirements()) == (1, 0)

    assert list(Alert.objects.values_list("rule", "threshold", "team__slug")) == [
        ("retirement", 7, "support")
    ]
