"""The pages of spend and savings."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from llmhub.lib import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def spent():
    """A function: a call of a team, made a moment ago."""
    teams = {"support": rows.team(), "growth": rows.team("growth")}

    def make(slug: str = "support", **values):
        return rows.usage(clock.now() - timedelta(minutes=1), team_id=teams[slug].pk, **values)

    return make


def figure(page: str) -> dict:
    return json.loads(re.search(r'<script id="spend-figure"[^>]*>(.*?)</script>', page)[1])


def test_the_chart_and_its_table_say_the_same(signed_in, spent):
    spent(cost_nano=2_500_000_000)
    spent("growth", cost_nano=1_234_567_891)

    page = signed_in("viewer").get("/spend/").text

    chart = figure(page)
    assert [(bars["name"], bars["y"][-1]) for bars in chart["data"]] == [
        ("Support", "2.5"),
        ("Growth", "1.234567891"),
    ]
    for shown in ("$2.50", "$1.23", "$3.73", "66.9 %", "33.1 %", "Coverage"):
        assert shown in page


def test_a_row_leads_to_the_same_page_narrowed_and_in_the_end_to_requests(signed_in, spent):
    spent(key_id=None)
    client = signed_in()

    page = client.get("/spend/").text
    narrowed = re.search(r'href="(/spend/\?by=key[^"]*team=support)"', page)[1].replace("&amp;", "&")

    inside = client.get(narrowed).text
    assert "Team: " in inside
    requests = re.search(r'href="(/requests/\?team=support[^"]*)"', inside)[1].replace("&amp;", "&")
    assert "acme/small-1" in client.get(requests).text


def test_a_change_of_the_filter_bar_swaps_only_the_report(signed_in, spent, swap):
    spent()

    part = signed_in().get("/spend/?by=provider&measure=requests", headers=swap)

    assert part.text.lstrip().startswith('<div id="spend-report">')
    assert "<html" not in part.text
    assert "No provider" in part.text


def test_without_calls_it_says_what_to_do(signed_in):
    page = signed_in().get("/spend/").text

    assert "No calls in these days" in page
    assert "spend-figure" not in page
    rows.team()
    assert "Nothing was spent here" in signed_in().get("/spend/?team=support").text


@pytest.mark.parametrize(
    "query", ["by=colour", "since=2026-02-30", "team=nobody", "per=hour&since=2025-01-01", "measure=x"]
)
def test_what_means_nothing_is_refused_with_the_reason(signed_in, query):
    answer = signed_in().get(f"/spend/?{query}")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_names_are_data(signed_in, spent):
    spent(requested="</script><script>alert(1)</script>")

    page = signed_in().get("/spend/?by=requested").text

    assert "<script>alert" not in page
    assert "</script><script>" not in page.replace("</script>\n<script", "")


def test_an_adjustment_may_be_negative(signed_in, spent):
    spent(cost_nano=-2_500_000_000)

    page = signed_in().get("/spend/").text

    assert "\u2212$2.50" in page
    assert figure(page)["data"][0]["y"][-1] == "-2.5"


def test_a_team_has_a_panel_of_what_it_spent(signed_in, spent, swap):
    spent(cost_nano=2_500_000_000)
    spent("growth", cost_nano=9_000_000_000)
    client = signed_in()

    panel = client.get("/teams/support/spend/", headers=swap).text

    assert panel.startswith('<div id="team-spend">')
    assert "$2.50" in panel
    assert "$9.00" not in panel
    assert 'hx-get="/teams/support/spend/"' in client.get("/teams/support/").text


def test_the_page_takes_few_queries_however_many_values_there_are(
    signed_in, spent, django_assert_max_num_queries
):
    for number in range(40):
        spent(key_id=number + 1)
    client = signed_in()

    with django_assert_max_num_queries(14):
        page = client.get("/spend/?by=key").text
    assert "Everything else" in page


def test_savings_say_each_rule_its_amount_and_the_requests(signed_in, spent):
    spent(cost_nano=2_500_000_000, status="error")
    spent(cost_nano=7_500_000_000)

    page = signed_in("viewer").get("/spend/savings/").text

    for shown in ("Paid for calls that failed", "$2.50", "25 %", "wasted=failed", "today's prices"):
        assert shown in page.replace("&#x27;", "'")


def test_savings_without_calls_and_with_bad_dates(signed_in):
    client = signed_in()

    assert "No calls in these days" in client.get("/spend/savings/").text
    assert client.get("/spend/savings/?since=x").status_code == 422
