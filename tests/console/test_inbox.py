"""The pages of discovery: inbox, rules, readings, held lists, promotion."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from catalog import bundled_list
from catalog.discovery import refresh
from catalog.discovery_models import CatalogEvent, DiscoveryRun, HeldList, InboxRule
from catalog.entry import create_entry
from catalog.models import Alias, CatalogEntry, Offer, Price
from catalog.offer import add_offer, set_price
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli.main import run
from providers.models import Provider
from providers.rates import Rates
from tests.fixtures.lists import START, many, row

pytestmark = pytest.mark.django_db


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def news(router, take):
    """A new model, and a price that rose at one that a person priced at 9."""
    with time_machine.travel(START - timedelta(days=1), tick=False):
        entry = create_entry(actor=COMMAND_LINE, slug="acme/m0")
        offer = add_offer(actor=COMMAND_LINE, entry=entry, provider=router, upstream_id="acme/m0")
        set_price(actor=COMMAND_LINE, offer=offer, tiers=[Rates(Decimal(9), Decimal(9))])
    take(many(), hour=0)
    take([row("acme/m0", price="0.000002"), *many()[1:], row("x/y")], hour=1)
    return {event.kind: event for event in CatalogEvent.objects.all()}


def decide(client, what, **more):
    return client.post("/inbox/decide/?state=open", {"do": what, **more}, follow=True)


def test_the_inbox_says_what_changed_and_what_the_catalog_says_now(signed_in, news):
    page = one_line(signed_in().get("/inbox/").text)

    assert "$1.00" in page
    assert '<span class="tabular went-up">+100 %</span>' in page
    assert "In the catalog now: input $9.00, output $9.00." in page
    assert 'aria-label="Promote: x/y"' in page
    assert "2</span>" not in page
    assert '<span class="visually-hidden"> to decide</span>' in page


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("kind=new", "x/y", "acme/m0"),
        ("about=curated", "acme/m0", "x/y"),
        ("provider=or", "x/y", None),
        ("state=decided", "No event fits", "x/y"),
        ("kind=nonsense&about=nonsense&state=nonsense", "x/y", None),
    ],
)
def test_filters_swap_only_the_list(signed_in, news, swap, query, there, gone):
    part = signed_in("viewer").get(f"/inbox/?{query}", headers=swap).text

    assert part.lstrip().startswith('<div class="card" id="inbox-events">')
    assert there in part
    assert gone is None or gone not in part


def test_the_list_takes_a_fixed_number_of_queries(signed_in, news, take, django_assert_num_queries):
    take([*many(), *(row(f"new/{n}") for n in range(9))], hour=2)
    client = signed_in()

    with django_assert_num_queries(8):  # session, person, organisation, held, events, offers, prices, filter
        client.get("/inbox/")


def test_the_number_in_the_menu_is_the_one_of_this_moment_without_a_query_of_its_own(
    signed_in, news, django_assert_num_queries
):
    client = signed_in()

    assert badge(client.get("/settings/")) == "2"
    CatalogEvent.objects.update(state="ignored")  # as another process does
    with django_assert_num_queries(6):  # session, person, organisation, audit events, content
        assert badge(client.get("/settings/")) == ""


def badge(page):
    """The number beside Inbox in the menu."""
    found = re.search(r'nav-count"><span [^>]*>: </span>(\d+)<', page.text)
    return found[1] if found else ""


def test_one_event_is_accepted_by_its_button(signed_in, news):
    page = decide(signed_in("admin"), f"accept:{news['price_up'].pk}").text

    assert "Accepted: acme/m0." in page
    assert Price.objects.filter(offer__entry__slug="acme/m0").latest("id").input == 2
    assert CatalogEvent.objects.get(pk=news["price_up"].pk).decided_by == "admin@example.com"


def test_ticked_events_are_decided_together_and_a_second_time_is_told(signed_in, news):
    client, ids = signed_in("admin"), [event.pk for event in news.values()]

    assert "Ignored: acme/m0, x/y." in decide(client, "ignore", ids=ids).text
    assert "admin@example.com has ignored it already." in decide(client, "accept", ids=ids).text
    assert "tick the events first" in decide(client, "accept").text
    assert "tick the events first" in decide(client, "dance:1").text
    assert "tick the events first" in decide(client, "accept:99999999999999999999").text


def test_a_viewer_sees_no_button_and_may_press_none(signed_in, news):
    client = signed_in("viewer")

    page = client.get("/inbox/").text
    assert "x/y" in page
    assert 'name="do"' not in page
    assert client.post("/inbox/decide/", {"do": f"accept:{news['new'].pk}"}).status_code == 403
    assert 'id="promote"' not in client.get("/models/x/y/").text


def test_an_empty_inbox_names_the_source_of_what_is_shown(signed_in):
    Provider.objects.create(slug="anthropic", name="Messages", kind="anthropic", dialect="messages")
    bundled_list.fill()

    page = one_line(signed_in().get("/inbox/").text)

    assert "Nothing to decide" in page
    assert "showing the bundled list of 10 Nov 2026" in page
    assert "it is not read, it needs a credential" in page


def test_the_page_of_models_says_which_list_they_are_from_and_what_keeps_it_from_newer_ones(
    signed_in, router, swap, capsys
):
    bundled_list.fill()
    client = signed_in("viewer")
    assert 'hx-get="/discovery/lists/"' in client.get("/models/").text
    assert "No list was read yet" in client.get("/discovery/lists/").text

    Provider.objects.create(slug="anthropic", name="Messages", kind="anthropic", dialect="messages")
    Provider.objects.filter(pk=router.pk).update(base_url="http://127.0.0.1:9/api/v1")
    bundled_list.fill()
    router.refresh_from_db()
    refresh(router, actor=COMMAND_LINE, trigger=DiscoveryRun.Trigger.COMMAND)

    page = one_line(client.get("/discovery/lists/", headers=swap).text)
    assert "Messages</span>: the bundled list of 10 Nov 2026; not refreshed: it needs a credential" in page
    assert "Router</span>: no list yet; the last refresh failed just now: " in page
    assert page.index("Router</span>: no list") < page.index("Messages</span>: the bundled")
    for_members = signed_in("member").get("/discovery/lists/").text
    assert "the bundled list of 10 Nov 2026" in for_members
    assert "the last refresh failed" not in for_members
    assert run(["model", "list", "--discovered"]) == 0
    said = capsys.readouterr().out
    assert "anthropic: the bundled list of 10 Nov 2026; not refreshed: it needs a credential" in said
    assert run(["model", "list", "--discovered", "--json"]) == 0
    lists = json.loads(capsys.readouterr().out)["lists"]
    assert {row["provider"]: row["source"] for row in lists}["anthropic"] == "the bundled list of 10 Nov 2026"


def test_what_an_event_touches_is_a_panel_and_a_page(signed_in, news, swap):
    url = f"/inbox/{news['new'].pk}/touches/"

    part = signed_in("viewer").get(url, headers=swap).text
    assert "Nobody called it in the last 30 days." in part
    assert "<html" not in part
    assert "New: x/y" in signed_in("viewer").get(url).text


def test_a_model_is_promoted_on_its_page_under_an_alias(signed_in, news):
    client = signed_in("admin")
    page = client.get("/models/x/y/").text
    assert "Take it into the catalog" in page
    assert "[models.&quot;x/y&quot;]" in page
    assert "Call it" not in page

    told = client.post("/model/promote/", {"model": "x/y", "name": "acme/m0"}, follow=True).text
    assert "is taken: a model has it" in told
    told = client.post("/model/promote/", {"model": "x/y", "name": " quick "}, follow=True).text

    assert "x/y can be called and as quick within two seconds." in told
    assert "Call it" in told
    assert Alias.objects.get().name_id == "quick"
    assert CatalogEntry.objects.get(slug="x/y").source == "curated"
    assert client.post("/model/promote/", {"model": "no/such"}).status_code == 404


def test_a_held_list_is_shown_everywhere_and_decided_on(signed_in, router, take, swap):
    take(many(), hour=0)
    take(many(5), hour=1)
    client = signed_in("admin")

    for url in ("/inbox/", "/discovery/", "/providers/or/discovery/"):
        page = client.get(url).text
        assert "A list of Router is held back" in page, url
        assert "15 of 20 models are gone" in page, url
    part = client.post("/providers/or/discovery/held/", {"do": "discard"}, headers=swap).text
    assert "Router: discarded, the list before stays." in part
    again = client.post("/providers/or/discovery/held/", {"do": "accept"}, follow=True).text
    assert "no list of Router is held back" in one_line(again)

    take(many(5), hour=2)
    client.post("/providers/or/discovery/held/", {"do": "accept", "from": "list"})
    assert not HeldList.objects.exists()
    assert Offer.objects.exclude(withdrawn_at=None).count() == 15


def test_a_list_is_read_by_a_button_and_a_failure_is_said(signed_in, router, swap):
    Provider.objects.filter(pk=router.pk).update(base_url="http://127.0.0.1:9")
    client = signed_in("admin")

    part = client.post("/providers/or/discovery/refresh/", headers=swap)
    assert part.text.lstrip().startswith('<section class="card mb-3" id="provider-discovery"')
    assert "refused" in part.text
    assert part.headers["HX-Trigger"] == '{"provider-checked": {}}'
    table = client.post("/providers/or/discovery/refresh/", {"from": "list"}, headers=swap).text
    assert table.lstrip().startswith('<section class="mb-3" id="discovery-table"')
    assert client.post("/providers/or/discovery/refresh/")["Location"] == "/providers/or/"
    assert "Failed" in client.get("/discovery/?provider=or").text
    assert client.get("/discovery/?cursor=nonsense").status_code == 404


def test_rules_are_added_and_removed(signed_in, router):
    client = signed_in("admin")
    told = client.post(
        "/inbox/rules/add/", {"action": "accept", "kind": "price_down", "provider": router.pk}, follow=True
    ).text
    assert "From the next run on: accept price down at Router." in told
    assert client.post("/inbox/rules/add/", {"action": "accept", "kind": "moved"}).status_code == 422

    client.post(f"/inbox/rules/{InboxRule.objects.get().pk}/remove/")
    assert "No rule yet" in client.get("/inbox/rules/").text
    assert not InboxRule.objects.exists()
