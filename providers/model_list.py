"""Get a provider's own list of models by a free call."""

from __future__ import annotations

from dataclasses import dataclass, field

from asgiref.sync import async_to_sync
from django.conf import settings

from providers.adapters import KINDS, Adapter, adapter_for
from providers.client import Client, Timeouts
from providers.credential import opened
from providers.errors import BadReply, hiding
from providers.listing import Listing
from providers.models import Credential, Provider
from providers.whole_list import goes_on, whole_list
from providers.wire import Target

_TIMEOUTS = Timeouts(total=30.0)


@dataclass(frozen=True)
class ModelList:
    """A list of models as it was sent, and as it was read: by upstream id, the first of doubles."""

    content: bytes = field(repr=False)
    listings: dict[str, Listing] = field(repr=False)


def usable_credential(provider: Provider) -> Credential | None:
    """Return a credential to ask with, None where there is none in use."""
    return provider.credentials.filter(disabled_reason="").order_by("id").first()


def lists_openly(provider: Provider) -> bool:
    """Return whether the list is given to everybody, and may be asked for: a demo asks nobody outside."""
    return KINDS[provider.kind].lists_openly and not settings.DEMO


def can_list(provider: Provider) -> bool:
    """Return whether the list can be asked for: with a credential, or where it is open or needs none."""
    return not provider.needs_credential or lists_openly(provider) or usable_credential(provider) is not None


def fetch(provider: Provider) -> ModelList:
    """Ask a provider for its list of models. Raises `ProviderError` and `DialectNotServed`."""
    secret = opened(usable_credential(provider), provider.slug)
    target = Target(provider.base_url, "", secret)
    return async_to_sync(_fetch)(target, adapter_for(provider.kind, provider.dialect))


async def _fetch(target: Target, adapter: Adapter) -> ModelList:
    client = Client()
    try:
        with hiding(target.credential):
            reply = await client.send(adapter.models_call(target), timeout=_TIMEOUTS)
            if reply.status != 200:
                raise adapter.failure(reply.status, reply.headers, reply.content)
            return read(await whole_list(client, target, adapter, reply.content, timeout=_TIMEOUTS), adapter)
    finally:
        await client.aclose()


def read(content: bytes, adapter: Adapter) -> ModelList:
    """Return a list of models that was sent or saved, whole. Raises `BadReply` when it is none."""
    listings: dict[str, Listing] = {}
    for listing in adapter.parse_models(content):
        listings.setdefault(listing.upstream_id, listing)
    if goes_on(adapter, content):
        raise BadReply("it is one page of several: half a list would read as if the other models had left")
    return ModelList(content, listings)
