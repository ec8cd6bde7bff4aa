"""Lists that a provider should never send: read as far as they can be believed, and never a crash."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError

from catalog import discovery, inbox
from catalog.discovery_models import CatalogEvent, DiscoveryRun, HeldList
from catalog.entry import update_entry
from catalog.models import CatalogEntry, Offer, Price
from catalog.promote import promote
from llmhub.audit.actor import COMMAND_LINE
from llmhub.config import export, plan
from llmhub.lib import clock
from providers.adapters import adapter_for
from providers.model_list import read
from providers.models import ListedModel
from providers.provider import update_provider
from tests.fixtures.lists import START, many, row

pytestmark = pytest.mark.django_db
NO_PRICES = ("NaN", "Infinity", "-5", "1e400", "1e-400", "1e3", "0x10", "", None, True, [], {}, -1, 10**30)
SENSELESS = [
    {"architecture": {"input_modalities": [{}, [], 1, None, "image", "smell"]}},
    {"architecture": {"output_modalities": [{}, [], 1, None, "text", "smell"]}},
    {"architecture": []},
    {"supported_parameters": [{}, [], 1, None, "tools", "x" * 1000, "", "a\nb"]},
    {"supported_parameters": "tools"},
    {"supported_parameters": [f"p{n}" for n in range(5000)]},
    {
        "supported_parameters": ["temperature", "top_k"],
        "default_parameters": {"temperature": 10**400, "top_k": []},
    },
    {
        "supported_parameters": ["reasoning_effort"],
        "reasoning": {"supported_efforts": [{}, "low"], "default_effort": {}, "mandatory": True},
    },
    {"created": 10**400},
    {"created": -5},
    {"expiration_date": "2026-02-30"},
    {"expiration_date": 5},
    {"context_length": 10**400},
    {"context_length": -1},
    {"context_length": 2**31},
    {"description": "\0<b>" * 10_000},
    {"name": "\0<b>\x1b[31m"},
    {"name": {}},
    {"alias_target": {"slug": "\0x"}},
    {"extra": {"a\0": [10**400, "\0"]}},
    {"pricing": {"prompt": "1", "completion": "1", "overrides": [{"min_prompt_tokens": 10**400}, [], 5, {}]}},
    {"pricing": {"prompt": "0.1", "completion": "0.1", "request": "999999999", "audio": "1e-30"}},
    *({"pricing": {"prompt": price, "completion": "0.000001"}} for price in NO_PRICES),
]


def test_what_makes_no_sense_in_a_row_is_left_out_and_the_rest_can_be_taken_in_changed_and_exported(take):
    strange = [{**row(f"acme/x{n}"), **more} for n, more in enumerate(SENSELESS)]

    assert take([*many(100), *strange], hour=0).listed == 100 + len(strange)
    assert take([*many(100), *(row(one["id"]) for one in strange)], hour=1).outcome == "held"  # prices from 0
    again = [{**one, "id": f"{one['id']}-2", "context_length": 5} for one in strange]
    assert take([*many(100), *strange, *again], hour=2).counts == {"new": len(strange)}

    for entry in CatalogEntry.objects.filter(slug__startswith="acme/x"):
        promoted = promote(actor=COMMAND_LINE, entry=entry)
        update_entry(actor=COMMAND_LINE, entry=promoted, family="odd")  # a person may change what was found
    assert plan(export().text).differences == ()
    prices = Price.objects.filter(offer__upstream_id__startswith="acme/x")
    assert {price.input for price in prices} <= {Decimal(1), Decimal(100_000), Decimal(1_000_000)}
    assert not [one for one in ListedModel.objects.all() if "\\u0000" in json.dumps(one.raw)]


def test_two_ids_that_come_to_one_name_are_two_offers_of_one_model(take):
    take([*many(), row("x"), row("or/x")], hour=0)
    take([*many(), row("x"), row("or/x"), row("y"), row("or/y")], hour=1)

    offered = [
        (one.entry.slug, one.upstream_id) for one in Offer.objects.exclude(entry__slug__contains="acme/")
    ]
    assert offered == [("or/x", "or/x"), ("or/x", "x"), ("or/y", "or/y"), ("or/y", "y")]


@pytest.mark.parametrize(
    "id_", ["a\x1b[31mb", "<script>alert(1)</script>", "a b", "a\nb", "é", "\u202eabc", "z" * 199]
)
def test_an_id_that_can_be_no_name_is_an_event_and_no_model(take, id_):
    take([*many(), row(id_)], hour=0)
    take([*many(), row(id_), row("2" + id_)], hour=1)

    assert CatalogEntry.objects.count() == len(many())
    assert [(one.kind, one.entry) for one in CatalogEvent.objects.all()] == [("new", None)]


def test_a_list_that_was_asked_for_first_and_comes_last_is_the_one_that_holds(router, take):
    take(many(), hour=0)
    adapter = adapter_for(router.kind, router.dialect)
    with time_machine.travel(START, tick=True):
        slow = discovery._Reading(router, DiscoveryRun.Trigger.BUTTON, COMMAND_LINE, clock.now())
        quick = discovery._Reading(router, DiscoveryRun.Trigger.BUTTON, COMMAND_LINE, clock.now())
        for reading, price in ((quick, "0.000002"), (slow, "0.000003")):
            rows = json.dumps({"data": [row("acme/m0", price=price), *many()[1:]]}).encode()
            discovery._take(reading, read(rows, adapter), believed=False)

    assert Price.objects.filter(offer__upstream_id="acme/m0").latest("effective_from").input == Decimal(3)


def test_a_list_that_was_held_back_at_another_address_is_not_believed(router, take):
    take(many(), hour=0)
    assert take([row("acme/m0")], hour=1).outcome == "held"
    update_provider(actor=COMMAND_LINE, provider=router, base_url="https://elsewhere.example/v1")
    router.refresh_from_db()

    with pytest.raises(ValidationError, match="discard it, and read anew"):
        discovery.accept_held(router, actor=COMMAND_LINE)

    take(many(), hour=2)
    assert not HeldList.objects.exists()


def test_a_promoted_model_that_the_list_of_another_address_lacks_waits_for_a_person(router, take):
    take(many(), hour=0)
    promote(actor=COMMAND_LINE, entry=CatalogEntry.objects.get(slug="acme/m0"))
    update_provider(actor=COMMAND_LINE, provider=router, base_url="https://elsewhere.example/v1")
    router.refresh_from_db()

    assert take(many()[2:], hour=1).outcome == "first"

    event = CatalogEvent.objects.get()
    assert (event.kind, event.entry.slug, event.state) == ("vanished", "acme/m0", "open")
    withdrawn = Offer.objects.exclude(withdrawn_at=None)
    assert [offer.upstream_id for offer in withdrawn] == ["acme/m1"]
    inbox.accept(actor=COMMAND_LINE, event=event)
    assert Offer.objects.exclude(withdrawn_at=None).count() == 2
