"""The networks calls are recorded in.

Each is a context that yields a :class:`Topology`: two hosts ``a`` and ``b``, and where there is one
the host that servers run on. Interfaces of hosts are called ``eth0``.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from rtckit.lab.capabilities import require
from rtckit.lab.ipv6 import apply_ipv6_firewall, start_nat64
from rtckit.lab.namespaces import Namespace, Network
from rtckit.lab.nat import Nat, apply_nat
from rtckit.lab.theory import composed
from rtckit.lab.wire import Impairment, Wire

__all__ = ["Side", "Topology", "behind_nats", "internet", "one_link", "relay_only"]

SERVER_ADDRESSES = ("203.0.113.10", "203.0.113.11")
SERVER_IPV6_ADDRESSES = ("2001:db8:ffff::10", "2001:db8:ffff::11")

Side = Nat | Sequence[Nat] | None
"""What a host is behind: nothing, a NAT, or several, the nearest first."""


@dataclass(frozen=True, slots=True)
class Topology:
    """A network that stands: its hosts, their addresses, and how to tell people about it.

    ``nats`` says how the NAT before a host behaves, for the hosts that have one; several in a row
    behave as one does (:func:`rtckit.lab.theory.composed`). ``routers`` are by the host behind
    them: ``a`` is its own, ``a.1`` that of its carrier.
    """

    description: str
    hosts: dict[str, Namespace]
    addresses: Mapping[str, tuple[str, ...]]
    server_host: Namespace | None = None
    server_addresses: tuple[str, ...] = ()
    routers: dict[str, Namespace] = field(default_factory=dict)
    nats: dict[str, Nat] = field(default_factory=dict)
    wires: dict[str, Wire] = field(default_factory=dict)
    server_ipv6_addresses: tuple[str, ...] = ()
    network: Network | None = None


@contextmanager
def one_link() -> Iterator[Topology]:
    """Two hosts joined by one link, with IPv4 and IPv6 addresses."""
    addresses = {"a": ("10.77.0.1", "fd77::1"), "b": ("10.77.0.2", "fd77::2")}
    with Network() as network:
        for short in addresses:
            network.add(short)
        network.link("a", "eth0", "b", "eth0")
        for short, (ipv4, ipv6) in addresses.items():
            network.address(short, "eth0", f"{ipv4}/24", f"{ipv6}/64")
        # A browser offers only what it could reach the Internet from.
        network.default_route("a", *addresses["b"])
        network.default_route("b", *addresses["a"])
        yield Topology(
            "two hosts on one link (veth), IPv4 and IPv6",
            {short: network[short] for short in addresses},
            addresses,
        )


@contextmanager
def relay_only() -> Iterator[Topology]:
    """Two hosts on links of their own to a server host that does not forward between them."""
    addresses = {"a": ("10.77.1.1",), "b": ("10.77.2.1",)}
    with Network() as network:
        server = network.add("relay", ipv6=False)
        network.address("relay", "lo", f"{SERVER_ADDRESSES[0]}/32")
        for short, (ipv4,) in addresses.items():
            network.add(short, ipv6=False)
            network.link(short, "eth0", "relay", f"to_{short}")
            gateway = ipv4.rsplit(".", 1)[0] + ".254"
            network.address("relay", f"to_{short}", f"{gateway}/24")
            network.address(short, "eth0", f"{ipv4}/24")
            network.default_route(short, gateway)
        yield Topology(
            "two hosts, each on a link of its own to the server host, which does not forward",
            {short: network[short] for short in addresses},
            addresses,
            server,
            SERVER_ADDRESSES[:1],
        )


@contextmanager
def behind_nats(nat_a: Nat, nat_b: Nat) -> Iterator[Topology]:
    """Two hosts, each behind a NAT of its own, and a server host with two public addresses."""
    with internet({"a": nat_a, "b": nat_b}) as topology:
        yield topology


@contextmanager
def internet(
    sides: Mapping[str, Side],
    *,
    ipv6: bool = False,
    nat64: Collection[str] = (),
    wires: Mapping[str, Impairment] | None = None,
) -> Iterator[Topology]:
    """Hosts around an Internet with a server host that has two public addresses.

    What is sent to an address that nobody has vanishes as it does on the Internet, instead of being
    refused: a server that meets a refusal on its own route gives up allocations.

    Args:
        sides: what each host is behind: ``None`` for a public address of its own, a NAT, or
            several, the nearest first: two for a carrier-grade NAT.
        ipv6: give every host and the server IPv6 as well; the routers next to the hosts are
            stateful firewalls for it.
        nat64: the hosts that have IPv6 only, and reach IPv4 through NAT64 (RFC 6146) by the prefix
            ``2001:db8:64::/96``; needs tayga.
        wires: an impairment of the way between a host's network and the Internet, both ways.

    Raises:
        MissingCapability: this machine cannot do that.
        NetworkFailure: the kernel refuses something.
    """
    require(["nft", *(["tayga"] if nat64 else [])])
    chains = {short: _chain(side) for short, side in sides.items()}
    with ExitStack() as stack:
        network = stack.enter_context(Network())
        built = _Internet(network, stack, wires or {}, ipv6=ipv6 or bool(nat64))
        for number, (short, chain) in enumerate(chains.items(), 1):
            built.add_side(short, number, chain, is_ipv6_only=short in nat64)
        yield Topology(
            built.describe(chains, ipv6=ipv6, nat64=nat64),
            {short: network[short] for short in chains},
            built.addresses,
            network["inet"],
            SERVER_ADDRESSES,
            built.routers,
            {short: composed(chain) for short, chain in chains.items() if chain},
            built.wires,
            SERVER_IPV6_ADDRESSES if built.ipv6 else (),
            network,
        )


def _chain(side: Side) -> tuple[Nat, ...]:
    if side is None:
        return ()
    return (side,) if isinstance(side, Nat) else tuple(side)


class _Internet:
    """The parts of :func:`internet` while they are put together."""

    def __init__(
        self,
        network: Network,
        stack: ExitStack,
        impairments: Mapping[str, Impairment],
        *,
        ipv6: bool,
    ) -> None:
        self.network = network
        self.ipv6 = ipv6
        self.addresses: dict[str, tuple[str, ...]] = {}
        self.routers: dict[str, Namespace] = {}
        self.wires: dict[str, Wire] = {}
        self._stack = stack
        self._impairments = impairments
        network.add("inet", forwarding=True, ipv6=ipv6)
        network.bridge("inet", "wire")
        network.address("inet", "wire", "198.51.100.254/24")
        network.address("inet", "lo", *(f"{address}/32" for address in SERVER_ADDRESSES))
        if ipv6:
            network.address("inet", "lo", *(f"{address}/128" for address in SERVER_IPV6_ADDRESSES))
            network.address("inet", "wire", "2001:db8::fe/64")
        self._add_sink()

    def _add_sink(self) -> None:
        self.network.add("sink", ipv6=False)
        self.network.link("inet", "void", "sink", "eth0")
        self.network.address("inet", "void", "192.0.2.1/30")
        # A neighbour that never answers ARP would make the kernel report a host unreachable.
        self.network.ip(
            "inet", "neighbour", "add", "192.0.2.2", "lladdr", "02:00:00:00:00:02", "dev", "void"
        )
        self.network.default_route("inet", "192.0.2.2")

    def add_side(
        self, short: str, number: int, chain: Sequence[Nat], *, is_ipv6_only: bool
    ) -> None:
        """A host behind a chain of NATs, the nearest first; ``number`` tells sides apart."""
        network = self.network
        public = f"198.51.100.{number}"
        network.add(short, ipv6=self.ipv6)
        if not chain and not is_ipv6_only:
            self._attach(short, "eth0", short)
            network.address(short, "eth0", f"{public}/24")
            network.default_route(short, "198.51.100.254")
            self.addresses[short] = (public,)
            if self.ipv6:
                self._give_public_ipv6(short, "eth0", number)
                self.addresses[short] += (f"2001:db8::{number}",)
            return
        self._add_routers(short, number, chain or (Nat(),), public)
        lan = f"nat{short}"
        firewall = bool(chain) and not chain[0].translates
        inside = f"203.0.113.{64 + 16 * number + 2}" if firewall else f"192.168.{number}.2"
        gateway = inside.rpartition(".")[0] + f".{int(inside.rpartition('.')[2]) - 1}"
        network.link(lan, "lan", short, "eth0")
        self.addresses[short] = ()
        if not is_ipv6_only:
            bits = 28 if firewall else 24
            network.address(lan, "lan", f"{gateway}/{bits}")
            network.address(short, "eth0", f"{inside}/{bits}")
            network.default_route(short, gateway)
            self.addresses[short] = (inside,)
            if firewall:
                route = ("route", "add", f"203.0.113.{64 + 16 * number}/{bits}", "via", public)
                network.ip("inet", *route)
        if self.ipv6:
            self._give_routed_ipv6(short, number)
        if is_ipv6_only:
            folder = network.make_folder("rtckit-nat64-")
            start_nat64(network[lan], self._stack, folder)

    def _add_routers(self, short: str, number: int, chain: Sequence[Nat], public: str) -> None:
        """The routers of a side: the host's own is ``natX``, the carrier's ``cgnX``."""
        network = self.network
        names = [f"nat{short}", *(f"cgn{short}{place or ''}" for place in range(len(chain) - 1))]
        for place, name in enumerate(names):
            network.add(name, forwarding=True, ipv6=self.ipv6)
            self.routers[short if place == 0 else f"{short}.{place}"] = network[name]
            if place:
                # Shared address space between a carrier and its customers (RFC 6598).
                network.link(name, "lan", names[place - 1], "wan")
                subnet = f"100.{63 + place}.{number}"
                network.address(name, "lan", f"{subnet}.1/24")
                network.address(names[place - 1], "wan", f"{subnet}.2/24")
                network.default_route(names[place - 1], f"{subnet}.1")
                apply_nat(network[names[place - 1]], chain[place - 1], f"{subnet}.2")
        self._attach(names[-1], "wan", short)
        network.address(names[-1], "wan", f"{public}/24")
        network.default_route(names[-1], "198.51.100.254")
        apply_nat(network[names[-1]], chain[-1], public)

    def _attach(self, name: str, interface: str, short: str) -> None:
        """Join an interface to the Internet, over a wire where one is asked for."""
        ends = (name, interface), ("inet", f"to_{short}")
        if short in self._impairments:
            wire = Wire(self.network, *ends, self._impairments[short])
            self.wires[short] = self._stack.enter_context(wire)
        else:
            self.network.link(*ends[0], *ends[1])
        self.network.ip("inet", "link", "set", f"to_{short}", "master", "wire")

    def _give_public_ipv6(self, name: str, interface: str, number: int) -> None:
        self.network.address(name, interface, f"2001:db8::{number}/64")
        self.network.default_route(name, "2001:db8::fe")

    def _give_routed_ipv6(self, short: str, number: int) -> None:
        """A network of its own behind a firewall (RFC 6092), along the chain of routers."""
        network = self.network
        chain = [name for key, name in self.routers.items() if key.partition(".")[0] == short]
        outer = chain[-1].short
        prefix = f"2001:db8:{number}"
        self._give_public_ipv6(outer, "wan", number)
        network.ip("inet", "route", "add", f"{prefix}::/48", "via", f"2001:db8::{number}")
        for place in range(len(chain) - 1, 0, -1):
            subnet = f"{prefix}:{place}:"
            network.address(chain[place].short, "lan", f"{subnet}:1/64")
            network.address(chain[place - 1].short, "wan", f"{subnet}:2/64")
            network.default_route(chain[place - 1].short, f"{subnet}:1")
            network.ip(chain[place].short, "route", "add", f"{prefix}::/64", "via", f"{subnet}:2")
        network.address(f"nat{short}", "lan", f"{prefix}::1/64")
        network.address(short, "eth0", f"{prefix}::2/64")
        network.default_route(short, f"{prefix}::1")
        apply_ipv6_firewall(network[f"nat{short}"])
        self.addresses[short] += (f"{prefix}::2",)

    def describe(
        self, chains: Mapping[str, Sequence[Nat]], *, ipv6: bool, nat64: Collection[str]
    ) -> str:
        """The network in a sentence."""
        behind = []
        for short, chain in chains.items():
            words = " behind ".join(nat.describe() for nat in chain) or "open"
            behind.append(f"{short}: {words}{' and NAT64' if short in nat64 else ''}")
        hosts = "two hosts, each" if len(chains) == 2 else f"{len(chains)} hosts, each"
        if all(len(chain) == 1 for chain in chains.values()):
            hosts += " behind a NAT of its own"
        also = ", IPv4 and IPv6" if ipv6 else ""
        return f"{hosts} ({'; '.join(behind)}){also}, and a server host with two addresses"
