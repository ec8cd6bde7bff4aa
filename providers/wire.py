"""Pure: the values that pass between adapters, client and gateway.

Token counts follow the OpenTelemetry GenAI conventions: input includes cached tokens,
output includes reasoning tokens. Amounts reported by a provider are `Decimal` USD.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

Body = dict[str, msgspec.Raw]  # a JSON object whose untouched values keep their bytes


def value_of(raw: msgspec.Raw | None) -> Any:
    """Return the value behind `raw`, which is JSON; its text where a number in it is too large to be read."""
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw)
    except msgspec.ValidationError:
        return bytes(raw).decode()


_NOTHING = msgspec.Raw(b"")
_COPIED_ONCE = 1024 * 1024  # bytes; a buffer that grows copies 30 MiB for a tenth of a second, this for 2 ms


def encoded(body: Body) -> bytes:
    """Return a body as JSON; what is large in it is copied once, and not again as a buffer grows."""
    large = body.get("messages") or body.get("input") or _NOTHING
    if len(memoryview(large)) < _COPIED_ONCE:
        return msgspec.json.encode(body)
    pieces: list[bytes | msgspec.Raw] = []
    for name, value in body.items():
        pieces += (b"," if pieces else b"{", msgspec.json.encode(name), b":", value)
    return b"".join([*pieces, b"}"])


class Discreet(msgspec.Struct, frozen=True):
    """A value that holds what no log and no traceback may show."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one upstream call, normalised once."""

    input_tokens: int = 0  # cached ones included
    output_tokens: int = 0  # reasoning included
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0  # all cache writes, the one-hour ones included
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    web_searches: int = 0  # of the provider's own
    reported_cost: Decimal | None = None  # USD, where the provider says what it charged
    estimated: bool = False  # counted by us, because the provider did not say
    other_rates: bool = False  # the provider bills something beside these tokens, or these at other rates

    @property
    def counts_output(self) -> bool:
        """Whether it says that something was generated: in tokens, or by what was charged."""
        return bool(self.output_tokens or self.reported_cost)


class Target(Discreet, frozen=True):
    """One offer as an adapter needs it: where to send, and as what."""

    base_url: str
    upstream_id: str
    credential: str = ""  # decrypted just before the call; "" where none is needed


class Terms(msgspec.Struct, frozen=True):
    """How a provider wants a model of its own to be told what the dialects say differently."""

    limit_field: str = "max_tokens"  # of a call: the most tokens that an answer may have
    output_limit_tokens: int | None = None  # of the model, where it is known
    sampling: bool = True  # it takes `temperature` and `top_p`
    top_k: bool = False  # it takes `top_k`
    stop: bool = True  # it takes texts at which to stop
    reasoning: Literal["effort", "object", "budget", "adaptive"] = "effort"  # how it is told to reason
    json_schema: bool = True  # it takes a schema for its answer; else a forced tool stands in
    cache_control: bool = False  # its content parts may carry `cache_control`
    file_urls: bool = False  # a file may be an address that it fetches itself
    asked_at: int = 0  # Unix seconds: when the call was made, for answers that tell it


class Call(Discreet, frozen=True):
    """One HTTP request to a provider, ready to send."""

    method: Literal["GET", "POST"]
    url: str
    headers: dict[str, str] = {}
    content: bytes = b""

    @property
    def credential(self) -> str:
        """The secret it carries; "" where it carries none."""
        return self.headers.get("authorization", "").removeprefix("Bearer ") or self.headers.get(
            "x-api-key", ""
        )


class Answer(Discreet, frozen=True):
    """A whole answer, read as far as llmhub needs to understand it; `body` is passed on."""

    body: Body
    usage: Usage | None  # None: the provider said nothing
    model: str  # what the provider says answered; "" when it says nothing
    finish_reason: str  # "" when it gives none; in the provider's own word
    upstream_id: str  # the provider's own id of this answer
    text_bytes: int = 0  # of what was generated, for estimates


class Event(Discreet, frozen=True):
    """One event of a stream, in the upstream's dialect, understood as far as needed."""

    data: bytes  # the value of its data lines; b"" for a pure marker
    kind: Literal["content", "usage", "finish", "error", "done", "other"] = "content"
    text: str = ""  # generated text it carries, for estimates
    usage: Usage | None = None
    finish_reason: str = ""
    finished: tuple[int, ...] = ()  # the indexes of the choices that end here
    model: str = ""
    upstream_id: str = ""
    error: str = ""  # what an in-stream error says, in the provider's own words
    failure: Exception | None = None  # what it means
    only_usage: bool = False  # nothing but usage: taken out again when the caller did not ask for it
