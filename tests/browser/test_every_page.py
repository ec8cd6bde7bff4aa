"""Every page in a real browser: usable without eyes, on a phone, in the dark, and by its own policy."""

from __future__ import annotations

import fcntl
import subprocess
import sys

import pytest

from tests.fixtures.browser import violations

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

LONG = "a name that somebody typed without thinking of the people who have to read it in a list of keys"
PERSON = "somebody.with-a-long-address-and-a-longer-one@research.example.org"
PAGES = (
    "/",
    "/requests/",
    "/requests/in-flight/",
    "/spend/",
    "/spend/savings/",
    "/exports/",
    "/adjustments/",
    "/adjustments/add/",
    "/adjustments/reprice/",
    "/teams/every-page/spend/",
    "/teams/every-page/rules/",
    "/team-figures/",
    "/settings/",
    "/settings/configuration/",
    "/settings/service-keys/",
    "/settings/service-keys/add/",
    "/profile/",
    "/profile/second-factor/",
    "/providers/",
    "/providers/add/",
    "/providers/add/connection/?kind=custom",
    "/providers/every-page/",
    "/providers/every-page/listed/",
    "/providers/every-page/attempts/",
    "/providers/every-page/evidence/",
    "/providers/every-page/models/",
    "/providers/every-page/models/add/",
    "/providers/openai/",
    "/providers/openai/breakers/",
    "/models/",
    "/models/?q=nothing+fits+this",
    "/models/openai/gpt-4o-mini/",
    "/model/offers/openai/gpt-4o-mini/",
    "/model/parameters/openai/gpt-4o-mini/",
    "/compare/?id=openai/gpt-4o&id=openai/gpt-4o-mini",
    "/retirements/",
    "/discovery/lists/",
    "/aliases/",
    "/aliases/callers/every-page/",
    "/switch/",
    "/switch/?source=openai/gpt-4o&target=openai/gpt-4o-mini&scope=team&name=every-page",
    "/routes/",
    "/routes/add/?to=openai/gpt-4o-mini",
    "/routes/named/every/page/",
    "/routes/change/every/page/",
    "/routes/of-model/openai/gpt-4o-mini/",
    "/routes/of-team/every-page/",
    "/keys/",
    "/keys/add/",
    "/keys/1/",
    "/explain/",
    "/explain/?model=openai/gpt-4o-mini",
    "/keys/test/",
    "/keys/1/budgets/",
    "/budgets/",
    "/budgets/?scope=tag",
    "/budgets/add/",
    "/budgets/1/",
    "/alerts/",
    "/alerts/1/",
    "/alerts/deliveries/",
    "/alerts/channels/",
    "/alerts/channels/add/",
    "/alerts/channels/1/",
    "/teams/",
    "/teams/add/",
    "/teams/every-page/",
    "/teams/every-page/spend/",
    "/team-figures/",
    "/invitations/",
    "/invitations/add/",
    "/audit/",
    "/audit/chain/",
    "/teams/every-page/content/on/",
    "/teams/every-page/content/off/",
    "/people/",
    "/people/add/",
    "/people/1/budgets/",
)
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
FIRE = f"""
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "llmhub.settings"
import django
django.setup()
from llmhub.alerts import alert
from llmhub.alerts.finding import Finding
from llmhub.lib import clock
for number in (1, 2):
    subject, facts = f"budget:{{number}}", {{"a": ["b"]}}
    found = Finding("forecast", subject, "{LONG}", "{LONG}", path="/settings/", facts=facts)
    seen = alert.observe(found, now=clock.now())
alert.resolve(seen, text="{LONG}", now=clock.now())
import json
from datetime import timedelta
from billing.models import Reservation
from catalog.models import Offer
from llmhub.lib import ids
from providers.breaker_models import BreakerEvent
now = clock.now()
for number, offer in enumerate(Offer.objects.filter(provider__slug="openai").select_related("provider")[:4]):
    about = {{"target_id": offer.pk, "base_url": offer.provider.base_url, "process": "gateway-1.test:4711"}}
    last = {{"http_status": 503, "error_code": "upstream_unavailable"}}
    numbers = {{"failures": 5, "calls": 31, "failed": 17, **last}}
    for minutes in (9, 1):
        at = now - timedelta(minutes=minutes)
        until = at + timedelta(seconds=90 if number % 2 else 30)
        BreakerEvent.objects.create(
            before="closed", after="open", reason="in_a_row", at=at, open_until=until, **about, **numbers
        )
    if number == 3:
        BreakerEvent.objects.create(before="open", after="closed", reason="probe_answered", at=now, **about)
    facts = {{"requested": "{LONG}", "entry_id": offer.entry_id, "provider_id": offer.provider_id}}
    Reservation.objects.create(
        id=ids.first_at(now - timedelta(seconds=7 * number)), amount_nano=12_345_678, facts=json.dumps(facts),
        expires_at=int(now.timestamp()) + 600,
    )
"""
HIDDEN_COLUMNS = """[...document.querySelectorAll(".table-responsive")]
    .filter(each => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
    .map(each => each.getAttribute("aria-label") || each.getAttribute("aria-labelledby"))"""
PANELS_ARE_THERE = """() => !document.querySelector("[hx-trigger=load], .htmx-request, .htmx-swapping")
    && document.getAnimations().every(each => each.playState !== "running")"""
IS_ON = "([theme, width]) => document.documentElement.dataset.bsTheme === theme && innerWidth === width"
# Charts are drawn anew a moment after the width has changed.
CHARTS_FIT = """() => [...document.querySelectorAll("[data-chart] .main-svg")]
    .every(each => each.clientWidth <= each.closest("[data-chart]").clientWidth)"""
# What depends on colours and width; the other rules say the same of a page on each screen.
OF_THE_SCREEN = {
    "type": "rule",
    "values": ["color-contrast", "link-in-text-block", "scrollable-region-focusable"],
}
COMMANDS = (
    ("provider", "add", "every-page", "--kind", "custom", "--base-url", "http://127.0.0.1:9/v1"),
    ("user", "create", PERSON, "--name", LONG),
    ("alias", "add", "every-page", "openai/gpt-4o-mini"),
    ("team", "create", LONG, "--slug", "every-page"),
    ("key", "create", "--team", "every-page", "--name", LONG, "--budget", "12.34", "--person", PERSON),
    ("team", "member", "add", "every-page", PERSON),
    ("invitation", "create", PERSON, "--team", "every-page"),
    ("service-key", "create", "--name", LONG, "--team", "every-page", "--scope", "keys:manage"),
    ("budget", "create", "--scope", "person", "--name", PERSON, "--per", "day", "--cap", "7"),
    ("budget", "create", "--scope", "team", "--name", "every-page", "--per", "day", "--cap", "0"),
    (
        "route",
        "add",
        "every/page",
        "--description",
        LONG,
        "--to",
        "openai/gpt-4o",
        "--to",
        "openai/gpt-4o-mini",
        "--at",
        "openai",
        "--over-budget",
        "openai/gpt-4o-mini",
    ),
    ("channel", "add", LONG[:60], "--kind", "chat", "--address", SLACK, "--rules", "budget"),
)


@pytest.fixture(scope="module")
def furnished(hub):
    """A hub with a provider, a team, a person and a key, all with long names; by one process."""
    script = f"{FIRE}\nfrom llmhub.cli.main import run\nassert not any(run(each) for each in {COMMANDS!r})\n"
    done = hub.home / "furnished"
    with done.open("a") as file:  # another test process may use this hub, too
        fcntl.flock(file, fcntl.LOCK_EX)
        if done.stat().st_size == 0:
            subprocess.run([sys.executable, "-P", "-c", script], env=hub.environment, check=True, timeout=120)
            file.write("yes\n")
    return hub


@pytest.fixture
def inside(page, furnished):
    """A signed-in page, and what its console said."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(furnished.sign_in_link())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/profile/")
    page.said = said
    return page


def test_every_page_is_accessible_fits_both_screens_and_keeps_to_its_policy(inside, furnished):
    faults = []
    for path in PAGES:
        show(inside, "light", 1280)
        answer = inside.goto(furnished.url + path)
        faults += [f"{path}: status {answer.status}"] * (answer.status != 200)
        faults += [f"{path}: {each}" for each in looked_at(inside)]
        hidden = inside.evaluate(HIDDEN_COLUMNS)
        faults += [f"{path}: columns of {name!r} are out of sight" for name in hidden]
        show(inside, "dark", 390)
        inside.wait_for_function(CHARTS_FIT)
        faults += [
            f"{path} on a phone in the dark: {each}" for each in looked_at(inside, runOnly=OF_THE_SCREEN)
        ]
    faults += inside.said

    assert not faults, "\n".join(faults)


def show(page, theme: str, width: int) -> None:
    """Go to another screen with the page that is open: it follows without being loaded again."""
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function(IS_ON, arg=[theme, width])


def looked_at(page, **options) -> list[str]:
    """What is wrong with the page that is open, on the screen that it is on."""
    page.wait_for_function(PANELS_ARE_THERE)
    too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    faults = [f"{too_wide} px too wide"] * (too_wide > 0)
    return faults + [
        f"{rule['id']} {[node['html'][:120] for node in rule['nodes'][:3]]}"
        for rule in violations(page, **options)
    ]


def test_a_page_that_breaks_the_rules_would_be_noticed(inside, furnished):
    inside.goto(f"{furnished.url}/no-such-page/")
    assert inside.said, "a failed request is heard"

    inside.goto("about:blank")  # a page of ours would not let an inline style in
    inside.set_content('<div style="width: 5000px; color: #eee; background: #fff">faint</div><img src="x">')

    rules = {rule["id"] for rule in violations(inside)}

    assert {"color-contrast", "image-alt"} <= rules
    assert inside.evaluate("document.documentElement.scrollWidth - window.innerWidth") > 0
