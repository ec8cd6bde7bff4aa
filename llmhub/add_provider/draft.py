"""A provider that somebody is adding: kept in their session, sealed, until it is saved or too old.

Its credential is in the session as ciphertext only, goes to no browser, and is refused after
half an hour. A new address clears it: it was given for the old one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.http import HttpRequest

from llmhub.lib import clock, secrets
from providers.adapters import KINDS, Kind
from providers.check import Check, Outcome
from providers.listing import Listing
from providers.wire import Target

KEY = "provider-draft"
LIFETIME = timedelta(minutes=30)
MOST_FOUND = 2_000  # models of a list that are kept; others are added by their id
MOST_CHOSEN = 50


@dataclass(frozen=True)
class Terms:
    """Under which id callers reach a chosen model, and what it costs, as it was typed."""

    slug: str
    how: str  # priced, free or unknown
    input: str = ""
    output: str = ""
    cache_read: str = ""
    cache_write: str = ""


@dataclass(frozen=True)
class FirstCall:
    """What the first call brought; the answer is cut."""

    upstream_id: str
    answered: bool
    said: str = field(repr=False)  # the answer, or what went wrong
    latency_ms: int
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int | None = None  # None: its price is unknown
    cost_source: str = ""
    computed_nano: int | None = None  # ours, kept beside the provider's own figure
    estimated: bool = False  # the tokens
    at_ms: int = 0  # Unix milliseconds: when it was made
    error_code: str = ""  # of one that failed
    http_status: int = 0
    usage_id: int = 0  # of its record in the ledger; 0: it has none, nothing was done for it


@dataclass(frozen=True)
class Draft:
    """Everything that was entered and found so far."""

    kind: str
    name: str
    slug: str
    base_url: str
    dialect: str
    secret: str = field(repr=False, default="")
    outcome: str = ""  # a value of providers.check.Outcome
    message: str = ""
    latency_ms: int = 0
    found: tuple[tuple[str, str, int | None], ...] = ()  # id, name, context tokens
    chosen: tuple[str, ...] = ()
    terms: dict[str, Terms] = field(default_factory=dict)
    call: FirstCall | None = None
    calls: tuple[FirstCall, ...] = ()  # all at this address that have a record in the ledger

    @property
    def known_kind(self) -> Kind:
        """What is known about providers of its kind."""
        return KINDS[self.kind]

    @property
    def answered(self) -> bool:
        """Whether calls can be expected to work."""
        return self.outcome in {Outcome.OK, Outcome.NO_MODEL_LIST}

    @property
    def listings(self) -> list[Listing]:
        """The models that were found."""
        return [Listing(id_, name, context) for id_, name, context in self.found]

    def target(self, upstream_id: str = "") -> Target:
        """Return where a call of one of its models goes."""
        return Target(self.base_url, upstream_id, self.secret)

    def checked(self, found: Check) -> Draft:
        """Return the draft with what a check found; models that were chosen stay chosen."""
        rows = tuple((row.upstream_id, row.name, row.context_tokens) for row in found.listings[:MOST_FOUND])
        return replace(
            self,
            outcome=str(found.outcome),
            message=found.message,
            latency_ms=found.latency_ms,
            found=rows,
            call=None,
        )


def load(request: HttpRequest) -> Draft | None:
    """Return the draft of this session; None where there is none, or it is too old and forgotten now."""
    sealed = request.session.get(KEY)
    if not sealed:
        return None
    try:
        kept = json.loads(secrets.decrypt(sealed))
    except secrets.Undecryptable:
        kept = {"until": 0}
    if kept.pop("until") <= clock.now().timestamp():
        discard(request)
        return None
    return _read(kept)


def save(request: HttpRequest, draft: Draft) -> None:
    """Keep a draft for another half an hour."""
    until = (clock.now() + LIFETIME).timestamp()
    request.session[KEY] = secrets.encrypt(json.dumps({**asdict(draft), "until": until}))


def discard(request: HttpRequest) -> None:
    """Forget the draft of this session."""
    request.session.pop(KEY, None)


def _read(kept: dict[str, Any]) -> Draft:
    call = kept.pop("call")
    calls = tuple(FirstCall(**each) for each in kept.pop("calls"))
    terms = {id_: Terms(**each) for id_, each in kept.pop("terms").items()}
    found = tuple((id_, name, context) for id_, name, context in kept.pop("found"))
    chosen = tuple(kept.pop("chosen"))
    return Draft(
        **kept,
        found=found,
        chosen=chosen,
        terms=terms,
        call=FirstCall(**call) if call else None,
        calls=calls,
    )
