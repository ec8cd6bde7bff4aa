"""Single sign-on by OpenID Connect: the authorization code flow with PKCE, for one provider.

Off unless LLMHUB_OIDC_ISSUER, _CLIENT_ID and _CLIENT_SECRET are set. The operator names the issuer,
so its requests do not go through `llmhub.lib.egress`. Sign-ins are rare: what the provider publishes
is read for each of them, but for the addresses, which a stranger could have us read again and again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import certifi
import httpx
from django.conf import settings
from django.urls import reverse

from llmhub.people import oidc_token
from llmhub.people.oidc_token import Refused

SCOPE = "openid email profile"
_SECONDS = 10.0
_LONGEST = 1_000_000  # bytes of an answer
_KEPT = 300.0  # seconds
_kept: dict[str, tuple[float, dict[str, Any]]] = {}


class Unreachable(Exception):
    """The provider does not answer as one; the message says what was asked of it."""


@dataclass(frozen=True)
class Attempt:
    """What ties the answer of the provider to the browser that asked."""

    state: str
    nonce: str
    verifier: str  # of PKCE
    target: str  # where to go afterwards


@dataclass(frozen=True)
class Proven:
    """Who the provider says this is."""

    email: str
    name: str


def name() -> str:
    """Return how people know the provider, "" when there is none."""
    return settings.OIDC.provider


def new_attempt(target: str) -> Attempt:
    """Return what a new sign-in is told by."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Attempt(state, nonce, verifier, target)


def start(attempt: Attempt) -> str:
    """Return the address at the provider where the person signs in. Raises `Unreachable`."""
    challenge = hashlib.sha256(attempt.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": settings.OIDC.client_id,
        "redirect_uri": _back(),
        "scope": SCOPE,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    address = _published("authorization_endpoint")
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def finish(attempt: Attempt, code: str) -> Proven:
    """Return who signed in at the provider. Raises `Refused` and `Unreachable`."""
    with _client() as client:
        given = _give_code(client, attempt, code)
        keys = _json(client.build_request("GET", _published("jwks_uri")), client)
        claims = oidc_token.claims_of(
            given.get("id_token"),
            keys=keys,
            issuer=_published("issuer"),
            client_id=settings.OIDC.client_id,
            nonce=attempt.nonce,
        )
        if "email" not in claims:
            claims |= _of_userinfo(client, given, claims["sub"])
    name = "".join(letter for letter in str(claims.get("name") or "") if letter.isprintable())
    return Proven(oidc_token.verified_email(claims), name[:100])


def _give_code(client: httpx.Client, attempt: Attempt, code: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _back(),
        "code_verifier": attempt.verifier,
    }
    who, secret = settings.OIDC.client_id, settings.OIDC.client_secret
    ways = _discovered().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if "client_secret_basic" in ways:
        # https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1: encoded before it is encoded
        pair = f"{quote(who, safe='')}:{quote(secret, safe='')}"
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    else:
        headers, form = {}, {**form, "client_id": who, "client_secret": secret}
    return _json(
        client.build_request("POST", _published("token_endpoint"), data=form, headers=headers), client
    )


def _of_userinfo(client: httpx.Client, given: dict[str, Any], subject: str) -> dict[str, Any]:
    """Return what the provider says of the person beside the id_token, if it is the same person."""
    if not isinstance(_discovered().get("userinfo_endpoint"), str):
        return {}
    headers = {"Authorization": f"Bearer {given.get('access_token', '')}"}
    said = _json(client.build_request("GET", _published("userinfo_endpoint"), headers=headers), client)
    if said.get("sub") != subject:
        raise Refused("its userinfo is about somebody else")
    return {key: said[key] for key in ("email", "email_verified", "name") if key in said}


def _discovered() -> dict[str, Any]:
    """Return what the provider publishes about itself, read again after five minutes."""
    issuer = settings.OIDC.issuer
    until, found = _kept.get(issuer, (0.0, {}))
    if time.monotonic() < until:
        return found
    with _client() as client:
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found = _json(client.build_request("GET", address), client)
    if str(found.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise Unreachable(f"it calls itself {str(found.get('issuer'))[:200]!r}, not {issuer!r}")
    _kept[issuer] = (time.monotonic() + _KEPT, found)
    return found


def _published(what: str) -> str:
    """Return one address that the provider publishes, as safe as its own."""
    address = _discovered().get(what)
    if not isinstance(address, str) or urlsplit(address).scheme not in _schemes():
        raise Unreachable(f"its {what} is missing or no https address")
    return address


def _schemes() -> tuple[str, ...]:
    return ("https", urlsplit(settings.OIDC.issuer).scheme)


def _json(request: httpx.Request, client: httpx.Client) -> dict[str, Any]:
    """Return the JSON object that answers a request. Raises `Unreachable`; no secret is in the message."""
    where = f"{request.url.host}{request.url.path}"
    try:
        answer = client.send(request, stream=True)
        body = b""
        for piece in answer.iter_raw():
            body += piece
            if len(body) > _LONGEST:
                raise Unreachable(f"the answer of {where} is too long")
        document = json.loads(body)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        raise Unreachable(f"{where} does not answer as it should ({type(error).__name__})") from error
    if not isinstance(document, dict):
        raise Unreachable(f"{where} does not answer with an object")
    if answer.status_code != 200:
        reason = str(document.get("error", ""))[:100]
        raise Unreachable(f"{where} answers {answer.status_code} {reason}".strip())
    return document


def _client() -> httpx.Client:
    return httpx.Client(
        timeout=_SECONDS,
        follow_redirects=False,
        trust_env=False,
        verify=_tls(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Return a context that trusts the system's authorities and the bundled ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _back() -> str:
    return settings.PUBLIC_URL + reverse("people:oidc_return")
