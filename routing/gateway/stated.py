"""Pure: the parameters of a call against what its model is said to take, for a caller who asks for that."""

from __future__ import annotations

from typing import Any

import msgspec

from catalog.parameter_check import check
from providers.adapters.parameters import CARRIED
from providers.translators import Unsayable
from providers.wire import value_of
from routing.gateway.caller_request import CallerRequest
from routing.snapshot import EntryValue

_READ = 20_000  # bytes of a value that is looked into; of a larger one only its kind counts
_KINDS: dict[bytes, Any] = {b"[": [None], b"{": {"": None}}


def refuse_unstated(request: CallerRequest, entry: EntryValue) -> None:
    """Raise `Unsayable` where a model is not said to take a parameter of a call, or its value.

    A model of which nothing is stated takes anything; so does a call that generates nothing.
    """
    if not entry.parameters or request.operation != "generate":
        return
    given = {name: _value(raw) for name, raw in request.body.items() if name not in CARRIED}
    for finding in check(given, entry.parameters, output_limit=entry.output_limit_tokens):
        raise Unsayable(f"{entry.slug}: {finding.message}", param=finding.parameter)


def _value(raw: msgspec.Raw) -> Any:
    text = memoryview(raw)
    return value_of(raw) if len(text) <= _READ else _KINDS.get(bytes(text[:1]), "…")
