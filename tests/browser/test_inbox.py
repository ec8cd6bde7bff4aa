"""From a list that holds a new model to its first call: by keyboard, within two seconds."""

from __future__ import annotations

import json
import time

import openai
import pytest

from llmhub.simulator.listing import NAMES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
NEW = "sim-extra-1"
MODEL = f"news/{NEW}"


def listed(tmp_path, names):
    file = tmp_path / f"{len(names)}.json"
    file.write_text(json.dumps({"data": [{"id": name} for name in names]}))
    return str(file)


def is_answered(client: openai.OpenAI) -> bool:
    try:
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi."}])
    except openai.NotFoundError:
        return False
    return True


def test_a_new_model_is_promoted_by_keyboard_and_called_two_seconds_later(page, hub, simulator, tmp_path):
    base_url = simulator.path("tokens/5", tag="news")
    hub.command("provider", "add", "news", "--base-url", base_url, "--no-credential")
    for names in (NAMES, (*NAMES, NEW)):
        hub.command("model", "refresh", "--provider", "news", "--from-file", listed(tmp_path, names))
    hub.command("team", "create", "News")
    made = hub.command("key", "create", "--team", "news", "--name", "reader").stdout
    key = next(word for word in made.split() if word.startswith("llmh_"))
    client = openai.OpenAI(base_url=f"{hub.url}/v1", api_key=key, max_retries=0)
    page.goto(hub.sign_in_link())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/profile/")
    page.goto(f"{hub.url}/inbox/?provider=news")

    button = page.get_by_role("button", name=f"Promote: {NEW}")
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("each => each === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.get_by_text(f"Accepted: {MODEL}").wait_for()
    began = time.monotonic()
    hub.until(lambda: is_answered(client), within=5, what="the model is called")

    assert time.monotonic() - began < 2
    page.goto(f"{hub.url}/inbox/?provider=news")
    assert page.get_by_text("No event fits").is_visible()
