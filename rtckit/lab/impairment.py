"""Two hosts joined by a bad wire::

    with impaired_link(delay_ms=25, loss=0.01, seed=7) as topology:
        topology.hosts["a"].run("ping", "-c", "3", topology.addresses["b"][0])

Every run of one seed treats the same packets the same way.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rtckit.lab.namespaces import Network
from rtckit.lab.topology import Topology
from rtckit.lab.wire import PERFECT, Carried, Impairment, Wire

__all__ = ["PERFECT", "Carried", "Impairment", "Wire", "impaired_link"]


@contextmanager
def impaired_link(
    *,
    delay_ms: float = 0.0,
    jitter_ms: float = 0.0,
    loss: float = 0.0,
    duplicate: float = 0.0,
    reorder: float = 0.0,
    reorder_ms: float = 10.0,
    seed: int = 1,
    back: Impairment | None = None,
) -> Iterator[Topology]:
    """Two hosts ``a`` and ``b`` with IPv4 and IPv6, joined by a wire; times are one way.

    The arguments are those of :class:`~rtckit.lab.wire.Impairment`; they hold for both directions
    unless ``back`` says otherwise for that from ``b`` to ``a``. ``topology.wires["a"]`` is the
    wire: it can be changed, and tells what it did.
    """
    there = Impairment(delay_ms, jitter_ms, loss, duplicate, reorder, reorder_ms, seed)
    addresses = {"a": ("10.77.0.1", "fd77::1"), "b": ("10.77.0.2", "fd77::2")}
    with Network() as network:
        for short in addresses:
            network.add(short)
        with Wire(network, ("a", "eth0"), ("b", "eth0"), there, back) as wire:
            for short, (ipv4, ipv6) in addresses.items():
                network.address(short, "eth0", f"{ipv4}/24", f"{ipv6}/64")
            network.default_route("a", *addresses["b"])
            network.default_route("b", *addresses["a"])
            _introduce(network, addresses)
            yield Topology(
                f"two hosts joined by a wire ({there.describe()}), IPv4 and IPv6",
                {short: network[short] for short in addresses},
                addresses,
                wires={"a": wire},
            )


def _introduce(network: Network, addresses: Mapping[str, tuple[str, ...]]) -> None:
    """Tell both hosts the other's link address.

    While a host asks for it, what it sends waits and may be overtaken by what comes after: then the
    wire meets the packets in another order, and another fate befalls each.
    """
    for short, other in (("a", "b"), ("b", "a")):
        shown: list[dict[str, str]] = json.loads(network.ip(other, "-json", "link", "show", "eth0"))
        for address in addresses[other]:
            network.ip(
                *(short, "neighbour", "replace", address, "lladdr", shown[0]["address"]),
                *("dev", "eth0", "nud", "permanent"),
            )
