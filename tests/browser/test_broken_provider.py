"""A provider breaks and is mended: what pages say of it meanwhile, and where its calls go."""

from __future__ import annotations

import openai
import pytest
from playwright.sync_api import TimeoutError as NotThere

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

MODEL, ROUTE = "turncoat/talker", "detour"
CALLS = 24  # before it breaks: enough for a score
BEFORE_IT_OPENS = 5


@pytest.fixture
def client(hub, simulator):
    """A caller of a route to a provider that will break, and to one that will not."""
    lines = []
    for slug in ("turncoat", "steady"):
        url = simulator.path(f"now/{slug}", "latency/20", "tokens/20")
        lines += [
            ("provider", "add", slug, "--kind", "custom", "--base-url", url, "--no-credential"),
            ("model", "add", MODEL, "--provider", slug, "--input", "1", "--output", "2"),
        ]
    *_, made = hub.commands(
        *lines,
        ("route", "add", ROUTE, "--to", MODEL, "--at", "turncoat", "--to", MODEL, "--at", "steady"),
        ("team", "create", "Detours"),
        ("key", "create", "--team", "detours", "--name", "driver"),
    )
    key = next(word for word in made.split() if word.startswith("llmh_"))
    client = openai.OpenAI(base_url=f"{hub.url}/v1", api_key=key, max_retries=0)
    hub.until(lambda: knows(client), within=10, what="the gateway knows the route")
    return client


def knows(client: openai.OpenAI) -> bool:
    try:
        return ROUTE in {model.id for model in client.models.list()}
    except openai.AuthenticationError:
        return False


def ask(client: openai.OpenAI) -> tuple[str, int, str]:
    """Who answers a call, after how many attempts, and the id of the request."""
    create = client.chat.completions.with_raw_response.create
    headers = create(model=ROUTE, messages=[{"role": "user", "content": "Which way?"}]).headers
    return (
        headers["x-llmhub-provider"],
        int(headers["x-llmhub-attempts"]),
        headers["x-llmhub-request-id"],
    )


def until(page, hub, path: str, locator, *, within: float = 40):
    """Open a page again and again until something is on it; return that."""

    def is_there() -> bool:
        page.goto(hub.url + path)
        try:
            locator.first.wait_for(timeout=2000)
        except NotThere:
            return False
        return True

    hub.until(is_there, within=within, what=f"{locator} on {path}")
    return locator.first


def test_calls_go_round_a_provider_that_breaks_and_pages_say_so_until_it_is_well(
    page, hub, simulator, client
):
    page.goto(hub.sign_in_link())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/profile/")
    assert {ask(client)[:2] for _ in range(CALLS)} == {("turncoat", 1)}
    score = page.locator("#evidence .score-value .h1")
    well = float(until(page, hub, "/providers/turncoat/", score).inner_text())

    simulator.become("turncoat", "status/503")
    answered = [ask(client) for _ in range(BEFORE_IT_OPENS + 1)]

    assert [each[:2] for each in answered] == [("steady", 2)] * BEFORE_IT_OPENS + [("steady", 1)]
    breakers = page.locator("#provider-breakers")
    until(page, hub, "/providers/turncoat/", breakers.get_by_text("Open", exact=True))
    alert = page.locator("main").get_by_text(f"{MODEL} fails at turncoat")
    until(page, hub, "/alerts/", alert)
    alert.first.click()
    page.locator("main").get_by_text("5 failures in a row").first.wait_for()
    page.goto(f"{hub.url}/requests/{answered[-1][2]}/")
    page.locator("#plan .plan-left").get_by_text("tried again in").wait_for()
    hub.until(lambda: worse(page, hub, score, well), within=40, what="the score is lower")

    simulator.become("turncoat")
    page.goto(f"{hub.url}/providers/turncoat/")
    page.get_by_role("button", name=f"Close the breaker of {MODEL}").click()
    until(page, hub, "/providers/turncoat/", breakers.get_by_text("Closed", exact=True))
    hub.until(lambda: ask(client)[:2] == ("turncoat", 1), what="calls go there again")
    until(page, hub, "/alerts/", page.locator("#alert-history").get_by_text(f"{MODEL} fails at turncoat"))


def worse(page, hub, score, than: float) -> bool:
    page.goto(f"{hub.url}/providers/turncoat/")
    score.wait_for()
    return float(score.inner_text()) < than
