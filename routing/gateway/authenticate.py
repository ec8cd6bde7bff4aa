"""Pure: who calls, by the digest of a key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from routing.gateway.errors import Refusal
from routing.snapshot import Caller, Snapshot

PREFIX = "llmh_"  # of every key: a test compares it with the one that keys are made with
MAX_KEY = 200  # letters; ours have 48


def key_in(headers: Mapping[str, str]) -> str:
    """Return the key in `Authorization: Bearer` or `x-api-key`. Raises `Refusal` when there is none.

    Clients that hold a key of another service send it in one of the two: ours is told by its prefix.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    other = headers.get("x-api-key", "").strip()
    key = other if other.startswith(PREFIX) and not bearer.startswith(PREFIX) else bearer or other
    if not key:
        raise Refusal("missing_key", "No key was sent: use `Authorization: Bearer <key>` or `x-api-key`")
    if len(key) > MAX_KEY or not key.isascii():
        raise _invalid()
    return key


def authenticate(snapshot: Snapshot, digest: str, *, now: datetime) -> Caller:
    """Return whose key this is. Raises `Refusal` when it is unknown, revoked or expired.

    The look-up is by the whole SHA-256 digest, so that its timing tells nothing about a key.
    """
    caller = snapshot.keys.get(digest)
    if caller is None:
        raise _invalid()
    if caller.expires_at is not None and caller.expires_at <= now:
        moment = f"{caller.expires_at:%Y-%m-%d %H:%M} UTC"
        what = "has a new text, this one ended" if caller.was_replaced else "expired"
        raise Refusal("expired_key", f"The key {caller.key_name!r} {what} at {moment}")
    return caller


def refuse_deactivated(caller: Caller) -> None:
    """Raise `Refusal` when the key's person was deactivated: their keys stop with them."""
    if caller.deactivated_person:
        message = f"The key {caller.key_name!r} belongs to {caller.deactivated_person}, who was deactivated"
        raise Refusal("person_deactivated", message)


def admit(snapshot: Snapshot, caller: Caller) -> None:
    """Raise `Refusal` while calls are paused; whatever can reach a provider passes here."""
    if snapshot.paused_reason:
        raise Refusal("paused", f"All calls are paused: {snapshot.paused_reason}")
    if caller.paused_reason:
        raise Refusal("key_paused", f"The key {caller.key_name!r} is paused: {caller.paused_reason}")


def _invalid() -> Refusal:
    return Refusal("invalid_key", "This key is unknown or was revoked")
