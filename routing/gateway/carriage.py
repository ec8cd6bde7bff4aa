"""Pure: a caller's body on its way to a candidate: as it came, or translated."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace

from billing.rules import DEFAULT_OUTPUT_TOKENS
from providers.rates import Rates
from providers.translators import TRANSLATORS, Unsayable
from providers.translators.base import Answers
from providers.translators.unsigned import fitted
from providers.wire import Body, Discreet, Terms
from routing.bound import Size
from routing.gateway.caller_request import CallerRequest
from routing.gateway.stated import refuse_unstated
from routing.needs import has
from routing.plan import Candidate

_LIMIT = "max_completion_tokens"  # of a chat call that gave none


class Carried(Discreet, frozen=True):
    """A call as one candidate gets it."""

    body: Body
    answers: Answers | None = None  # None: the caller speaks the provider's dialect
    dropped: tuple[str, ...] = ()  # fields of the caller that the provider cannot be told
    defaulted: int | None = None  # tokens: the limit that the caller did not give
    limits: tuple[str, ...] = ()  # what the provider is told that it may charge: `field=amount`

    @property
    def body_bytes(self) -> int:
        """About how large it is."""
        return sum(len(memoryview(value)) for value in self.body.values())


def carry(
    request: CallerRequest,
    candidate: Candidate,
    *,
    output_limit: int | None,
    default: int | None,
    at: datetime,
    most: Rates | None = None,
) -> Carried:
    """Return `request` as `candidate` gets it; `default` is the limit of a caller who gave none.

    Where the provider's dialect demands one, it is `output_limit`, the model's own. `most` is what it
    may be served at, as far as the provider can be told.
    Raises `Unsayable`, and `Malformed` on a body that a translator finds wrong in its own dialect.
    """
    if request.extras.rejects_unsupported:
        refuse_unstated(request, candidate.entry)
    if request.operation == "count":  # only who speaks the dialect is asked, with the body as it came
        found = Carried(request.body)
    elif candidate.speaks(request.dialect):
        found = _as_it_came(request, candidate, default)
    else:
        found = _translated(request, candidate, default, output_limit=output_limit, at=at)
    if found.dropped and request.extras.rejects_unsupported:
        message = f"{', '.join(found.dropped)} cannot be told to {candidate.offer.provider.slug!r}"
        raise Unsayable(message, param=found.dropped[0])
    if most is None or request.operation == "count":
        return found
    body, limits = candidate.adapter.within(found.body, most)
    return replace(found, body=body, limits=limits)


def size_at(request: CallerRequest, candidate: Candidate, carried: Carried) -> Size:
    """Return the size of the call there: translated, and with what its model does beside answering."""
    size = size_before(request, candidate)
    if carried.answers is None:
        return size
    return replace(
        size,
        body_bytes=max(size.body_bytes, carried.body_bytes),
        tools=size.tools or "tools" in carried.body or "output_config" in carried.body,
        output_limit=size.output_limit if carried.defaulted is None else carried.defaulted,
    )


def size_before(request: CallerRequest, candidate: Candidate) -> Size:
    """Return the size of the call as it came, with what makes its cost there unbounded by tokens."""
    size, entry = request.size, candidate.entry
    parses = "documents" in request.needs and not has("documents", entry.capabilities, entry.input_modalities)
    more = candidate.adapter.unbounded_in(candidate.offer.upstream_id, parses=parses)
    if size.files:
        size = replace(size, context_tokens=entry.context_tokens)
    return replace(size, unbounded=size.unbounded or more) if more else size


def is_passed_on(request: CallerRequest, candidate: Candidate) -> bool:
    """Return whether a call goes out without a look into what may be large in it."""
    as_it_came = request.dialect != "messages" and candidate.speaks(request.dialect)
    return as_it_came or request.operation == "count"


def _as_it_came(request: CallerRequest, candidate: Candidate, default: int | None) -> Carried:
    body, dropped = fitted(request.body) if request.dialect == "messages" else (request.body, ())
    dropped += candidate.adapter.left_out(request.headers)
    if default is not None:
        body = body | _limit(candidate.terms.limit_field, default)
    return Carried(body, dropped=dropped, defaulted=default)


def _translated(
    request: CallerRequest,
    candidate: Candidate,
    default: int | None,
    *,
    output_limit: int | None,
    at: datetime,
) -> Carried:
    translate = TRANSLATORS[request.dialect, candidate.adapter.dialect]
    terms = replace(candidate.terms, output_limit_tokens=output_limit, asked_at=int(at.timestamp()))
    default = _default(request, terms, default)
    body = request.body if default is None else request.body | _limit(_LIMIT, default)
    found = translate(body, terms)
    return Carried(found.body, found.answers, found.dropped, default)


def _default(request: CallerRequest, terms: Terms, default: int | None) -> int | None:
    """Return the limit that is set for the caller of a translated call: the messages dialect needs one."""
    if default is not None or request.size.output_limit is not None:
        return default
    return terms.output_limit_tokens or DEFAULT_OUTPUT_TOKENS


def _limit(name: str, tokens: int) -> Body:
    return {name: msgspec.Raw(str(tokens).encode())}
