"""Hosts behind NATs, servers in the open, and packets between them in virtual time."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from rtckit.core.address import Address, Scope, scope_of
from rtckit.ice.virtual.nat import Nat
from rtckit.wire import stun

__all__ = ["Drop", "Host", "Network", "Packet", "Relay"]

_UNROUTABLE = (Scope.PRIVATE, Scope.SHARED, Scope.LINK_LOCAL, Scope.UNIQUE_LOCAL, Scope.LOOPBACK)
_MOST_PACKETS = 200_000


class Packet(NamedTuple):
    """A datagram on its way.

    Attributes:
        sent: when it left, in seconds.
        source: the sender's own address.
        seen: the address the receiver sees it come from.
        to: where it was sent.
        data: the payload.
    """

    sent: float
    source: Address
    seen: Address
    to: Address
    data: bytes


@dataclass(frozen=True, slots=True)
class Drop:
    """A packet that did not arrive, and why."""

    packet: Packet
    reason: str


Receiver = Callable[[float, Address, Address, bytes], None]
"""Takes the time, the local address, where a packet came from, and its data."""


@dataclass(slots=True)
class Host:
    """A machine with addresses.

    Attributes:
        name: for people.
        ips: its addresses.
        nats: what it is behind, the nearest first; two for a carrier-grade NAT.
        receive: who gets its packets.
        delay: seconds between it and the middle of the Internet.
        lan: hosts with the same name here reach each other directly.
    """

    name: str
    ips: tuple[str, ...]
    nats: tuple[Nat, ...]
    receive: Receiver
    delay: float
    lan: str


@dataclass(slots=True)
class Relay:
    """An allocation on a TURN server (RFC 8656): permissions are by address, and never expire here.

    Attributes:
        address: the relayed transport address.
        owner: the host it was allocated for.
        permitted: the peers' addresses.
    """

    address: Address
    owner: Host
    permitted: set[str] = field(default_factory=set)


class Network:
    """Carries packets, in order of time; the same seed gives the same course.

    Args:
        random: for lost packets.
        loss: the part of packets that is lost, 0 to 1.
        server_ip: where STUN and TURN answer on port 3478.
    """

    def __init__(
        self, random: Random, *, loss: float = 0.0, server_ip: str = "203.0.113.10"
    ) -> None:
        self.now = 0.0
        self.drops: list[Drop] = []
        self.delivered: list[tuple[float, Packet]] = []
        self.server = Address(server_ip, 3478)
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

    def send(self, host: Host, source: Address, to: Address, data: bytes) -> None:
        """Send a datagram from a host, or from a relayed address of it."""
        if self._count > _MOST_PACKETS:
            raise RuntimeError("the simulation does not come to an end")
        relay = self._relays.get(source)
        if relay is not None:
            self._send_by_relay(relay, to, data)
            return
        packet = Packet(self.now, source, source, to, data)
        neighbour = self._on_same_lan(host, to)
        if neighbour is not None:
            self._arrive_later(packet, 0.0, neighbour, to)
            return
        seen = source
        for nat in host.nats:
            if to.ip == nat.ip and not nat.type.hairpinning:
                self._drop(packet, f"{nat.name} does no hairpinning")
                return
            mapped = nat.send_out(self.now, seen, to)
            if isinstance(mapped, str):
                self._drop(packet, mapped)
                return
            seen = mapped
            if to.ip == nat.ip:
                break
        self._cross(packet._replace(seen=seen), host.delay)

    def _cross(self, packet: Packet, delay: float) -> None:
        """Take a packet over the Internet."""
        if scope_of(packet.to.ip) in _UNROUTABLE:
            self._drop(packet, f"{packet.to.ip} is private: no router on the way knows it")
            return
        if self._random.random() < self._loss:
            self._drop(packet, "lost on the way")
            return
        self.at(self.now + delay, lambda now: self._reach(now, packet))

    def _reach(self, now: float, packet: Packet) -> None:
        """Bring a packet from the middle of the Internet to whoever has the address."""
        if packet.to == self.server:
            self._answer_binding(packet)
            return
        relay = self._relays.get(packet.to)
        if relay is not None:
            self._relay_in(relay, packet)
            return
        for host in self._hosts:
            to: Address | str = packet.to
            if host.nats and host.nats[-1].type.translates:
                if packet.to.ip != host.nats[-1].ip:
                    continue
            elif packet.to.ip not in host.ips:
                continue
            for nat in reversed(host.nats):
                assert isinstance(to, Address)
                to = nat.take_in(now, packet.seen, to)
                if isinstance(to, str):
                    break
            if isinstance(to, Address) and to.ip not in host.ips:
                continue  # the mapping is of another host behind the same NAT
            if isinstance(to, str):
                self._drop(packet, to)
                return
            self._arrive_later(packet, host.delay, host, to)
            return
        self._drop(packet, f"nobody has the address {packet.to.ip}")

    def _arrive_later(self, packet: Packet, delay: float, host: Host, local: Address) -> None:
        def arrive(now: float) -> None:
            self.delivered.append((now, packet))
            host.receive(now, local, packet.seen, packet.data)

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

    def _drop(self, packet: Packet, reason: str) -> None:
        self.drops.append(Drop(packet, reason))

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
        self._cross(Packet(self.now, self.server, self.server, packet.seen, answer), 0.0)

    def allocate(self, owner: Host) -> Relay:
        """Make an allocation; its signalling with the server is not played."""
        relay = Relay(Address(self.server.ip, self._next_relay_port), owner)
        self._next_relay_port += 1
        self._relays[relay.address] = relay
        return relay

    def _send_by_relay(self, relay: Relay, to: Address, data: bytes) -> None:
        """Send from a relayed address; the permission is asked for with the first packet."""
        delay = relay.owner.delay
        is_new = to.ip not in relay.permitted
        packet = Packet(self.now, relay.address, relay.address, to, data)

        def leave(now: float) -> None:
            relay.permitted.add(to.ip)
            self._cross(packet, 0.0)

        # CreatePermission and its answer, then the data (RFC 8656, 9).
        self.at(self.now + (3 * delay if is_new else delay), leave)

    def _relay_in(self, relay: Relay, packet: Packet) -> None:
        if packet.seen.ip not in relay.permitted:
            self._drop(packet, f"the relay has no permission for {packet.seen.ip}")
            return
        self._arrive_later(packet, relay.owner.delay, relay.owner, relay.address)
