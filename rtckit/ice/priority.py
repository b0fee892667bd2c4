"""Priorities of candidates and of pairs (RFC 8445, 5.1.2 and 6.1.2.3; RFC 6544, 4.2)."""

from collections.abc import Iterable
from ipaddress import ip_address

__all__ = [
    "TYPE_PREFERENCE",
    "candidate_priority",
    "local_preferences",
    "pair_priority",
    "tcp_local_preference",
]

TYPE_PREFERENCE = {"host": 126, "prflx": 110, "srflx": 100, "relay": 0}
"""The recommended values (RFC 8445, 5.1.2.2)."""

_DIRECTION_PREFERENCE = {
    "relayed": {"active": 4, "passive": 2, "so": 1},
    "direct": {"active": 6, "passive": 4, "so": 2},
}
_MOST = 65535


def candidate_priority(candidate_type: str, local_preference: int, component: int = 1) -> int:
    """Return the priority of a candidate (RFC 8445, 5.1.2.1).

    Raises:
        ValueError: the type is unknown, or a number out of its range.
    """
    if candidate_type not in TYPE_PREFERENCE:
        raise ValueError(f"no type of candidate: {candidate_type!r}")
    if not 0 <= local_preference <= _MOST:
        raise ValueError(f"a local preference is from 0 to {_MOST}, not {local_preference}")
    if not 1 <= component <= 256:
        raise ValueError(f"a component is from 1 to 256, not {component}")
    return (TYPE_PREFERENCE[candidate_type] << 24) + (local_preference << 8) + (256 - component)


def tcp_local_preference(candidate_type: str, tcptype: str, other: int) -> int:
    """Return the local preference of a TCP candidate (RFC 6544, 4.2).

    Args:
        candidate_type: as everywhere.
        tcptype: ``active``, ``passive`` or ``so``.
        other: what tells interfaces apart, 0 to 8191.
    """
    kind = "relayed" if candidate_type == "relay" else "direct"
    return (_DIRECTION_PREFERENCE[kind][tcptype] << 13) + min(max(other, 0), 8191)


def local_preferences(addresses: Iterable[str], default_route: str | None = None) -> dict[str, int]:
    """Return a local preference for each address, all different (RFC 8445, 5.1.2.2; RFC 8421, 4).

    The address of the default route comes first, then the others as given, IPv6 and IPv4 in turn,
    so that neither family has to wait for all of the other.

    Args:
        addresses: of this machine, the best interface first.
        default_route: the address packets to the Internet leave from.
    """
    rest = list(dict.fromkeys(addresses))
    chosen = [default_route] if default_route in rest else []
    rest = [address for address in rest if address != default_route]
    six = [address for address in rest if ip_address(address.partition("%")[0]).version == 6]
    four = [address for address in rest if ip_address(address.partition("%")[0]).version == 4]
    first, second = (four, six) if chosen and ":" in str(chosen[0]) else (six, four)
    while first or second:
        for family in (first, second):
            if family:
                chosen.append(family.pop(0))
    return {str(address): _MOST - rank for rank, address in enumerate(chosen)}


def pair_priority(controlling: int, controlled: int) -> int:
    """Return the priority of a pair from the priorities of its candidates (RFC 8445, 6.1.2.3)."""
    low, high = min(controlling, controlled), max(controlling, controlled)
    return (low << 32) + 2 * high + (1 if controlling > controlled else 0)
