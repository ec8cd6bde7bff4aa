"""Reading the configuration into a snapshot."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection

from billing.key import create_key, pause_key, revoke_key
from catalog.models import Alias, CatalogEntry, Offer, Price, PublicName
from catalog.pricing import price_for
from llmhub.audit.actor import SYSTEM
from llmhub.audit.log import record
from llmhub.people.team import create_team
from providers.models import Credential, Provider
from routing.load import ChangesTooFast, current_version, load_snapshot
from tests.fixtures.gateway import later

pytestmark = pytest.mark.django_db


def make(slug: str = "acme/small", **fields) -> Offer:
    """An entry with one offer at a provider of its own."""
    entry = CatalogEntry.objects.create(slug=slug, name=slug, **fields)
    name = slug.replace("/", "-")
    provider = Provider.objects.create(
        slug=name, name=name, kind="custom", dialect="chat", base_url="http://p/v1"
    )
    return Offer.objects.create(entry=entry, provider=provider, upstream_id="m")


def set_price(offer: Offer, amount: str, begins: datetime, **fields) -> Price:
    return Price.objects.create(offer=offer, effective_from=begins, input=amount, output=amount, **fields)


def test_it_takes_the_same_number_of_queries_for_one_model_and_for_many(django_assert_num_queries):
    make()
    with django_assert_num_queries(15):
        load_snapshot()

    for number in range(20):
        set_price(make(f"acme/m{number}"), "1", datetime(2026, 1, 1, tzinfo=UTC))
    with django_assert_num_queries(15):
        assert len(load_snapshot().entries) == 21


def test_keys_are_found_by_digest_and_revoked_ones_are_gone():
    team = create_team(actor=SYSTEM, name="Web")
    kept, _ = create_key(actor=SYSTEM, team=team, name="kept", expires_at=later(days=1))
    gone, _ = create_key(actor=SYSTEM, team=team, name="gone")
    pause_key(actor=SYSTEM, key=kept, reason="held")
    revoke_key(actor=SYSTEM, key=gone)

    snapshot = load_snapshot()

    caller = snapshot.keys[kept.digest]
    assert list(snapshot.keys) == [kept.digest]
    assert (caller.team_slug, caller.paused_reason, caller.expires_at) == ("web", "held", kept.expires_at)


def test_only_what_can_be_called_is_in_it():
    make("acme/curated")
    make("acme/found", source="discovered")
    make("acme/withdrawn", withdrawn_at=later())
    Provider.objects.filter(slug=make("acme/homeless").provider.slug).update(removed_at=later())
    Offer.objects.filter(pk=make("acme/offerless").pk).update(withdrawn_at=later())
    Alias.objects.create(
        name=PublicName.objects.create(name="old", kind="alias"),
        entry=CatalogEntry.objects.get(slug="acme/withdrawn"),
    )

    snapshot = load_snapshot()

    assert {slug: len(row.offers) for slug, row in snapshot.entries.items()} == {
        "acme/curated": 1, "acme/homeless": 0, "acme/offerless": 0,
    }  # fmt: skip
    assert snapshot.aliases == {}


def test_offers_are_in_the_order_of_their_rank():
    first = make()
    second = Offer.objects.create(
        entry=first.entry, provider=make("acme/other").provider, upstream_id="m", rank=first.rank - 1
    )

    offers = load_snapshot().entries["acme/small"].offers

    assert [offer.id for offer in offers] == [second.pk, first.pk]


def test_prices_of_the_past_are_left_out_and_those_to_come_are_kept():
    offer = make()
    set_price(offer, "1", datetime(2025, 1, 1, tzinfo=UTC))
    set_price(offer, "2", datetime(2026, 1, 1, tzinfo=UTC), cache_read="0.2")
    set_price(offer, "3", datetime(2026, 1, 1, tzinfo=UTC), above_input_tokens=200_000)
    coming = set_price(offer, "4", later(days=2))

    prices = load_snapshot().entries["acme/small"].offers[0].prices

    assert sorted(price.input for price in prices) == [2, 3, 4]
    assert price_for(prices, input_tokens=5, at=later()).cache_read == Decimal("0.2")
    assert price_for(prices, input_tokens=200_001, at=later()).input == 3
    assert price_for(prices, input_tokens=5, at=later(days=3)).id == coming.pk


def test_credentials_stay_sealed():
    offer = make()
    credential = Credential(provider=offer.provider)
    credential.seal("sk-canary-canary-canary")
    credential.save()

    snapshot = load_snapshot()

    held = snapshot.entries["acme/small"].offers[0].provider.credentials[0]
    assert held.sealed == credential.sealed
    assert "canary" not in repr(snapshot) + repr(held)
    assert credential.sealed not in repr(held)


def test_the_version_is_the_last_audit_event():
    assert load_snapshot().version == current_version() == 0

    create_team(actor=SYSTEM, name="Web")

    assert load_snapshot().version == current_version() > 0


class Mover:
    """Moves a provider and forgets its credential, just after credentials were read."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if "providers_credential" in sql and sql.startswith("SELECT") and self.times:
            self.times -= 1
            Credential.objects.all().delete()
            Provider.objects.update(base_url="http://attacker/v1")
            record(SYSTEM, "provider.moved", "provider")
        return result


def test_a_credential_is_never_seen_with_the_address_its_provider_was_moved_to():
    Credential.objects.create(provider=make().provider, sealed="gAAAA")

    with connection.execute_wrapper(Mover(times=1)):
        snapshot = load_snapshot()

    provider = snapshot.entries["acme/small"].offers[0].provider
    assert (provider.base_url, provider.credentials) == ("http://attacker/v1", ())
    assert snapshot.version == current_version()


def test_a_configuration_that_never_rests_is_not_taken():
    make()

    with connection.execute_wrapper(Mover(times=99)), pytest.raises(ChangesTooFast):
        load_snapshot()


def test_a_snapshot_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        load_snapshot().version = 5
