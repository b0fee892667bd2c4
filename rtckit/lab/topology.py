"""The networks calls are recorded in.

Each is a context that yields a :class:`Topology`: two hosts ``a`` and ``b``, and where there is one
the host that servers run on. Interfaces of hosts are called ``eth0``.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rtckit.lab.capabilities import require
from rtckit.lab.namespaces import Namespace, Network
from rtckit.lab.nat import Nat, apply_nat
from rtckit.lab.wire import Wire

__all__ = ["Topology", "behind_nats", "one_link", "relay_only"]

_SERVER_ADDRESSES = ("203.0.113.10", "203.0.113.11")


@dataclass(frozen=True, slots=True)
class Topology:
    """A network that stands: its hosts, their addresses, and how to tell people about it.

    ``nats`` says how the NAT before a host behaves, for the hosts that have one.
    """

    description: str
    hosts: dict[str, Namespace]
    addresses: Mapping[str, tuple[str, ...]]
    server_host: Namespace | None = None
    server_addresses: tuple[str, ...] = ()
    routers: dict[str, Namespace] = field(default_factory=dict)
    nats: dict[str, Nat] = field(default_factory=dict)
    wires: dict[str, Wire] = field(default_factory=dict)


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
        network.address("relay", "lo", f"{_SERVER_ADDRESSES[0]}/32")
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
            _SERVER_ADDRESSES[:1],
        )


@contextmanager
def behind_nats(nat_a: Nat, nat_b: Nat) -> Iterator[Topology]:
    """Two hosts, each behind a NAT of its own, and a server host with two public addresses.

    What is sent to an address that nobody has vanishes as it does on the Internet, instead of being
    refused: a server that meets a refusal on its own route gives up allocations.
    """
    require(["nft"])
    nats = {"a": nat_a, "b": nat_b}
    public = {"a": "198.51.100.1", "b": "198.51.100.2"}
    inside = {"a": "192.168.1.2", "b": "192.168.2.2"}
    with Network() as network:
        server = network.add("inet", forwarding=True, ipv6=False)
        network.bridge("inet", "wire")
        network.address("inet", "wire", "198.51.100.254/24")
        network.address("inet", "lo", *(f"{address}/32" for address in _SERVER_ADDRESSES))
        _add_sink(network)
        routers = {}
        for short, nat in nats.items():
            routers[short] = router = network.add(f"nat{short}", forwarding=True, ipv6=False)
            network.add(short, ipv6=False)
            network.link(f"nat{short}", "wan", "inet", f"to_{short}")
            network.ip("inet", "link", "set", f"to_{short}", "master", "wire")
            network.link(f"nat{short}", "lan", short, "eth0")
            gateway = inside[short].rsplit(".", 1)[0] + ".1"
            network.address(f"nat{short}", "wan", f"{public[short]}/24")
            network.address(f"nat{short}", "lan", f"{gateway}/24")
            network.address(short, "eth0", f"{inside[short]}/24")
            network.default_route(f"nat{short}", "198.51.100.254")
            network.default_route(short, gateway)
            apply_nat(router, nat, public[short])
        yield Topology(
            "two hosts, each behind a NAT of its own"
            f" (a: {nat_a.describe()}; b: {nat_b.describe()}),"
            " and a server host with two addresses",
            {short: network[short] for short in nats},
            {short: (address,) for short, address in inside.items()},
            server,
            _SERVER_ADDRESSES,
            routers,
            nats,
        )


def _add_sink(network: Network) -> None:
    network.add("sink", ipv6=False)
    network.link("inet", "void", "sink", "eth0")
    network.address("inet", "void", "192.0.2.1/30")
    # A neighbour that never answers ARP would make the kernel report a host unreachable.
    network.ip(
        "inet", "neighbour", "add", "192.0.2.2", "lladdr", "02:00:00:00:00:02", "dev", "void"
    )
    network.default_route("inet", "192.0.2.2")
