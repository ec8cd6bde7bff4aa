"""What a provider says of a person, once its signature and every claim that matters is checked.

Source: https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
"""

from __future__ import annotations

import hmac
from typing import Any

import jwt
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

# Signed by a key that only the provider has. Never "none", never HS256: that key would be the client secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LEEWAY = 30  # seconds that clocks may differ
_LONGEST = 20_000  # letters


class Refused(Exception):
    """The provider's answer does not prove who this is; the message says why."""


def claims_of(token: Any, *, keys: dict[str, Any], issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """Return the claims of an id_token that is meant for us, now, and for this very sign-in.

    Raises `Refused`.
    """
    if not isinstance(token, str) or len(token) > _LONGEST:
        raise Refused("it gave no id_token")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key=_key(token, keys),
            algorithms=list(ALGORITHMS),
            audience=client_id,
            issuer=issuer,
            leeway=_LEEWAY,
            options={"require": ["iss", "aud", "exp", "iat", "sub"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise Refused(f"its id_token is not valid: {error}") from error
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise Refused("its id_token was made for another client")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise Refused("its id_token belongs to another sign-in (wrong nonce)")
    return claims


def _key(token: str, keys: dict[str, Any]) -> jwt.PyJWK:
    """Return the provider's key that the token says it is signed with; without a name, its only one."""
    wanted = jwt.get_unverified_header(token).get("kid")
    there = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.public_key_use in (None, "sig")]
    found = [key for key in there if key.key_id == wanted] if wanted else there
    if len(found) != 1:
        raise Refused("its id_token is signed with a key that it does not publish")
    return found[0]


def verified_email(claims: dict[str, Any]) -> str:
    """Return the address that the provider has checked. Raises `Refused` when it has checked none."""
    email = claims.get("email")
    if not isinstance(email, str) or not email:
        raise Refused("it gives no e-mail address: let the client have the scope email")
    if claims.get("email_verified") not in (True, "true"):
        raise Refused("it has not verified the e-mail address")
    try:
        validate_email(email)
    except ValidationError as error:
        raise Refused("what it gives as e-mail address is none") from error
    return email.lower()
