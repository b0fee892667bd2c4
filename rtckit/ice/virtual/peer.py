"""One end of a simulation: an agent, its host, and how its candidates are gathered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from rtckit.core.address import Address
from rtckit.ice.agent import Agent
from rtckit.ice.candidate import HOST, RELAY, SRFLX, IceCandidate
from rtckit.ice.events import Event
from rtckit.ice.priority import candidate_priority, local_preferences, tcp_local_preference
from rtckit.ice.settings import Credentials, Settings
from rtckit.ice.virtual.ends import End
from rtckit.ice.virtual.nat import Nat, NatType, nat_type
from rtckit.ice.virtual.network import Host, Network, Packet
from rtckit.ice.virtual.tcp import TcpStack
from rtckit.wire import stun

__all__ = ["GATHERING_PATIENCE", "Gathering", "Peer", "make_peer"]

GATHERING_PATIENCE = 2.0
"""How long gathering waits for a STUN server that does not answer, in seconds."""

_PORT = 50000
_TCP_PORT = 50001
_ACTIVE_PORT = 9
_PROBE_TIMES = (0.0, 0.5, 1.5)


@dataclass(slots=True)
class Peer:
    """One end of a simulation.

    Attributes:
        name: ``a`` or ``b``.
        end: what it was asked to be.
        agent: its ICE agent.
        host: its place in the network.
        events: what happened in it.
        gathered_at: when its candidates were complete, in seconds.
        selected_at: when it first selected a pair, from the exchange of candidates on.
    """

    name: str
    end: End
    agent: Agent
    host: Host
    tcp: TcpStack
    events: list[Event] = field(default_factory=list)
    gathered_at: float = 0.0
    selected_at: float | None = None

    @property
    def nat(self) -> str:
        """What it is behind, in words."""
        return str(self.end)

    def send_all(self, network: Network, since: float | None) -> None:
        """Send what the agent has to send, and keep what happened in it."""
        for transmit in self.agent.take_transmits():
            if transmit.transport == "tcp":
                self.tcp.send(network.now, transmit.local, transmit.remote, transmit.data)
            else:
                network.send(self.host, transmit.local, transmit.remote, transmit.data)
        for event in self.agent.take_events():
            self.events.append(event)
            if event.event == "selected" and self.selected_at is None and since is not None:
                self.selected_at = event.t - since


def make_peer(
    network: Network,
    name: str,
    end: End,
    *,
    seed: int,
    rtt: float,
    nomination: str,
    settings: Settings,
) -> Peer:
    """Put an end into a network, without candidates yet."""
    number = 1 if name == "a" else 2
    nats = _nats(name, end, number, seed)
    is_inside = any(nat.type.translates for nat in nats)
    ips = []
    if end.ipv4:
        ips.append(f"192.168.{number}.{9 + number}" if is_inside else f"198.51.100.{number}")
    if end.ipv6 is not None:
        ips.append(f"2001:db8:{number}::{9 + number}")
    dead = [f"10.66.{number}.{each + 1}" for each in range(end.dead)]
    firewalls: tuple[Nat, ...] = ()
    if end.ipv6 == "firewall":
        kind = NatType(translates=False)
        firewalls = (Nat(f"the IPv6 firewall of {name}", "", kind, Random(seed)),)
    agent = Agent(
        controlling=name == "a",
        credentials=Credentials(f"{name}{seed:03}"[:8], name * 22),
        random=Random(f"{seed}/{name}"),
        nomination=nomination,
        lite=end.lite,
        settings=settings,
    )
    host = Host(
        name,
        (*ips, *dead),
        tuple(nats),
        lambda *_: None,
        rtt / 4,
        f"lan of {name}",
        firewalls,
        frozenset(dead),
    )
    network.add(host)

    def on_frame(now: float, base: Address, remote: Address, data: bytes) -> None:
        agent.receive(now, base, remote, data, "tcp")

    def on_error(now: float, base: Address, remote: Address, reason: str) -> None:
        agent.fail_send(now, base, remote, reason, transport="tcp")

    listening = [Address(ip, _TCP_PORT) for ip in host.ips] if end.tcp else []
    tcp = TcpStack(network, host, listening, on_frame, on_error)

    def receive(now: float, local: Address, packet: Packet) -> None:
        if packet.transport == "tcp":
            tcp.receive(now, local, packet)
        else:
            agent.receive(now, local, packet.seen, packet.data)

    host.receive = receive
    return Peer(name, end, agent, host, tcp)


def _nats(name: str, end: End, number: int, seed: int) -> list[Nat]:
    found = []
    if not end.ipv4:
        return []
    for place, each in enumerate(end.nats):
        kind = nat_type(each)
        if kind is None:
            continue
        outermost = place == len(end.nats) - 1
        ip = f"198.51.100.{number}" if outermost else f"100.64.{number}.{place + 1}"
        plain = each.partition("+")[0]
        label = f"the {plain} NAT of {name}" if kind.translates else f"the firewall of {name}"
        if len(end.nats) > 1 and outermost:
            label = f"the carrier's {plain} NAT of {name}"
        found.append(Nat(label, ip, kind, Random(f"{seed}/{name}/{place}")))
    return found


class Gathering:
    """Gathers the candidates of one peer: its host, what STUN tells, what TURN allocates."""

    def __init__(
        self, network: Network, peer: Peer, *, turn: str | None, relay_families: Sequence[int]
    ) -> None:
        self._network = network
        self._peer = peer
        self._host = peer.host
        self._turn = turn is not None and not peer.end.lite and self._lets_out(turn)
        self._relay_families = relay_families
        self._to_agent = peer.host.receive
        best = next((ip for ip in peer.host.ips if ":" in ip), peer.host.ips[0])
        self._ranks = local_preferences(peer.host.ips, best)
        self._transactions: dict[bytes, Address] = {}
        self._pending: set[object] = set()

    def _lets_out(self, turn: str) -> bool:
        """Whether the NATs let this side reach its TURN server at all."""
        kinds = [nat.type for nat in self._host.nats]
        if not any(ip.count(".") == 3 and ip not in self._host.dead for ip in self._host.ips):
            return True
        if turn == "udp":
            return not any(kind.blocks_udp for kind in kinds)
        return turn == "tls" or not any(kind.web_only for kind in kinds)

    def begin(self) -> None:
        """Take the host candidates and ask the servers."""
        agent, end = self._peer.agent, self._peer.end
        for ip in self._host.ips:
            self._add(HOST, Address(ip, _PORT))
            if end.tcp:
                self._add(HOST, Address(ip, _ACTIVE_PORT), tcptype="active")
                self._add(HOST, Address(ip, _TCP_PORT), tcptype="passive")
        self._host.receive = self._receive
        if not end.lite:
            for ip in self._host.ips:
                base = Address(ip, _PORT)
                transaction = agent.random.randbytes(12)
                self._transactions[transaction] = base
                self._pending.add(transaction)
                for time in _PROBE_TIMES:
                    self._ask_at(time, base, transaction)
        if self._turn:
            self._pending.add("relay")
            # Allocate, 401, Allocate again (RFC 8656, 7): two round trips.
            self._network.at(4 * self._host.delay, self._allocate)
        self._network.at(GATHERING_PATIENCE, lambda now: self._end(now))
        if not self._pending:
            self._finish(self._network.now)

    def _ask_at(self, time: float, base: Address, transaction: bytes) -> None:
        request = stun.build(stun.Method.BINDING, stun.MessageClass.REQUEST, transaction, [])

        def ask(now: float) -> None:
            if transaction in self._pending:
                self._network.send(self._host, base, self._network.servers[base.family], request)

        self._network.at(time, ask)

    def _receive(self, now: float, local: Address, packet: Packet) -> None:
        message, _ = stun.decode(packet.data)
        base = self._transactions.get(message.transaction_id) if message is not None else None
        if message is None or base is None:
            self._to_agent(now, local, packet)
            return
        mapped = message.xor_mapped_address
        if mapped is not None and mapped != base:
            self._add(SRFLX, mapped, base)
        self._end(now, message.transaction_id)

    def _allocate(self, now: float) -> None:
        for family in self._relay_families:
            relay = self._network.allocate(self._host, family)
            self._add(RELAY, relay.address)
        self._end(now, "relay")

    def _add(
        self, kind: str, address: Address, base: Address | None = None, tcptype: str | None = None
    ) -> None:
        agent = self._peer.agent
        base = base or address
        rank = self._ranks.get(base.ip, 65535 - (address.family == 4))
        transport = "udp"
        if tcptype is not None:
            transport = "tcp"
            rank = tcp_local_preference(kind, tcptype, rank >> 3)
        candidate = IceCandidate(
            *(kind, transport, address, base),
            candidate_priority(kind, rank),
            agent.next_foundation(kind, transport, base.ip),
            related=Address(self._host.ips[0], _PORT) if kind != HOST else None,
            tcptype=tcptype,
        )
        agent.add_local(self._network.now, candidate)

    def _end(self, now: float, what: object = None) -> None:
        """Note that a server answered; without one, that nobody is waited for any more."""
        if what is None:
            self._pending.clear()
        self._pending.discard(what)
        if not self._pending:
            self._finish(now)

    def _finish(self, now: float) -> None:
        if not self._peer.gathered_at:
            self._peer.gathered_at = now or 1e-9
            self._peer.agent.end_of_local(now)
