"""Make what a bench needs in its home: models, a key under a hard cap and a signed-in browser."""

from __future__ import annotations

import sys
from decimal import Decimal

import django
import msgspec

KINDS = {"plain": "tokens/16", "stream": "tokens/200"}  # what the simulated provider is asked for
CAP = "1000000"  # USD: a hard cap, never reached


def main(simulator_url: str) -> None:
    """Write it, and print the key, the models, the cookie and the pages as one line of JSON."""
    django.setup()
    from billing.budget import create_budget
    from billing.key import create_key
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.team import create_team

    models = {kind: _model(kind, f"{simulator_url}/{reply}/v1") for kind, reply in KINDS.items()}
    team = create_team(actor=SYSTEM, name="Bench")
    create_budget(actor=SYSTEM, scope="team", name=team.slug, per="month", cap=CAP)
    _, key = create_key(actor=SYSTEM, team=team, name="bench")
    made = {"key": key, "models": models, "cookie": _cookie(), "pages": _pages()}
    sys.stdout.write(msgspec.json.encode(made).decode() + "\n")


def _model(kind: str, base_url: str) -> str:
    """Make a model at a provider of its own, with a price."""
    from catalog.entry import create_entry
    from catalog.offer import add_offer, set_price
    from llmhub.audit.actor import SYSTEM
    from providers.provider import create_provider
    from providers.rates import Rates

    provider = create_provider(
        actor=SYSTEM,
        slug=f"bench-{kind}",
        name=f"Bench {kind}",
        kind="custom",
        base_url=base_url,
        needs_credential=False,
    )
    entry = create_entry(actor=SYSTEM, slug=f"bench/{kind}", name=kind, capabilities=["stream"])
    offer = add_offer(actor=SYSTEM, entry=entry, provider=provider, upstream_id="sim-small")
    set_price(actor=SYSTEM, offer=offer, tiers=[Rates(Decimal("0.15"), Decimal("0.60"))])
    return entry.slug


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
