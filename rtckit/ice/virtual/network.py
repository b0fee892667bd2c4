"""Hosts behind NATs, servers in the open, and packets between them in virtual time."""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from rtckit.core.address import Address, Scope, scope_of
from rtckit.ice.virtual.nat import Nat
from rtckit.wire import stun

__all__ = ["Arrival", "Drop", "Host", "Network", "Packet", "Relay"]

_UNROUTABLE = (Scope.PRIVATE, Scope.SHARED, Scope.LINK_LOCAL, Scope.UNIQUE_LOCAL, Scope.LOOPBACK)
_MOST_PACKETS = 200_000
_TCP_AGAIN = 1.0
"""After so many seconds TCP sends again what was lost (RFC 6298, 2)."""
_MOST_TCP_ATTEMPTS = 6


class Packet(NamedTuple):
    """A packet on its way.

    Attributes:
        sent: when it left, in seconds.
        source: the sender's own address, as its agent knows it.
        seen: the address the receiver sees it come from.
        to: where it was sent.
        data: the payload.
        transport: ``udp`` or ``tcp``.
        segment: over TCP ``syn``, ``syn-ack``, ``reset`` or ``data``.
    """

    sent: float
    source: Address
    seen: Address
    to: Address
    data: bytes
    transport: str = "udp"
    segment: str = ""


@dataclass(frozen=True, slots=True)
class Drop:
    """A packet that did not arrive.

    Attributes:
        packet: which one.
        reason: why, in words.
        place: the name of the NAT that dropped it; empty for the network between.
        sender: the name of the host it came from; empty for a server.
    """

    packet: Packet
    reason: str
    place: str = ""
    sender: str = ""


class Arrival(NamedTuple):
    """A packet that arrived, when and where; ``relayed`` by a TURN server on its way or not."""

    time: float
    packet: Packet
    sender: str
    receiver: str
    relayed: bool


Receiver = Callable[[float, Address, Packet], None]
"""Takes the time, the local address it came to, and the packet."""


@dataclass(slots=True)
class Host:
    """A machine with addresses.

    Attributes:
        name: for people.
        ips: its addresses.
        nats: what its IPv4 is behind, the nearest first; two for a carrier-grade NAT.
        receive: who gets its packets.
        delay: seconds between it and the middle of the Internet.
        lan: hosts with the same name here reach each other directly.
        firewalls: what its IPv6 is behind.
        dead: addresses of interfaces that lead nowhere.
    """

    name: str
    ips: tuple[str, ...]
    nats: tuple[Nat, ...]
    receive: Receiver
    delay: float
    lan: str
    firewalls: tuple[Nat, ...] = ()
    dead: frozenset[str] = frozenset()

    def path(self, family: int) -> tuple[Nat, ...]:
        """Return what packets of a family pass, the nearest first."""
        return self.nats if family == 4 else self.firewalls


@dataclass(slots=True)
class Relay:
    """An allocation on a TURN server (RFC 8656): permissions are by address, and never expire here.

    Attributes:
        address: the relayed transport address.
        owner: the host it was allocated for.
        permitted: the peers' addresses.
        asked: when a permission was asked for, by address.
    """

    address: Address
    owner: Host
    permitted: set[str] = field(default_factory=set)
    asked: dict[str, float] = field(default_factory=dict)


class Network:
    """Carries packets, in order of time; the same seed gives the same course.

    Args:
        random: for lost packets.
        loss: the part of packets that is lost, 0 to 1.

    Attributes:
        servers: where STUN and TURN answer, by family.
    """

    def __init__(self, random: Random, *, loss: float = 0.0) -> None:
        self.now = 0.0
        self.drops: list[Drop] = []
        self.arrivals: list[Arrival] = []
        self.servers = {4: Address("203.0.113.10", 3478), 6: Address("2001:db8:ffff::10", 3478)}
        self._random = random
        self._loss = loss
        self._hosts: list[Host] = []
        self._relays: dict[Address, Relay] = {}
        self._queue: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0
        self._next_relay_port = 49152

    def add(self, host: Host) -> Host:
        """Connect a host."""
        self._hosts.append(host)
        return host

    # -- time ------------------------------------------------------------------------------------

    def at(self, time: float, action: Callable[[float], None]) -> None:
        """Have something done at a time."""
        self._count += 1
        heapq.heappush(self._queue, (time, self._count, action))

    def next_time(self) -> float | None:
        """When something happens next."""
        return self._queue[0][0] if self._queue else None

    def step(self) -> None:
        """Do what comes next."""
        self.now, _, action = heapq.heappop(self._queue)
        action(self.now)

    # -- sending ---------------------------------------------------------------------------------

    def send(
        self,
        host: Host,
        source: Address,
        to: Address,
        data: bytes,
        *,
        transport: str = "udp",
        segment: str = "",
        port: int | None = None,
    ) -> None:
        """Send a packet from a host, or a datagram from a relayed address of it.

        Args:
            host: the sender.
            source: its base or relayed address.
            to: where to.
            data: the payload.
            transport: ``udp`` or ``tcp``.
            segment: over TCP, what kind of segment.
            port: the real port where ``source`` has only port 9, that of an active candidate.
        """
        if self._count > _MOST_PACKETS:
            raise RuntimeError("the simulation does not come to an end")
        relay = self._relays.get(source)
        if relay is not None:
            self._send_by_relay(relay, to, data)
            return
        seen = source if port is None else Address(source.ip, port)
        packet = Packet(self.now, source, seen, to, data, transport, segment)
        self._leave(host, packet, 1)

    def _leave(self, host: Host, packet: Packet, attempt: int) -> None:
        """Take a packet out of its host's network."""
        to = packet.to
        if packet.source.ip in host.dead:
            self._drop(packet, f"the interface of {packet.source.ip} leads nowhere", "", host)
            return
        neighbour = self._on_same_lan(host, to)
        if neighbour is not None:
            self._arrive_later(packet, 0.0, host.name, neighbour, to)
            return
        seen = packet.seen
        for nat in host.path(to.family):
            if to.ip == nat.ip and not nat.type.hairpinning:
                self._drop(packet, f"{nat.name} does no hairpinning", nat.name, host)
                return
            mapped = nat.send_out(self.now, seen, to, packet.transport)
            if isinstance(mapped, str):
                self._drop(packet, mapped, nat.name, host)
                return
            seen = mapped
            if to.ip == nat.ip:
                break
        self._cross(packet, seen, host, attempt)

    def _cross(self, packet: Packet, seen: Address, host: Host | None, attempt: int = 1) -> None:
        """Take a packet over the Internet; ``host`` is None when a server or relay sent it."""
        if scope_of(packet.to.ip) in _UNROUTABLE:
            reason = f"{packet.to.ip} is private: no router on the way knows it"
            self._drop(packet, reason, "", host)
            return
        if self._random.random() < self._loss:
            self._drop(packet, "lost on the way", "", host)
            if packet.transport == "tcp" and host is not None and attempt < _MOST_TCP_ATTEMPTS:
                sender = host
                again = self.now + _TCP_AGAIN * attempt
                self.at(
                    again,
                    lambda now: self._leave(sender, packet._replace(sent=now), attempt + 1),
                )
            return
        delay = host.delay if host is not None else 0.0
        moved = packet._replace(seen=seen)
        self.at(self.now + delay, lambda now: self._reach(now, moved, host))

    def _reach(self, now: float, packet: Packet, sender: Host | None) -> None:
        """Bring a packet from the middle of the Internet to whoever has the address."""
        if packet.to in self.servers.values():
            self._answer_binding(packet)
            return
        source = self._relays.get(packet.source)
        name = source.owner.name if source is not None else _name(sender)
        relay = self._relays.get(packet.to)
        if relay is not None and packet.transport == "udp":
            self._relay_in(relay, packet, name, sender)
            return
        for host in self._hosts:
            to: Address | str = packet.to
            path = host.path(packet.to.family)
            if path and path[-1].type.translates:
                if packet.to.ip != path[-1].ip:
                    continue
            elif packet.to.ip not in host.ips:
                continue
            place = ""
            for nat in reversed(path):
                assert isinstance(to, Address)
                to = nat.take_in(now, packet.seen, to, packet.transport)
                place = nat.name
                if isinstance(to, str):
                    break
            if isinstance(to, Address) and to.ip not in host.ips:
                continue  # the mapping is of another host behind the same NAT
            if isinstance(to, str):
                self._drop(packet, to, place, sender)
                return
            self._arrive_later(packet, host.delay, name, host, to)
            return
        self._drop(packet, f"nobody has the address {packet.to.ip}", "", sender)

    def _arrive_later(
        self,
        packet: Packet,
        delay: float,
        sender: str,
        host: Host,
        local: Address,
        *,
        relayed: bool = False,
    ) -> None:
        def arrive(now: float) -> None:
            if local.ip in host.dead:
                self._drop(packet, f"the interface of {local.ip} leads nowhere", "", None)
                return
            by_relay = relayed or packet.source in self._relays
            self.arrivals.append(Arrival(now, packet, sender, host.name, by_relay))
            host.receive(now, local, packet)

        self.at(self.now + delay, arrive)

    def _on_same_lan(self, host: Host, to: Address) -> Host | None:
        return next(
            (
                other
                for other in self._hosts
                if other is not host and other.lan == host.lan and to.ip in other.ips
            ),
            None,
        )

    def _drop(self, packet: Packet, reason: str, place: str, sender: Host | None) -> None:
        relay = self._relays.get(packet.source)
        name = relay.owner.name if relay is not None else _name(sender)
        self.drops.append(Drop(packet, reason, place, name))

    # -- servers ---------------------------------------------------------------------------------

    def _answer_binding(self, packet: Packet) -> None:
        """Tell a client its mapped address (RFC 8489, 3)."""
        message, _ = stun.decode(packet.data)
        if message is None or message.message_class is not stun.MessageClass.REQUEST:
            return
        answer = stun.build(
            stun.Method.BINDING,
            stun.MessageClass.SUCCESS,
            message.transaction_id,
            [(stun.AttributeType.XOR_MAPPED_ADDRESS, packet.seen)],
        )
        self._cross(Packet(self.now, packet.to, packet.to, packet.seen, answer), packet.to, None)

    def allocate(self, owner: Host, family: int = 4) -> Relay:
        """Make an allocation; its signalling with the server is not played."""
        relay = Relay(Address(self.servers[family].ip, self._next_relay_port), owner)
        self._next_relay_port += 1
        self._relays[relay.address] = relay
        return relay

    def _send_by_relay(self, relay: Relay, to: Address, data: bytes) -> None:
        """Send from a relayed address, once the server has said that the permission is there."""
        delay = relay.owner.delay
        if to.ip not in relay.asked:
            self._ask_permission(relay, to.ip)
        packet = Packet(self.now, relay.address, relay.address, to, data)
        # CreatePermission and its answer, then the data (RFC 8656, 9).
        leaves = max(self.now + delay, relay.asked[to.ip] + 3 * delay)
        self.at(leaves, lambda now: self._cross(packet, relay.address, None))

    def _ask_permission(self, relay: Relay, ip: str) -> None:
        relay.asked[ip] = self.now
        self.at(self.now + relay.owner.delay, lambda now: relay.permitted.add(ip))

    def permit(self, owner: Host, ips: Iterable[str]) -> None:
        """Ask for permissions on all relays of a host, before any packet needs them."""
        for ip in dict.fromkeys(ips):
            for relay in self._relays.values():
                if relay.owner is owner and ip not in relay.asked:
                    self._ask_permission(relay, ip)

    def _relay_in(self, relay: Relay, packet: Packet, name: str, sender: Host | None) -> None:
        if packet.seen.ip not in relay.permitted:
            reason = f"the relay has no permission for {packet.seen.ip}"
            self._drop(packet, reason, "", sender)
            return
        self._arrive_later(
            packet, relay.owner.delay, name, relay.owner, relay.address, relayed=True
        )


def _name(host: Host | None) -> str:
    return host.name if host is not None else ""
