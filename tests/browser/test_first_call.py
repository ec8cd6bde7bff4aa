"""The main job in a real browser: from the sign-in link to the cost of the first call."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import openai
import pytest

from llmhub.lib import figures, money

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

MODEL = "first-call/first"
INPUT, OUTPUT = Decimal("1234.5"), Decimal("9876.54321")  # USD per million tokens


def cost_nano(usage) -> int:
    """What the call costs, by hand."""
    tokens = usage.prompt_tokens * INPUT + usage.completion_tokens * OUTPUT
    return int((tokens * 1000).to_integral_value(ROUND_HALF_EVEN))  # per million, in nano


def sign_in(page, hub) -> None:
    page.goto(hub.sign_in_link())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/profile/")


def add_provider(page, hub, base_url: str) -> None:
    page.goto(hub.url)
    page.get_by_role("link", name="Providers", exact=True).first.click()
    page.get_by_role("link", name="Add a provider").click()
    page.locator('a[href$="?kind=custom"]').click()
    page.get_by_label("Name", exact=True).fill("First call")
    page.get_by_label("Base URL").fill(base_url)
    page.get_by_role("button", name="Test and go on").click()
    page.wait_for_url("**/add/models/")
    page.get_by_label("sim-small").check()
    page.get_by_role("button", name="Go on with these").click()
    page.get_by_label("Id for callers").fill(MODEL)
    page.get_by_label("Input", exact=True).fill(str(INPUT))
    page.get_by_label("Output", exact=True).fill(str(OUTPUT))
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Make the call").click()
    page.get_by_text("It answered").wait_for()
    page.get_by_role("button", name="Save First call").click()
    page.wait_for_url("**/providers/first-call/")
    page.locator("#provider-listings").get_by_role("link", name=MODEL).wait_for()


def make_key(page, hub) -> str:
    page.goto(f"{hub.url}/teams/add/")
    page.get_by_label("Name", exact=True).fill("First callers")
    page.get_by_role("button", name="Make the team").click()
    page.get_by_role("link", name="New key").first.click()
    page.get_by_label("Name", exact=True).fill("first key")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("button", name="Test this key").click()
    page.get_by_text("The key works").wait_for()
    return page.locator("#key-text").input_value()


def knows(client: openai.OpenAI) -> bool:
    """Whether the gateway has read the new key and the new model; it looks about once a second."""
    try:
        return MODEL in {model.id for model in client.models.list()}
    except openai.AuthenticationError:
        return False


def call(hub, key: str):
    client = openai.OpenAI(base_url=f"{hub.url}/v1", api_key=key)
    hub.until(lambda: knows(client), within=10, what="the gateway knows the key and the model")
    return client.chat.completions.with_raw_response.create(
        model=MODEL, messages=[{"role": "user", "content": "Say hello."}]
    )


def test_from_the_sign_in_link_to_the_cost_of_the_first_call(page, hub, simulator):
    sign_in(page, hub)
    add_provider(page, hub, simulator.path("models/3", "tokens/40", tag="first-call"))
    raw = call(hub, make_key(page, hub))
    answer = raw.parse()
    nano = cost_nano(answer.usage)

    assert answer.choices[0].message.content
    assert raw.headers["x-llmhub-cost"] == money.text(nano)

    page.goto(f"{hub.url}/requests/")
    row = page.locator(".request-rows tbody tr").filter(has_text=MODEL).first  # before it: the provider's own
    assert row.locator(".request-cost").inner_text() == f"${figures.usd(nano)}"

    row.locator("a.row-link").click()
    page.wait_for_url("**/requests/req_*/")
    shown = page.locator("main").inner_text()
    assert f"${figures.usd_exact(nano)}" in shown
    assert "sim-small" in shown

    page.goto(hub.url)
    assert (
        "\t2\t" in page.locator("#now-models tr").filter(has_text=MODEL).inner_text()
    )  # the provider's own, too
    assert page.locator("#now-today .figure").inner_text() != "$0.00"
    calls = [hit for hit in simulator.hits("first-call") if hit["method"] == "POST"]
    assert len(calls) == 2  # one of them before the provider was saved
