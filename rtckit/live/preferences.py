"""Which addresses of this machine to offer, and in which order (RFC 8445, 5.1.2.2; RFC 8421)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from rtckit.core.address import Scope
from rtckit.ice.priority import local_preferences
from rtckit.live.interfaces import Interface, InterfaceAddress

__all__ = ["Base", "choose_bases"]

_KIND_ORDER = ("wired", "wireless", "mobile", "other", "bridge", "vpn", "virtual machine")
_UNUSABLE = frozenset({Scope.UNSPECIFIED, Scope.MULTICAST})


@dataclass(frozen=True, slots=True)
class Base:
    """An address to gather on.

    Attributes:
        interface: the name of its interface.
        kind: of the interface, guessed (see `rtckit.live.interfaces.Interface`).
        ip: the address.
        preference: its local preference, different for each address.
        leads_out: the default route leaves through its interface.
    """

    interface: str
    kind: str
    ip: str
    preference: int
    leads_out: bool

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.ip else 4


def choose_bases(
    interfaces: Iterable[Interface],
    *,
    names: Collection[str] | None = None,
    families: Collection[int] = (4, 6),
    loopback: bool = False,
) -> list[Base]:
    """Return the addresses to gather on, the best first.

    Interfaces of the default route come first, then those of hardware, then what leads into
    tunnels, virtual machines and containers: pairs are checked in this order, and a dead one that
    comes late costs nothing. Link-local IPv6 addresses and deprecated ones are left out, and
    loopback unless it is asked for, by ``loopback`` or by name.

    Args:
        interfaces: of this machine.
        names: take these interfaces alone.
        families: 4, 6 or both.
        loopback: whether loopback counts.
    """
    chosen = [
        interface
        for interface in interfaces
        if interface.is_up and _is_wanted(interface, names, loopback)
    ]
    chosen.sort(key=_rank)
    found = [
        (interface, address)
        for interface in chosen
        for address in sorted(interface.addresses, key=_address_rank)
        if address.family in families and _is_usable(address)
    ]
    preferences = local_preferences(
        (address.ip for _, address in found), found[0][1].ip if found else None
    )
    bases = [
        Base(
            interface.name,
            interface.kind,
            address.ip,
            preferences[address.ip],
            interface.is_default_route,
        )
        for interface, address in found
    ]
    return sorted(bases, key=lambda base: -base.preference)


def _is_wanted(interface: Interface, names: Collection[str] | None, loopback: bool) -> bool:
    if names is not None:
        return interface.name in names
    return loopback or not interface.is_loopback


def _is_usable(address: InterfaceAddress) -> bool:
    if address.scope in _UNUSABLE or address.tentative or address.deprecated:
        return False
    return not (address.family == 6 and address.scope is Scope.LINK_LOCAL)


def _rank(interface: Interface) -> tuple[bool, bool, int, int]:
    known = interface.kind in _KIND_ORDER
    order = _KIND_ORDER.index(interface.kind) if known else len(_KIND_ORDER)
    return interface.is_loopback, not interface.is_default_route, order, interface.index


def _address_rank(address: InterfaceAddress) -> tuple[bool, bool, bool]:
    """IPv6 before IPv4 (RFC 8421, 4); of IPv6, temporary addresses before those that stay."""
    return address.scope is Scope.LINK_LOCAL, address.family == 4, not address.temporary
