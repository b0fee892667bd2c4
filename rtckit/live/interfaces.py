"""The network interfaces of this machine, their addresses, and which of them leads out.

What is seen is what the calling thread's network namespace has.
"""

import contextlib
import fcntl
import socket
import struct
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from rtckit.core.address import Scope, scope_of

__all__ = [
    "Interface",
    "InterfaceAddress",
    "find_interface",
    "list_interfaces",
    "source_address_for",
]

_PROC_NET = Path("/proc/thread-self/net")
_SIOCGIFFLAGS = 0x8913
_SIOCGIFMTU = 0x8921
_IFF_UP = 0x1
_IFF_LOOPBACK = 0x8
_IFF_POINTOPOINT = 0x10
_IFF_RUNNING = 0x40
_IFF_NOARP = 0x80
_TEMPORARY = 0x01  # linux/if_addr.h, as /proc/net/if_inet6 shows them
_DEPRECATED = 0x20
_TENTATIVE = 0x40
_RTF_UP = 0x1
_RTF_REJECT = 0x200

_KINDS = (
    (("docker", "br-", "veth", "cni", "flannel", "podman", "lxc", "lxd"), "container"),
    (("virbr", "vmnet", "vboxnet", "vnet", "hyperv"), "virtual machine"),
    (("tun", "tap", "wg", "ppp", "utun", "tailscale", "zt", "ipsec", "nordlynx"), "vpn"),
    (("wl",), "wireless"),
    (("ww",), "mobile"),
    (("br", "bond", "team"), "bridge"),
    (("en", "eth", "usb"), "wired"),
)


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """An address of an interface: text in RFC 5952 form without a zone.

    ``temporary`` and ``deprecated`` are those of IPv6 (RFC 8981; RFC 4862, 5.5.4); a ``tentative``
    address cannot be used yet.
    """

    ip: str
    prefix_length: int
    scope: Scope
    temporary: bool = False
    deprecated: bool = False
    tentative: bool = False

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.ip else 4


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface.

    ``kind`` is a guess from its name and flags (``wired``, ``wireless``, ``vpn``, ``container``,
    ``virtual machine``, ``bridge``, ``mobile``, ``loopback`` or ``other``). ``is_default_route``:
    what no other route takes leaves through it.
    """

    name: str
    index: int
    addresses: tuple[InterfaceAddress, ...]
    is_up: bool
    is_loopback: bool
    is_point_to_point: bool
    mtu: int
    is_default_route: bool
    kind: str

    def of_family(self, family: int) -> tuple[InterfaceAddress, ...]:
        """The addresses of family 4 or 6."""
        return tuple(address for address in self.addresses if address.family == family)


def list_interfaces() -> list[Interface]:
    """Every interface: those with a default route first, then by index; loopback last."""
    import ifaddr

    flags_v6 = _ipv6_flags()
    leading_out = _default_interfaces()
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        for adapter in ifaddr.get_adapters(include_unconfigured=True):
            flags = _ask(handle, _SIOCGIFFLAGS, adapter.name, 2)
            addresses = []
            for known in adapter.ips:
                text = known.ip if isinstance(known.ip, str) else known.ip[0]
                ip = str(ip_address(text.partition("%")[0]))
                bits = flags_v6.get((ip, adapter.name), 0)
                addresses.append(
                    InterfaceAddress(
                        ip,
                        known.network_prefix,
                        scope_of(ip),
                        bool(bits & _TEMPORARY),
                        bool(bits & _DEPRECATED),
                        bool(bits & _TENTATIVE),
                    )
                )
            loopback = bool(flags & _IFF_LOOPBACK)
            point_to_point = bool(flags & _IFF_POINTOPOINT)
            found.append(
                Interface(
                    adapter.name,
                    adapter.index or 0,
                    tuple(addresses),
                    flags & (_IFF_UP | _IFF_RUNNING) == _IFF_UP | _IFF_RUNNING,
                    loopback,
                    point_to_point,
                    _ask(handle, _SIOCGIFMTU, adapter.name, 4),
                    adapter.name in leading_out,
                    _kind_of(adapter.name, loopback, point_to_point, flags),
                )
            )
    found.sort(key=lambda item: (item.is_loopback, not item.is_default_route, item.index))
    return found


def find_interface(name: str) -> Interface | None:
    """The interface of this name, None when there is none."""
    return next((item for item in list_interfaces() if item.name == name), None)


def source_address_for(ip: str) -> str | None:
    """The address this machine would send to ``ip`` from; None when it has no route there.

    Asks the routing table; nothing is sent.
    """
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((ip, 9))
            return str(probe.getsockname()[0]).partition("%")[0]
    except OSError:
        return None


def _ask(handle: socket.socket, request: int, name: str, size: int) -> int:
    """One number about an interface, 0 when the kernel does not tell."""
    question = struct.pack("16s24x", name.encode()[:15])
    with contextlib.suppress(OSError):
        answer = fcntl.ioctl(handle, request, question)
        return int.from_bytes(answer[16 : 16 + size], "little" if _LITTLE else "big")
    return 0


_LITTLE = struct.pack("=H", 1) == b"\1\0"


def _kind_of(name: str, loopback: bool, point_to_point: bool, flags: int) -> str:
    if loopback:
        return "loopback"
    for prefixes, kind in _KINDS:
        if name.startswith(prefixes):
            return kind
    return "vpn" if point_to_point and flags & _IFF_NOARP else "other"


def _lines(name: str) -> list[list[str]]:
    with contextlib.suppress(OSError):
        return [
            line.split() for line in (_PROC_NET / name).read_text(encoding="ascii").splitlines()
        ]
    return []


def _ipv6_flags() -> dict[tuple[str, str], int]:
    flags = {}
    for fields in _lines("if_inet6"):
        if len(fields) == 6:
            flags[str(ip_address(bytes.fromhex(fields[0]))), fields[5]] = int(fields[4], 16)
    return flags


def _default_interfaces() -> set[str]:
    """The interfaces of the default routes with the lowest metric, of each family."""
    routes: dict[int, list[tuple[int, str]]] = {4: [], 6: []}
    for fields in _lines("route")[1:]:
        if len(fields) >= 8 and fields[1] == fields[7] == "00000000":
            bits = int(fields[3], 16)
            if bits & _RTF_UP and not bits & _RTF_REJECT:
                routes[4].append((int(fields[6]), fields[0]))
    for fields in _lines("ipv6_route"):
        if len(fields) == 10 and fields[0] == "0" * 32 and fields[1] == "00":
            bits = int(fields[8], 16)
            if bits & _RTF_UP and not bits & _RTF_REJECT:
                routes[6].append((int(fields[5], 16), fields[9]))
    chosen = set()
    for known in routes.values():
        if known:
            best = min(known)[0]
            chosen |= {name for metric, name in known if metric == best}
    return chosen
