"""R-23: every address that leads where nobody may go, through every entry: nobody is connected to."""

from __future__ import annotations

import urllib.request
from contextlib import suppress

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from providers.errors import ProviderError
from tests.prove.row import Figures
from tests.providers import test_ssrf as ssrf

ROW = "R-23"
CLAIM = "No address that somebody enters makes llmhub connect to where it may not"


def prove(stand) -> Figures:
    entries = (ssrf.save, ssrf.move, ssrf.checked, ssrf.sent, ssrf.subscribe, ssrf.posted)
    return _try(
        stand, {entry.__name__: entry for entry in entries}, [*ssrf.VECTORS, "http://rebinding.test:{p}"]
    )


def control(stand) -> Figures:
    """With every address allowed, or, for what our client cannot spell, a plain one."""

    def unguarded(url: str) -> None:
        if ssrf.connects(url, ssrf.PERMISSIVE) != "answered":
            urllib.request.urlopen(f"{url}/models", timeout=2).close()

    return _try(stand, {"unguarded": unguarded}, ssrf.LOOPBACK)


def _try(stand, entries: dict, vectors: list[str]) -> Figures:
    stand.hub_database(EMBEDDED=False, EGRESS_ALLOW=[])
    names = stand.use(pytest.MonkeyPatch.context())
    ssrf.answer_names(names)
    server = ssrf.Listener()
    tried = attempts = 0
    try:
        for entry in entries.values():
            for vector in vectors:
                tried += 1
                attempts += _attempts(entry, vector.format(p=server.port))
    finally:
        server.close()
    return Figures(
        server.hits == attempts == 0,
        {
            "vectors": len(set(vectors)),
            f"entries ({', '.join(entries)})": len(entries),
            "tries": tried,
            "hits at a listening server": server.hits,
            "attempts to connect": attempts,
        },
    )


def _attempts(entry, url: str) -> int:
    """How often one try connected anywhere; what it saved is forgotten."""
    refusals = (ValidationError, ProviderError, OSError, AssertionError)
    with ssrf.attempts() as made, suppress(*refusals), transaction.atomic():
        entry(url)
        transaction.set_rollback(True)
    return len(made)
