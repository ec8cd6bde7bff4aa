"""Pure: the messages dialect, as spoken by Anthropic and by every server compatible with it.

Source: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from providers.adapters import failures
from providers.adapters.base import NO_HEADERS
from providers.adapters.claude_ids import UNKNOWN, terms_of
from providers.adapters.list_pages import page_after
from providers.adapters.listing import messages_listing
from providers.adapters.messages_events import error_in, event_reader, is_content
from providers.adapters.messages_usage import in_a_container, usage_of
from providers.adapters.reading import decode, decode_raw, items, mapping, name, text, tokens, value_of
from providers.errors import BadReply, ProviderError
from providers.listing import Listing
from providers.rates import Rates
from providers.wire import Answer, Body, Call, Event, Target, Terms, encoded

OWN_FIELD = "llmhub"  # what a caller tells llmhub in the body; no provider sees it
# Source: https://platform.claude.com/docs/en/api/versioning
VERSIONS = ("2023-06-01", "2026-10-21")  # the first is the default: the second refuses sampling parameters
# Names of betas, one after the other; nothing that a header could be broken with.
_BETAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?: ?, ?[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,19}")
_OF_A_CALLER = ("anthropic-beta", "anthropic-version")
# Source: https://platform.claude.com/docs/en/api/messages-count-tokens
_COUNTED = frozenset(
    {
        "cache_control", "context_management", "mcp_servers", "messages", "output_config", "output_format",
        "speed", "system", "thinking", "tool_choice", "tools",
    }
)  # fmt: skip
_READ_OF_ANSWER = ("id", "type", "model", "stop_reason", "usage", "error", "message", "container")


class MessagesAdapter:
    """Speaks the messages dialect with any server of it; its base URL stands before `/v1`."""

    dialect = "messages"
    support = frozenset(
        {"tools", "parallel_tools", "json_schema", "stream", "vision", "reasoning", "caching"}
    )

    def terms(self, upstream_id: str) -> Terms:
        """Return what a model takes by the version in its id; without one, what the older take."""
        return terms_of(upstream_id, otherwise=UNKNOWN)

    def headers(self, target: Target, given: Mapping[str, str] = NO_HEADERS) -> dict[str, str]:
        """Return the headers of a call; of those `given` by a caller, a known version and betas (R-22)."""
        version, betas = given.get("anthropic-version", ""), given.get("anthropic-beta", "")
        headers = {
            "content-type": "application/json",
            "user-agent": "llmhub",
            "anthropic-version": version if version in VERSIONS else VERSIONS[0],
        }
        if _BETAS.fullmatch(betas):
            headers["anthropic-beta"] = betas
        if target.credential:
            headers["x-api-key"] = target.credential
        return headers

    def generate_call(
        self, target: Target, body: Body, *, stream: bool, headers: Mapping[str, str] = NO_HEADERS
    ) -> Call:
        """Return the call for a `body`; its usage always comes, nothing has to ask for it."""
        sent = _sent(target, body, body.keys() - {OWN_FIELD})
        if stream or "stream" in sent:
            sent["stream"] = msgspec.Raw(b"true" if stream else b"false")
        return self._post(target, "messages", sent, headers)

    def within(self, body: Body, most: Rates) -> tuple[Body, tuple[str, ...]]:
        """Return the call as it came: a server of this dialect has one price for a model."""
        return body, ()

    def embed_call(self, target: Target, body: Body) -> Call | None:
        """Return None: this dialect has no embeddings."""
        return None

    def count_call(
        self, target: Target, body: Body, *, headers: Mapping[str, str] = NO_HEADERS
    ) -> Call | None:
        """Return the free call that counts the input tokens of `body`; fields it does not take stay out."""
        return self._post(target, "messages/count_tokens", _sent(target, body, _COUNTED), headers)

    def _post(self, target: Target, path: str, sent: Body, headers: Mapping[str, str]) -> Call:
        return Call("POST", url(target, path), self.headers(target, headers), encoded(sent))

    def left_out(self, given: Mapping[str, str]) -> tuple[str, ...]:
        """Return those of a caller's headers that say what is not known."""
        known = self.headers(Target("", ""), given)
        return tuple(name for name in _OF_A_CALLER if given.get(name, "") not in ("", known.get(name, "")))

    def unbounded_in(self, upstream_id: str, *, parses: bool = False) -> str:
        """Return "": a model costs what its tokens cost; tools of the provider's own are in the request."""
        return ""

    def models_call(self, target: Target) -> Call:
        """Return the free call that lists models.

        Source: https://platform.claude.com/docs/en/api/models-list
        """
        return Call("GET", url(target, "models?limit=1000"), self.headers(target))

    def next_models_call(self, target: Target, content: bytes) -> Call | None:
        """Return the call for the models behind the last one of this page."""
        return page_after(self.models_call(target), content)

    def credential_call(self, target: Target) -> Call | None:
        """Return None: listing models needs the credential."""
        return None

    def parse_answer(self, content: bytes) -> Answer:
        """Read a whole answer; an error inside a 200 is raised.

        What was generated is not looked into unless the usage says that it is nothing.
        """
        body = decode_raw(content)
        read = {field: value_of(body[field]) for field in _READ_OF_ANSWER if field in body}
        usage = in_a_container(usage_of(read.get("usage")), read)
        if read.get("type") == "error" or read.get("error"):
            error = error_in(read)
            raise failures.inside_200(error, usage)
        if memoryview(body.get("content", b""))[:1] != b"[":
            raise BadReply("the provider's answer holds no content")
        if usage and not usage.counts_output and _holds_something(body["content"]):
            usage = None  # not credible: llmhub counts itself
        return Answer(
            body=body,
            usage=usage,
            model=name(read.get("model")),
            finish_reason=text(read.get("stop_reason"))[:40],
            upstream_id=name(read.get("id")),
            text_bytes=len(memoryview(body["content"])),
        )

    def event_reader(self) -> Callable[[bytes], Event]:
        """Return what reads the events of one stream: later ones add to the usage of earlier ones."""
        return event_reader()

    def parse_embeddings(self, content: bytes) -> Answer:
        """Raise `BadReply`: this dialect has no embeddings."""
        raise BadReply("the provider has no embeddings")

    def parse_count(self, content: bytes) -> int:
        """Read how many input tokens were counted. Raises `BadReply` when it says none."""
        counted = tokens(decode(content).get("input_tokens"))
        if counted is None:
            raise BadReply("the provider's answer holds no count of tokens")
        return counted

    def parse_models(self, content: bytes) -> list[Listing]:
        """Read a list of models. Raises `BadReply` when it is none."""
        rows = decode(content).get("data")
        if not isinstance(rows, list):
            raise BadReply("the provider's answer is no list of models")
        return [self.listing(row) for row in rows if name(mapping(row).get("id"))]

    def listing(self, row: dict[str, Any]) -> Listing:
        """Read one model of the list: this dialect has no prices in it."""
        return messages_listing(row)

    def failure(self, status: int, headers: Mapping[str, str], content: bytes) -> ProviderError:
        """Return what an answer of a status other than 200 means."""
        return failures.from_answer(status, headers, content)


def url(target: Target, path: str) -> str:
    """Return the address of `path` below `/v1`, whether or not the base URL ends in it."""
    return f"{target.base_url.rstrip('/').removesuffix('/v1')}/v1/{path}"


def _sent(target: Target, body: Body, fields: Collection[str]) -> Body:
    """Return those `fields` of a body, in its own order, with the provider's name of the model."""
    sent = {field: value for field, value in body.items() if field in fields}
    return {**sent, "model": msgspec.Raw(msgspec.json.encode(target.upstream_id))}


def _holds_something(content: msgspec.Raw) -> bool:
    """Return whether anything was generated in the content of a whole answer."""
    return any(is_content(mapping(block)) for block in items(value_of(content)))
