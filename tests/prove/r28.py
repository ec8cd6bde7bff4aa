"""R-28: a key that was revoked, against two gateways that are being called with it."""

from __future__ import annotations

import time

from billing.key import revoke_key
from billing.models import ApiKey
from llmhub.audit.actor import SYSTEM
from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-28"
CLAIM = "A revoked key is dead at every gateway within 5 s, and no key can be read from the database"
DATABASES = ("sqlite", "postgres")
_MOST = 5.0  # seconds


def prove(stand) -> Figures:
    return _revoke(stand, stand.size(quick=3, full=20))


def control(stand) -> Figures:
    """With gateways that do not look for changes."""
    return _revoke(stand, 1, "deaf")


def _revoke(stand, count: int, *flags: str) -> Figures:
    gateway = stand.gateway()
    at = [stand.simulator.path("tokens/2")]
    models = gateway.make_all({str(number): {"at": at} for number in range(count)})
    gateway.kill()
    gateway.start(*flags)
    urls = [gateway.url, stand.twin(gateway, *flags).url]
    took = [_until_dead(gateway, urls, model) for model in models.values()]
    readable = sum(_is_readable(gateway, model) for model in models.values())
    return Figures(
        max(took) <= _MOST and not readable,
        {
            "keys revoked": count,
            "gateways": len(urls),
            "s at most until both refused": max(took),
            "keys readable in the database": readable,
        },
    )


def _until_dead(gateway, urls: list[str], model) -> float:
    with gateway.database():
        revoke_key(actor=SYSTEM, key=ApiKey.objects.get(pk=model.key_id))
    began = time.monotonic()
    while time.monotonic() < began + _MOST + 1:
        outcomes = calls.at_once(urls, model, len(urls))
        if all(outcome.status == 401 for outcome in outcomes):
            break
        time.sleep(0.05)
    return time.monotonic() - began


def _is_readable(gateway, model) -> bool:
    with gateway.database():
        row = ApiKey.objects.filter(pk=model.key_id).values().get()
    return any(model.key[len(row["prefix"]) :] in str(value) for value in row.values())
