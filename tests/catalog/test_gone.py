"""A model that its provider no longer knows, as calls find out, is an event of the inbox."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog.discovery_models import CatalogEvent
from catalog.event_rows import event_rows
from catalog.gone import tell_gone
from catalog.inbox import accept, ignore
from catalog.models import Offer
from llmhub.audit.actor import SYSTEM
from llmhub.lib import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer() -> Offer:
    return Offer.objects.create(entry=rows.entry(), provider=rows.provider(), upstream_id="small-1")


def test_it_is_told_once_and_accepting_it_withdraws_the_offer(offer, signed_in):
    assert tell_gone(offer.pk, status=404)
    assert not tell_gone(offer.pk, status=404)

    [event] = CatalogEvent.objects.all()
    assert event_rows([event])[0].summary == "calls are answered with 404: it is not there"
    assert "Calls are answered with 404" in signed_in("admin").get("/inbox/").text
    accept(actor=SYSTEM, event=event)
    offer.refresh_from_db()
    assert offer.withdrawn_at
    assert not tell_gone(offer.pk, status=404)


def test_what_a_person_ignored_is_told_again_after_a_week(offer):
    tell_gone(offer.pk, status=410)
    ignore(actor=SYSTEM, event=CatalogEvent.objects.get())

    assert not tell_gone(offer.pk, status=410)
    CatalogEvent.objects.update(decided_at=clock.now() - timedelta(days=8))
    assert tell_gone(offer.pk, status=410)
