"""Where a person is signed in: what a session remembers, its list, and its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, secrets
from llmhub.lib.security import client_address
from llmhub.people.models import User
from llmhub.people.roles import require
from llmhub.people.sign_in_models import ConsoleSession

BY, SECOND_FACTOR = "signed_in_by", "second_factor"
SINCE, SEEN, FROM, BROWSER = "since", "seen", "from", "browser"
_SEEN_EVERY = 600  # seconds: a page costs no write because it is looked at
_HANDLE = 24  # letters

_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
_SYSTEMS = {
    "Windows": "Windows", "iPhone": "iPhone", "iPad": "iPad", "Android": "Android",
    "Mac OS X": "macOS", "CrOS": "ChromeOS", "Linux": "Linux",
}  # fmt: skip


@dataclass(frozen=True)
class Session:
    """One browser in which a person is signed in."""

    handle: str  # tells it from the others, and is no key to it
    is_this: bool
    browser: str
    address: str
    by: str
    since: datetime | None
    seen: datetime | None


def remember(request: HttpRequest, *, by: str, second_factor: str) -> None:
    """Keep in the session how, from where and since when somebody is signed in."""
    now = clock.unix_ms() // 1000
    agent = request.headers.get("User-Agent", "")
    told = {BY: by, SECOND_FACTOR: second_factor, SINCE: now, SEEN: now, FROM: client_address(request)}
    request.session.update({**told, BROWSER: browser_of(agent)})


def note_use(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, after authentication: keep when a session was used, to ten minutes."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and (seen := request.session.get(SEEN)) is not None:
            now = clock.unix_ms() // 1000
            if now - seen >= _SEEN_EVERY:
                request.session[SEEN] = now
        return get_response(request)

    return middleware


def browser_of(agent: str) -> str:
    """Return what a `User-Agent` says in a few words: `Firefox on Linux`."""
    browser = next((name for mark, name in _BROWSERS.items() if f"{mark}/" in agent), "A browser")
    system = next((name for mark, name in _SYSTEMS.items() if mark in agent), "")
    return f"{browser} on {system}" if system else browser


def sessions_of(user: User, *, here: str | None = None) -> list[Session]:
    """Return where a person is signed in, last used first; `here` is the key of the session that asks."""
    found = [_session(row, data, here) for row, data in _rows(user)]
    never = datetime.fromtimestamp(0, UTC)
    return sorted(found, key=lambda each: (each.is_this, each.seen or never), reverse=True)


def end_one(*, actor: Actor, user: User, handle: str) -> bool:
    """End one session of a person and return whether there was one."""
    keys = [row.session_key for row, _ in _rows(user) if constant_time_compare(_handle(row), handle)]
    return _end(actor, user, keys) > 0


def end_others(*, actor: Actor, user: User, here: str | None) -> int:
    """End the sessions of a person but the one that asks, and return how many ended."""
    return _end(actor, user, [row.session_key for row, _ in _rows(user) if row.session_key != here])


def end_all(*, actor: Actor, user: User) -> int:
    """Sign a person out everywhere and return of how many sessions."""
    require(actor, "own")
    return _end(actor, user, [row.session_key for row, _ in _rows(user)])


@transaction.atomic
def _end(actor: Actor, user: User, keys: list[str]) -> int:
    ended = ConsoleSession.objects.filter(session_key__in=keys).delete()[0] if keys else 0
    if ended:
        log.record(actor, "user.sessions_ended", f"user:{user.email}", after={"sessions": ended})
    return ended


def _rows(user: User) -> list[tuple[ConsoleSession, dict[str, Any]]]:
    """Return the sessions that are good still: a new password ends those of the old one."""
    proof = user.get_session_auth_hash()
    rows = ConsoleSession.objects.filter(user=user, expire_date__gt=clock.now())
    told = [(row, row.get_decoded()) for row in rows]
    return [(row, data) for row, data in told if constant_time_compare(data.get(HASH_SESSION_KEY, ""), proof)]


def _session(row: ConsoleSession, data: dict[str, Any], here: str | None) -> Session:
    return Session(
        handle=_handle(row),
        is_this=row.session_key == here,
        browser=str(data.get(BROWSER, "A browser")),
        address=str(data.get(FROM, "")),
        by=str(data.get(BY, "")),
        since=_moment(data.get(SINCE)),
        seen=_moment(data.get(SEEN)),
    )


def _handle(row: ConsoleSession) -> str:
    return secrets.digest(row.session_key)[:_HANDLE]


def _moment(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
