"""Every address of the console and of the API, asked for by everybody: what comes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from llmhub.api import api
from tests.access.bodies import bodies
from tests.access.sides import Hub, Side


@dataclass(frozen=True)
class Ask:
    """One way to ask: a method and an address."""

    name: str  # as the table has it: "GET billing:key_list", "POST /api/v1/keys"
    method: str
    url: str
    body: dict[str, Any] | None  # None: nothing is sent
    is_api: bool


def pages(patterns=None, namespace: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every page of the console: the name of its address, and the kinds of its arguments."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver) and each.app_name != "ninja":
            yield from pages(
                each.url_patterns, f"{namespace}{each.namespace}:" if each.namespace else namespace
            )
        elif isinstance(each, URLPattern):
            kinds = {name: type(kind).__name__ for name, kind in each.pattern.converters.items()}
            yield f"{namespace}{each.name}", kinds


@cache
def endpoints() -> tuple[tuple[str, str], ...]:
    """Every endpoint of the API: method and address with the names of its arguments."""
    paths = api.get_openapi_schema()["paths"].items()
    return tuple((method.upper(), path) for path, methods in paths for method in methods)


def values(name: str, side: Side, hub: Hub) -> dict[str, Any]:
    """The values of an address's arguments: of a side where a team has such a thing, else the hub's."""
    ours = ("people:team", "people:member", "billing:team", "routing:team", "/api/v1/teams")
    of_team = name.startswith(ours)
    slug = side.slug if of_team else "small-1" if "model" in name else "lab"
    found = {**hub.shared, **side.ids, "slug": slug, "token": "nothing", "provider": "lab"}
    found |= {"label": "default", "name": "fast", "model_id": "small-1", "upstream_id": "small-1"}
    if name.startswith(("billing:request_", "routing:request_")) or "usage" in name:
        found["request_id"] = side.ids["usage_id"]
    if "route" in name:
        found["name"] = "support"
    if "service" in name:
        found["key_id"] = side.ids["service_key_id"]
    return found


def asks(side: Side, hub: Hub) -> list[Ask]:
    """Every way to ask about one side."""
    sent = bodies(side)
    found = []
    for name, kinds in pages():
        given = values(name, side, hub)
        url = reverse(name, kwargs={each: given[each] for each in kinds})
        found.append(Ask(f"GET {name}", "GET", url, None, is_api=False))
        found.append(Ask(f"POST {name}", "POST", url, sent.get(f"POST {name}", {}), is_api=False))
    for method, path in endpoints():
        given = values(path, side, hub)
        url = re.sub(r"{(\w+)}", lambda match, given=given: str(given[match[1]]), path)
        row = f"{method} {path}"
        body = sent.get(row)
        if method == "GET" and body:
            url += "?" + urlencode(body)
            body = None
        elif body and "?" in body:
            url += "?" + body.pop("?")
        found.append(Ask(row, method, url, body, is_api=True))
    return found


def answer(client: Client, ask: Ask) -> tuple[str, str]:
    """What comes of asking, in the table's words, and the text; nothing is kept of what it changed."""
    cookies, send = client.cookies.output(), getattr(client, ask.method.lower())
    with transaction.atomic():
        if ask.method == "GET" or (ask.is_api and ask.body is None):
            response = send(ask.url)
        elif ask.is_api:
            response = send(ask.url, ask.body, content_type="application/json")
        else:
            response = send(ask.url, ask.body)
        text = "".join(part.decode() for part in response)
        transaction.set_rollback(True)
    client.cookies = SimpleCookie(cookies.replace("Set-Cookie: ", ""))
    to_sign_in = response.status_code == 302 and response.headers["Location"].startswith("/sign-in/")
    return "in" if to_sign_in else str(response.status_code), text + response.headers.get("Location", "")
