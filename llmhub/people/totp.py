"""Pure: codes of authenticator apps, six digits that change every 30 seconds.

Source: https://www.rfc-editor.org/rfc/rfc6238, with what every app takes: SHA-1, 6 digits, 30 seconds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from urllib.parse import quote, urlencode

STEP = 30  # seconds
DIGITS = 6
SECRET_BYTES = 20  # as long as what SHA-1 gives, which RFC 4226 asks for
DRIFT = 1  # steps that a clock may be wrong by, either way


def as_text(secret: bytes) -> str:
    """Return the secret as people type it into an app: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def as_bytes(text: str) -> bytes:
    """Return the secret that `as_text` wrote."""
    return base64.b32decode(text + "=" * (-len(text) % 8))


def code(secret: bytes, step: int) -> str:
    """Return the code of a 30-second step."""
    mac = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: bytes, typed: str, *, now: float, after: int) -> int | None:
    """Return the step whose code was typed, None when there is none near `now` and later than `after`."""
    current, found = int(now) // STEP, None
    for step in range(current - DRIFT, current + DRIFT + 1):
        if hmac.compare_digest(code(secret, step).encode(), typed.encode()) and step > after:
            found = step
    return found


def address(secret: bytes, *, issuer: str, account: str) -> str:
    """Return the `otpauth:` address that apps read from a QR code.

    Source: https://github.com/google/google-authenticator/wiki/Key-Uri-Format
    """
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    told = {"secret": as_text(secret), "issuer": issuer, "digits": DIGITS, "period": STEP}
    return f"otpauth://totp/{label}?{urlencode(told, quote_via=quote)}"
