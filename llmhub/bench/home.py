"""Make what a bench needs in its home: a provider, a model, a key and a signed-in browser."""

from __future__ import annotations

import sys
from decimal import Decimal

import django
import msgspec


def main(simulator_url: str) -> None:
    """Write it, and print the key, the cookie and the pages as one line of JSON."""
    django.setup()
    from billing.key import create_key
    from catalog.entry import create_entry
    from catalog.offer import add_offer, set_price
    from catalog.rates import Rates
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.team import create_team
    from providers.provider import create_provider

    provider = create_provider(
        actor=SYSTEM,
        slug="bench",
        name="Bench",
        kind="custom",
        base_url=simulator_url,
        needs_credential=False,
    )
    entry = create_entry(actor=SYSTEM, slug="bench/echo", name="Echo", capabilities=["stream"])
    offer = add_offer(actor=SYSTEM, entry=entry, provider=provider, upstream_id="sim-small")
    set_price(actor=SYSTEM, offer=offer, tiers=[Rates(Decimal("0.15"), Decimal("0.60"))])
    _, key = create_key(actor=SYSTEM, team=create_team(actor=SYSTEM, name="Bench"), name="bench")
    made = {"key": key, "model": entry.slug, "cookie": _cookie(), "pages": _pages()}
    sys.stdout.write(msgspec.json.encode(made).decode() + "\n")


def _cookie() -> str:
    """Return the session cookie of an owner's browser."""
    from django.conf import settings
    from django.test import Client

    from llmhub.people.models import Role, User

    browser = Client()
    browser.force_login(User.objects.filter(role=Role.OWNER).earliest("pk"))
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"


def _pages() -> list[str]:
    """Return the pages of the menu, and the page of one model and of one request."""
    from django.urls import reverse

    from billing.models import UsageRecord
    from llmhub.lib import ids
    from llmhub.navigation import menu

    pages = [item["url"] for _, items in menu("") for item in items]
    newest = UsageRecord.objects.latest("pk").pk
    pages.append(reverse("catalog:model_detail", args=["aurora/atlas-2"]))
    pages.append(reverse("billing:request_detail", args=[ids.request_id(newest)]))
    return pages


if __name__ == "__main__":
    main(sys.argv[1])
