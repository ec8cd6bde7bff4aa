"""The console's menu, and what every page's frame knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from llmhub.alerts.models import Alert
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.access import actor_of
from llmhub.people.roles import Action, allowed, role_allows
from llmhub.zone import demanding_alerts_of, open_events_of, organisation_of


@dataclass(frozen=True)
class Place:
    """One entry of the menu; it is lit on pages whose URL name begins with `section`."""

    label: str
    url_name: str
    icon: str
    section: str | tuple[str, ...]
    needs: Action = "view"
    waits: str = "to decide"  # what the number beside it counts


INBOX = "catalog:inbox_list"
ALERTS = "alerts:alert_list"
_PEOPLE = ("people:person", "people:invitation")
_MODELS = (
    "catalog:model",
    "catalog:retirement",
    "catalog:offer",
    "catalog:alias",
    "catalog:provider",
    "routing:preflight",
)

# A page that does not exist yet is left out, so an entry may be written before its page.
MENU: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "",
        (
            Place("Overview", "overview", "layout-dashboard", "overview", needs="read"),
            Place("Alerts", ALERTS, "bell", "alerts:", waits="firing", needs="read"),
        ),
    ),
    (
        "Traffic",
        (
            Place(
                "Requests",
                "billing:request_list",
                "activity",
                ("billing:request", "routing:request"),
                needs="read",
            ),
            Place(
                "Spend",
                "billing:spend",
                "chart-bar",
                ("billing:spend", "billing:saving", "billing:export"),
                needs="read",
            ),
            Place("Explain", "routing:explain", "route", "routing:explain", needs="read"),
        ),
    ),
    (
        "Supply",
        (
            Place("Providers", "providers:provider_list", "server-2", ("providers:", "adding:")),
            Place("Models", "catalog:model_list", "books", _MODELS, needs="read"),
            Place("Routes", "routing:route_list", "route", "routing:route", needs="read"),
            Place("Inbox", INBOX, "inbox", ("catalog:inbox", "catalog:rule", "catalog:discovery")),
        ),
    ),
    (
        "Access",
        (
            Place("Keys", "billing:key_list", "key", "billing:key", needs="read"),
            Place("Budgets", "billing:budget_list", "wallet", "billing:budget", needs="read"),
            Place("Teams", "people:team_list", "users", "people:team", needs="read"),
            Place("People", "people:person_list", "user-circle", _PEOPLE, needs="own"),
        ),
    ),
    (
        "Hub",
        (
            Place("Audit log", "people:audit_list", "history", "people:audit"),
            Place("Settings", "settings", "settings", ("settings", "people:service_key")),
        ),
    ),
)


def menu(
    here: str, role: str = "viewer", counts: Mapping[str, int] | None = None
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the groups of the menu for a person of `role`; `here` is the URL name of the page.

    `counts` says by URL name how much waits at a place.
    """
    actor = Actor(kind="user", label="", role=role)
    groups = [
        (label, [_item(place, here, counts or {}) for place in places if allowed(actor, place.needs)])
        for label, places in MENU
    ]
    there = [(label, [item for item in items if item]) for label, items in groups]
    return [(label, items) for label, items in there if items]


def _item(place: Place, here: str, counts: Mapping[str, int]) -> dict[str, Any] | None:
    try:
        url = reverse(place.url_name)
    except NoReverseMatch:
        return None
    return {
        "label": place.label,
        "icon": place.icon,
        "url": url,
        "active": here.startswith(place.section),
        "count": counts.get(place.url_name, 0),
        "waits": place.waits,
    }


def _menu_of(request: HttpRequest, here: str) -> list[tuple[str, list[dict[str, Any]]]]:
    if not request.user.is_authenticated:
        return menu(here, "")
    if role_allows(request.user.role, "view"):
        counts = {INBOX: open_events_of(request), ALERTS: demanding_alerts_of(request)}
    else:
        counts = {ALERTS: Alert.objects.seen_by(actor_of(request)).demanding(clock.now()).count()}
    return menu(here, request.user.role, counts)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return what base.html shows around a page; read only when a template asks for it."""
    match = request.resolver_match
    here = match.view_name if match else ""
    return {
        "navigation": SimpleLazyObject(lambda: _menu_of(request, here)),
        "organisation": SimpleLazyObject(lambda: organisation_of(request)),
        "demo": getattr(settings, "DEMO", False),
    }
