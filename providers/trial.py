"""Try a connection before it is saved, by a free call."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError

from providers.adapters import DialectNotServed, Kind, adapter_for
from providers.check import Check, Outcome, check
from providers.provider import checked_url
from providers.wire import Target


def try_connection(kind: Kind, *, base_url: str, dialect: str, secret: str) -> Check:
    """Return what a free call finds at `base_url`, refusing what saving would refuse."""
    try:
        address = checked_url(base_url or kind.base_url)
    except ValidationError as refusal:
        return Check(Outcome.REFUSED, " ".join(refusal.messages))
    if kind.needs_credential and not secret:
        return Check(Outcome.NO_CREDENTIAL, "give its credential first")
    try:
        adapter = adapter_for(kind.name, dialect or kind.dialects[0])
    except DialectNotServed as refusal:
        return Check(Outcome.NOT_SERVED, str(refusal))
    return async_to_sync(check)(Target(address, "", secret), adapter)
