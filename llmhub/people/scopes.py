"""Pure: what a service key can be cut down to: to read or to manage an area of the management API."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

ROOT = "/api/v1/"
# The area of each noun that an address begins with; a test walks every address.
AREAS = {
    "catalog": (
        "models", "offers", "aliases", "compare", "prices", "sources", "retirements", "discovery", "inbox",
    ),
    "providers": ("providers", "provider-tests", "breakers", "breaker-events"),
    "routes": ("routes", "route-trials"),
    "keys": ("keys", "key-tests"),
    "budgets": ("budgets", "call-rules", "raise-requests"),
    "usage": (
        "usage", "reports", "report-tags", "exports", "adjustments", "repricings", "preflights", "callers",
        "explain",
    ),
    "content": ("contents",),
    "people": ("teams", "people", "members", "invitations", "service-keys"),
    "hub": ("organisation", "audit"),
    "alerts": ("alerts", "channels", "deliveries"),
    "config": ("config",),  # all that the file says, whatever its area
}  # fmt: skip
_AREA_OF = {noun: area for area, nouns in AREAS.items() for noun in nouns}
_ONLY_ASK = ("key-tests", "route-trials", "config/plan", "check-parameters", "explain")
Verb = Literal["read", "manage"]
SCOPES = tuple(f"{area}:{verb}" for area in AREAS for verb in ("read", "manage"))


def area_of(path: str) -> str:
    """Return the area of an address: of budgets, and of content, whosever it is; "" for none."""
    nouns = path.removeprefix(ROOT).strip("/").split("/")
    if len(nouns) > 1 and nouns[-1] == "budgets" and nouns[0] in ("teams", "keys", "people"):
        return "budgets"
    if len(nouns) > 1 and nouns[-1] == "content":  # what was said, beside figures
        return "content"
    return _AREA_OF.get(nouns[0], "")


def faults(scopes: Collection[str], *, given_by: Iterable[str] | None) -> str:
    """Return what is wrong with scopes that somebody with the scopes `given_by` gives; "" for nothing."""
    for scope in scopes:
        if scope not in SCOPES:
            return f"{scope[:60]!r} is no scope: use {', '.join(SCOPES)}"
        area, verb = scope.split(":")
        if not lets_through(given_by, area, "read" if verb == "read" else "manage"):
            return (
                f"nobody grants more than they hold: {scope} is not among {', '.join(sorted(given_by or ()))}"
            )
    return "" if scopes or given_by is None else "a key with scopes makes keys with scopes: name some"


def lets_through(scopes: Iterable[str] | None, area: str, verb: Verb) -> bool:
    """Return whether a key with these scopes may do this in an area; managing holds reading."""
    return scopes is None or not {f"{area}:manage", f"{area}:{verb}"}.isdisjoint(scopes)


def verb_of(method: str, path: str) -> Verb:
    """Return what a call does: all but a GET changes something, unless it only says what it would."""
    return "read" if method == "GET" or path.endswith(_ONLY_ASK) else "manage"
