"""The guided way to a new provider in a real browser: with eyes closed on a phone, and without script."""

from __future__ import annotations

import pytest

from tests.fixtures.browser import violations

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
LONG = "some/very-long-model-name-that-goes-on-and-on-2026-03-05-preview-0123456789"


def sign_in(page, hub) -> None:
    page.goto(hub.sign_in_link())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/profile/")


def walk(page, hub, base_url, name, look) -> None:
    """From the first step to the saved provider; `look` is called with every page on the way."""
    page.goto(f"{hub.url}/providers/add/")
    look("kinds")
    page.locator('a[href$="?kind=custom"]').click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Base URL").fill("http://127.0.0.1:9/v1")
    page.get_by_role("button", name="Test and go on").click()
    page.get_by_text("Cannot be reached").first.wait_for()
    look("unreachable")
    page.get_by_label("Base URL").fill(base_url)
    page.get_by_role("button", name="Test and go on").click()
    page.wait_for_url("**/add/models/")
    page.get_by_label("sim-small").check()
    page.get_by_role("searchbox").fill("extra-1")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("1 chosen so far").wait_for()
    page.get_by_label("Add by id").fill(LONG)
    page.get_by_role("button", name="Add these ids").click()
    page.get_by_text("2 chosen so far").wait_for()
    look("models")
    page.get_by_role("button", name="Go on with these").click()
    page.wait_for_url("**/add/prices/")
    for model in ("sim-small", LONG):
        page.get_by_role("radiogroup", name=f"What {model} costs").get_by_label("Free").check()
    page.get_by_label("Id for callers").first.fill(f"{name}/small")
    look("prices")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/add/finish/")
    page.get_by_label("Model", exact=True).select_option("sim-small")
    page.get_by_role("button", name="Make the call").click()
    page.get_by_text("It answered").wait_for()
    look("finish")
    page.get_by_role("button", name=f"Save {name}").click()
    page.get_by_text(f"{name} was added with 2 models").wait_for()


def test_every_step_is_accessible_and_fits_a_phone(page, hub, simulator):
    faults = []

    def look(step: str) -> None:
        page.wait_for_load_state("networkidle")
        too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        rules = [rule["id"] for rule in violations(page)]
        faults.extend(
            [f"{step}: {rules}"] * bool(rules) + [f"{step}: {too_wide} px too wide"] * (too_wide > 0)
        )

    sign_in(page, hub)
    page.set_viewport_size({"width": 390, "height": 900})
    page.evaluate("localStorage.setItem('llmhub-theme', 'dark')")

    walk(page, hub, simulator.path("models/60"), "phone-lab", look)

    assert not faults, "\n".join(faults)


def test_it_works_without_script(browser, hub, simulator):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, hub)

    walk(page, hub, simulator.path("models/60"), "plain-lab", lambda _: None)

    for words in (
        "Models that plain-lab offers",
        "Models that plain-lab lists",
        "Recent attempts at plain-lab",
    ):
        assert page.get_by_role("link", name=words).count() == 1
    context.close()
