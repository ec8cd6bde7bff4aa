"""What calls of a provider can ask for."""

from __future__ import annotations

from providers.adapters import DialectNotServed, adapter_for
from providers.models import Provider


def support_of(provider: Provider) -> frozenset[str]:
    """Return the words for what calls in this dialect can ask for."""
    try:
        return adapter_for(provider.kind, provider.dialect).support
    except DialectNotServed:
        return frozenset()
