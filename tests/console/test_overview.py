from __future__ import annotations

import re
from datetime import timedelta

import pytest

from billing.spend import Day, Figures
from llmhub.lib import clock
from llmhub.overview import bars
from providers.credential_state import take_out
from providers.models import Credential
from tests.billing import rows
from tests.fixtures.lists import many
from tests.fixtures.lists import row as listed

pytestmark = pytest.mark.django_db


@pytest.fixture
def call():
    """A function: a call of team Support at provider Lab, made this many hours ago."""
    key, entry, provider = rows.key(rows.team()), rows.entry(), rows.provider()

    def make(hours: float = 0, **values):
        about = {"team_id": key.team_id, "key_id": key.pk, "entry_id": entry.pk, "provider_id": provider.pk}
        return rows.usage(clock.now() - timedelta(hours=hours), **(about | values))

    return make


def test_a_fresh_installation_is_told_what_to_do_first(signed_in):
    page = signed_in().get("/").text

    assert "Three steps to the first call" in page
    for url in ("/providers/", "/keys/add/", "/keys/"):
        assert f'href="{url}"' in page
    assert "Spend today" not in page


def test_a_step_that_is_done_is_ticked_off(signed_in):
    client = signed_in()
    provider = rows.provider()
    assert [step.done for step in client.get("/").context["steps"]] == [False, False, False]

    Credential.objects.create(provider=provider, sealed="x")
    assert [step.done for step in client.get("/").context["steps"]] == [True, False, False]

    rows.key(rows.team())
    response = client.get("/")
    assert [step.done for step in response.context["steps"]] == [True, True, False]
    assert response.text.count('aria-label="done"') == 2


def test_a_call_is_on_the_page_at_once(signed_in, call):
    call(cost_nano=1_234_567, latency_ms=1500)
    call(cost_nano=2_000_000, latency_ms=500, status="error")

    page = signed_in("viewer").get("/").text

    assert page.count("$0.00323") >= 4  # today, month, chart, model, provider
    assert "50 %" in page
    assert "1 of 2 calls" in page
    assert "1.5 s" in page
    assert "acme/small-1" in page


def test_a_probe_without_a_key_is_no_first_call(signed_in):
    rows.usage(clock.now(), cost_centre="health")

    assert "Three steps" in signed_in().get("/").text


def test_calls_of_unknown_cost_are_said_beside_the_sum(signed_in, call):
    call(cost_nano=None)
    call(cost_nano=5_000_000)

    page = signed_in().get("/").text

    assert "1 of unknown cost" in page
    assert "$0.005" in page


def test_a_model_of_which_no_cost_is_known_has_not_cost_nothing(signed_in, call):
    call(cost_nano=None)

    page = signed_in().get("/").text

    for part in ("now-models", "now-providers"):
        rows_of_part = page.split(f'<tbody id="{part}">')[1].split("</tbody>")[0]
        assert ">unknown<" in rows_of_part
        assert "$" not in rows_of_part


def test_refreshing_swaps_only_the_part_with_the_figures(signed_in, call):
    call()

    swapped = signed_in().get("/", headers={"HX-Request": "true"}).text

    assert "<html" not in swapped
    assert 'id="now-today"' in swapped


def test_the_first_call_takes_the_place_of_the_first_steps(signed_in, call):
    client = signed_in()
    before = client.get("/", headers={"HX-Request": "true"}).text
    call()
    after = client.get("/", headers={"HX-Request": "true"}).text

    assert before.startswith('<section class="card" id="first-steps"')
    assert after.startswith('<div class="row row-cards" id="overview"')


def test_every_part_that_is_refreshed_is_there(signed_in, call):
    call()

    page = signed_in().get("/").text

    targets = page.split('hx-select-oob="')[1].split('"')[0].split(",")
    assert len(targets) == 13
    for target in targets:
        assert f'id="{target.removeprefix("#")}"' in page, target


def test_a_provider_in_trouble_stands_first(signed_in, call):
    call()
    rows.provider("broken").__class__.objects.filter(slug="broken").update(
        needs_credential=False, check_outcome="unreachable"
    )
    rows.provider("fine").__class__.objects.filter(slug="fine").update(
        needs_credential=False, check_outcome="ok"
    )

    states = signed_in().get("/").context["states"]

    kinds = [state.status.kind for state in states]
    assert states[0].provider.slug == "broken"
    assert kinds == sorted(kinds, key=["bad", "good", "idle"].index)


def test_each_provider_shows_its_last_evidence(signed_in, call):
    call()
    rows.provider("broken").__class__.objects.filter(slug="broken").update(
        needs_credential=False, check_outcome="unreachable", check_message="the connection is refused"
    )
    rows.provider("fine").__class__.objects.filter(slug="fine").update(
        needs_credential=False, check_outcome="ok", checked_at=clock.now(), check_latency_ms=80
    )

    page = signed_in().get("/").text.split('id="now-states"')[1].split("</ul>")[0]

    assert ">The connection is refused</div>" in page
    assert "just now</time>, in 80 ms" in page


def test_the_bars_are_shares_of_the_dearest_day_and_never_vanish():
    day = clock.now().date()
    days = tuple(Day(day, Figures(spend_nano=nano)) for nano in (0, 1, 500, 1000))

    assert [bar.height for bar in bars(days)] == [0, 2, 50, 100]
    assert [bar.top + bar.height for bar in bars(days)] == [100, 100, 100, 100]


def test_the_page_takes_the_same_queries_however_many_calls(signed_in, call, django_assert_num_queries):
    client = signed_in()
    for number in range(30):
        call(number)

    # session, person, organisation; first steps; 6 of the figures; providers; refused credentials;
    # models that are leaving; alerts that fire, held lists
    with django_assert_num_queries(16):
        client.get("/")


def test_a_refused_credential_stands_on_top_with_the_place_where_it_is_mended(signed_in, call):
    call()
    client = signed_in("viewer")
    assert "refuses a credential" not in client.get("/").text
    kept = Credential.objects.create(provider=rows.Provider.objects.get(), label="main", sealed="x")
    take_out(kept.pk, kept, reason="the provider refuses it")

    page = client.get("/").text

    assert "A provider refuses a credential" in page
    assert f'href="/providers/lab/#credential-{kept.pk}"' in page
    assert "the provider refuses it" in page
    assert "No credential is accepted</span>" in page


def test_also_before_the_first_call(signed_in):
    kept = Credential.objects.create(provider=rows.provider(), label="main", sealed="x")
    take_out(kept.pk, kept, reason="the provider refuses it")

    assert "A provider refuses a credential" in signed_in("viewer").get("/").text


def test_refusals_are_no_calls_and_stand_on_the_page_by_code(signed_in, call):
    call(cost_nano=5_000_000)
    nobody = {"entry_id": None, "provider_id": None, "cost_nano": 0, "status": "refused"}
    call(2, error_code="rate_limited", refusals=4321, **nobody)
    call(30, error_code="budget_exceeded", refusals=7, **nobody)

    page = signed_in().get("/").text

    assert "0 of 1 call<" in page
    assert "4\u202f321" in page
    assert "status=refused&amp;code=rate_limited" in page
    assert "budget_exceeded" not in page  # longer ago than 24 hours
    assert "#now-refusals" in page


def test_a_refusal_is_no_first_call(signed_in, call):
    call(error_code="model_not_found", refusals=1, status="refused", cost_nano=0)

    assert "Three steps" in signed_in().get("/").text


def test_what_waits_in_the_inbox_and_a_held_list_are_told(signed_in, call, take):
    call()
    take(many(), hour=0)
    take([*many(), listed("x/y")], hour=1)
    page = signed_in().get("/").text
    assert "1 change at providers waits for a decision" in page
    assert "held back" not in page

    take(many(5), hour=2)
    assert "16 of 21 models are gone" in signed_in().get("/").text


def test_what_waits_is_told_before_the_first_call_too(signed_in, take):
    take(many(), hour=0)
    assert "now-news" not in signed_in().get("/").text

    take([*many(), listed("x/y")], hour=1)
    take(many(5), hour=2)
    page = signed_in().get("/").text

    assert "Three steps" in page
    assert "1 change at providers waits for a decision" in page
    assert "16 of 21 models are gone" in page


def test_every_number_leads_to_what_it_is_made_of(signed_in, call):
    """Also the table of days, whose day is the link; the control is a number without one."""
    call(cost_nano=5_000_000)
    call(status="error", cost_nano=0)
    call(hours=1, status="interrupted", cost_nano=0)
    call(hours=30, status="error", cost_nano=0)
    rows.usage(clock.now(), status="refused", refusals=2, cost_nano=0, error_code="no_route", key_id=1)
    client = signed_in("viewer")

    text = client.get("/").text

    assert numbers_without_links(text) == []
    assert numbers_without_links(text.replace('class="number-link" href', "name")) != []
    errors = client.get("/requests/?status=failed&hours=24")
    assert "Last 24 hours" in errors.text
    assert [row.record.status for row in errors.context["found"].rows] == ["error", "interrupted"]
    assert "2 of 3 calls" in text


def numbers_without_links(text: str) -> list[str]:
    """Figures of cards and cells of numbers that stand in no link, and have none."""
    found = []
    for part in re.split(r'(?=<(?:a|div) class="card card-link stat|<div class="card stat)', text)[1:]:
        if not part.startswith("<a"):
            found.append(part[:80])
    for table in re.findall(r"<tbody.*?</tbody>", text, re.DOTALL):
        for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL):
            cells = re.findall(r'<td class="num">.*?</td>', row, re.DOTALL)
            of_a_day = re.search(r"since=[0-9-]+&amp;until=", row)
            found += [cell for cell in cells if "href" not in cell and not of_a_day]
    return found


def test_a_day_on_which_more_was_given_back_than_spent_is_below_zero(signed_in, call):
    call(cost_nano=10**9)
    rows.usage(clock.now(), status="adjusted", cost_nano=-6 * 10**9, cost_source="adjusted")

    page = signed_in("viewer").get("/")

    assert page.text.count("\u2212$5.00") == 4  # today, month, chart and its table
    assert "$\u2212" not in page.text
    assert (bars(page.context["now"].days)[-1].height, page.context["now"].today.requests) == (0, 1)
