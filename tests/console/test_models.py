"""The pages of models, their offers, prices and aliases."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from catalog import search_index
from catalog.alias import add_alias
from catalog.entry import create_entry
from catalog.models import Alias, CatalogEntry, Offer, Price
from catalog.new_model import add_model
from catalog.offer import add_offer, set_price
from catalog.words import CAPABILITIES, most_telling
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from providers.provider import create_provider
from providers.rates import Rates

pytestmark = pytest.mark.django_db


def one_line(text: str) -> str:
    return " ".join(text.split())


def rates(input_price: str, output: str, **more: str) -> Rates:
    amounts = {name: Decimal(value) for name, value in more.items() if name != "above_input_tokens"}
    above = int(more.get("above_input_tokens", 0))
    return Rates(input=Decimal(input_price), output=Decimal(output), above_input_tokens=above, **amounts)


def test_the_list_shows_price_digits_as_they_are(signed_in, offer):
    page = signed_in("viewer").get("/models/").text

    assert ">0.0375</td>" in page
    assert ">0.15</td>" in page
    assert "Callable" in page
    assert 'data-copy="acme/small-1"' in page
    assert '<span title="128\u202f000 tokens">128k</span>' in page


def test_an_unknown_price_is_unknown_and_never_0(signed_in, lab):
    add_model(actor=COMMAND_LINE, provider=lab, upstream_id="m", slug="acme/m", rates=None)
    client = signed_in("viewer")

    for path in ("/models/", "/models/acme/m/", "/providers/lab/models/"):
        page = client.get(path).text
        assert "unknown" in page, path
        assert "0.00" not in page, path


def test_a_free_model_costs_0_and_not_unknown(signed_in, lab):
    add_model(actor=COMMAND_LINE, provider=lab, upstream_id="m", slug="acme/m", rates=rates("0", "0"))

    assert signed_in("viewer").get("/models/").text.count('<td class="num">0.00</td>') == 2


def test_the_list_shows_the_cheapest_offer_that_can_be_called(signed_in, offer):
    cheap = create_provider(
        actor=COMMAND_LINE, slug="cheap", name="Cheap", kind="custom", base_url="http://127.0.0.1:9"
    )
    second = add_offer(actor=COMMAND_LINE, entry=offer.entry, provider=cheap, upstream_id="s")
    set_price(actor=COMMAND_LINE, offer=second, tiers=[rates("0.01", "0.02")])
    client = signed_in("viewer")

    assert ">0.01</td>" in client.get("/models/").text

    type(cheap).objects.filter(slug="cheap").update(paused_reason="x")

    assert ">0.0375</td>" in client.get("/models/").text


def test_a_price_of_tomorrow_is_not_shown_today(signed_in, offer):
    tomorrow = clock.now() + timedelta(days=1)
    set_price(actor=COMMAND_LINE, offer=offer, tiers=[rates("9", "9")], effective_from=tomorrow)

    assert ">0.0375</td>" in signed_in("viewer").get("/models/").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["acme/small-1", "other/big"]),
        ("q=small", ["acme/small-1"]),
        ("q=BIG+other", ["other/big"]),
        ("can=vision", ["other/big"]),
        ("can=tools", ["acme/small-1"]),
        ("can=nonsense", ["acme/small-1", "other/big"]),
        ("provider=lab", ["acme/small-1"]),
        ("q=nothing", []),
    ],
)
def test_searching_and_filtering_find_what_fits(signed_in, offer, swap, query, found):
    create_entry(actor=COMMAND_LINE, slug="other/big", capabilities=["vision"])

    part = signed_in("viewer").get(f"/models/?{query}", headers=swap).text

    assert part.strip().startswith('<div id="model-table">')
    assert [slug for slug in ("acme/small-1", "other/big") if slug in part] == found


def test_typos_are_forgiven_and_every_filter_narrows(signed_in, offer, swap):
    entry = offer.entry
    entry.released_on, entry.deprecated_on = clock.now().date(), clock.now().date()
    entry.input_modalities, entry.family = ["text", "image"], "small ones"
    entry.save()
    client = signed_in("viewer")

    for query in (
        "q=smal",
        "q=samll-1",
        "source=curated",
        "context=32000",
        "most=0.0375",
        "takes=image",
        "age=30",
        "leaving=yes",
        "sort=input",
        "can=tools&can=stream",
        "family=small+ones",
    ):
        assert "acme/small-1" in client.get(f"/models/?{query}", headers=swap).text, query
    for query in (
        "source=discovered",
        "context=200000",
        "most=0.037",
        "gives=audio",
        "leaving=no",
        "family=x",
    ):
        assert "acme/small-1" not in client.get(f"/models/?{query}", headers=swap).text, query


def test_a_family_is_chosen_from_those_that_models_have(signed_in, offer):
    create_entry(actor=COMMAND_LINE, slug="other/big", family="big ones")

    page = signed_in("viewer").get("/models/?family=big+ones").text

    assert '<option value="big ones" selected>big ones</option>' in page
    assert "acme/small-1" not in page
    assert "other/big" in page


def test_what_a_model_can_do_is_chosen_by_boxes(signed_in, offer):
    page = signed_in("viewer").get("/models/?can=vision").text

    boxes = re.findall(r'<input type="checkbox" name="can" value="(\w+)"[^>]*?( checked)?>', page)
    assert len(boxes) == len(CAPABILITIES)
    assert [word for word, checked in boxes if checked] == ["vision"]


def test_a_filter_that_makes_no_sense_is_named_and_does_not_filter(signed_in, offer):
    page = signed_in("viewer").get("/models/?most=cheap&sort=nothing&context=x").text

    assert "Enter a number" in page
    assert "acme/small-1" in page


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WzEsMl0", "W10", "é"])
def test_a_place_that_no_search_gave_does_not_exist(signed_in, offer, cursor):
    assert signed_in("viewer").get("/models/", {"cursor": cursor, "q": "a"}).status_code in {200, 404}


def test_models_side_by_side_mark_what_differs(signed_in, offer):
    create_entry(
        actor=COMMAND_LINE, slug="other/big", name="Big", context_tokens=1_000_000, capabilities=["vision"]
    )

    page = one_line(signed_in("viewer").get("/compare/?id=acme/small-1&id=other/big&id=a/b").text)

    assert "There is no model" in page
    assert "1 000 000" in page  # its thin spaces became plain ones
    assert page.count('class="differs"') >= 3
    assert "0.0375 <span" in page
    assert "No provider offers it" in page


def test_parameters_that_nobody_said_are_unknown_and_not_refused(signed_in, offer):
    for slug, parameters in (
        ("a/some", {"seed": {"type": "integer"}}),
        ("a/other", {"stop": {"type": "list"}}),
    ):
        create_entry(actor=COMMAND_LINE, slug=slug)
        CatalogEntry.objects.filter(slug=slug).update(parameters=parameters)

    page = one_line(signed_in("viewer").get("/compare/?id=a/some&id=a/other&id=acme/small-1").text)

    seed = page[page.index(">seed<") :]
    assert seed.index("<td>integer</td>") < seed.index("not taken") < seed.index("unknown")


def test_nothing_to_compare_says_so(signed_in):
    assert "Nothing to compare" in signed_in("viewer").get("/compare/").text


def test_a_withdrawn_model_is_not_listed_and_a_discovered_one_says_so(signed_in, offer):
    client = signed_in("viewer")
    CatalogEntry.objects.update(source="discovered")
    page = client.get("/models/").text
    assert "acme/small-1" in page
    assert "Not in the catalog" in page
    assert "Callable" not in page

    CatalogEntry.objects.update(withdrawn_at=clock.now())
    search_index.forget()

    assert "acme/small-1" not in client.get("/models/").text


def test_80_models_take_a_fixed_number_of_queries_and_two_screens(signed_in, lab, django_assert_num_queries):
    for number in range(80):
        add_model(
            actor=COMMAND_LINE,
            provider=lab,
            upstream_id=f"m{number}",
            slug=f"acme/m{number:02}",
            rates=rates("1", "2"),
        )
    client = signed_in("viewer")

    # session, person, organisation, providers of the filter, state of the index, planned prices, its
    # entries, offers and prices; then the rows: entries, offers with providers, prices
    with django_assert_num_queries(12):
        page = client.get("/models/").text

    assert "acme/m49" in page
    assert "acme/m50" not in page
    cursor = re.findall(r"cursor=([\w-]+)", page)[0]
    assert "acme/m79" in client.get(f"/models/?cursor={cursor}").text


def test_one_model_shows_facts_with_their_source_and_date(signed_in, offer):
    CatalogEntry.objects.update(
        facts_source="https://docs.acme.test/models", facts_checked_on=date(2026, 11, 10), family="acme-small"
    )

    page = one_line(signed_in("viewer").get("/models/acme/small-1/").text)

    assert (
        'href="https://docs.acme.test/models" rel="noreferrer">docs.acme.test</a>, checked 10 November 2026'
        in page
    )
    assert "128 000 tokens" in page
    assert "<div>Calls tools</div>" in page
    assert "model=&quot;acme/small-1&quot;" in page or 'model="acme/small-1"' in page


def test_one_model_shows_tiers_cache_prices_and_where_a_price_is_from(signed_in, offer):
    set_price(
        actor=COMMAND_LINE,
        offer=offer,
        tiers=[
            rates("1.25", "10", cache_read="0.125"),
            rates("2.5", "15", cache_read="0.25", above_input_tokens="200000"),
        ],
        source="https://acme.test/pricing",
        checked_on=date(2026, 11, 10),
    )

    page = one_line(signed_in("viewer").get("/models/acme/small-1/").text)

    for text in (
        "1.25",
        "0.125",
        "input above 200 000 tokens",
        "2.50",
        "15.00",
        "as input",
        "acme.test</a>",
    ):
        assert text in page, text
    assert "0.0375" not in page  # succeeded


def test_a_deprecated_model_names_its_replacement(signed_in, offer):
    create_entry(actor=COMMAND_LINE, slug="acme/small-2")
    CatalogEntry.objects.filter(slug="acme/small-1").update(
        deprecated_on=date(2026, 6, 1), sunset_on=date(2099, 1, 2), replacement="acme/small-2"
    )

    page = one_line(signed_in("viewer").get("/models/acme/small-1/").text)

    assert "Deprecated since 1 June 2026. It stops answering on 2 January 2099." in page
    assert '<a class="alert-link" href="/models/acme/small-2/">' in page


def test_an_unknown_model_is_a_404(signed_in):
    assert signed_in("viewer").get("/models/acme/none/").status_code == 404


def test_an_alias_is_added_and_taken_away(signed_in, offer):
    client = signed_in("admin")

    added = client.post("/aliases/add/", {"model": "acme/small-1", "name": "fast"}, follow=True).text
    taken = client.post("/aliases/add/", {"model": "acme/small-1", "name": "fast"})
    client.post("/aliases/remove/", {"name": "fast"})

    assert "fast now means acme/small-1" in added
    assert taken.status_code == 422
    assert "is taken" in taken.text
    assert not Alias.objects.exists()


def test_a_model_with_an_alias_is_not_withdrawn(signed_in, offer):
    add_alias(actor=COMMAND_LINE, name="fast", entry=offer.entry)
    client = signed_in("admin")

    kept = client.post("/model/withdraw/", {"model": "acme/small-1"}, follow=True).text
    client.post("/aliases/remove/", {"name": "fast"})
    gone = client.post("/model/withdraw/", {"model": "acme/small-1"}, follow=True).text

    assert "cannot be withdrawn while fast stands for it" in kept
    assert "acme/small-1 was withdrawn" in gone


def test_a_model_is_added_at_a_provider_with_its_price(signed_in, lab):
    client = signed_in("admin")
    values = {
        "upstream_id": "llama-3",
        "slug": "lab/llama-3",
        "context_tokens": "8192",
        "input": "0.1",
        "output": "0,25",
        "cache_read": "0.0000001",
        "capabilities": ["stream", "tools"],
    }

    suggested = client.get("/providers/lab/models/add/?upstream_id=llama-3&context_tokens=8192").text
    client.post("/providers/lab/models/add/", values)

    assert 'value="lab/llama-3"' in suggested
    assert 'value="8192"' in suggested
    entry, price = CatalogEntry.objects.get(), Price.objects.get()
    assert (entry.slug, entry.context_tokens, entry.capabilities) == (
        "lab/llama-3",
        8192,
        ["stream", "tools"],
    )
    assert (price.input, price.output, price.cache_read) == (Decimal("0.1"), Decimal("0.25"), Decimal("1E-7"))
    assert Offer.objects.get().upstream_id == "llama-3"


def test_a_model_that_is_there_gets_one_more_provider_and_keeps_its_facts(signed_in, offer):
    create_provider(
        actor=COMMAND_LINE, slug="spare", name="Spare", kind="custom", base_url="http://127.0.0.1:9"
    )

    signed_in("admin").post(
        "/providers/spare/models/add/", {"upstream_id": "s1", "slug": "acme/small-1", "context_tokens": "1"}
    )

    entry = CatalogEntry.objects.get()
    assert (entry.context_tokens, entry.offers.count()) == (128_000, 2)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"input": "1"}, "output"),
        ({"output": "1"}, "input"),
        ({"cache_read": "1"}, "input"),
        ({"input": "-1", "output": "1"}, "input"),
        ({"input": "a", "output": "1"}, "input"),
        ({"input": "1e9", "output": "1"}, "input"),
        ({"context_tokens": "0"}, "context_tokens"),
        ({"upstream_id": ""}, "upstream_id"),
    ],
)
def test_half_a_price_or_none_at_all_is_refused_at_its_field(signed_in, lab, values, field):
    base = {"upstream_id": "m", "slug": "lab/m"}

    response = signed_in("admin").post("/providers/lab/models/add/", {**base, **values})

    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.text
    assert not CatalogEntry.objects.exists()


def test_a_taken_name_is_refused_and_nothing_is_half_made(signed_in, offer, lab):
    add_alias(actor=COMMAND_LINE, name="fast", entry=offer.entry)

    response = signed_in("admin").post("/providers/lab/models/add/", {"upstream_id": "x", "slug": "fast"})

    assert response.status_code == 422
    assert "is taken: it is an alias of acme/small-1" in response.text.replace("&#x27;", "'")
    assert Offer.objects.count() == 1


def test_a_price_is_set_and_the_long_context_tiers_go_on(signed_in, offer):
    base = rates("1", "2", cache_read="0.5")
    tier = rates("3", "4", cache_read="0.7", above_input_tokens="1000")
    set_price(actor=COMMAND_LINE, offer=offer, tiers=[base, tier])
    client = signed_in("admin")

    page = client.get(f"/offers/{offer.pk}/price/").text
    typed = {"input": "1.5", "output": "2", "cache_read": "0.5", "web_search": "0.01"}
    client.post(f"/offers/{offer.pk}/price/", typed)

    assert 'value="1"' in page
    newest = Price.objects.filter(effective_from=Price.objects.latest("effective_from").effective_from)
    found = newest.order_by("above_input_tokens").values_list("above_input_tokens", "input", "web_search")
    assert [*found] == [(0, Decimal("1.5"), Decimal("0.01")), (1000, Decimal(3), Decimal("0.01"))]


def test_no_price_at_all_is_refused(signed_in, offer):
    response = signed_in("admin").post(f"/offers/{offer.pk}/price/", {"input": "", "output": ""})

    assert response.status_code == 422
    assert Price.objects.count() == 1


def test_a_withdrawn_offer_is_not_shown(signed_in, offer):
    client = signed_in("admin")

    client.post(f"/offers/{offer.pk}/withdraw/")

    assert "No provider offers it" in client.get("/models/acme/small-1/").text
    assert "acme/small-1" not in client.get("/providers/lab/models/").text


def test_the_offers_of_a_provider_are_a_panel_and_a_page(signed_in, offer, swap):
    client = signed_in("viewer")

    part, page = (client.get("/providers/lab/models/", headers=headers).text for headers in (swap, {}))

    assert part.strip().startswith('<div id="provider-offers">')
    assert "<html" in page
    assert "0.0375" in part
    assert "0.0375" in page


POSTS = {
    "/aliases/add/": {"model": "acme/small-1", "name": "fast"},
    "/aliases/remove/": {"name": "small"},
    "/model/withdraw/": {"model": "acme/small-1"},
    "/providers/lab/models/add/": {"upstream_id": "m", "slug": "lab/m"},
    "/offers/{offer}/price/": {"input": "1", "output": "1"},
    "/offers/{offer}/withdraw/": {},
}


def state() -> list[int | None]:
    models = (Alias, CatalogEntry, Offer, Price)
    gone = (
        CatalogEntry.objects.exclude(withdrawn_at=None).count(),
        Offer.objects.exclude(withdrawn_at=None).count(),
    )
    return [*(model.objects.count() for model in models), *gone]


@pytest.mark.parametrize("path", POSTS)
def test_a_viewer_and_a_forged_form_change_nothing(signed_in, offer, path):
    add_alias(actor=COMMAND_LINE, name="small", entry=offer.entry)
    before, address = state(), path.format(offer=offer.pk)
    forged: Client = signed_in("owner", enforce_csrf_checks=True)

    assert signed_in("viewer").post(address, POSTS[path]).status_code == 403
    assert forged.post(address, POSTS[path]).status_code == 403
    assert state() == before


def test_a_viewer_is_offered_no_change(signed_in, offer):
    page = signed_in("viewer").get("/models/acme/small-1/").text

    forms = re.findall(r'<form[^>]* action="([^"]*)"', page.split('id="content"')[1])
    assert forms == ["/model/parameters/acme/small-1/"]  # which only looks


def test_the_most_telling_words_come_first():
    assert most_telling(["stream", "json_mode", "tools", "new-word", "vision"])[:2] == ["vision", "tools"]
    assert most_telling(["new-word", "stream"]) == ["stream", "new-word"]


def test_the_form_of_a_model_that_is_leaving_begins_with_its_dates(signed_in, offer):
    CatalogEntry.objects.update(sunset_on=date(2030, 1, 2))

    page = signed_in("admin").get("/retirements/?model=acme/small-1").text

    assert 'value="2030-01-02"' in page
    assert 'aria-label="Change the dates of acme/small-1"' in page


def test_the_desk_shows_a_calendar_and_gives_it_as_a_file(signed_in, offer):
    client = signed_in("viewer")
    assert "Calendar file" not in client.get("/retirements/").text
    ends = clock.now().date() + timedelta(days=30)
    CatalogEntry.objects.update(sunset_on=ends)

    page, file = client.get("/retirements/").text, client.get("/retirements/calendar.ics")

    assert f'title="{ends:%-d %B %Y}">{ends.day}</span>' in page
    assert file.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert f"DTSTART;VALUE=DATE:{ends:%Y%m%d}" in file.text
    assert "/retirements/" in file.text


def test_a_change_elsewhere_does_not_make_the_index_anew_and_one_of_a_model_does(signed_in, offer, lab):
    client = signed_in("owner")
    client.get("/models/")
    before = search_index.current()
    client.post("/settings/pause/", {"reason": "x"})
    assert search_index.current() is before

    create_entry(actor=COMMAND_LINE, slug="other/big")

    assert "other/big" in client.get("/models/").text


def test_what_a_model_can_do_is_ticked(signed_in):
    page = signed_in("viewer").get("/models/?can=vision").text

    assert re.search(r'<input type="checkbox" name="can" value="tools"[^>]*>', page)
    assert re.search(r'<input type="checkbox" name="can" value="vision"[^>]* checked[^>]*>', page)
