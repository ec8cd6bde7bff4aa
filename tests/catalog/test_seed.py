"""The bundled catalog comes into the database once, follows its data, and leaves people's work alone."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from catalog import curated
from catalog.alias import add_alias
from catalog.entry import update_entry, withdraw_entry
from catalog.models import CatalogEntry, Offer, Price, PublicName
from catalog.offer import set_price, update_offer, withdraw_offer
from catalog.seed import bundled, seed, seed_with
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from providers.models import Provider
from providers.rates import Rates
from tests.catalog.bundle import FAMILY, SMALL, model

pytestmark = pytest.mark.django_db


def seed_texts(*models):
    return seed_with(curated.load({"acme.toml": FAMILY + "".join(models)}))


def offer_of(slug="acme/small"):
    return Offer.objects.get(entry__slug=slug)


def prices(offer):
    return [
        (f"{row.effective_from:%Y-%m-%d}", str(row.input)) for row in offer.prices.order_by("effective_from")
    ]


def test_the_first_seeding_brings_every_entry_with_its_offers_and_prices():
    seed()

    assert CatalogEntry.objects.listed().count() == len(bundled())
    assert PublicName.objects.filter(kind="entry").count() == len(bundled())
    assert Offer.objects.filter(prices=None).count() == 0
    sonnet = Offer.objects.get(upstream_id="claude-sonnet-5", provider__slug="anthropic")
    assert sonnet.prices.get().cache_write_1h == Decimal(4)
    tiers = Price.objects.filter(offer__upstream_id="gpt-5.5", offer__provider__slug="openai")
    assert set(tiers.values_list("above_input_tokens", "input_nano")) == {
        (0, 5_000_000_000),
        (272_000, 10_000_000_000),
    }


def test_built_in_providers_are_there_without_a_credential():
    seed()

    rows = Provider.objects.order_by("slug").values_list("slug", "dialect", "needs_credential", "credentials")
    assert list(rows) == [
        ("anthropic", "messages", True, None),
        ("openai", "chat", True, None),
        ("openrouter", "chat", True, None),
    ]


def test_a_second_seeding_changes_nothing_and_writes_no_audit_event(django_assert_max_num_queries):
    assert seed().anything()
    events = AuditEvent.objects.count()

    with django_assert_max_num_queries(12):
        assert not seed().anything()

    assert events == AuditEvent.objects.count() == 1


def test_the_audit_event_says_what_came():
    seed_texts(SMALL)

    event = AuditEvent.objects.get()

    assert (event.action, event.actor_kind) == ("catalog.seeded", "system")
    assert event.after["added"] == ["acme/small"]
    assert event.after["prices"] == ["acme/small at openai"]


def test_prices_hold_from_the_day_in_the_data():
    seed_texts(model(since="2026-03-01"))

    price = offer_of().prices.get()

    assert price.effective_from == datetime(2026, 3, 1, tzinfo=UTC)
    assert (price.source, str(price.checked_on), price.origin) == (
        "https://acme.test/prices",
        "2026-11-02",
        "bundled",
    )


def test_a_changed_price_is_a_new_row_from_its_day_on():
    seed_texts(model(price="0.15", since="2026-03-01"))

    seed_texts(model(price="0.10", since="2026-09-01"))

    assert prices(offer_of()) == [("2026-03-01", "0.15"), ("2026-09-01", "0.10")]


def test_a_corrected_price_counts_from_now_on_and_the_old_row_stays():
    seed_texts(model(price="0.15", since="2026-03-01"))

    seed_texts(model(price="0.51", since="2026-03-01"))

    assert prices(offer_of()) == [("2026-03-01", "0.15"), (f"{clock.now():%Y-%m-%d}", "0.51")]
    assert not seed_texts(model(price="0.51", since="2026-03-01")).anything()


def test_a_price_of_a_person_is_left_alone(admin):
    seed_texts(model(price="0.15"))
    set_price(actor=admin, offer=offer_of(), tiers=[Rates(Decimal("0.12"), Decimal(1))])

    assert not seed_texts(model(price="0.10", since="2026-11-01")).anything()

    assert offer_of().prices.order_by("-effective_from").first().input == Decimal("0.12")


def test_a_changed_fact_follows_the_data():
    seed_texts(model())

    seeded = seed_texts(model(extra="context = 64_000"))

    assert seeded.changed == ["acme/small"]
    assert CatalogEntry.objects.get().context_tokens == 64_000


def test_an_entry_that_a_person_changed_is_left_alone(admin):
    seed_texts(model())
    update_entry(actor=admin, entry=CatalogEntry.objects.get(), name="Our Small")

    assert not seed_texts(model(price="0.9", since="2026-11-01", extra="context = 64_000")).anything()

    assert CatalogEntry.objects.get().name == "Our Small"
    assert len(prices(offer_of())) == 1


def test_what_a_person_withdrew_does_not_come_back(admin):
    seed_texts(model("acme/small"), model("acme/large"))
    withdraw_entry(actor=admin, entry=CatalogEntry.objects.get(slug="acme/small"))
    withdraw_offer(actor=admin, offer=offer_of("acme/large"))

    assert not seed_texts(model("acme/small"), model("acme/large")).anything()

    assert list(CatalogEntry.objects.listed().values_list("slug", flat=True)) == ["acme/large"]
    assert offer_of("acme/large").withdrawn_at is not None


def test_a_rank_of_a_person_stays(admin):
    seed_texts(model())
    update_offer(actor=admin, offer=offer_of(), rank=5)

    seed_texts(model())

    assert offer_of().rank == 5


def test_a_model_that_left_the_data_is_withdrawn_not_deleted_and_can_come_back():
    seed_texts(model("acme/small"), model("acme/large"))

    assert seed_texts(model("acme/small")).withdrawn == ["acme/large"]
    assert not seed_texts(model("acme/small")).anything()
    assert CatalogEntry.objects.get(slug="acme/large").withdrawn_at is not None
    assert PublicName.objects.filter(name="acme/large").exists()

    assert seed_texts(model("acme/small"), model("acme/large")).changed == ["acme/large"]
    assert CatalogEntry.objects.listed().count() == 2


def test_an_offer_that_left_the_data_is_withdrawn():
    seed_texts(SMALL)

    seed_texts(SMALL.replace("small-1", "small-2"))

    assert list(Offer.objects.filter(withdrawn_at=None).values_list("upstream_id", flat=True)) == ["small-2"]
    assert Offer.objects.count() == 2


def test_entries_of_a_person_are_not_withdrawn(small):
    seed_texts(model("acme/large"))

    assert CatalogEntry.objects.listed().filter(slug="acme/small").exists()


def test_a_name_that_is_taken_is_skipped_and_said(admin, small):
    add_alias(actor=admin, name="acme/large", entry=small)

    seeded = seed_texts(model("acme/large"))

    assert seeded.skipped == ["acme/large: the name is taken (alias)"]
    assert not CatalogEntry.objects.filter(slug="acme/large").exists()


def test_a_discovered_entry_becomes_curated(small):
    CatalogEntry.objects.update(source=CatalogEntry.Source.DISCOVERED)

    seed_texts(model("acme/small"))

    entry = CatalogEntry.objects.get()
    assert (entry.pk, entry.source, entry.origin) == (small.pk, "curated", "bundled")


def test_a_removed_provider_stays_removed():
    seed()
    Provider.objects.filter(slug="openai").update(removed_at=clock.now())

    assert not seed().anything()

    assert Provider.objects.get(slug="openai").removed_at is not None


def test_a_provider_of_a_person_under_a_built_in_name_gets_no_bundled_offers():
    Provider.objects.create(
        slug="openai", name="Mine", kind="custom", dialect="chat", base_url="http://a.test"
    )

    seeded = seed_texts(model())

    assert seeded.skipped == ["acme/small: the provider openai is not built in"]
    assert Offer.objects.count() == 0
