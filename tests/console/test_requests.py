from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.models import UsageRecord
from billing.overshoot_models import Overshoot
from catalog.models import Offer, Price
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock, ids
from llmhub.people import organisation
from tests.billing import rows

pytestmark = pytest.mark.django_db


def minutes_ago(count: float):
    return clock.now() - timedelta(minutes=count)


@pytest.fixture
def call():
    """A function: a call of team Support at provider Lab, made some minutes ago."""
    team, entry, provider = rows.team(), rows.entry(), rows.provider()
    key = rows.key(team)

    def make(ago: float = 5, **values) -> UsageRecord:
        about = {"team_id": team.pk, "key_id": key.pk, "entry_id": entry.pk, "provider_id": provider.pk}
        return rows.usage(minutes_ago(ago), **(about | values))

    return make


def url_of(record: UsageRecord) -> str:
    return f"/requests/{ids.request_id(record.pk)}/"


def test_a_call_is_listed_with_what_it_was_and_what_it_cost(signed_in, call):
    record = call(cost_nano=1_234_567, input_tokens=12_345, output_tokens=67, latency_ms=1230)

    page = signed_in("viewer").get("/requests/").text

    for shown in ("acme/small-1", "Lab", "Support", "bot", "$0.00123", "1.23 s", url_of(record)):
        assert shown in page
    assert "12\u202f345 → 67" in page


def test_an_unknown_cost_is_unknown_and_never_0(signed_in, call):
    record = call(cost_nano=None, cost_source="unpriced", unpriced_reason="the offer has no price")

    listed, one = signed_in().get("/requests/").text, signed_in().get(url_of(record)).text

    for page in (listed, one):
        assert 'title="the offer has no price">unknown<' in page
        assert "$0" not in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"new", "old", "failed"}),
        ("status=error", {"failed"}),
        ("model=new", {"new"}),
        ("model=acme/small-1", {"new", "old", "failed"}),
        ("team=support", {"new", "old", "failed"}),
        ("team=other", set()),
        ("code=upstream_timeout", {"failed"}),
    ],
)
def test_a_filter_shows_what_fits(signed_in, call, query, shown):
    rows.team("other")
    call(1, requested="new")
    call(60 * 24, requested="old")
    call(2, requested="failed", status="error", error_code="upstream_timeout")

    page = signed_in().get(f"/requests/?{query}").text

    assert {name for name in ("new", "old", "failed") if f'title="{name},' in page} == shown


def test_by_default_the_list_reaches_back_7_days_and_at_most_31(signed_in, call):
    call(60 * 24 * 8, requested="eight-days-old")
    call(60 * 24 * 40, requested="forty-days-old")
    client = signed_in()

    assert "eight-days-old" not in client.get("/requests/").text
    long = client.get(f"/requests/?since={minutes_ago(60 * 24 * 60):%Y-%m-%d}").text
    assert "eight-days-old" in long
    assert "forty-days-old" not in long


def test_a_day_is_one_of_the_organisations_zone(signed_in, call):
    from llmhub.audit.actor import COMMAND_LINE
    from llmhub.people import organisation

    organisation.describe(actor=COMMAND_LINE, name="Acme", time_zone="Pacific/Kiritimati")  # UTC+14
    record = call(60 * 24)
    day = (ids.moment_of(record.pk) + timedelta(hours=14)).date()
    client = signed_in()

    assert url_of(record) in client.get(f"/requests/?since={day}&until={day}").text
    assert url_of(record) not in client.get(f"/requests/?until={day - timedelta(days=1)}").text


def test_older_calls_are_one_link_away_and_the_filters_stay(signed_in, call):
    for number in range(51):
        call(10 + number, requested=f"model-{number}")
    client = signed_in()

    first = client.get("/requests/?team=support")
    older = client.get(f"/requests/?team=support&cursor={first.context['found'].next_cursor}")

    assert f"team=support&amp;cursor={first.context['found'].next_cursor}" in first.text
    assert len(first.context["found"].rows) == 50
    assert [row.record.requested for row in older.context["found"].rows] == ["model-50"]
    assert "Older" not in older.text


@pytest.mark.parametrize("query", ["cursor=x", "cursor=-1", "cursor=99999999999999999999999"])
def test_a_made_up_cursor_is_a_404(signed_in, query):
    assert signed_in().get(f"/requests/?{query}").status_code == 404


@pytest.mark.parametrize(
    "query", ["since=2026-02-02&until=2026-02-01", "since=yesterday", "team=nobody", "status=fine", "key=x"]
)
def test_a_filter_that_makes_no_sense_says_so(signed_in, call, query):
    call()

    response = signed_in().get(f"/requests/?{query}")

    assert response.status_code == 422
    assert 'role="alert"' in response.text


@pytest.mark.parametrize(
    "query", ["since=0001-01-01", "until=9999-12-31", "since=0001-01-01&until=9999-12-31"]
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_first_and_the_last_day_there_is_are_days_too(signed_in, call, query, zone):
    call()
    organisation.describe(actor=COMMAND_LINE, name="Acme", time_zone=zone)

    assert signed_in().get(f"/requests/?{query}").status_code == 200


def test_typing_in_a_filter_swaps_only_the_table(signed_in, call):
    call()

    swapped = signed_in().get("/requests/", headers={"HX-Request": "true"}).text

    assert swapped.startswith('<div class="card" id="request-table">')
    assert "<html" not in swapped


def test_coming_back_with_the_browser_gets_the_whole_page(signed_in):
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}

    response = signed_in().get("/requests/", headers=headers)

    assert "<html" in response.text
    assert "HX-Request" in response.headers["Vary"]


@pytest.mark.parametrize("calls", [1, 50])
def test_the_list_takes_ten_queries_however_long_it_is(signed_in, call, calls, django_assert_num_queries):
    for number in range(calls):
        call(number)
    client = signed_in()

    # session, person, organisation; calls; teams, keys, models, providers, the team filter, and whether
    # anybody has a key
    with django_assert_num_queries(10):
        client.get("/requests/")


def test_without_calls_the_page_says_how_to_make_one(signed_in):
    page = signed_in().get("/requests/").text

    assert "No calls in the last 7 days" in page
    assert 'href="/keys/"' in page


def test_a_call_that_cost_more_than_was_held_says_how_much(signed_in, call):
    record, other = call(), call(1)
    Overshoot.objects.create(id=record.pk, held_nano=1_000_000, charged_nano=3_500_000)
    client = signed_in()

    page, listed = client.get(url_of(record)).text, client.get("/requests/?wasted=overshot").text

    assert "$0.0025 more than the $0.001 that was held for it" in page
    assert 'id="overshoot"' not in client.get(url_of(other)).text
    assert url_of(record) in listed
    assert url_of(other) not in listed
    assert "Cost more than was held" in listed


def test_names_are_escaped(signed_in, call):
    record = call(requested='<script>alert("x")</script>', tags={"<b>": "<i>"}, session="<u>")

    for url in ("/requests/", url_of(record)):
        page = signed_in().get(url).text
        assert "<script>alert" not in page
        assert "<b>" not in page
        assert "<i>" not in page
        assert "<u>" not in page


def test_one_request_shows_its_attempts_and_the_lines_of_its_cost(signed_in, call):
    record = call(
        attempts=2,
        fallback_reason="upstream_timeout",
        cost_nano=3_900_000,
        cost_source="computed",
        tags={"feature": "summary"},
    )
    offer = Offer.objects.create(
        entry_id=record.entry_id, provider_id=record.provider_id, upstream_id="small-1-2026"
    )
    price = Price.objects.create(
        offer=offer,
        effective_from=minutes_ago(60),
        input=Decimal("1.50"),
        output=Decimal("6"),
        cache_read=Decimal("0.15"),
        above_input_tokens=200_000,
        source="https://prices.test/small",
    )
    rows.attempt(record, 1, status="error", http_status=504, error_code="upstream_timeout", latency_ms=5000)
    rows.attempt(
        record,
        2,
        provider_id=record.provider_id,
        price_id=price.pk,
        upstream_model="small-1-2026",
        upstream_request_id="up-77",
        input_tokens=3_000,
        cache_read_tokens=2_000,
        output_tokens=350,
        computed_nano=3_900_000,
        cost_nano=3_900_000,
        cost_source="computed",
        latency_ms=2_000,
        ttft_ms=500,
    )

    page = signed_in("viewer").get(url_of(record)).text

    for shown in (
        "$0.0039<", "Attempt 1", "HTTP 504", "Attempt 2 at Lab", "small-1-2026", "up-77", "233 tokens/s",
        "0.0015<", "0.0003<", "0.0021<", "https://prices.test/small", "above 200\u202f000 input tokens",
        "Computed from the provider", "The sum of 2 attempts", "Tag feature",
    ):  # fmt: skip
        assert shown in page, shown


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("reported", "The provider reported this cost"),
        ("computed", "Computed from"),
        ("estimated", "Estimated"),
        ("unpriced", "no price was known"),
    ],
)
def test_a_cost_says_where_it_comes_from(signed_in, call, source, says):
    record = call(cost_source=source, cost_nano=None if source == "unpriced" else 1)

    assert says in signed_in().get(url_of(record)).text


@pytest.mark.parametrize(
    ("fee", "says", "silent"),
    [
        (Decimal("0.01"), '<td>Web search</td><td class="num">2</td>', "Without"),
        (None, "Without 2 web searches, for which no price is known", "<td>Web search</td>"),
    ],
)
def test_web_searches_have_a_line_or_are_said_to_have_no_price(signed_in, call, fee, says, silent):
    record = call(cost_nano=4_000, cost_source="computed" if fee else "estimated")
    offer = Offer.objects.create(entry_id=record.entry_id, provider_id=record.provider_id, upstream_id="s")
    price = Price.objects.create(
        offer=offer, effective_from=minutes_ago(60), input=Decimal(1), output=Decimal(1), web_search=fee
    )
    rows.attempt(record, 1, price_id=price.pk, input_tokens=4, web_searches=2, computed_nano=4_000)

    page = signed_in().get(url_of(record)).text

    assert says in page
    assert silent not in page


def test_a_reported_cost_stands_beside_ours(signed_in, call):
    record = call(cost_nano=5_000, cost_source="reported")
    offer = Offer.objects.create(entry_id=record.entry_id, provider_id=record.provider_id, upstream_id="s")
    price = Price.objects.create(
        offer=offer, effective_from=minutes_ago(60), input=Decimal(1), output=Decimal(1)
    )
    rows.attempt(
        record,
        1,
        price_id=price.pk,
        input_tokens=4,
        computed_nano=4_000,
        cost_nano=5_000,
        cost_source="reported",
    )

    page = signed_in().get(url_of(record)).text

    assert "Reported by the provider, and charged" in page
    assert "0.000005<" in page
    assert "0.000004<" in page


def test_a_call_outlives_what_it_was_about(signed_in):
    record = rows.usage(minutes_ago(1), team_id=99, key_id=99, entry_id=99, provider_id=99)
    rows.attempt(record, 1, provider_id=99, entry_id=99, price_id=99)

    assert "deleted" in signed_in().get("/requests/").text
    assert signed_in().get(url_of(record)).status_code == 200


@pytest.mark.parametrize("name", ["req_0000000000000001", "req_xyz", "1", "req_"])
def test_an_unknown_request_is_a_404_that_says_why(signed_in, name):
    response = signed_in().get(f"/requests/{name}/")

    assert response.status_code == 404
    assert "There is no request" in response.text


def test_one_request_takes_twelve_queries_however_many_attempts(signed_in, call, django_assert_num_queries):
    record = call()
    for number in range(1, 5):
        rows.attempt(record, number, provider_id=record.provider_id, entry_id=record.entry_id)
    client = signed_in()

    # session, person, organisation; record, attempts, adjustments, overshoot; team, key, models, providers;
    # content
    with django_assert_num_queries(12):
        client.get(url_of(record))


def test_the_list_is_filtered_by_person_where_anybody_has_a_key(signed_in, call):
    client = signed_in()
    assert 'name="person"' not in client.get("/requests/").text
    person = rows.person("mara@example.org", name="Mara Lindqvist")
    rows.key(rows.team("growth"), "laptop", person=person)
    mine = call(person_id=person.pk, requested="mine")
    call(requested="of a service")

    page = client.get("/requests/?person=mara@example.org")

    assert [row.record.pk for row in page.context["found"].rows] == [mine.pk]
    assert 'name="person"' in page.text
    assert "Mara Lindqvist" in client.get(url_of(mine)).text


@pytest.fixture
def refused(call):
    """A function: what is left of some refusals."""

    def make(ago: float = 5, **values):
        about = {"status": "refused", "refusals": 1, "cost_nano": 0, "http_status": 402, "entry_id": None}
        about |= {"error_code": "budget_exceeded", "reason": "Team Support has 0.01 of 5 USD left"}
        return call(ago, **(about | {"provider_id": None} | values))

    return make


def test_a_refusal_is_listed_with_its_reason_and_how_many_it_stands_for(signed_in, refused):
    record = refused(refusals=1234)
    client = signed_in()

    listed, one = client.get("/requests/").text, client.get(url_of(record)).text

    for page in (listed, one):
        assert "Team Support has 0.01 of 5 USD left" in page
        assert "budget_exceeded" in page
        assert "$0" in page
    assert "\u00d7 1\u202f234" in listed
    assert "Refused 1\u202f234 times in this minute; this is the first of them." in one
    assert "nothing was spent" in one


def test_one_that_was_refused_before_it_was_read_says_so(signed_in, refused):
    record = refused(requested="", error_code="rate_limited")
    client = signed_in()

    assert ">not read<" in client.get("/requests/").text
    assert "Refused before it was read" in client.get(url_of(record)).text


def test_the_filter_for_refusals_shows_them_all_by_code(signed_in, call, refused):
    call(requested="served")
    refused(3, refusals=40)
    refused(8, refusals=2)
    refused(9, refusals=5, error_code="rate_limited")
    refused(7, refusals=9, team_id=rows.team("other").pk)
    client = signed_in()

    page = client.get("/requests/?status=refused")
    of_team = client.get("/requests/?status=refused&team=support&code=rate_limited")

    assert page.context["refusals"] == {"budget_exceeded": 51, "rate_limited": 5}
    assert "?status=refused&amp;code=rate_limited" in page.text
    assert 'title="served' not in page.text
    assert of_team.context["refusals"] == {"budget_exceeded": 42, "rate_limited": 5}
    assert [row.record.refusals for row in of_team.context["found"].rows] == [5]
    assert client.get("/requests/").context["refusals"] == {}
