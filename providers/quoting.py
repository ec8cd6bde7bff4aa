"""Pure: what may be shown of a message that a provider wrote."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

MAX_QUOTE = 500  # letters of a provider's own message
HIDDEN = "[credential]"
_MAX_READ = 4 * MAX_QUOTE  # letters of it that are looked at
_MIN_PART = 4  # letters of a credential's beginning that tell something of it
# Whatever looks like a credential: `Incorrect API key provided: sk-…`.
_LOOKALIKE = re.compile(r"(?i)\b(?:bearer\s+\S+|(?:sk|pk|key|gsk|xai)[-_][\w*.-]{6,})")


def quoted(message: str, *, hide: str = "") -> str:
    """Return what a provider says, on one line, bounded, without anything like a credential.

    `hide` is the credential of the call: it is hidden whatever it looks like, in Base64 and as
    part of an address too.
    """
    words = " ".join(message[:_MAX_READ].split())
    plain = "".join(letter for letter in words if letter.isprintable())
    plain = _LOOKALIKE.sub(HIDDEN, _without(plain, hide) if hide else plain)
    return plain if len(plain) <= MAX_QUOTE else plain[: MAX_QUOTE - 1] + "…"


def _without(text: str, secret: str) -> str:
    """Return `text` without a secret, and without the beginning of one at its end, where it was cut."""
    forms = sorted(set(_forms(secret)), key=len, reverse=True)
    text = re.sub("|".join(map(re.escape, forms)), HIDDEN, text, flags=re.IGNORECASE)
    for form in forms:
        for size in range(min(len(form) - 1, len(text)), _MIN_PART - 1, -1):
            if text.endswith(form[:size]):
                return text[:-size] + HIDDEN
    return text


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it may stand in a text: as it is, in an address, in Base64."""
    yield secret
    yield quote(secret, safe="")
    for ahead in range(3):  # bytes before it, as in `user:secret`: they move every letter
        encoded = b64encode(bytes(ahead) + secret.encode()).rstrip(b"=").decode()
        own = encoded[(0, 2, 3)[ahead] : len(encoded) - ((ahead + len(secret)) % 3 > 0)]
        if len(own) >= _MIN_PART:
            yield own
            yield own.translate({ord("+"): "-", ord("/"): "_"})
