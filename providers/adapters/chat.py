"""Pure: the chat dialect, as spoken by OpenAI and by every server compatible with it.

Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from providers.adapters import failures
from providers.adapters.base import NO_HEADERS
from providers.adapters.chat_chunk import plain_chunk
from providers.adapters.chat_usage import usage_of
from providers.adapters.list_pages import linked_page
from providers.adapters.listing import compatible_listing
from providers.adapters.reading import decode, decode_raw, items, mapping, name, text, value_of
from providers.errors import BadReply, ProviderError
from providers.listing import Listing
from providers.rates import Rates
from providers.wire import Answer, Body, Call, Event, Target, Terms, Usage, encoded

OWN_FIELD = "llmhub"  # what a caller tells llmhub in the body; no provider sees it
DONE = b"[DONE]"
# What a delta may carry besides text: each of them is content that a caller would miss.
_OTHER_CONTENT = ("tool_calls", "function_call", "refusal", "audio", "images", "reasoning_details")
_READ_OF_ANSWER = ("id", "model", "usage", "x_groq", "error", "service_tier")
_OTHER_TIERS = ("priority", "flex", "scale")  # dearer or cheaper than the price of the model


class _Choice(msgspec.Struct, gc=False):
    """What llmhub needs to know of a whole choice."""

    finish_reason: Any = None
    error: Any = None


_CHOICES = msgspec.json.Decoder(list[_Choice] | None)


class ChatAdapter:
    """Speaks the chat dialect, and reads liberally what compatible servers make of it."""

    dialect = "chat"
    support = frozenset(
        {"tools", "parallel_tools", "json_mode", "json_schema", "stream", "vision", "reasoning"}
    )

    def terms(self, upstream_id: str) -> Terms:
        """Return what compatible servers take."""
        return Terms(limit_field="max_tokens", top_k=True)

    def headers(self, target: Target) -> dict[str, str]:
        """Return the headers of a call; nothing a caller sent is among them."""
        headers = {"content-type": "application/json", "user-agent": "llmhub"}
        if target.credential:
            headers["authorization"] = f"Bearer {target.credential}"
        return headers

    def generate_call(
        self, target: Target, body: Body, *, stream: bool, headers: Mapping[str, str] = NO_HEADERS
    ) -> Call:
        """Return the call for a caller's `body`; a stream is always asked for its usage."""
        sent = {field: value for field, value in body.items() if field != OWN_FIELD}
        sent["model"] = msgspec.Raw(msgspec.json.encode(target.upstream_id))
        if stream:
            sent["stream"] = msgspec.Raw(b"true")
            sent["stream_options"] = _with_usage(body.get("stream_options"))
        return Call("POST", url(target, "chat/completions"), self.headers(target), encoded(sent))

    def within(self, body: Body, most: Rates) -> tuple[Body, tuple[str, ...]]:
        """Return the call as it came: a server of this dialect has one price for a model."""
        return body, ()

    def embed_call(self, target: Target, body: Body) -> Call | None:
        """Return the call for embeddings.

        Source: https://platform.openai.com/docs/api-reference/embeddings/create
        """
        sent = {field: value for field, value in body.items() if field != OWN_FIELD}
        sent["model"] = msgspec.Raw(msgspec.json.encode(target.upstream_id))
        return Call("POST", url(target, "embeddings"), self.headers(target), encoded(sent))

    def count_call(
        self, target: Target, body: Body, *, headers: Mapping[str, str] = NO_HEADERS
    ) -> Call | None:
        """Return None: this dialect counts nothing before a call."""
        return None

    def left_out(self, given: Mapping[str, str]) -> tuple[str, ...]:
        """Return (): this dialect has no headers of its own."""
        return ()

    def unbounded_in(self, upstream_id: str, *, parses: bool = False) -> str:
        """Return "": a model costs what its tokens cost."""
        return ""

    def models_call(self, target: Target) -> Call:
        """Return the free call that lists models."""
        return Call("GET", url(target, "models"), self.headers(target))

    def next_models_call(self, target: Target, content: bytes) -> Call | None:
        """Return the call for the next page: few servers have one, and they link it."""
        return linked_page(self.models_call(target), content)

    def credential_call(self, target: Target) -> Call | None:
        """Return None: listing models needs the credential."""
        return None

    def parse_answer(self, content: bytes) -> Answer:
        """Read a whole answer; the error that some servers put inside a 200 is raised.

        What was generated is not looked into (it may be large, and is passed on as it came) unless
        the usage says that it is nothing.
        """
        body = decode_raw(content)
        read = {field: value_of(body[field]) for field in _READ_OF_ANSWER if field in body}
        choices = [msgspec.structs.asdict(choice) for choice in _choices(body)]
        usage = self.usage(read)
        finish_reason = _finish_reason(choices)
        if error := _error_in(read, choices, finish_reason):
            raise failures.inside_200(error, usage)
        if not choices:
            raise BadReply("the provider's answer holds no choices")
        if usage and not usage.counts_output and _holds_something(body["choices"]):
            usage = None  # not credible: llmhub counts itself
        return Answer(
            body=body,
            usage=usage,
            model=name(read.get("model")),
            finish_reason=finish_reason,
            upstream_id=name(read.get("id")),
            text_bytes=len(memoryview(body["choices"])),
        )

    def parse_embeddings(self, content: bytes) -> Answer:
        """Read embeddings: their usage has an input only."""
        body = decode_raw(content)
        read = {field: value_of(body[field]) for field in _READ_OF_ANSWER if field in body}
        usage = self.embedding_usage(read)
        if error := _error_in(read, [], ""):
            raise failures.inside_200(error, usage)
        if not _embeddings(body):
            raise BadReply("the provider's answer holds no embeddings")
        return Answer(body, usage, name(read.get("model")), "stop", name(read.get("id")))

    def parse_count(self, content: bytes) -> int:
        """Raise `BadReply`: nothing is counted in this dialect."""
        raise BadReply("the provider counts no tokens")

    def event_reader(self) -> Callable[[bytes], Event]:
        """Return the function that reads any event: none depends on those before it."""
        return self.parse_event

    def parse_event(self, data: bytes) -> Event:
        """Read one event of a stream. Raises `BadReply` when it is none."""
        return plain_chunk(data) or self._any_event(data)

    def _any_event(self, data: bytes) -> Event:
        if data.strip() == DONE:
            return Event(data, "done")
        read = decode(data)
        choices = [mapping(choice) for choice in items(read.get("choices"))]
        deltas = [mapping(choice.get("delta")) for choice in choices]
        generated = "".join([_text_of(delta) for delta in deltas])
        usage = self.usage(read)
        finish_reason = _finish_reason(choices)
        error = _error_in(read, choices, finish_reason)
        has_content = bool(generated) or any(_has_other_content(delta) for delta in deltas)
        return Event(
            data=data,
            kind=_kind(error=bool(error), finish=bool(finish_reason), content=has_content, usage=bool(usage)),
            text=generated,
            usage=usage,
            finish_reason=finish_reason,
            finished=_finished(choices) if finish_reason else (),
            model=name(read.get("model")),
            upstream_id=name(read.get("id")),
            error=failures.message_of(error) if error else "",
            failure=failures.inside_200(error, None) if error else None,
            only_usage=bool(mapping(read.get("usage"))) and not choices and not error,
        )

    def parse_models(self, content: bytes) -> list[Listing]:
        """Read a list of models. Raises `BadReply` when it is none."""
        rows = decode(content).get("data")
        if not isinstance(rows, list):
            raise BadReply("the provider's answer is no list of models")
        return [self.listing(row) for row in rows if name(mapping(row).get("id"))]

    def listing(self, row: dict[str, Any]) -> Listing:
        """Read one model of the list: this dialect has no prices in it, and few servers say more."""
        return compatible_listing(row)

    def usage(self, read: dict[str, Any]) -> Usage | None:
        """Return the usage in an answer or chunk, or None when it gives no credible one."""
        found = usage_of(read.get("usage")) or usage_of(mapping(read.get("x_groq")).get("usage"))
        if found is not None and read.get("service_tier") in _OTHER_TIERS:
            return replace(found, other_rates=True)
        return found

    def embedding_usage(self, read: dict[str, Any]) -> Usage | None:
        """Return the usage of embeddings, whose output is nothing."""
        reported = mapping(read.get("usage"))
        return (
            self.usage({"usage": {**reported, "completion_tokens": 0, "total_tokens": 0}})
            if reported
            else None
        )

    def failure(self, status: int, headers: Mapping[str, str], content: bytes) -> ProviderError:
        """Return what an answer of a status other than 200 means."""
        return failures.from_answer(status, headers, content)


def url(target: Target, path: str) -> str:
    """Return the address of `path` at the provider."""
    return f"{target.base_url.rstrip('/')}/{path}"


def _choices(body: Body) -> list[_Choice]:
    try:
        return _CHOICES.decode(body.get("choices", b"null")) or []
    except (msgspec.DecodeError, RecursionError):
        raise BadReply("the choices in the provider's answer cannot be read") from None


def _embeddings(body: Body) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(body.get("data", b"null"), type=list[msgspec.Raw] | None) or []
    except (msgspec.DecodeError, RecursionError):
        raise BadReply("the embeddings in the provider's answer cannot be read") from None


def _holds_something(choices: msgspec.Raw) -> bool:
    """Return whether anything was generated in the choices of a whole answer."""
    messages = [mapping(mapping(choice).get("message")) for choice in items(value_of(choices))]
    return any(
        message.get("content") or _text_of(message) or _has_other_content(message) for message in messages
    )


def _with_usage(options: msgspec.Raw | None) -> msgspec.Raw:
    """Return the caller's stream options with usage switched on."""
    try:
        kept: Body = msgspec.json.decode(options or b"{}", type=Body)
    except msgspec.DecodeError:  # null, or no object: nothing to keep
        kept = {}
    return msgspec.Raw(msgspec.json.encode({**kept, "include_usage": msgspec.Raw(b"true")}))


def _finish_reason(choices: list[dict[str, Any]]) -> str:
    for choice in choices:
        if reason := text(choice.get("finish_reason")):
            return reason[:40]
    return ""


def _finished(choices: list[dict[str, Any]]) -> tuple[int, ...]:
    """Return the index of each choice that has its finish reason; where it has none, its place."""
    ended = [(place, choice) for place, choice in enumerate(choices) if _finish_reason([choice])]
    indexes = [(place, choice.get("index")) for place, choice in ended]
    return tuple(index if isinstance(index, int) else place for place, index in indexes)


def _error_in(read: dict[str, Any], choices: list[dict[str, Any]], finish_reason: str) -> dict[str, Any]:
    """Return the error inside an answer or chunk, at the top or in a choice; {} when there is none."""
    for holder in (read, *choices):
        if error := holder.get("error"):
            return error if isinstance(error, dict) else {"message": text(error)}
    return {"message": "the provider gave up"} if finish_reason == "error" else {}


def _text_of(delta: dict[str, Any]) -> str:
    """Return the generated text of a delta, tool arguments and reasoning included."""
    generated = text(delta.get("content"))
    if "reasoning" in delta or "reasoning_content" in delta:
        generated += text(delta.get("reasoning")) or text(delta.get("reasoning_content"))
    for call in items(delta.get("tool_calls")):
        function = mapping(mapping(call).get("function"))
        generated += text(function.get("name")) + text(function.get("arguments"))
    return generated


def _has_other_content(delta: dict[str, Any]) -> bool:
    return any(delta.get(field) for field in _OTHER_CONTENT)


def _kind(*, error: bool, finish: bool, content: bool, usage: bool) -> Any:
    """Return the most telling kind; text and usage stand beside it."""
    if error:
        return "error"
    if finish:
        return "finish"
    if content:
        return "content"
    return "usage" if usage else "other"
