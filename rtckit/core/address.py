"""Transport addresses, and what kind of network an address belongs to.

``Address`` is a plain pair so that it can be a dictionary key in the hot path; the text form of an
IP address is the RFC 5952 one. No name is ever resolved here.
"""

import ipaddress
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Address", "Scope", "address_from_bytes", "ip_from_bytes", "scope_of"]


class Address(NamedTuple):
    """An IP address (text, RFC 5952 form) or a host name, with a port."""

    ip: str
    port: int

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"

    @property
    def family(self) -> int:
        """4, 6, or 0 for a name."""
        if ":" in self.ip:
            return 6
        return 4 if self.ip[-1:].isdigit() else 0


class Scope(StrEnum):
    """Who can reach an address."""

    UNSPECIFIED = "unspecified"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"
    PRIVATE = "private"
    SHARED = "shared (carrier-grade NAT)"
    UNIQUE_LOCAL = "unique local"
    MULTICAST = "multicast"
    DOCUMENTATION = "documentation"
    RESERVED = "reserved"
    MDNS = "mDNS name"
    NAME = "host name"
    PUBLIC = "public"


_NETWORKS = tuple(
    (ipaddress.ip_network(network), scope)
    for network, scope in (
        ("0.0.0.0/32", Scope.UNSPECIFIED),
        ("127.0.0.0/8", Scope.LOOPBACK),
        ("169.254.0.0/16", Scope.LINK_LOCAL),
        ("10.0.0.0/8", Scope.PRIVATE),
        ("172.16.0.0/12", Scope.PRIVATE),
        ("192.168.0.0/16", Scope.PRIVATE),
        ("100.64.0.0/10", Scope.SHARED),
        ("224.0.0.0/4", Scope.MULTICAST),
        ("192.0.2.0/24", Scope.DOCUMENTATION),
        ("198.51.100.0/24", Scope.DOCUMENTATION),
        ("203.0.113.0/24", Scope.DOCUMENTATION),
        ("240.0.0.0/4", Scope.RESERVED),
        ("0.0.0.0/8", Scope.RESERVED),
        ("::/128", Scope.UNSPECIFIED),
        ("::1/128", Scope.LOOPBACK),
        ("fe80::/10", Scope.LINK_LOCAL),
        ("fc00::/7", Scope.UNIQUE_LOCAL),
        ("ff00::/8", Scope.MULTICAST),
        ("2001:db8::/32", Scope.DOCUMENTATION),
    )
)


@lru_cache(maxsize=4096)
def scope_of(ip: str) -> Scope:
    """The scope of an IP address or name (RFC 6890 and its updates; ``.local`` is RFC 6762)."""
    try:
        parsed = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return Scope.MDNS if ip.lower().rstrip(".").endswith(".local") else Scope.NAME
    for network, scope in _NETWORKS:
        if parsed.version == network.version and parsed in network:
            return scope
    return Scope.PUBLIC


@lru_cache(maxsize=16384)
def ip_from_bytes(packed: bytes) -> str:
    """The text form of 4 or 16 bytes; ``ValueError`` for any other length."""
    return str(ipaddress.ip_address(packed))


@lru_cache(maxsize=16384)
def address_from_bytes(packed: bytes, port: int) -> Address:
    """An address from its 4 or 16 bytes; one object for one value, so comparing is cheap."""
    return Address(ip_from_bytes(packed), port)
