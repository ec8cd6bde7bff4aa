"""The console in a real browser: what only a browser can say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from billing import adjustment
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock, ids
from tests.billing import rows
from tests.fixtures.browser import violations
from tests.fixtures.lists import many
from tests.fixtures.lists import row as listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def blocked(page):
    """What the browser refused to load or run, by the content security policy."""
    refused: list[str] = []
    page.on(
        "console", lambda message: "Content Security Policy" in message.text and refused.append(message.text)
    )
    return refused


@pytest.fixture
def calls():
    """Some calls of every kind."""
    key, entry, provider = rows.key(rows.team()), rows.entry(), rows.provider()
    about = {"team_id": key.team_id, "key_id": key.pk, "entry_id": entry.pk, "provider_id": provider.pk}
    records = [
        rows.usage(
            clock.now() - timedelta(hours=hours), status=status, cost_nano=cost, cost_source=source, **about
        )
        for hours, status, cost, source in (
            (1, "ok", 1_500_000_000, "computed"),
            (30, "error", 0, "computed"),
            (50, "cancelled", None, "unpriced"),
        )
    ]
    for record in records:
        rows.attempt(record, 1, provider_id=provider.pk, status=record.status, cost_nano=record.cost_nano)
    return records


@pytest.fixture
def refused(calls):
    """What is left of many refusals."""
    whose = {"team_id": calls[0].team_id, "key_id": calls[0].key_id}
    told = {"error_code": "rate_limited", "reason": "The key 'bot' may use 60 requests a minute: wait 0.8 s"}
    counted = {"requested": "", "refusals": 12_345, "cost_nano": 0}
    return rows.usage(clock.now(), status="refused", **whose, **told, **counted)


@pytest.fixture
def console(page, live_server, signed_in):
    """A page on which an owner is signed in, and `go(path)`."""
    (cookie,) = signed_in("owner").cookies.values()
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page.go = lambda path: page.goto(live_server.url + path)
    return page


def axe_findings(page) -> list[str]:
    return [finding["id"] for finding in violations(page)]


@pytest.mark.parametrize(("theme", "width"), [("dark", 1280), ("light", 390)])
def test_pages_full_of_calls_are_accessible_fit_their_width_and_load_under_the_policy(
    console, calls, refused, blocked, theme, width
):
    console.set_viewport_size({"width": width, "height": 844})
    console.emulate_media(color_scheme=theme)
    one, nothing = (f"/requests/{ids.request_id(row.pk)}/" for row in (calls[0], refused))
    posted, _ = adjustment.post(
        actor=COMMAND_LINE, request=one.split("/")[2], amount="-0.5", reason="said twice " * 20, once="x"
    )

    for path in (
        "/",
        "/requests/",
        "/requests/?model=none",
        "/requests/?status=refused",
        one,
        nothing,
        f"/requests/{ids.request_id(posted.usage_id)}/",
        "/spend/?by=model",
        "/spend/savings/",
        "/exports/",
        "/adjustments/",
        "/adjustments/add/",
        "/settings/",
        "/profile/",
        "/nothing/",
    ):
        console.go(path)
        assert axe_findings(console) == [], path
        assert console.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    assert blocked == []


@pytest.mark.parametrize("width", [1280, 390])
def test_overview_with_a_long_name_and_a_large_sum_keeps_its_columns_in_sight(console, width):
    entry, provider = rows.entry("acme/" + "a-model-with-a-long-name-" * 5), rows.provider()
    cost = 123_456_780_000_000
    rows.usage(clock.now(), cost_nano=cost, key_id=1, entry_id=entry.pk, provider_id=provider.pk)
    console.set_viewport_size({"width": width, "height": 844})

    console.go("/")

    spend = console.locator("#now-models td").nth(1)
    assert spend.inner_text().startswith("$")
    card = console.locator(".top-parts").first.bounding_box()
    cell = spend.bounding_box()
    assert cell["x"] + cell["width"] <= card["x"] + card["width"]
    assert console.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_flaw_of_accessibility_is_seen(console):
    console.go("/profile/")
    console.evaluate(
        "document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=/static/llmhub.svg>')"
    )

    assert "image-alt" in axe_findings(console)


def test_what_the_policy_forbids_does_not_run(console, blocked):
    console.go("/profile/")
    console.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")

    assert len(blocked) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_before_sign_in_are_accessible(page, live_server, blocked, theme):
    page.emulate_media(color_scheme=theme)

    for path in ("/sign-in/", "/sign-in/link/any/", "/nothing/"):
        page.goto(live_server.url + path)
        assert axe_findings(page) == [], path
    assert blocked == []


def test_the_theme_follows_the_system_until_it_is_chosen(console):
    console.emulate_media(color_scheme="dark")
    console.go("/profile/")
    theme = console.locator("html")
    expect(theme).to_have_attribute("data-bs-theme", "dark")

    console.get_by_role("button", name="Switch between light and dark").click()
    expect(theme).to_have_attribute("data-bs-theme", "light")
    console.reload()
    expect(theme).to_have_attribute("data-bs-theme", "light")


def test_overview_keeps_its_figures_current_and_what_is_focused_in_its_place(console, calls):
    console.go("/")
    expect(console.locator("#now-today")).to_contain_text("$1.50")
    console.get_by_text("As a table").focus()
    rows.usage(clock.now(), key_id=calls[0].key_id, cost_nano=500_000_000)

    console.evaluate("document.body.dispatchEvent(new Event('tick'))")

    expect(console.locator("#now-today")).to_contain_text("$2.00")
    assert console.evaluate("document.activeElement.textContent") == "As a table"


def test_the_keyboard_skips_to_the_content_and_finds_the_search(console, calls):
    console.go("/requests/")
    console.keyboard.press("Tab")
    expect(console.get_by_role("link", name="Skip to the content")).to_be_focused()
    console.keyboard.press("Enter")
    expect(console.locator("main")).to_be_focused()

    console.keyboard.press("/")

    expect(console.get_by_role("searchbox")).to_be_focused()


def test_a_filter_swaps_the_table_and_stands_in_the_address(console, calls):
    console.go("/requests/")
    expect(console.locator("#request-table tbody tr")).to_have_count(3)

    console.get_by_label("Status").select_option("error")

    expect(console.locator("#request-table tbody tr")).to_have_count(1)
    assert "status=error" in console.url
    console.go_back()
    expect(console.locator("#request-table tbody tr")).to_have_count(3)


def test_a_row_leads_to_its_request(console, calls):
    console.go("/requests/")

    console.locator("#request-table tbody tr").first.click(position={"x": 500, "y": 15})

    expect(console.get_by_role("heading", name="Cost", exact=True)).to_be_visible()
    expect(console.locator(".figure")).to_have_text("$1.50")


def test_pausing_asks_first(console):
    console.go("/settings/")
    console.get_by_label("Reason").fill("Cost spike")

    console.once("dialog", lambda dialog: dialog.dismiss())
    console.get_by_role("button", name="Pause everything").click()
    expect(console.get_by_text("Running")).to_be_visible()

    console.once("dialog", lambda dialog: dialog.accept())
    console.get_by_role("button", name="Pause everything").click()
    expect(console.get_by_text("Everything is paused.", exact=True)).to_be_visible()


def test_the_menu_opens_on_a_phone(console):
    console.go("/profile/")
    console.set_viewport_size({"width": 390, "height": 844})
    link = console.get_by_role("link", name="Requests")
    expect(link).not_to_be_visible()

    console.get_by_role("button", name="Menu").click()

    expect(link).to_be_visible()


@pytest.mark.parametrize(("theme", "width"), [("dark", 390)])
def test_pages_of_discovery_are_accessible_and_fit_their_width(console, take, blocked, theme, width):
    take(many(), hour=0)
    take([listed("acme/m0", context=9_000), *many()[1:], listed("x/y"), listed("x/z")], hour=1)
    take(many(5), hour=2)
    console.set_viewport_size({"width": width, "height": 844})
    console.emulate_media(color_scheme=theme)

    for path in (
        "/inbox/",
        "/inbox/rules/",
        "/discovery/",
        "/providers/or/",
        "/models/x/y/",
    ):
        console.go(path)
        console.wait_for_load_state("networkidle")
        assert axe_findings(console) == [], path
        assert console.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    assert blocked == []
