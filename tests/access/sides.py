"""Two teams with one of everything, and whoever may want to look at it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.test import Client

from billing import adjustment
from billing.budget import create_budget
from billing.content_writer import Said, write
from billing.export import create_export
from billing.key import create_key, revoke_key
from billing.key_rotation import rotate_key
from billing.models import ApiKey, Reservation
from billing.raise_request import ask_for_raise
from catalog.alias import add_alias
from catalog.discovery_models import CatalogEvent, DiscoveryRun, InboxRule
from catalog.entry import update_entry
from catalog.models import CatalogEntry, Offer
from catalog.new_model import add_model
from llmhub.alerts.models import Alert, Channel, Delivery, Transition
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock, ids, money
from llmhub.people.access import actor_of_person
from llmhub.people.invitation import invite
from llmhub.people.membership import set_member
from llmhub.people.models import Team, User
from llmhub.people.person import create_user
from llmhub.people.service_key import create_service_key
from llmhub.people.team import create_team
from providers.breaker_models import BreakerEvent
from providers.credential import set_credential
from providers.models import Provider
from providers.provider import create_provider
from providers.rates import Rates
from routing.route import Target, create_route
from tests.billing import rows
from tests.billing import said as said_in_calls

CANARY = "canary"  # in everything of team B, and in nothing else


OF_ALL = "771.19"  # the caps of budgets that count the calls of every team
# What each team has spent on its largest call, and its caps: nothing else has these figures, since what
# was measured is shown in three.
AMOUNTS = {
    "alpha": ("2.468135", "31.29", "32.47", "33.81"),
    CANARY: ("1.234567", "38.17", "38.45", "37.63"),
}


@dataclass(frozen=True)
class Side:
    """One team, and one of everything that a team has."""

    slug: str
    person: User  # a member, with a key of their own
    ids: dict[str, Any]  # the value of each argument of an address, by its name
    tokens: dict[str, str]  # texts of keys


@dataclass(frozen=True)
class Hub:
    """What both teams share, and both of them."""

    a: Side
    b: Side
    shared: dict[str, Any]


def build() -> Hub:
    """Make a provider, a model that both teams call, and both teams."""
    lab = create_provider(
        actor=COMMAND_LINE, slug="lab", name="Lab", kind="custom", base_url="http://127.0.0.1:9/v1"
    )
    set_credential(actor=COMMAND_LINE, provider=lab, secret="nothing-to-hide-0000")
    offer = add_model(
        actor=COMMAND_LINE, provider=lab, upstream_id="small-1", slug="small-1", rates=Rates(1, 1)
    )
    add_model(actor=COMMAND_LINE, provider=lab, upstream_id="large-1", slug="large-1", rates=Rates(1, 1))
    entry = offer.entry
    update_entry(
        actor=COMMAND_LINE, entry=entry, sunset_on=clock.now().date() + timedelta(days=20), replacement=""
    )
    add_alias(actor=COMMAND_LINE, name="fast", entry=entry)
    create_route(actor=COMMAND_LINE, name="support", targets=[Target(entry)])
    now = clock.now()
    run = DiscoveryRun.objects.create(provider=lab, trigger="schedule", outcome="changed", started_at=now)
    event = CatalogEvent.objects.create(
        run=run, provider=lab, entry=entry, found_at=now, kind="back", upstream_id="small-1"
    )
    BreakerEvent.objects.create(
        target_id=offer.pk, base_url=lab.base_url, at=now, before="closed", after="open", reason="in_a_row",
        open_until=now + timedelta(hours=1),
    )  # fmt: skip
    rule = InboxRule.objects.create(kind="back", action="ignore", created_by="test")
    for scope, name in (("organisation", ""), ("provider", "lab"), ("tag", f"env={CANARY}")):
        create_budget(actor=COMMAND_LINE, scope=scope, name=name, per="month", cap=OF_ALL)
    Channel.objects.create(name="ops", kind="email", address="of-all@nobody.test", created_by="test")
    shared = {
        "offer_id": offer.pk,
        "event_id": event.pk,
        "rule_id": rule.pk,
        "lab": lab,
        "entry": entry,
    }
    return Hub(a=side("a", "alpha", lab, entry, offer), b=side("b", CANARY, lab, entry, offer), shared=shared)


def side(letter: str, word: str, lab: Provider, entry: CatalogEntry, offer: Offer) -> Side:
    """Make a team whose every word holds `word`."""
    team = create_team(actor=COMMAND_LINE, name=f"Team {word}", slug=f"team-{word}")
    person = create_user(actor=COMMAND_LINE, email=f"mara@{word}.test", name=f"Mara {word}", role="member")
    set_member(actor=COMMAND_LINE, team=team, user=person, role="member")
    invitation, _ = invite(actor=COMMAND_LINE, email=f"new@{word}.test", team=team, team_role="viewer")
    key, text = create_key(actor=COMMAND_LINE, team=team, name=f"bot {word}")
    own, _ = create_key(actor=COMMAND_LINE, team=team, name=f"notebook {word}", person=person)
    _, rotated_text = rotate_key(actor=COMMAND_LINE, key=key)
    old, old_text = create_key(actor=COMMAND_LINE, team=team, name=f"old {word}")
    revoke_key(actor=COMMAND_LINE, key=old)
    service_key, service_text = create_service_key(
        actor=COMMAND_LINE, name=f"deploy {word}", team=team, role="manager"
    )
    budget = create_budget(actor=COMMAND_LINE, scope="team", name=team.slug, per="day", cap=AMOUNTS[word][1])
    create_budget(actor=COMMAND_LINE, scope="key", name=str(own.pk), per="day", cap=AMOUNTS[word][2])
    create_budget(actor=COMMAND_LINE, scope="person", name=person.email, per="day", cap=AMOUNTS[word][3])
    asked = ask_for_raise(actor=actor_of_person(person), budget=budget, cap="99", reason=f"reason {word}")
    export = create_export(
        actor=actor_of_person(person), since=clock.now() - timedelta(days=1), until=clock.now()
    )
    alert = Alert.objects.create(
        rule="budget", subject=f"budget:{budget.pk}", threshold=80, team=team, state="firing",
        severity="warning", title=f"Budget of team {word}", text=f"told {word}",
        fired_at=clock.now(), pending_at=clock.now(),
    )  # fmt: skip
    channel = Channel.objects.create(
        name=f"told {word} by", kind="email", address=f"ops@{word}.test", team=team, created_by="test"
    )
    told = Transition.objects.create(
        alert=alert, number=1, state="firing", at=clock.now(), title=f"told {word}"
    )
    delivery = Delivery.objects.create(
        channel=channel, transition=told, message_id=f"msg_{word}", state="failed",
        next_at=clock.now(), created_at=clock.now(),
    )  # fmt: skip
    request = _calls(word, team.pk, key, own, lab, entry, offer)
    for amount in ("0.01", "-0.01"):
        why = {"reason": f"why {word}", "once": f"{word}{amount}"}
        adjustment.post(actor=COMMAND_LINE, request=request, amount=amount, **why)
    return Side(
        slug=team.slug,
        person=person,
        ids={
            "key_id": key.pk,
            "own_key_id": own.pk,
            "service_key_id": service_key.pk,
            "budget_id": budget.pk,
            "person_id": person.pk,
            "member_id": person.memberships.get().pk,
            "invitation_id": invitation.pk,
            "usage_id": request,
            "request_id": asked.pk,
            "export_id": export.pk,
            "alert_id": alert.pk,
            "channel_id": channel.pk,
            "delivery_id": delivery.pk,
        },
        tokens={"gateway": rotated_text, "before": text, "revoked": old_text, "service": service_text},
    )


def _calls(
    word: str, team: int, key: ApiKey, own: ApiKey, lab: Provider, entry: CatalogEntry, offer: Offer
) -> str:
    """Make calls of a team and return the public id of one; each has the word wherever a caller may write."""
    about = {"team_id": team, "entry_id": entry.pk, "provider_id": lab.pk, "offer_id": offer.pk}
    said = {"requested": f"ask-{word}", "tags": {"job": f"tag-{word}"}, "session": f"session-{word}"}
    minutes = clock.now() - timedelta(minutes=5)
    rows.usage(minutes, key_id=own.pk, person_id=own.person_id, **about, **said)
    rows.usage(
        minutes, key_id=key.pk, status="refused", refusals=3, error_code=f"no_{word}", cost_nano=0,
        reason=f"told {word}", team_id=team,
    )  # fmt: skip
    record = rows.usage(
        minutes, key_id=key.pk, cost_nano=money.to_nano(money.parse(AMOUNTS[word][0])), **about, **said
    )
    facts = {"team_id": team, "key_id": key.pk, "entry_id": entry.pk, "provider_id": lab.pk, **said}
    Reservation.objects.create(
        id=record.pk + 1000,
        expires_at=int(clock.now().timestamp()) + 600,
        amount_nano=1,
        facts=json.dumps(facts),
    )
    until = said_in_calls.keep(Team.objects.get(pk=team), reason=f"reason {word}").until
    words = f'{{"messages":[{{"role":"user","content":"said-{word}"}}]}}'.encode()
    write([Said(record.pk, team, until, words, words, len(words), len(words))])
    rows.attempt(record, 1, upstream_model=f"model-{word}", upstream_request_id=f"up-{word}",
                 entry_id=entry.pk, provider_id=lab.pk, offer_id=offer.pk)  # fmt: skip
    return ids.request_id(record.pk)


def actors(hub: Hub) -> dict[str, Client]:
    """Return everybody who may want to look at team A, as browsers and programs."""
    found = {"nobody": Client(), "other": _browser(hub.b.person, hub.b, "manager")}
    for role in ("viewer", "member", "manager"):
        user = hub.a.person if role == "member" else create_user(
            actor=COMMAND_LINE, email=f"{role}@alpha.test", role="member"
        )  # fmt: skip
        found[role] = _browser(user, hub.a, role)
    for role in ("admin", "owner"):
        found[role] = _browser(create_user(actor=COMMAND_LINE, email=f"{role}@hub.test", role=role))
    for name, token in (("gateway", hub.a.tokens["gateway"]), ("service", hub.a.tokens["service"])):
        found[name] = Client(headers={"authorization": f"Bearer {token}"})
    for client in found.values():
        client.raise_request_exception = False
    return found


def _browser(user: User, of: Side | None = None, role: str = "") -> Client:
    if of is not None:
        set_member(actor=COMMAND_LINE, team=Team.objects.get(slug=of.slug), user=user, role=role)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
