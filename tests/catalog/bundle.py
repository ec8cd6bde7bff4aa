"""Small curated catalogs for tests, and the bundled one by offer."""

from __future__ import annotations

from datetime import UTC, datetime

from catalog.curated import CuratedOffer
from catalog.pricing import PriceValue

FAMILY = """
[family]
family = "acme"
context = 128_000
output_limit = 16_000
takes = ["text", "image"]
gives = ["text"]
capabilities = ["tools", "stream", "vision"]
source = "https://acme.test/models"
checked = 2026-11-01

[family.offers.openai]
source = "https://acme.test/prices"
checked = 2026-11-02

[family.offers.openrouter]
source = "https://router.test/models"
checked = 2026-11-03
rank = 200
"""

SMALL = """
[models."acme/small"]
name = "Acme Small"
released = 2026-01-05

[models."acme/small".offers.openai]
id = "small-1"
input = "0.15"
output = "0.60"
cache_read = "0.015"
"""


def model(slug: str = "acme/small", *, price: str = "0.15", since: str = "", extra: str = "") -> str:
    """One model with one offer, as a text to put after `FAMILY`."""
    return f"""
[models."{slug}"]
name = "{slug}"
released = 2026-01-05
{extra}
[models."{slug}".offers.openai]
id = "{slug.rpartition("/")[2]}"
input = "{price}"
output = "1"
{f"since = {since}" if since else ""}
"""


def price_values(offer: CuratedOffer) -> list[PriceValue]:
    """The prices of a curated offer, as the gateway holds them."""
    begins = datetime.combine(offer.since, datetime.min.time(), tzinfo=UTC)
    return [
        PriceValue(
            id=number,
            effective_from=begins,
            input=rates.input,
            output=rates.output,
            cache_read=rates.cache_read,
            cache_write=rates.cache_write,
            cache_write_1h=rates.cache_write_1h,
            above_input_tokens=rates.above_input_tokens,
        )
        for number, rates in enumerate(offer.tiers)
    ]
