"""In which order offers are tried: moved by one place, with as few new ranks as can be."""

from __future__ import annotations

import pytest

from catalog.models import CatalogEntry, Offer
from catalog.offer_order import move_offer
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from providers.models import Provider

pytestmark = pytest.mark.django_db


def offers(*ranks: int) -> list[Offer]:
    entry = CatalogEntry.objects.create(slug="acme/small-1", name="Small")
    made = []
    for number, rank in enumerate(ranks):
        provider = Provider.objects.create(
            slug=f"p{number}", name=f"P{number}", kind="custom", dialect="chat", base_url="http://127.0.0.1:9"
        )
        made.append(Offer.objects.create(entry=entry, provider=provider, upstream_id="s", rank=rank))
    return made


def order() -> list[str]:
    return list(Offer.objects.order_by("rank", "id").values_list("provider__slug", flat=True))


@pytest.mark.parametrize(
    ("ranks", "moved", "places", "expected", "changed"),
    [
        ((10, 20, 30), 2, -1, ["p0", "p2", "p1"], 1),
        ((10, 20, 30), 0, 1, ["p1", "p0", "p2"], 1),
        ((10, 20, 30), 2, -2, ["p2", "p0", "p1"], 1),
        ((100, 100, 100), 2, -2, ["p2", "p0", "p1"], 1),
        ((100, 100, 100), 0, 2, ["p1", "p2", "p0"], 1),
        ((100, 100, 100), 1, -1, ["p1", "p0", "p2"], 1),
        ((0, 0, 0), 2, -1, ["p0", "p2", "p1"], 3),
        ((0, 1), 1, -1, ["p1", "p0"], 2),
        ((10, 20), 0, -1, ["p0", "p1"], 0),
        ((10, 20), 1, 1, ["p0", "p1"], 0),
        ((10,), 0, 1, ["p0"], 0),
    ],
)
def test_an_offer_is_moved(ranks, moved, places, expected, changed):
    row = offers(*ranks)[moved]

    move_offer(actor=COMMAND_LINE, offer=row, places=places)

    assert order() == expected
    assert AuditEvent.objects.filter(action="offer.changed").count() == changed


def test_any_row_of_moves_ends_in_the_order_that_was_asked_for():
    rows, wanted = offers(5, 5, 7, 7, 0), ["p4", "p0", "p1", "p2", "p3"]
    for moved, places in ((3, -1), (0, 2), (4, 1), (2, -3), (1, 1), (3, 4), (4, -1)):
        slug = f"p{moved}"
        here = wanted.index(slug)
        wanted.remove(slug)
        wanted.insert(min(max(0, here + places), 4), slug)

        move_offer(actor=COMMAND_LINE, offer=Offer.objects.get(pk=rows[moved].pk), places=places)

        assert order() == wanted
