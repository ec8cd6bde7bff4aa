"""Pure: who is really asking, when reverse proxies stand in between."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(addresses: Iterable[str]) -> list[Network]:
    """Return addresses and CIDR ranges as networks. Raises `ValueError` on anything else."""
    found: list[Network] = []
    for address in addresses:
        try:
            found.append(ipaddress.ip_network(address, strict=False))
        except ValueError:
            raise ValueError(
                f"LLMHUB_TRUSTED_PROXIES has {address!r}: "
                "use an address such as 10.0.0.1 or a range such as 10.0.0.0/24"
            ) from None
    return found


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    """Return whether `address` is one of our proxies."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return any((mapped or ip) in network for network in trusted)


def client(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Return the address of the caller: the last in `X-Forwarded-For` that is no proxy of ours.

    From a peer that is no proxy of ours the header is not believed.
    """
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    address = peer
    while hops and is_trusted(address, trusted):
        address = hops.pop()
    return address
