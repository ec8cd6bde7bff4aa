"""A budget owner's day in a real browser: a cap, calls that run into it, more of it, and quiet again."""

from __future__ import annotations

import re

import openai
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
MODEL, TOKENS = "walk/small", 40
# Output alone costs: 40 tokens are 0.001234568 USD, and so is the most that such a call can take.
COST, CAP, LEFT, MORE = "0.001234568 USD", "0.0015 USD", "0.000265432 USD", "0.01 USD"
COMMANDS = (
    ("model", "add", MODEL, "--provider", "walk", "--upstream-id", "sim-small", "--output", "30.8642",
     "--input", "0", "--context", "8000"),
    ("team", "create", "Walkers", "--slug", "walkers"),
    ("user", "create", "mia@walk.test", "--role", "member"),
    ("user", "create", "max@walk.test", "--role", "member"),
    ("team", "member", "add", "walkers", "mia@walk.test", "--role", "manager"),
    ("team", "member", "add", "walkers", "max@walk.test", "--role", "member"),
    ("key", "create", "--team", "walkers", "--name", "walker"),
    ("user", "link", "mia@walk.test"),
    ("user", "link", "max@walk.test"),
)  # fmt: skip


@pytest.fixture
def said(hub, simulator):
    """A team with a manager, a member, a key and a model; what the commands printed about them."""
    where = simulator.path(f"tokens/{TOKENS}", tag="walk")
    words = ("provider", "add", "walk", "--kind", "custom", "--base-url", where, "--no-credential")
    return "".join(hub.commands(words, *COMMANDS))


def sign_in(browser, link: str):
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(30_000)  # ms
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/profile/")
    return page


def set_a_cap(manager, hub) -> None:
    manager.goto(f"{hub.url}/budgets/add/?scope=team&name=walkers")
    manager.get_by_label("Cap", exact=True).fill(CAP.removesuffix(" USD"))
    manager.get_by_role("button", name="Make the budget").click()
    manager.get_by_text("The budget is there").wait_for()


def refused(client: openai.OpenAI, tokens: int):
    """One call; what its caller is told where it is refused for money, None where it is not."""
    words = [{"role": "user", "content": "Hi."}]
    try:
        client.chat.completions.create(model=MODEL, max_tokens=tokens, messages=words)
    except openai.APIStatusError as error:
        return error.body if error.status_code == 402 else None
    return None


def run_into_it(hub, key: str):
    """As soon as the gateway knows the cap: one call that fits, and a second that does not."""
    client = openai.OpenAI(base_url=f"{hub.url}/v1", api_key=key, max_retries=0)
    hub.until(lambda: refused(client, 10 * TOKENS), within=15, what="the gateway knows the cap")
    assert refused(client, TOKENS) is None
    return refused(client, TOKENS)


def assert_says(page, *words: str) -> None:
    """A page has these words; dollars as tables write them."""
    text = page.locator("main").inner_text()
    for each in words:
        shown = f"${each.removesuffix(' USD')}" if each.endswith(" USD") else each
        assert shown in text


def ask_for_more(member, refusal: dict) -> None:
    """From the link in the refusal."""
    member.goto(re.search(r"http\S+/ask/", refusal["remedies"][-1])[0])
    assert_says(member, COST, LEFT)
    member.get_by_label("Cap for a while").fill(MORE.removesuffix(" USD"))
    member.get_by_label("What for").fill("the launch")
    member.get_by_role("button", name="Ask").click()
    member.get_by_text("Asked. You see here when it is decided.").wait_for()


def shown_of(page, hub, words: str) -> str:
    """The text of the alerts that say `words`, as soon as they do."""

    def is_there() -> bool:
        page.goto(f"{hub.url}/alerts/?team=walkers")
        return words in page.locator("main").inner_text()

    hub.until(is_there, within=30, what=f"the page of alerts says {words!r}")
    return page.locator("main").inner_text()


def test_a_cap_is_run_into_raised_and_quiet_again(browser, hub, said):
    mia, max_ = (sign_in(browser, link) for link in re.findall(r"http\S+", said)[-2:])
    set_a_cap(mia, hub)
    refusal = run_into_it(hub, re.search(r"llmh_\S+", said)[0])
    details = refusal["details"]

    assert f"{COST} of {CAP} are spent, {LEFT} are left" in shown_of(mia, hub, "has spent 80 % of its")
    assert f"has {LEFT.removesuffix(' USD')} of {CAP} left" in refusal["message"]
    assert f"this call could take {COST}" in refusal["message"]
    assert [f"{details[name]} USD" for name in ("spent", "cap", "estimate")] == [COST, CAP, COST]

    refusing = shown_of(mia, hub, "walkers has calls refused by its monthly budget")
    assert f"{LEFT} of {CAP} are left, the last one could take" in refusing
    assert f"could take {COST}" in refusing

    ask_for_more(max_, refusal)
    assert "the launch" in shown_of(mia, hub, "max@walk.test asks for more: walkers")
    mia.get_by_role("link", name="Show what it is about: walkers has spent 80 %").click()  # the first click
    assert_says(mia, "the launch", COST, LEFT)
    mia.get_by_role("button", name="Approve").click()  # the second
    mia.get_by_text("Approved: the next call goes by the higher cap.").wait_for()

    shown = shown_of(mia, hub, "Nothing fires")
    assert f"80 % are no longer crossed: {COST} are spent, the cap is {MORE} now." in shown
    max_.reload()
    max_.get_by_text(f"Approved {MORE.removesuffix(' USD')} until").wait_for()
    assert_says(max_, "mia@walk.test", MORE)
