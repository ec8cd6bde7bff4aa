"""A database that holds at least one of everything llmhub.toml can say, written as people write it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from billing.budget import create_budget
from billing.call_rules import set_rules
from billing.rollup_tags import set_report_tags
from catalog.alias import add_alias
from catalog.entry import create_entry, update_entry, withdraw_entry
from catalog.models import CatalogEntry, Offer, Origin, Price
from catalog.offer import add_offer, set_price, update_offer, withdraw_offer
from catalog.rule_book import set_rule
from llmhub.alerts.channel import change_channel, create_channel, remove_channel
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from llmhub.people import organisation
from llmhub.people.models import Team
from llmhub.people.team import create_team
from providers.credential import set_credential
from providers.models import Provider
from providers.probe_ceiling import set_ceiling
from providers.provider import create_provider, pause_provider, remove_provider, update_provider
from providers.rates import Rates
from routing.route import Target, create_route
from routing.team_routes import set_team_routes

LUNA = "openai/gpt-6-luna"
SECRET = "sk-typed-in-by-hand-000001"
LABEL = 'two\n[hub]\nname = "x"'  # a line end in a comment would end the comment

PARAMETERS = {  # with every key of a descriptor
    "temperature": {"type": "number", "min": 0.25, "max": 1, "default": 0.5, "excludes": ["top.p"]},
    "top.p": {"type": "number", "requires": ["tools"], "source": "https://example.com/top-p"},
    "effort": {"type": "enum", "values": ["low", "high", 3], "default": "low"},
    "reasoning": {
        "type": "object",
        "mandatory": True,
        "default_enabled": False,
        "supports_max_tokens": True,
        "excludes": ["effort"],
    },
    "tools": {"type": "list"},
}


def usd(*amounts: str, above: int = 0) -> Rates:
    return Rates(*map(Decimal, amounts), above_input_tokens=above)


def furnish() -> None:
    _hub()
    _providers()
    _models()
    _bundled()
    _routes()
    _budgets()
    _channels()
    _inbox_rules()


def _hub() -> None:
    organisation.describe(actor=COMMAND_LINE, name='Acme "Labs" \\ Söhne', time_zone="Europe/Berlin")
    organisation.pause(actor=COMMAND_LINE, reason="we move")
    organisation.require_second_factor(actor=COMMAND_LINE, required=True)
    set_report_tags(actor=COMMAND_LINE, names=["project", "env"])
    set_rules(
        actor=COMMAND_LINE,
        team=None,
        default_output_tokens=900,
        unpriced="allow",
        allowance="0.000000001",
        when_left="finish",
    )


def _providers() -> None:
    lab = create_provider(
        actor=COMMAND_LINE,
        slug="lab",
        name="The lab",
        kind="custom",
        dialect="messages",
        base_url="http://10.0.0.5:8000/v1",
        needs_credential=True,
    )
    create_provider(
        actor=COMMAND_LINE, slug="far", name="Far", kind="custom", base_url="http://10.0.0.6:8000/v1"
    )
    set_ceiling(actor=COMMAND_LINE, provider=lab, ceiling="0.25")
    set_credential(actor=COMMAND_LINE, provider=lab, label="env:ONE", reference="env:ONE")
    set_credential(actor=COMMAND_LINE, provider=lab, label="second", reference="file:/two", weight=0)
    gone = create_provider(
        actor=COMMAND_LINE, slug="gone", name="Gone", kind="custom", base_url="http://10.0.0.7/v1"
    )
    create_budget(actor=COMMAND_LINE, scope="provider", name="gone", per="day", cap="1")
    remove_provider(actor=COMMAND_LINE, provider=gone)
    openai, openrouter, anthropic = (
        Provider.objects.get(slug=slug) for slug in ("openai", "openrouter", "anthropic")
    )
    update_provider(actor=COMMAND_LINE, provider=openai, name="OpenAI of the company")
    pause_provider(actor=COMMAND_LINE, provider=openrouter, reason="the contract is over")
    remove_provider(actor=COMMAND_LINE, provider=anthropic)


def _models() -> None:
    lab, far = Provider.objects.get(slug="lab"), Provider.objects.get(slug="far")
    create_entry(actor=COMMAND_LINE, slug="acme/next")
    entry = create_entry(
        actor=COMMAND_LINE,
        slug="acme/small-1",
        name="Acme Small 1",
        family="acme-small",
        description='Two lines,\nand "quotes".',
        context_tokens=128_000,
        output_limit_tokens=16_000,
        input_modalities=["text", "image"],
        output_modalities=["text"],
        capabilities=["tools", "stream"],
        parameters=PARAMETERS,
        stands_for="acme/small-1-0202",
        knowledge_on=date(2026, 1, 1),
        released_on=date(2026, 2, 2),
        deprecated_on=date(2026, 3, 3),
        sunset_on=date(2027, 4, 4),
        replacement="acme/next",
        facts_source="https://example.com/models",
        facts_checked_on=date(2026, 5, 5),
    )
    long = [usd("0.150", "0.60", "0.015", "0.2", "0.3", "0.01", "0.005")]
    long.append(usd("0.30", "0.90", "0.03", "0.4", "0.6", "0.02", "0.007", above=100_000))
    first = add_offer(actor=COMMAND_LINE, entry=entry, provider=lab, upstream_id="small-1", rank=20)
    price = {
        "source": "https://example.com/prices",
        "checked_on": date(2026, 6, 6),
        "meters": {"web_search": "0.010", "image token": "0.0000025"},
    }
    now = clock.now()
    set_price(actor=COMMAND_LINE, offer=first, tiers=[usd("9", "9")], effective_from=now - timedelta(days=9))
    set_price(actor=COMMAND_LINE, offer=first, tiers=long, effective_from=now - timedelta(days=2), **price)
    moment = datetime(2190, 1, 1, 12, 30, 0, 5, tzinfo=UTC)
    set_price(actor=COMMAND_LINE, offer=first, tiers=long[:1], effective_from=moment)
    set_price(actor=COMMAND_LINE, offer=first, tiers=long, effective_from=moment + timedelta(days=1), **price)
    add_offer(actor=COMMAND_LINE, entry=entry, provider=far, upstream_id="small:a", rank=10)
    second = add_offer(actor=COMMAND_LINE, entry=entry, provider=lab, upstream_id="small-1:free", rank=10)
    set_price(actor=COMMAND_LINE, offer=second, tiers=[usd("0", "0")])
    withdraw_offer(
        actor=COMMAND_LINE, offer=add_offer(actor=COMMAND_LINE, entry=entry, provider=far, upstream_id="old")
    )
    found = add_offer(
        actor=COMMAND_LINE, entry=entry, provider=far, upstream_id="found", rank=900, origin=Origin.DISCOVERED
    )
    Price.objects.create(
        offer=found, effective_from=now, origin=Origin.DISCOVERED, input=Decimal(4), output=Decimal(5)
    )
    CatalogEntry.objects.create(slug="far/found", name="Found", source="discovered", origin=Origin.DISCOVERED)
    add_alias(actor=COMMAND_LINE, name="fast", entry=entry)
    withdraw_entry(actor=COMMAND_LINE, entry=create_entry(actor=COMMAND_LINE, slug="acme/old"))


def _bundled() -> None:
    """What people change of what comes with llmhub."""
    luna = CatalogEntry.objects.get(slug=LUNA)
    update_entry(actor=COMMAND_LINE, entry=luna, context_tokens=None, facts_source="", output_modalities=[])
    far = Provider.objects.get(slug="far")
    other, gone = CatalogEntry.objects.listed().exclude(slug=LUNA).filter(origin="bundled")[:2]
    add_offer(actor=COMMAND_LINE, entry=other, provider=far, upstream_id="mirror")
    fewer = {name: each for name, each in other.parameters.items() if name != "max_tokens"}
    fewer["stop"] = {"type": "list"}
    assert "max_tokens" in other.parameters
    update_entry(actor=COMMAND_LINE, entry=other, parameters=fewer)
    withdraw_entry(actor=COMMAND_LINE, entry=gone)
    ours = Offer.objects.filter(entry=luna, provider__removed_at=None, origin="bundled").order_by("id")
    withdraw_offer(actor=COMMAND_LINE, offer=ours[0])
    offers = Offer.objects.filter(entry__withdrawn_at=None, origin="bundled", provider__slug="openai")
    ranked, priced = offers.exclude(entry=luna).order_by("entry__slug", "id")[:2]
    update_offer(actor=COMMAND_LINE, offer=ranked, rank=7)
    set_price(actor=COMMAND_LINE, offer=priced, tiers=[usd("0.01", "0.02")])


def _routes() -> None:
    small, luna = CatalogEntry.objects.get(slug="acme/small-1"), CatalogEntry.objects.get(slug=LUNA)
    lab = Provider.objects.get(slug="lab")
    create_route(
        actor=COMMAND_LINE,
        name="team/support:eu",
        targets=[Target(small, lab, weight=3), Target(luna), Target(small, weight=0)],
        over_budget=[Target(small), Target(small, lab, weight=2)],
        description='For "support"',
        policy="weighted",
        require=["tools"],
        max_cost_multiple="2.5",
        explore_percent=0,
        keeps_sessions=False,
        escalates=True,
        default_output_tokens=512,
    )
    create_route(actor=COMMAND_LINE, name="any", targets=[Target(luna)], max_cost_multiple=None)


def _budgets() -> None:
    team = create_team(actor=COMMAND_LINE, name="Support")
    set_team_routes(actor=COMMAND_LINE, team=team, names=["team/support:eu", "any"])
    set_team_routes(actor=COMMAND_LINE, team=create_team(actor=COMMAND_LINE, name="Research"), names=[])
    rules = {"default_output_tokens": 1, "unpriced": "block", "allowance": "1.5", "when_left": "cancel"}
    set_rules(actor=COMMAND_LINE, team=team, **rules)
    for scope, name in (
        ("organisation", ""),
        ("provider", "lab"),
        ("provider", "anthropic"),
        ("model", LUNA),
        ("tag", "env=a b"),
        ("team", "support"),
    ):
        create_budget(
            actor=COMMAND_LINE, scope=scope, name=name, per="month", cap="250.123456789", contact="#ai"
        )
    create_budget(actor=COMMAND_LINE, scope="team", name="support", per="month", cap=None, hard=False)
    create_budget(
        actor=COMMAND_LINE,
        scope="team",
        name="research",
        per="total",
        cap="0",
        unit="tokens",
        time_zone="Asia/Tokyo",
        alert_at=[],
    )


def _channels() -> None:
    made, _ = create_channel(
        actor=COMMAND_LINE,
        name="night.watch",
        kind="webhook",
        address="http://10.0.0.8:9000/hook",
        secret="env:NIGHT_SECRET",
        team=Team.objects.get(slug="support"),
        rules=["budget", "burn"],
        quiet="22:00-07:00",
        time_zone="Asia/Tokyo",
    )
    change_channel(actor=COMMAND_LINE, channel=made, paused=True)
    create_channel(actor=COMMAND_LINE, name="chat", kind="chat", address="file:/run/secrets/slack")
    create_channel(actor=COMMAND_LINE, name="hook", kind="webhook", address="env:HOOK", secret="env:HOOK_S")
    gone, _ = create_channel(actor=COMMAND_LINE, name="gone", kind="chat", address="env:GONE")
    remove_channel(actor=COMMAND_LINE, channel=gone)


def _inbox_rules() -> None:
    lab, gone = Provider.objects.get(slug="lab"), Provider.objects.get(slug="gone")
    set_rule(actor=COMMAND_LINE, kind="price_down", action="accept")
    set_rule(actor=COMMAND_LINE, kind="price_down", action="hold", provider=lab)
    set_rule(actor=COMMAND_LINE, kind="renamed", action="ignore", provider=gone)


def type_in() -> None:
    """Secrets that no file can hold."""
    for slug, label in (("lab", LABEL), ("openai", "default")):
        provider = Provider.objects.get(slug=slug)
        set_credential(actor=COMMAND_LINE, provider=provider, label=label, secret=SECRET)
