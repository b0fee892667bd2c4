"""A whole laboratory in one context: hosts behind NATs, a server, wires, captures::

    with laboratory("symmetric", "full cone behind cgnat", delay_ms=20) as lab:
        lab.hosts["a"].run("rtckit", "nat", "detect", lab.stun_url)

As a pytest fixture: :mod:`rtckit.lab.pytest_plugin`.
"""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rtckit.lab.capabilities import require
from rtckit.lab.certificate import make_certificate
from rtckit.lab.coturn import Coturn
from rtckit.lab.namespaces import Namespace
from rtckit.lab.nat import Nat, parse_side
from rtckit.lab.theory import can_connect
from rtckit.lab.topology import Topology, internet
from rtckit.lab.vantage import Vantage
from rtckit.lab.wire import Impairment

__all__ = ["Laboratory", "laboratory"]

_SERVER = "server"
_CAPTURED = "udp or tcp or icmp or icmp6"


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A laboratory that stands.

    ``nodes`` are the namespaces by name: the hosts ``a`` and ``b``, the routers before them
    (``nat-a``, a carrier's ``cgn-a``) and ``server``. ``coturn`` is None without servers.
    """

    topology: Topology
    nodes: dict[str, Namespace]
    coturn: Coturn | None
    captures: tuple[Path, ...] = ()

    @property
    def hosts(self) -> dict[str, Namespace]:
        """The two ends."""
        return self.topology.hosts

    @property
    def stun_url(self) -> str:
        """A STUN server that discovers NAT behaviour (RFC 5780); empty without servers."""
        return self.coturn.stun_urls()[0] if self.coturn else ""

    @property
    def environment(self) -> dict[str, str]:
        """What programs in it may want to know: the servers, their user and their certificate."""
        server = self.coturn
        if server is None:
            return {}
        known = {"RTCKIT_STUN": self.stun_url}
        if not server.stun_only:
            known["RTCKIT_TURN"] = server.turn_urls()[0]
            known["RTCKIT_TURN_USERNAME"] = server.username
            known["RTCKIT_TURN_PASSWORD"] = server.password
            known["RTCKIT_TURN_CREDENTIAL"] = server.password  # what rtckit itself looks for
        if server.tls is not None:
            known["RTCKIT_TURNS"] = server.turns_urls()[0]
            known["SSL_CERT_FILE"] = str(server.tls.certificate)
        return known

    def can_connect(self, *, turn: bool) -> bool:
        """What theory says of ICE between the two ends over IPv4."""
        nats: list[Nat | None] = [self.topology.nats.get(short) for short in self.hosts]
        return can_connect(nats[0], nats[-1], turn=turn)


@contextmanager
def laboratory(
    a: str = "port restricted",
    b: str = "port restricted",
    *,
    servers: bool = True,
    ipv6: bool = False,
    nat64: Collection[str] = (),
    delay_ms: float = 0.0,
    jitter_ms: float = 0.0,
    loss: float = 0.0,
    reorder: float = 0.0,
    duplicate: float = 0.0,
    seed: int = 1,
    captures: Path | None = None,
) -> Iterator[Laboratory]:
    """Build a laboratory, and take it away again however it is left.

    Args:
        a: what side a is behind (:func:`rtckit.lab.nat.parse_side`).
        b: the same of side b.
        servers: run coturn: STUN with RFC 5780 and TURN on port 3478, TLS on 443.
        ipv6: IPv6 too, behind stateful firewalls.
        nat64: the sides that have IPv6 only.
        delay_ms: how long a packet takes between each side and the Internet, one way.
        jitter_ms: by how much that varies.
        loss: the part of packets lost there, each way; ``reorder`` and ``duplicate`` likewise.
        seed: of what chance does to packets.
        captures: a folder for a pcapng file of every node; it is made.

    Raises:
        ValueError: there is no such NAT, or a number is out of its range.
        MissingCapability: this machine cannot do that.
        NetworkFailure: something did not start.
    """
    sides = {"a": parse_side(a), "b": parse_side(b)}
    wire = Impairment(delay_ms, jitter_ms, loss, duplicate, reorder, seed=seed)
    wires = dict.fromkeys(sides, wire) if wire != Impairment(seed=seed) else {}
    require([*(["coturn"] if servers else []), *(["tcpdump"] if captures else [])])
    with ExitStack() as stack:
        topology = stack.enter_context(internet(sides, ipv6=ipv6, nat64=nat64, wires=wires))
        assert topology.server_host is not None
        nodes = {**topology.hosts, **_routers(topology), _SERVER: topology.server_host}
        files: list[Path] = []
        if captures is not None:
            captures.mkdir(parents=True, exist_ok=True)
            for name, node in nodes.items():
                files.append(captures / f"{name}.pcapng")
                interface = "eth0" if name in topology.hosts else "any"
                stack.enter_context(
                    Vantage(node, files[-1], interface=interface, packet_filter=_CAPTURED)
                )
        coturn = None
        if servers:
            assert topology.network is not None
            folder = topology.network.make_folder("rtckit-lab-")
            # Who runs it as another user shall be able to read the certificate.
            folder.chmod(0o755)
            addresses = topology.server_addresses + topology.server_ipv6_addresses
            tls = make_certificate(folder, addresses)
            coturn = stack.enter_context(Coturn(topology.server_host, folder, addresses, tls=tls))
        yield Laboratory(topology, nodes, coturn, tuple(files))


def _routers(topology: Topology) -> dict[str, Namespace]:
    named = {}
    for key, router in topology.routers.items():
        short, _, place = key.partition(".")
        named[f"cgn{'' if place == '1' else place}-{short}" if place else f"nat-{short}"] = router
    return named
