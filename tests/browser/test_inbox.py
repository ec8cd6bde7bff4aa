"""From a word with a typo to a first call: find, narrow, compare, promote by keyboard, within two seconds."""

from __future__ import annotations

import json
import time

import openai
import pytest

from tests.fixtures.lists import row

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
NEW, OLD, PLAIN = "press/herald-nova", "press/herald-large", "press/herald-plain"
LISTED = [
    row(OLD, supported_parameters=["tools"], price="0.000002"),
    row(PLAIN),
    *(row(f"press/gazette-{number}") for number in range(4)),
]


def listed(tmp_path, rows):
    file = tmp_path / f"{len(rows)}.json"
    file.write_text(json.dumps({"data": rows}))
    return str(file)


def is_answered(client: openai.OpenAI) -> bool:
    try:
        client.chat.completions.create(model=NEW, messages=[{"role": "user", "content": "Hi."}])
    except openai.NotFoundError:
        return False
    return True


@pytest.fixture
def client(hub, simulator, tmp_path):
    """A caller of a hub that has found a new model at a provider."""
    words = ("news", "--kind", "openrouter", "--base-url", simulator.path("tokens/5", tag="news"))
    lists = (LISTED, [*LISTED, row(NEW, supported_parameters=["tools"])])
    *_, made = hub.commands(
        ("provider", "add", *words, "--no-credential"),
        *(
            ("model", "refresh", "--provider", "news", "--from-file", listed(tmp_path, rows))
            for rows in lists
        ),
        ("team", "create", "News"),
        ("key", "create", "--team", "news", "--name", "reader"),
    )
    key = next(word for word in made.split() if word.startswith("llmh_"))
    return openai.OpenAI(base_url=f"{hub.url}/v1", api_key=key, max_retries=0)


def find_and_compare(page):
    """From a word with a typo to the page on which two models stand side by side."""
    page.get_by_role("searchbox").fill("hreald")
    page.get_by_label(f"Compare {PLAIN}").wait_for()
    page.get_by_text("More filters").click()
    page.get_by_role("checkbox", name="Calls tools", exact=True).check()
    page.get_by_label(f"Compare {PLAIN}").wait_for(state="detached")
    for slug in (NEW, OLD):
        page.get_by_label(f"Compare {slug}").check()
    page.get_by_role("button", name="Compare the ticked").click()
    page.wait_for_url("**/compare/?**")


def promote(page):
    """Promote the new model by keyboard alone, from its name in the comparison."""
    page.get_by_role("link", name=NEW.title()).click()
    button = page.get_by_role("button", name="Promote")
    button.wait_for()
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("each => each === document.activeElement"):
            break
    page.keyboard.press("Enter")


def test_a_model_is_found_with_a_typo_narrowed_compared_promoted_and_called_two_seconds_later(
    page, hub, client, capsys
):
    page.goto(hub.sign_in_link())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/profile/")
    page.goto(f"{hub.url}/models/")

    find_and_compare(page)
    told = page.get_by_role("region", name="Models side by side").inner_text()
    assert not is_answered(client)
    promote(page)
    began = time.monotonic()
    hub.until(lambda: is_answered(client), within=10, what="the model is called")
    took = time.monotonic() - began

    with capsys.disabled():
        print(f"\na promoted model answers after {took:.2f} s")
    assert took < 2
    assert NEW in told.lower()
    assert OLD in told.lower()
    assert "2.00" in told
    page.goto(f"{hub.url}/inbox/?provider=news")
    assert page.get_by_text("No event fits").is_visible()
