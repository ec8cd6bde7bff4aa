"""Signing in as a person does it, with the keyboard alone: password, app, provider."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from llmhub.audit.actor import COMMAND_LINE
from llmhub.people import organisation, totp
from llmhub.people.models import User
from llmhub.people.sign_in_models import SecondFactor
from tests.fixtures.browser import violations
from tests.fixtures.sign_in import PASSWORD, App

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def look(page):
    """A function: hold the page that is open to accessibility, its width and its policy."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "Security" in message.text else None)

    def hold(what: str) -> None:
        found = [rule["id"] for rule in violations(page)]
        too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert (found, too_wide <= 0, said) == ([], True, []), what

    return hold


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_a_person_sets_a_second_factor_up_and_signs_in_by_it(
    page, live_server, ada, provider_of_people, settings, look, theme, width
):
    settings.PUBLIC_URL = live_server.url
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=theme)

    page.goto(f"{live_server.url}/sign-in/forgotten/")
    look("whom to ask")
    page.get_by_role("link", name="Back to the sign-in").press("Enter")
    look("sign-in")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(ada.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/")

    organisation.require_second_factor(actor=COMMAND_LINE, required=True)
    page.goto(f"{live_server.url}/keys/")
    look("everyone needs one")
    page.get_by_role("button", name="Set it up").press("Enter")
    page.get_by_text("The app is on this device").press("Enter")
    app = App(totp.as_bytes(page.locator("#factor-secret").inner_text().replace(" ", "")))
    look("drawing and secret")
    app.shown += 1  # not the code that ends first: a browser takes a while
    page.get_by_label("Code", exact=True).fill(app.code())
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="The second factor is on").wait_for()
    look("recovery codes")
    codes = page.locator("#recovery-codes").input_value().split()
    assert len(codes) == 10
    page.goto(f"{live_server.url}/profile/")
    look("profile")
    page.goto(f"{live_server.url}/profile/second-factor/")
    look("it is on")
    for path in ("people", "settings"):
        page.goto(f"{live_server.url}/{path}/")
        look(path)

    page.goto(f"{live_server.url}/profile/")
    page.evaluate("document.querySelector('form[action=\"/sign-out/\"]').submit()")
    page.wait_for_url("**/sign-in/")
    page.get_by_role("link", name="Sign in with").press("Enter")
    page.wait_for_url("**/sign-in/code/")
    look("code")
    expect(page.get_by_label("Code of your authenticator app")).to_be_focused()
    assert page.locator("[name=code]").get_attribute("autocomplete") == "one-time-code"
    page.keyboard.type(app.wrong())
    page.keyboard.press("Enter")
    page.get_by_text("This is not the code").wait_for()
    look("wrong code")
    page.get_by_role("link", name="Use a recovery code").press("Enter")
    expect(page.get_by_label("Recovery code")).to_be_focused()
    page.keyboard.type(codes[0])
    page.keyboard.press("Enter")
    page.get_by_text("is used up; 9 are left").wait_for()

    page.goto(f"{live_server.url}/sign-in/provider/return/?code=x&state=y")
    look("a provider's answer that does not belong here")
    assert User.objects.get().pk == SecondFactor.objects.get().user_id
