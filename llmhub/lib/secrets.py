"""Secrets: keys made by us (shown once, kept as digests) and texts encrypted at rest.

The key ring is `settings.LLMHUB_SECRET_KEYS`: the first key encrypts, all of them decrypt.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

# What each kind of token of ours begins with: by these logs know one.
GATEWAY_KEY, SERVICE_KEY, SIGN_IN_LINK, INVITATION = "llmh", "llms", "link", "join"
PREFIXES: tuple[str, ...] = (GATEWAY_KEY, SERVICE_KEY, SIGN_IN_LINK, INVITATION)


class Undecryptable(ValueError):
    """No key of the ring opens this text."""


def new_token(prefix: str) -> str:
    """Return a new key of 256 random bits: `<prefix>_<43 letters>`; the prefix is one of `PREFIXES`."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def digest(token: str) -> str:
    """Return the SHA-256 of a token in hex; it needs no slow hash at 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def hint(token: str) -> str:
    """Return what may be shown of a token after the first time: its first 10 letters."""
    return token[:10]


def derive(key: str, *, purpose: str) -> str:
    """Return a secret for one purpose, derived from a key of the ring."""
    secret = key.encode()
    if len(secret) > hashlib.blake2b.MAX_KEY_SIZE:
        secret = hashlib.blake2b(secret).digest()  # every letter counts, however long the key
    return hashlib.blake2b(purpose.encode(), key=secret, digest_size=32).hexdigest()


def read_or_make_keys(path: Path) -> list[str]:
    """Return the key ring kept at `path`, one key a line; make it (mode 600) when there is none.

    Processes that start at once agree: the file appears whole or not at all.
    Raises `ValueError` when the file holds no key.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make_keys(path)
    elif path.stat().st_uid == os.geteuid():
        path.chmod(0o600)
    keys = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    if not keys:
        raise ValueError(
            f"{path} holds no key: put the keys back from your backup, "
            "or remove the file to begin anew (stored credentials are lost then)"
        )
    return keys


def _make_keys(path: Path) -> None:
    draft, name = tempfile.mkstemp(dir=path.parent, prefix=".secret-keys-")  # made with mode 600
    try:
        with os.fdopen(draft, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its keys are ours
            os.link(name, path)
    finally:
        Path(name).unlink()


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    derived = (bytes.fromhex(derive(key, purpose="encryption at rest")) for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


def encrypt(plain: str) -> str:
    """Return `plain` encrypted with the first key of the ring."""
    return _ring(tuple(settings.LLMHUB_SECRET_KEYS)).encrypt(plain.encode()).decode()


def decrypt(sealed: str) -> str:
    """Return the text that was sealed. Raises `Undecryptable`; the message holds no secret."""
    try:
        return _ring(tuple(settings.LLMHUB_SECRET_KEYS)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Undecryptable(
            "a stored secret cannot be opened with the keys in LLMHUB_SECRET_KEYS: "
            "put the key back that sealed it, or enter the secret again"
        ) from None
