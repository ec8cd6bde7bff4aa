"""The guided way to a new provider, against the simulator on a real port."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest

from billing.budget import change_budget, create_budget
from billing.models import Attempt, Counter, Reservation, UsageRecord
from billing.rollup_models import DirtyBucket
from catalog.models import CatalogEntry, Offer, Price
from llmhub.add_provider import draft as drafts
from llmhub.add_provider import first_call
from llmhub.add_provider.first_call import said_in
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock, secrets
from llmhub.people import organisation
from llmhub.people.sign_in_models import ConsoleSession
from providers.adapters import KINDS
from providers.adapters.reading import decode_raw
from providers.credential import reveal
from providers.models import Provider
from providers.provider import create_provider, remove_provider

pytestmark = pytest.mark.django_db
CANARY = "sk-canary-4f1d9c77e0ab-Z9QX"
WHERE = "/providers/add/"


@pytest.fixture
def client(signed_in):
    return signed_in("admin")


def connect(client, base_url, *, kind="custom", **values):
    values = {"name": "Lab", "base_url": base_url, "dialect": "chat", **values}
    return client.post(f"{WHERE}connection/?kind={kind}", values)


def choose(client, *ids, go="on", shown=None, more="", **values):
    shown = ids if shown is None else shown
    values = {"shown": shown, "model": ids, "ids": more, "go": go, **values}
    return client.post(f"{WHERE}models/", values)


def price(client, *rows):
    values = {f"m{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}
    return client.post(f"{WHERE}prices/", values)


PRICED = {"slug": "lab/sim-small", "how": "priced", "input": "0.15", "output": "0.60"}


def text_of(client, step) -> str:
    return " ".join(client.get(f"{WHERE}{step}/").text.split())


def test_from_nothing_to_a_provider_with_models_prices_and_a_first_call(client, simulator):
    connected = connect(client, simulator.path(f"key/{CANARY}", tag="wizard"), secret=CANARY)
    found = text_of(client, "models")
    chosen = choose(client, "sim-small", "sim-large")
    priced = price(client, PRICED, {"slug": "lab/sim-large", "how": "free"})
    offered = text_of(client, "finish")
    nothing_yet = (Provider.objects.exists(), CatalogEntry.objects.exists(), AuditEvent.objects.exists())
    simulator.clear()
    client.post(f"{WHERE}call/", {"model": "sim-small"})
    called = text_of(client, "finish")
    saved = client.post(f"{WHERE}save/", follow=True)

    assert [step["Location"] for step in (connected, chosen, priced)] == [
        f"{WHERE}models/",
        f"{WHERE}prices/",
        f"{WHERE}finish/",
    ]
    assert "6 found" in found
    assert "at most $0.0001" in offered
    assert nothing_yet == (False, False, False)
    assert len(simulator.hits("wizard")) == 1
    assert "It answered" in called
    assert "<blockquote" in called
    assert "Lab was added with 2 models" in saved.text
    lab = Provider.objects.get()
    assert reveal(lab.credentials.get()) == CANARY
    assert (lab.check_outcome, lab.credentials.get().check_outcome, lab.listings.count()) == ("ok", "ok", 6)
    assert {row.offer.upstream_id: (row.input, row.output) for row in Price.objects.all()} == {
        "sim-small": (Decimal("0.15"), Decimal("0.60")),
        "sim-large": (Decimal(0), Decimal(0)),
    }
    assert drafts.KEY not in client.session


@pytest.mark.django_db(transaction=True)
def test_the_first_call_is_audited_with_what_it_cost(client, simulator):
    connect(client, simulator.path())
    choose(client, "sim-small")
    price(client, PRICED)

    client.post(f"{WHERE}call/", {"model": "sim-small"})

    told = AuditEvent.objects.get(action="provider.first_call").after
    assert (told["model"], told["answered"]) == ("sim-small", True)
    assert told["cost_nano"] == round(told["input_tokens"] * 150 + told["output_tokens"] * 600)


@pytest.mark.parametrize("way", ["left open", "cancelled", "elsewhere"])
def test_calls_of_a_draft_that_is_given_up_are_in_the_ledger_without_a_provider(client, simulator, way):
    connect(client, simulator.path("tokens/20"))
    choose(client, "sim-small")
    price(client, PRICED)
    client.post(f"{WHERE}call/", {"model": "sim-small"})
    if way == "cancelled":
        client.post(f"{WHERE}discard/")
    elif way == "elsewhere":
        connect(client, simulator.path("tokens/21"))

    record, told = UsageRecord.objects.get(), AuditEvent.objects.get(action="provider.first_call").after
    assert (record.cost_centre, record.provider_id, record.cost_nano) == ("health", None, told["cost_nano"])
    client.post(f"{WHERE}discard/")
    assert UsageRecord.objects.count() == 1


def test_calls_are_in_the_ledger_at_once_and_say_where_they_went_once_it_is_saved(client, simulator):
    budget = create_budget(actor=COMMAND_LINE, scope="organisation", name="", per="month", cap="9")
    connect(client, simulator.path("tokens/20"))
    choose(client, "sim-small")
    price(client, PRICED)
    for _ in range(2):
        client.post(f"{WHERE}call/", {"model": "sim-small"})
    before = [(row.provider_id, row.cost_nano) for row in UsageRecord.objects.all()]
    client.post(f"{WHERE}save/")

    offer, told = Offer.objects.get(), AuditEvent.objects.filter(action="provider.first_call").last().after
    records, attempts = UsageRecord.objects.order_by("id"), Attempt.objects.order_by("id")
    assert before == [(None, told["cost_nano"])] * 2
    assert [(row.cost_centre, row.key_id, row.requested) for row in records] == [
        ("health", None, "lab/sim-small")
    ] * 2
    assert {row.cost_nano for row in records} == {told["cost_nano"]}
    assert [(row.offer_id, row.provider_id, row.output_tokens) for row in attempts] == [
        (offer.pk, offer.provider_id, told["output_tokens"])
    ] * 2
    assert DirtyBucket.objects.exists()  # sums follow
    assert Counter.objects.get(budget_id=budget.pk).spent == 2 * told["cost_nano"] > 0


def test_a_secret_is_nowhere_in_clear(client, simulator):
    connect(client, simulator.path(f"key/{CANARY}"), secret=CANARY)
    choose(client, "sim-small")
    price(client, PRICED)
    client.post(f"{WHERE}call/", {"model": "sim-small"})

    pages = [
        client.get(f"{WHERE}{step}").text for step in ("", "connection/", "models/", "prices/", "finish/")
    ]
    kept = json.dumps([row.get_decoded() for row in ConsoleSession.objects.all()])

    for text in (*pages, kept, str(list(AuditEvent.objects.values()))):
        assert CANARY not in text.replace(f"key/{CANARY}", "")
    assert CANARY in secrets.decrypt(client.session[drafts.KEY])
    assert CANARY not in str(client.cookies)


def test_a_draft_is_forgotten_after_half_an_hour(client, simulator, monkeypatch):
    connect(client, simulator.path(), secret=CANARY)
    later = clock.now() + drafts.LIFETIME + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)

    response = client.get(f"{WHERE}models/", follow=True)

    assert "begin again" in response.text
    assert drafts.KEY not in client.session


def test_what_was_entered_is_forgotten_on_demand_and_belongs_to_one_session(client, signed_in, simulator):
    connect(client, simulator.path(), secret=CANARY)
    other = signed_in("owner")
    assert other.get(f"{WHERE}models/").status_code == 302

    client.post(f"{WHERE}discard/")

    assert drafts.KEY not in client.session


def test_a_call_of_a_model_that_is_here_already_is_charged_to_the_budget_of_the_model(client, simulator):
    entry = CatalogEntry.objects.create(slug=PRICED["slug"], name="Small", source="curated")
    budget = create_budget(actor=COMMAND_LINE, scope="model", name=entry.slug, per="month", cap="9")
    connect(client, simulator.path("tokens/20"))
    choose(client, "sim-small")
    price(client, PRICED)
    client.post(f"{WHERE}call/", {"model": "sim-small"})

    cost = UsageRecord.objects.get(entry_id=entry.pk).cost_nano
    assert Counter.objects.get(budget_id=budget.pk).spent == cost > 0
    change_budget(actor=COMMAND_LINE, budget=budget, cap="0.00001")

    refused = client.post(f"{WHERE}call/", {"model": "sim-small"}, follow=True)

    assert "The model has a hard budget per month and it has no room for it" in refused.text
    assert UsageRecord.objects.count() == 1


@pytest.mark.parametrize("step", ["models", "prices", "finish"])
def test_without_a_draft_one_begins_at_the_beginning(client, step):
    assert client.get(f"{WHERE}{step}/")["Location"] == WHERE


def test_a_kept_secret_goes_on_to_the_same_address_and_to_no_other(client, simulator):
    base_url = simulator.path(f"key/{CANARY}", tag="first")
    connect(client, base_url, secret=CANARY)

    again = connect(client, base_url, secret="")
    simulator.clear()
    moved = connect(client, simulator.path(f"key/{CANARY}", tag="second"), secret="")

    assert again["Location"] == f"{WHERE}models/"
    assert "Refuses the credential" in moved.text
    assert CANARY not in str([hit.get("headers") for hit in simulator.hits("second")])


def test_a_credential_of_one_kind_is_not_taken_over_by_another(client, simulator):
    connect(client, simulator.path(), secret=CANARY)

    page = client.get(f"{WHERE}connection/?kind=openai").text

    assert "is kept, encrypted: leave this empty" not in page


@pytest.mark.parametrize(
    ("switch", "secret", "words"),
    [
        ("list/refused", "wrong", "Refuses the credential"),
        ("list/broken", "", "Does not answer as a provider"),
        ("status/500", "", "Answers with errors"),
    ],
)
def test_the_test_tells_one_trouble_from_another_and_can_be_passed_over(
    client, simulator, switch, secret, words
):
    response = connect(client, simulator.path(switch), secret=secret)

    assert response.status_code == 200
    assert words in response.text
    assert "Go on without a passed test" in response.text
    assert "the test did not pass" in text_of(client, "models")


def test_a_server_that_is_not_there_cannot_be_reached(client):
    assert "Cannot be reached" in connect(client, "http://127.0.0.1:9/v1").text


def test_a_server_without_a_list_takes_models_by_their_ids(client, simulator):
    connected = connect(client, simulator.path("list/missing"))
    added = choose(client, go="add", more="sim-small, my/own  sim-small")
    page = text_of(client, "models")
    choose(client, shown=["sim-small", "my/own"], go="on")

    assert connected["Location"] == f"{WHERE}models/"
    assert "It has no list of models" in page
    assert page.count('value="my/own" checked') == 1
    assert added.status_code == 302
    assert client.get(f"{WHERE}finish/").context["rows"] == []  # both were unticked


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"name": ""}, "name", "required"),
        ({"base_url": ""}, "base_url", "required"),
        ({"base_url": "ftp://x"}, "base_url", "no web address"),
        ({"base_url": "http://10.1.2.3/v1"}, "base_url", "LLMHUB_EGRESS_ALLOW"),
        ({"base_url": "http://169.254.169.254/latest"}, "base_url", "never connects"),
        ({"secret": "two words"}, "secret", "copy it again"),
        ({"name": "日本"}, "slug", "no short name"),
        ({"slug": "add"}, "slug", "name of a page"),
        ({"slug": "taken"}, "slug", "is there already"),
    ],
)
def test_what_could_not_be_saved_is_said_at_its_field_and_sent_nowhere(
    client, simulator, values, field, words
):
    create_provider(actor=COMMAND_LINE, slug="taken", name="T", kind="custom", base_url="http://127.0.0.1:9")
    simulator.clear()

    response = connect(client, **{"base_url": simulator.path(tag="nowhere"), "secret": CANARY, **values})

    assert response.status_code == 422
    assert words in response.text.split(f'id="id_{field}_error"')[1].split("</div>")[0]
    assert CANARY not in response.text
    assert not simulator.hits("nowhere")
    assert drafts.KEY not in client.session


def test_ticks_are_kept_over_searches_and_pages(client, simulator, swap):
    connect(client, simulator.path("models/60"))
    first = choose(client, "sim-small", shown=["sim-small", "sim-large"], go="search", q="extra-1")
    page = client.get(first["Location"])
    part = client.post(
        f"{WHERE}models/",
        {"shown": ["sim-extra-1"], "model": ["sim-extra-1"], "q": "sim", "page": "3"},
        headers=swap,
    )
    choose(client, shown=["sim-extra-50"], go="on")

    assert first["Location"] == f"{WHERE}models/?q=extra-1&page=1"
    assert page.context["fitting"] == 11
    assert part.text.startswith('<div id="found-models">')
    assert "page 3 of 3" in part.text
    assert [row.upstream_id for row in client.get(f"{WHERE}prices/").context["rows"]] == [
        "sim-small",
        "sim-extra-1",
    ]


def test_a_model_that_was_not_found_cannot_be_ticked(client, simulator):
    connect(client, simulator.path())

    choose(client, "made-up", go="on")

    assert client.get(f"{WHERE}finish/").context["rows"] == []


def test_too_many_at_once_are_refused_with_the_number(client, simulator):
    connect(client, simulator.path())
    more = " ".join(f"m{n}" for n in range(30))
    choose(client, more=more, go="add")

    page = client.get(choose(client, more=more.replace("m", "n"), go="add")["Location"]).text

    assert "These are 60 models: choose at most 50" in page


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        ({"slug": "lab/x", "how": "priced"}, "input", "free or not known"),
        ({"slug": "lab/x", "how": "priced", "input": "1"}, "output", "free or not known"),
        ({"slug": "lab/x", "how": "priced", "input": "-1", "output": "1"}, "input", ""),
        ({"slug": "two words", "how": "free"}, "slug", "use letters"),
    ],
)
def test_half_a_price_is_refused_at_its_field(client, simulator, row, field, words):
    connect(client, simulator.path())
    choose(client, "sim-small")

    response = price(client, row)

    assert response.status_code == 422
    assert words in response.text.split(f'id="id_m0-{field}_error"')[1].split("</div>")[0]


def test_a_typed_price_beside_free_is_no_slip_that_passes(client, simulator):
    connect(client, simulator.path())
    choose(client, "sim-small")

    assert "There is a price beside it" in price(client, {**PRICED, "how": "free"}).text


def test_an_unknown_price_stays_unknown(client, simulator):
    connect(client, simulator.path())
    choose(client, "sim-small")
    price(client, {"slug": "lab/sim-small", "how": "unknown"})

    page = text_of(client, "finish")
    client.post(f"{WHERE}save/")

    assert "cost not known" in page
    assert Offer.objects.count() == 1
    assert not Price.objects.exists()


def test_what_the_catalog_knows_is_proposed_and_saved_with_its_source(client, simulator, offer):
    Offer.objects.update(upstream_id="sim-small")
    Price.objects.update(source="https://example.com/prices")
    connect(client, simulator.path(), name="Second")
    choose(client, "sim-small")
    form = client.get(f"{WHERE}prices/").context["rows"][0].form
    proposed = {name: str(form[name].value()) for name in ("slug", "input", "output", "cache_read")}

    price(client, {**proposed, "how": "priced"})
    client.post(f"{WHERE}save/")

    assert proposed == {"slug": "acme/small-1", "input": "0.0375", "output": "0.15", "cache_read": "0.001"}
    saved = Offer.objects.get(provider__slug="second")
    assert saved.entry == offer.entry
    assert saved.prices.get().source == "https://example.com/prices"


def test_proposed_amounts_do_not_hinder_to_say_that_it_is_free(client, simulator, offer):
    Offer.objects.update(upstream_id="sim-small")
    connect(client, simulator.path(), name="Second")
    choose(client, "sim-small")
    form = client.get(f"{WHERE}prices/").context["rows"][0].form
    proposed = {name: str(form[name].value()) for name in ("slug", "input", "output", "cache_read")}

    assert price(client, {**proposed, "how": "free"}).status_code == 302


def test_all_of_it_is_saved_or_nothing(client, simulator, offer):
    connect(client, simulator.path(), name="Second")
    choose(client, "sim-small")
    price(client, {**PRICED, "slug": "fast"})
    client.post("/aliases/add/", {"model": "acme/small-1", "name": "fast"})
    events = AuditEvent.objects.count()

    response = client.post(f"{WHERE}save/", follow=True)

    assert "sim-small: " in response.text
    assert "is taken" in response.text
    assert (Provider.objects.count(), AuditEvent.objects.count()) == (1, events)


def test_a_name_that_was_taken_meanwhile_leads_back_to_it(client, simulator):
    connect(client, simulator.path())
    choose(client)
    create_provider(actor=COMMAND_LINE, slug="lab", name="T", kind="custom", base_url="http://127.0.0.1:9")

    assert client.post(f"{WHERE}save/")["Location"] == f"{WHERE}connection/"


def test_one_that_was_removed_comes_back_under_its_name(client, simulator, lab):
    remove_provider(actor=COMMAND_LINE, provider=lab)
    connect(client, simulator.path())
    choose(client)

    client.post(f"{WHERE}save/")

    assert Provider.objects.listed().get() == lab


def test_a_call_that_fails_says_why_and_saving_goes_on(client, simulator):
    connect(client, simulator.path("strict"))
    choose(client, more="made-up", go="on")
    price(client, {**PRICED, "slug": "lab/made-up"})

    client.post(f"{WHERE}call/", {"model": "made-up"})

    assert "It did not answer" in text_of(client, "finish")
    assert "does not exist" in text_of(client, "finish")
    assert client.post(f"{WHERE}save/").status_code == 302


def test_no_call_is_made_while_everything_is_paused_or_over_a_hard_budget(client, simulator):
    connect(client, simulator.path(tag="paused"))
    choose(client, "sim-small")
    price(client, PRICED)
    simulator.clear()

    organisation.pause(actor=COMMAND_LINE, reason="cost spike")
    paused = client.post(f"{WHERE}call/", {"model": "sim-small"}, follow=True).text
    organisation.resume(actor=COMMAND_LINE)
    create_budget(actor=COMMAND_LINE, scope="organisation", per="day", cap="0.00001")
    capped = client.post(f"{WHERE}call/", {"model": "sim-small"}, follow=True).text

    assert "Everything is paused" in paused
    assert "hard budget per day" in capped
    assert not simulator.hits("paused")


@pytest.mark.parametrize(("unit", "cap"), [("tokens", "300"), ("requests", "1")])
def test_a_hard_budget_in_tokens_or_requests_has_a_say_in_a_call_too(client, simulator, unit, cap):
    connect(client, simulator.path(tag=f"first-{unit}"))
    choose(client, "sim-small")
    price(client, PRICED)
    create_budget(actor=COMMAND_LINE, scope="organisation", per="day", cap=cap, unit=unit)
    client.post(f"{WHERE}call/", {"model": "sim-small"})
    simulator.clear()

    said = client.post(f"{WHERE}call/", {"model": "sim-small"}, follow=True).text

    assert "hard budget per day" in said
    assert not simulator.hits(f"first-{unit}")


def test_of_two_first_calls_at_once_a_hard_budget_lets_one_through(client, simulator):
    """The second one looked at the budget before the first one held its money."""
    connect(client, simulator.path(tag="first-race"))
    choose(client, "sim-small")
    price(client, PRICED)
    create_budget(actor=COMMAND_LINE, scope="organisation", per="day", cap="1", unit="requests")
    simulator.clear()

    with patch.object(first_call, "_refuse_if_it_may_not"):
        said = [client.post(f"{WHERE}call/", {"model": "sim-small"}, follow=True).text for _ in range(2)]

    assert "no room left" not in said[0]
    assert "no room left" in said[1]
    assert len(simulator.hits("first-race")) == 1
    assert not Reservation.objects.exists()


def test_a_call_of_a_model_that_was_not_chosen_is_a_404(client, simulator):
    connect(client, simulator.path())
    choose(client, "sim-small")
    price(client, PRICED)

    assert client.post(f"{WHERE}call/", {"model": "sim-large"}).status_code == 404


def test_the_kinds_point_to_what_is_there_and_only_needs_its_credential(client):
    create_provider(actor=COMMAND_LINE, slug="openai", name="Ours", kind="openai")

    page = client.get(WHERE).text

    for kind in KINDS.values():
        assert f"?kind={kind.name}" in page
        assert kind.label in page
    assert 'href="/providers/openai/#credentials"' in page


def test_a_known_kind_asks_for_no_address(client):
    assert "Base URL" not in client.get(f"{WHERE}connection/?kind=openai").text
    assert client.get(f"{WHERE}connection/?kind=nonsense")["Location"] == WHERE


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"choices": [{"message": {"content": "Hello."}}]}', "Hello."),
        (b'{"content": [{"type": "thinking"}, {"type": "text", "text": "Hello."}]}', "Hello."),
        (b'{"choices": []}', ""),
        (b'{"choices": [{"message": {"content": null}}]}', ""),
        (b'{"content": "x", "choices": 7}', ""),
        (b"{}", ""),
    ],
)
def test_the_text_of_an_answer_is_read_in_both_dialects(body, text):
    assert said_in(decode_raw(body)) == text


@pytest.mark.parametrize("action", ["connection", "models", "prices", "call", "save", "discard"])
def test_a_viewer_gets_nowhere(signed_in, action):
    assert signed_in("viewer").post(f"{WHERE}{action}/").status_code == 403


@pytest.mark.parametrize(
    "action", ["connection/?kind=custom", "models/", "prices/", "call/", "save/", "discard/"]
)
def test_a_post_without_its_csrf_token_does_nothing(signed_in, action):
    assert signed_in("owner", enforce_csrf_checks=True).post(WHERE + action).status_code == 403
