"""Get a list of models that goes over several pages: bounded, and the whole of it or nothing.

Half a list would read as if the other half had left.
"""

from __future__ import annotations

import asyncio

from providers.adapters import Adapter
from providers.adapters.list_pages import as_one
from providers.client import MAX_BYTES, Client, Timeouts
from providers.errors import BadReply, ProviderError, ProviderTimeout, TooLarge
from providers.wire import Call, Target

MAX_PAGES = 20
SECONDS = 30.0  # for all pages behind the first


async def whole_list(
    client: Client, target: Target, adapter: Adapter, first: bytes, *, timeout: Timeouts
) -> bytes:
    """Return the list that begins with the page `first`, as one. Raises `ProviderError`."""
    pages, asked = [first], {adapter.models_call(target).url}
    try:
        async with asyncio.timeout(SECONDS):
            while call := adapter.next_models_call(target, pages[-1]):
                if call.url in asked:
                    raise BadReply("it was read already: the pages lead in a circle")
                if len(pages) == MAX_PAGES:
                    raise BadReply(f"a list of more than {MAX_PAGES} pages is not read")
                asked.add(call.url)
                pages.append(await _page(client, adapter, call, timeout))
                if (size := sum(map(len, pages))) > MAX_BYTES:
                    raise TooLarge(f"the pages are larger than {MAX_BYTES} bytes", seen_bytes=size)
    except TimeoutError:
        raise ProviderTimeout(f"its list of models was not whole after {SECONDS:g} seconds") from None
    except ProviderError as error:
        error.add_place(f"page {len(pages) + 1} of its list of models")
        raise
    return as_one(pages)


def goes_on(adapter: Adapter, page: bytes) -> bool:
    """Return whether this page of a list says that there is another, wherever that is."""
    try:
        return adapter.next_models_call(Target("", ""), page) is not None
    except BadReply:
        return True


async def _page(client: Client, adapter: Adapter, call: Call, timeout: Timeouts) -> bytes:
    reply = await client.send(call, timeout=timeout)
    if reply.status != 200:
        raise adapter.failure(reply.status, reply.headers, reply.content)
    return reply.content
