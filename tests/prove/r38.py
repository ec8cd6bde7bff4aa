"""R-38: every URL of the console: what its answer lets a browser do, and who may post to it."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.test import Client

from llmhub.audit import log
from llmhub.lib.limiter import Limiter
from llmhub.lib.security import CONTENT_SECURITY_POLICY, HEADERS
from llmhub.people import guesses
from llmhub.people.models import User
from tests.console.html import blocked
from tests.console.test_every_page import PLACES
from tests.fixtures.sign_in import PASSWORD, give_second_factor, try_sign_in
from tests.prove.row import Figures

ROW = "R-38"
CLAIM = (
    "Every page carries the policy and needs nothing beyond it; no write without its CSRF token; "
    "guesses are few"
)
DATABASES = ("sqlite", "postgres")
GUESSES, LOOKED_AT = 40, 5


def prove(stand) -> Figures:
    stand.hub_database()
    return _walk()


def control(stand) -> Figures:
    """Without the two middlewares, and with counts of guesses that never fill."""
    left = [name for name in settings.MIDDLEWARE if "Csrf" not in name and "headers_on_every" not in name]
    stand.hub_database(MIDDLEWARE=left)
    limits = [(limiter, limiter.limit) for limiter in guesses.EVERY]
    try:
        for limiter, _ in limits:
            limiter.limit = 1_000
        return _walk()
    finally:
        for limiter, limit in limits:
            limiter.limit = limit


def _walk() -> Figures:
    client, strict = _client(), _client(enforce_csrf_checks=True)
    answers = [
        getattr(client, method)(place.url, headers=htmx)
        for place in PLACES.values()
        for method in ("get", "post")
        for htmx in ({}, {"HX-Request": "true"})
    ]
    under = sum(all(each.headers.get(name) == value for name, value in HEADERS.items()) for each in answers)
    clean = sum(not blocked(each.text) for each in answers)
    forged = [strict.post(place.url, headers={"HX-Request": "true"}).status_code for place in PLACES.values()]
    let_in = sum(status not in {403, 405} for status in forged)
    seen = _tampering_is_seen()
    passwords, codes = _guesses_looked_at()
    few = passwords == codes == LOOKED_AT
    safe = "unsafe" not in CONTENT_SECURITY_POLICY
    return Figures(
        under == clean == len(answers) and not let_in and seen and few and safe,
        {
            "URLs": len(PLACES),
            "answers, pages and parts": len(answers),
            "under the policy": under,
            "free of what it blocks": clean,
            "writes let in without a token": let_in,
            f"of {GUESSES} guessed passwords looked at": passwords,
            f"of {GUESSES} guessed codes looked at": codes,
            "seen by the chain of the audit log": f"a changed event {'was' if seen else 'was not'}",
        },
    )


def _client(**options) -> Client:
    """A browser in which an owner is signed in."""
    user, _ = User.objects.get_or_create(email="owner@example.com", defaults={"role": "owner"})
    client = Client(raise_request_exception=False, **options)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _guesses_looked_at() -> tuple[int, int]:
    """How many wrong passwords, and then wrong codes of a second factor, were answered with a no."""
    user = User(email="guessed@example.com", role="owner")
    user.set_password(PASSWORD)
    user.save()
    app, _ = give_second_factor(user)
    client, wrong = Client(), app.wrong()
    _forget()
    passwords = [try_sign_in(client, "a guess", user.email).status_code for _ in range(GUESSES)]
    _forget()
    try_sign_in(client, PASSWORD, user.email)
    codes = [client.post("/sign-in/code/", {"code": wrong}).status_code for _ in range(GUESSES)]
    _forget()
    return passwords.count(422), codes.count(422)


def _forget() -> None:
    limiter: Limiter
    for limiter in guesses.EVERY:
        limiter._failures.clear()


def _tampering_is_seen() -> bool:
    """Whether the chain tells an event that was changed past the log."""
    from django.db import transaction

    from llmhub.audit.actor import SYSTEM

    with transaction.atomic():
        event = log.record(SYSTEM, "prove.first", "prove")
        log.record(SYSTEM, "prove.second", "prove")
    whole = log.first_broken_link() is None
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditevent SET action = 'prove.other' WHERE id = %s", [event.pk])
    return whole and log.first_broken_link() is not None
