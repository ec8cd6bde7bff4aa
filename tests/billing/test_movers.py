"""What moved spend, and the month against the one before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing.movers import movers
from billing.spend import overview
from tests.billing import rows

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 31, 12, tzinfo=BERLIN)


def test_the_largest_changes_come_first_up_and_down():
    up, down, same = rows.team("up"), rows.team("down"), rows.team("same")
    for team, before, now in ((up, 100, 900), (down, 5000, 2000), (same, 7, 7)):
        rows.usage(NOW - timedelta(days=40), cost_nano=before, team_id=team.pk)
        rows.usage(NOW - timedelta(days=2), cost_nano=now, team_id=team.pk)

    found = [(mover.row.series.name.public, mover.by) for mover in movers(NOW, BERLIN, teams=None)]

    assert found == [("down", -3000), ("up", 800)]
    assert [mover.row.series.name.public for mover in movers(NOW, BERLIN, teams=frozenset({up.pk}))] == ["up"]


def test_a_month_is_beside_as_much_of_the_one_before_which_may_be_shorter():
    """On 31 March that is all of February; at noon on the 10th, until noon on the 10th."""
    for day, cost in ((1, 1), (9, 10), (28, 100)):
        rows.usage(datetime(2026, 2, day, 13, tzinfo=BERLIN), cost_nano=cost)
    rows.usage(datetime(2026, 3, 1, 0, 1, tzinfo=BERLIN), cost_nano=1000)

    whole = overview(NOW.astimezone(UTC), BERLIN)
    part = overview(datetime(2026, 3, 10, 12, tzinfo=BERLIN).astimezone(UTC), BERLIN)

    assert (whole.last_month.spend_nano, whole.month.spend_nano) == (111, 1000)
    assert (part.last_month.spend_nano, part.month_change) == (11, "91 times as much")
