"""Two agents behind NATs of any kind, in virtual time: will they connect, over which pair, and why.

::

    result = simulate("symmetric", "port restricted", turn=False, seed=1)
    result.connected, result.pair, result.explain()
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from types import ModuleType
from typing import Any

from rtckit.core.address import Address
from rtckit.ice.agent import Agent
from rtckit.ice.candidate import HOST, RELAY, SRFLX, IceCandidate
from rtckit.ice.events import Event
from rtckit.ice.pairs import CandidatePair, PairState
from rtckit.ice.priority import candidate_priority, local_preferences
from rtckit.ice.settings import Credentials, Settings
from rtckit.ice.virtual.nat import Nat, nat_type
from rtckit.ice.virtual.network import Drop, Host, Network, Packet
from rtckit.wire import stun

__all__ = ["Peer", "Simulation", "simulate"]

_PORT = 50000
_LIMIT = 60.0
_PROBE_TIMES = (0.0, 0.5, 1.5)
_PATIENCE = 2.0
"""How long gathering waits for a STUN server that does not answer, in seconds."""


@dataclass(slots=True)
class Peer:
    """One end of a simulation.

    Attributes:
        name: ``a`` or ``b``.
        nat: the name of its NAT, as it was asked for.
        agent: its ICE agent.
        events: what happened in it.
        gathered_at: when its candidates were complete, in seconds.
        selected_at: when it first selected a pair, from the exchange of candidates on.
    """

    name: str
    nat: str
    agent: Agent
    host: Host
    events: list[Event] = field(default_factory=list)
    gathered_at: float = 0.0
    selected_at: float | None = None


@dataclass(slots=True)
class Simulation:
    """What a simulation came to.

    Attributes:
        a: the controlling side.
        b: the other one.
        rtt: the round trip between them, in seconds.
        exchanged_at: when both had the other's candidates.
        drops: every packet that did not arrive, and why.
        delivered: every packet that did, with the time.
    """

    a: Peer
    b: Peer
    rtt: float
    exchanged_at: float
    drops: list[Drop]
    delivered: list[tuple[float, Packet]]

    @property
    def connected(self) -> bool:
        """Whether both ends selected a pair, and the same one."""
        ours, theirs = self.a.agent.selected, self.b.agent.selected
        if ours is None or theirs is None:
            return False
        return self._seen(self.a, ours) == theirs.remote.address and (
            self._seen(self.b, theirs) == ours.remote.address
        )

    @staticmethod
    def _seen(peer: Peer, pair: CandidatePair) -> Address:
        return pair.mapped.address if pair.mapped is not None else pair.local.base

    @property
    def pair(self) -> tuple[str, str] | None:
        """The types of the selected candidates as side a sees them: what b sees of a, and b's."""
        selected = self.a.agent.selected
        if selected is None:
            return None
        local = selected.mapped or selected.local
        return local.type, selected.remote.type

    @property
    def connect_time(self) -> float | None:
        """Seconds from the exchange of candidates until both ends had selected; None if never."""
        times = [self.a.selected_at, self.b.selected_at]
        return None if None in times else max(time for time in times if time is not None)

    def why_not(self, peer: Peer, pair: CandidatePair) -> str | None:
        """Say what became of the checks of a pair; None when they arrived."""
        if pair.valid:
            return None
        key = pair.local.base, pair.remote.address
        answers = {
            drop.reason
            for drop in self.drops
            if (drop.packet.source, drop.packet.to) == key and drop.packet.sent >= self.exchanged_at
        }
        if answers:
            return "; ".join(sorted(answers))
        if pair.state in (PairState.FROZEN, PairState.WAITING):
            return "was not needed any more"
        return pair.last_error or "its answers did not come back"

    def explain(self) -> list[dict[str, Any]]:
        """Return every pair of side a, then of side b, with its fate, as JSON would take it."""
        return [
            {
                "side": peer.name,
                "pair": pair.number,
                "local": str(pair.local),
                "remote": str(pair.remote),
                "state": str(pair.state),
                "selected": pair is peer.agent.selected,
                "checks": pair.requests_sent,
                "rtt_ms": None if pair.rtt is None else round(pair.rtt * 1000, 3),
                "why": self.why_not(peer, pair),
            }
            for peer in (self.a, self.b)
            for pair in peer.agent.checklist
        ]

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as JSON would take it."""
        time = self.connect_time
        return {
            "connected": self.connected,
            "a": self.a.nat,
            "b": self.b.nat,
            "pair": list(self.pair) if self.pair else None,
            "connect_time_ms": None if time is None else round(time * 1000, 3),
            "round_trips": None if time is None or not self.rtt else round(time / self.rtt, 2),
            "gathered_ms": {
                peer.name: round(peer.gathered_at * 1000, 3) for peer in (self.a, self.b)
            },
            "failure": self.a.agent.failure or self.b.agent.failure,
            "pairs": self.explain(),
        }


def simulate(
    a: str | Sequence[str] = "open",
    b: str | Sequence[str] = "open",
    *,
    turn: bool = False,
    turn_transport: str = "tls",
    loss: float = 0.0,
    rtt: float = 0.08,
    seed: int = 1,
    nomination: str = "regular",
    same_lan: bool = False,
    settings: Settings | None = None,
) -> Simulation:
    """Connect two agents over a virtual network; the same arguments give the same course.

    Args:
        a: the NAT in front of the controlling side (see `rtckit.ice.virtual.nat_type`), or
            several, the nearest first: ``("port restricted", "symmetric")`` is a carrier-grade NAT.
        b: the same for the other side.
        turn: whether both sides have a TURN server.
        turn_transport: how they reach it: ``udp``, or ``tls`` that a NAT without UDP lets out.
        loss: the part of packets that is lost, 0 to 1.
        rtt: the round trip between the two sides, in seconds; to the servers it is half of it.
        seed: of every random choice.
        nomination: ``regular`` or ``aggressive``.
        same_lan: both are behind one and the same NAT, that of ``a``.
        settings: timers of the agents.

    Raises:
        ValueError: there is no such NAT, or a number is out of its range.
    """
    if not 0 <= loss <= 1 or rtt < 0:
        raise ValueError("loss is from 0 to 1, and the round trip not negative")
    if turn_transport not in ("udp", "tls"):
        raise ValueError(f"no way to a TURN server: {turn_transport!r} (udp or tls)")
    network = Network(Random(f"{seed}/network"), loss=loss)
    peers = [
        _peer(network, name, nat, seed, rtt, nomination, settings or Settings())
        for name, nat in (("a", a), ("b", a if same_lan else b))
    ]
    if same_lan:
        peers[1].host.nats, peers[1].host.lan = peers[0].host.nats, peers[0].host.lan
    for peer in peers:
        _Gathering(network, peer, turn=turn, turn_transport=turn_transport).begin()
    _run(network, peers, until=_PATIENCE, stop=lambda: all(peer.gathered_at for peer in peers))
    exchanged = network.now
    _exchange(exchanged, peers)
    _run(network, peers, until=exchanged + _LIMIT, stop=lambda: _is_over(peers), since=exchanged)
    a_side, b_side = peers
    return Simulation(a_side, b_side, rtt, exchanged, network.drops, network.delivered)


def _peer(
    network: Network,
    name: str,
    nat: str | Sequence[str],
    seed: int,
    rtt: float,
    nomination: str,
    settings: Settings,
) -> Peer:
    names = [nat] if isinstance(nat, str) else list(nat)
    number = 1 if name == "a" else 2
    nats = []
    for place, each in enumerate(names):
        found = nat_type(each)
        if found is not None:
            outermost = place == len(names) - 1
            ip = f"198.51.100.{number}" if outermost else f"100.64.{number}.{place + 1}"
            label = f"the {each} NAT of {name}" if found.translates else f"the firewall of {name}"
            nats.append(Nat(label, ip, found, Random(f"{seed}/{name}/{place}")))
    inside = f"192.168.{number}.{9 + number}"
    translated = any(each.type.translates for each in nats)
    ip = inside if translated else f"198.51.100.{number}"
    agent = Agent(
        controlling=name == "a",
        credentials=Credentials(f"{name}{seed:03}"[:8], name * 22),
        random=Random(f"{seed}/{name}"),
        nomination=nomination,
        settings=settings,
    )
    host = Host(name, (ip,), tuple(nats), lambda *_: None, rtt / 4, f"lan of {name}")
    peer = Peer(name, " behind ".join(names), agent, network.add(host))

    def receive(now: float, local: Address, remote: Address, data: bytes) -> None:
        agent.receive(now, local, remote, data)

    host.receive = receive
    return peer


class _Gathering:
    """Gathers the candidates of one peer: its host, what STUN tells, what TURN allocates."""

    def __init__(self, network: Network, peer: Peer, *, turn: bool, turn_transport: str) -> None:
        self._network = network
        self._peer = peer
        self._turn = turn and (turn_transport == "tls" or not self._udp_is_blocked)
        self._base = Address(peer.host.ips[0], _PORT)
        self._waiting = {"srflx", *(["relay"] if self._turn else [])}
        self._to_agent = peer.host.receive
        self._transaction = peer.agent.random.randbytes(12)

    @property
    def _udp_is_blocked(self) -> bool:
        return any(nat.type.blocks_udp for nat in self._peer.host.nats)

    def begin(self) -> None:
        """Take the host candidate and ask the servers."""
        self._add(HOST, self._base, self._base)
        self._peer.host.receive = self._receive
        request = stun.build(stun.Method.BINDING, stun.MessageClass.REQUEST, self._transaction)
        for time in _PROBE_TIMES:
            self._network.at(time, lambda _: self._ask(request))
        if self._turn:
            # Allocate, 401, Allocate again (RFC 8656, 7): two round trips.
            self._network.at(4 * self._peer.host.delay, self._allocate)
        self._network.at(_PATIENCE, lambda now: self._end(now, "srflx"))

    def _ask(self, request: bytes) -> None:
        if "srflx" in self._waiting:
            self._network.send(self._peer.host, self._base, self._network.server, request)

    def _receive(self, now: float, local: Address, remote: Address, data: bytes) -> None:
        message, _ = stun.decode(data)
        if message is None or message.transaction_id != self._transaction:
            self._to_agent(now, local, remote, data)
            return
        mapped = message.xor_mapped_address
        if mapped is not None and mapped != self._base:
            self._add(SRFLX, mapped, self._base)
        self._end(now, "srflx")

    def _allocate(self, now: float) -> None:
        relay = self._network.allocate(self._peer.host)
        self._add(RELAY, relay.address, relay.address)
        self._end(now, "relay")

    def _add(self, kind: str, address: Address, base: Address) -> None:
        preference = local_preferences([self._peer.host.ips[0]])[self._peer.host.ips[0]]
        agent = self._peer.agent
        candidate = IceCandidate(
            *(kind, "udp", address, base),
            candidate_priority(kind, preference),
            agent.next_foundation(kind, "udp", base.ip),
            related=self._base if kind != HOST else None,
        )
        agent.add_local(self._network.now, candidate)

    def _end(self, now: float, what: str) -> None:
        self._waiting.discard(what)
        if not self._waiting and not self._peer.gathered_at:
            self._peer.gathered_at = now or 1e-9
            self._peer.agent.end_of_local(now)


def _exchange(now: float, peers: list[Peer]) -> None:
    """Give each side the credentials and candidates of the other, at once."""
    for peer, other in (peers, peers[::-1]):
        peer.agent.set_remote(now, other.agent.credentials)
    described = [[c for c in peer.agent.local if c.type in (HOST, SRFLX, RELAY)] for peer in peers]
    for peer, candidates in zip(peers, described[::-1], strict=True):
        for candidate in candidates:
            peer.agent.add_remote(now, IceCandidate.from_sdp(candidate.to_sdp()))
        peer.agent.end_of_remote(now)


def _is_over(peers: list[Peer]) -> bool:
    return all(peer.agent.state in ("completed", "failed") for peer in peers)


def _run(
    network: Network,
    peers: list[Peer],
    *,
    until: float,
    stop: Callable[[], bool],
    since: float | None = None,
) -> None:
    while True:
        for peer in peers:
            _take_out(network, peer, since)
        if stop():
            return
        times = [time for peer in peers if (time := peer.agent.next_time()) is not None]
        arrival, due = network.next_time(), min(times, default=None)
        if arrival is not None and arrival <= until and (due is None or arrival <= due):
            network.step()
        elif due is not None and due <= until:
            network.now = max(network.now, due)
            for peer in peers:
                wanted = peer.agent.next_time()
                if wanted is not None and wanted <= network.now:
                    peer.agent.on_time(network.now)
        else:
            network.now = max(network.now, until)
            return


def _take_out(network: Network, peer: Peer, since: float | None) -> None:
    """Send what an agent has to send, and keep what happened in it."""
    for transmit in peer.agent.take_transmits():
        network.send(peer.host, transmit.local, transmit.remote, transmit.data)
    for event in peer.agent.take_events():
        peer.events.append(event)
        if event.event == "selected" and peer.selected_at is None and since is not None:
            peer.selected_at = event.t - since


class _Callable(ModuleType):
    """``rtckit.ice.simulate`` names this module and its function: calling either is the same."""

    def __call__(self, *args: Any, **named: Any) -> Simulation:
        return simulate(*args, **named)


sys.modules[__name__].__class__ = _Callable
