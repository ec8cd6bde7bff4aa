"""A request with its plan, as tests of pages and commands show it."""

from __future__ import annotations

from billing.models import UsageRecord
from catalog.models import Offer, Price
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from providers.live import Live
from providers.models import Provider
from routing.bound import Size
from routing.explain import decide, kept_text, pass_over
from routing.load import load_snapshot
from routing.plan import Asking, Moment
from routing.resolve import resolve
from routing.route import Target, create_route
from tests.billing import rows


def planned_request() -> UsageRecord:
    """A request to a route: of its offers one was passed over, one failed, one answered, one is left out."""
    lab, west = rows.provider(), rows.provider("west")
    Provider.objects.update(needs_credential=False)
    small, large, blind = rows.entry(), rows.entry("acme/large-1"), rows.entry("acme/blind-1")
    for entry in (small, large):
        entry.capabilities = ["tools"]
        entry.save()
    blind.capabilities = ["stream"]
    blind.save()
    offers = {}
    for entry, provider, output in (
        (small, lab, "2"),
        (small, west, "3"),
        (large, lab, "4"),
        (blind, west, "1"),
    ):
        offer = Offer.objects.create(entry=entry, provider=provider, upstream_id="m", rank=len(offers))
        Price.objects.create(
            offer=offer, effective_from=rows.NOW.replace(year=2025), input="1", output=output
        )
        offers[entry.slug, provider.slug] = offer.pk
    create_route(
        actor=COMMAND_LINE, name="support", policy="balanced",
        targets=[Target(each) for each in (small, large, blind)], max_cost_multiple=None,
    )  # fmt: skip
    snapshot, now = load_snapshot(), clock.now()
    live = {
        pk: Live(calls=40, reliability=0.9 + 0.01 * number, latency_ms=300.0 * (number + 1))
        for number, pk in enumerate(offers.values())
    }
    asking = Asking(needs=frozenset({"tools"}), size=Size(4000, 2), seed="req_1")
    decision = decide(snapshot.version, resolve(snapshot, "support", now=now), asking, Moment(now, live=live))
    first, second, third = decision.plan.candidates
    pass_over(decision, first, "over_budget")
    team = rows.team()
    record = rows.usage(now, requested="support", team_id=team.pk, plan=kept_text(decision))
    rows.attempt(record, 1, offer_id=second.offer.id, status="error", error_code="upstream_timeout")
    rows.attempt(record, 2, offer_id=third.offer.id)
    return record
