"""Pure: what OpenRouter does differently from the chat dialect.

Source: https://openrouter.ai/docs/api-reference/overview
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from providers.adapters.chat import ChatAdapter, url
from providers.adapters.chat_usage import usage_of
from providers.adapters.openrouter_limits import with_max_price
from providers.adapters.openrouter_listing import read_listing
from providers.adapters.reading import mapping, usd
from providers.listing import Listing
from providers.rates import Rates
from providers.wire import Body, Call, Target, Terms, Usage


class OpenRouterAdapter(ChatAdapter):
    """Adds the title it shows in its rankings, and reads the cost it reports."""

    support = ChatAdapter.support | {"caching"}

    def terms(self, upstream_id: str) -> Terms:
        """Return what it takes for every model, and passes on to those that know it."""
        return Terms(
            limit_field="max_tokens", top_k=True, reasoning="object", cache_control=True, file_urls=True
        )

    def unbounded_in(self, upstream_id: str, *, parses: bool = False) -> str:
        """Return what a hosted router, a model with search or a parser of documents does beside answering.

        Sources: https://openrouter.ai/docs/features/model-routing and
        https://openrouter.ai/docs/features/multimodal/pdfs (the parser is billed by the page)
        """
        if upstream_id.startswith("openrouter/"):
            return "a hosted router"
        if upstream_id.endswith(":online"):
            return "web search"
        return "a parser of documents" if parses else ""

    def within(self, body: Body, most: Rates) -> tuple[Body, tuple[str, ...]]:
        """Return the call with a `max_price` for the endpoints that may serve it."""
        return with_max_price(body, most)

    def headers(self, target: Target) -> dict[str, str]:
        """Return the headers of a call, with our title."""
        return {**super().headers(target), "x-openrouter-title": "llmhub"}

    def credential_call(self, target: Target) -> Call | None:
        """Return the call by which a key reads itself: the list of models is open to everybody."""
        return Call("GET", url(target, "key"), self.headers(target))

    def usage(self, read: dict[str, Any]) -> Usage | None:
        """Return the usage with the cost that was charged."""
        reported = mapping(read.get("usage"))
        return usage_of(reported, charged=_charged(reported))

    def listing(self, row: dict[str, Any]) -> Listing:
        """Read one model of the list."""
        return read_listing(row)


def _charged(reported: dict[str, Any]) -> Decimal | None:
    """Return what a call cost us in USD.

    With a key of our own at the upstream, `cost` is only the fee: the upstream's bill comes on top.
    """
    cost = usd(reported.get("cost"))
    if cost is None or reported.get("is_byok") is not True:
        return cost
    upstream = usd(mapping(reported.get("cost_details")).get("upstream_inference_cost"))
    return None if upstream is None else cost + upstream
