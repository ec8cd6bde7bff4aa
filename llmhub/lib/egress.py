"""The one way out: which addresses llmhub may connect to, checked when it connects.

Names are not trusted: what counts is the address that is connected to. It is checked when a
name is resolved and again when the socket is made, which also covers addresses in URLs, odd
spellings of them (`2130706433`, `0x7f.1`) and names that change between two look-ups.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# Cloud metadata and host services: never reachable, whatever is allowed.
METADATA = tuple(
    ipaddress.ip_network(net)
    for net in (
        "169.254.0.0/16",  # AWS, GCP, Azure, Oracle … metadata, ECS credentials, link-local
        "100.100.100.200/32",  # Alibaba Cloud
        "168.63.129.16/32",  # Azure host
        "192.0.0.192/32",  # Oracle Cloud
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # GCP
        "fe80::/10",
    )
)
# https://www.iana.org/assignments/iana-ipv4-special-registry, with multicast and reserved space
_NOT_PUBLIC_V4 = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3",
    )
)  # fmt: skip
# https://www.iana.org/assignments/iana-ipv6-special-registry: only 2000::/3 is public, but for these
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    ipaddress.ip_network(net)
    for net in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # how IPv6-only networks reach IPv4 servers
_OWN_ADDRESS = "llmhub's own address: a call would come back for ever. Give the provider's address"

_LOOKUP_SECONDS = 2.0
_LOOKUPS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="egress-lookup")


class EgressRefused(OSError):
    """llmhub does not connect there; the message says why and what to do."""


@dataclass(frozen=True)
class Policy:
    """What may be reached besides the public internet."""

    allow: tuple[tuple[IPNetwork, int | None], ...] = ()  # a network, and a port or None for any
    loopback: bool = False
    own_ports: frozenset[int] = frozenset()  # where llmhub itself listens on this machine

    def check(self, address: str, port: int) -> None:
        """Raise `EgressRefused` unless `address` may be connected to."""
        ip = unwrapped(ipaddress.ip_address(address.partition("%")[0]))
        if port in self.own_ports and (ip.is_loopback or ip.is_unspecified):
            raise EgressRefused(f"{_spelled(ip, port)} is {_OWN_ADDRESS}")
        if _within(ip, METADATA):
            raise EgressRefused(f"{ip} is a metadata or link-local address: llmhub never connects there")
        if is_public(ip) or (self.loopback and ip.is_loopback) or self._allows(ip, port):
            return
        raise EgressRefused(
            f"{ip} is no public address: if llmhub should reach it, "
            f"add {_spelled(ip, port)} to LLMHUB_EGRESS_ALLOW and restart"
        )

    def _allows(self, ip: IPAddress, port: int) -> bool:
        return any(ip in network and allowed in {None, port} for network, allowed in self.allow)


def policy(*, loopback: bool) -> Policy:
    """Return the policy of the settings; `loopback` has an effect on an embedded hub only."""
    return Policy(
        allow=tuple(parse_allowed(word) for word in settings.EGRESS_ALLOW),
        loopback=loopback and settings.EMBEDDED,
        own_ports=frozenset(port for _, port in _own_addresses()),
    )


def parse_allowed(word: str) -> tuple[IPNetwork, int | None]:
    """Return the network and port of `ip`, `ip:port`, `[ip6]:port` or CIDR. Raises `ValueError`."""
    host, port = word, ""
    if word.startswith("["):
        host, _, port = word[1:].partition("]")
        port = port.removeprefix(":")
    elif word.count(":") == 1:
        host, _, port = word.partition(":")
    try:
        return ipaddress.ip_network(host, strict=False), int(port) if port else None
    except ValueError:
        raise ValueError(
            f"LLMHUB_EGRESS_ALLOW has {word!r}: write ip, ip:port, [ip6]:port or a CIDR such as 10.0.0.0/8"
        ) from None


def is_public(ip: IPAddress) -> bool:
    """Return whether an unwrapped address is one of the public internet."""
    if isinstance(ip, ipaddress.IPv4Address):
        return not _within(ip, _NOT_PUBLIC_V4)
    return ip in _PUBLIC_V6 and not _within(ip, _NOT_PUBLIC_V6)


def unwrapped(ip: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv4-mapped or NAT64 address leads to, else `ip`."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def check_url(url: str, *, loopback: bool) -> None:
    """Raise `EgressRefused` unless `url` may be saved as an address to send to.

    A name that cannot be resolved now passes: it is checked again at every connection.
    """
    parts, port = _parts(url)
    host = parts.hostname or ""
    if (host, port) in _own_addresses():
        raise EgressRefused(f"{url!r} is {_OWN_ADDRESS}")
    rules = policy(loopback=loopback)
    for address in _resolved(host, port):
        rules.check(address, port)


def _parts(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise EgressRefused(f"{url!r} is no address: write https://host/path") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise EgressRefused(f"{url!r} is no web address: write https://host/path")
    if parts.username is not None or parts.password is not None or "\\" in url:
        raise EgressRefused("the address holds a user name or password: give them as a credential")
    if parts.query or parts.fragment:
        raise EgressRefused("the address has a query or fragment: leave out what follows ? or #")
    if any(letter.isspace() or not letter.isprintable() for letter in url) or port == 0:
        raise EgressRefused(f"{url!r} is no address: write https://host/path")
    return parts, port or (443 if parts.scheme == "https" else 80)


def _own_addresses() -> set[tuple[str, int]]:
    """Return host and port of where people find llmhub, and of where it listens."""
    found = (urlsplit(url) for url in (settings.PUBLIC_URL, settings.LISTENING))
    return {(own.hostname or "", own.port or (443 if own.scheme == "https" else 80)) for own in found}


def _resolved(host: str, port: int) -> Iterable[str]:
    """Return the addresses of `host`, none when they cannot be had in time."""
    look_up = _LOOKUPS.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        return {str(found[4][0]) for found in look_up.result(_LOOKUP_SECONDS)}
    except (OSError, UnicodeError, TimeoutError):
        return set()


class Resolver(AbstractResolver):
    """Resolves names for aiohttp and refuses those that lead, even in part, where nobody may go."""

    def __init__(self, rules: Policy) -> None:
        self._rules = rules
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of `host`. Raises `EgressRefused` if one of them is refused."""
        found = await self._inner.resolve(host, port, family)
        for result in found:
            self._rules.check(result["host"], port)
        return found

    async def close(self) -> None:
        """Nothing is held."""


def connector(rules: Policy) -> aiohttp.TCPConnector:
    """Return the connections to what `rules` allow, as many as there are calls; they belong to the loop."""

    def checked_socket(info: Any) -> socket.socket:
        family, kind, protocol, _, address = info
        rules.check(address[0], address[1])
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(
        limit=0, resolver=Resolver(rules), socket_factory=checked_socket, ssl=_tls_context()
    )


def session(rules: Policy) -> aiohttp.ClientSession:
    """Return a session that reaches only what `rules` allow: without cookies, without a proxy."""
    return aiohttp.ClientSession(
        connector=connector(rules),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        skip_auto_headers={"User-Agent", "Accept", "Accept-Encoding"},
    )


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    """Return a context that trusts the system's authorities and the bundled ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _within(ip: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)


def _spelled(ip: IPAddress, port: int) -> str:
    return f"[{ip}]:{port}" if ip.version == 6 else f"{ip}:{port}"
