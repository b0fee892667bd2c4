"""Options and names of sockets: where they are bound, and to which interface they keep."""

import socket
import sys
from functools import lru_cache
from typing import Any, Final

__all__ = ["LINUX", "bind_name", "keep_to_interface", "scope_id"]

LINUX: Final = sys.platform.startswith("linux")
"""Whether the kernel has error queues, and sockets that keep to an interface."""

_IP_UNICAST_IF = 50
_IPV6_UNICAST_IF = 76
_SO_BINDTODEVICE = 25


@lru_cache(maxsize=64)
def scope_id(zone: str) -> int:
    """The number of an IPv6 zone (``eth0`` or ``2``); 0 when there is none."""
    if not zone:
        return 0
    if zone.isdigit():
        return int(zone)
    try:
        return socket.if_nametoindex(zone)
    except OSError:
        return 0


def keep_to_interface(bound: socket.socket, family: int, interface: str | None) -> None:
    """Have a socket send through ``interface`` only, and speak one family only."""
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if interface is None or not LINUX:
        return
    try:
        bound.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, interface.encode() + b"\0")
    except PermissionError:
        # Kernels before 5.7 let only root bind to a device; choosing where to send needs no right.
        index = socket.if_nametoindex(interface)
        if family == socket.AF_INET6:
            bound.setsockopt(41, _IPV6_UNICAST_IF, socket.htonl(index))
        else:
            bound.setsockopt(socket.IPPROTO_IP, _IP_UNICAST_IF, socket.htonl(index))


def bind_name(ip: str, port: int, interface: str | None) -> tuple[Any, ...]:
    """What ``bind`` takes for an address, with the zone that a link-local one needs."""
    if ":" not in ip:
        return ip, port
    plain, _, zone = ip.partition("%")
    scope = 0
    if plain[:4].lower() == "fe80":
        scope = scope_id(zone or interface or "")
    return plain, port, 0, scope
