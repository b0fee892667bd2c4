"""One vantage point's datagrams become packets of known kind, relayed ones unwrapped.

The first byte alone (RFC 7983) cannot tell RTP from a DNS reply or a DTLS 1.3 record from noise, so
the flow decides: a 5-tuple that carried STUN or a DTLS handshake may carry anything of RFC 7983;
elsewhere RTP must prove itself by two packets in sequence (the probation of RFC 3550, A.1).

Invariants: never raises; yields packets in capture order, except that the first packet of an RTP
stream on an unproven flow is yielded together with its second; state is bounded.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rtckit.capture import Datagram
from rtckit.core.address import Address
from rtckit.core.findings import Problem
from rtckit.wire import stun, turn
from rtckit.wire.demux import Kind, first_byte_kind
from rtckit.wire.rtp import RtpHeader, decode_header

__all__ = ["Decoder", "Packet", "Relay", "flow_key"]

_TURN_METHODS = frozenset(
    {
        stun.Method.ALLOCATE,
        stun.Method.REFRESH,
        stun.Method.SEND,
        stun.Method.DATA,
        stun.Method.CREATE_PERMISSION,
        stun.Method.CHANNEL_BIND,
    }
)
# Services whose packets look like RTP version 2 by chance: DNS, NTP, SSDP, mDNS, LLMNR.
_NOT_MEDIA_PORTS = frozenset({53, 123, 1900, 5353, 5355})
_UNPROVEN_LIMIT = 4096
_PROBATION_GAP = 50
_INSIDE = frozenset({Kind.STUN, Kind.DTLS, Kind.RTP, Kind.RTCP})

FlowKey = tuple[str, Address, Address]


class Relay(NamedTuple):
    """How a packet travelled inside TURN: which allocation, and wrapped in what."""

    client: Address
    server: Address
    transport: str
    form: str  # "channel" or "indication"
    channel: int | None
    outward: bool  # from the client towards the peer


class Packet(NamedTuple):
    """A datagram of known kind.

    ``src`` and ``dst`` are the addresses ICE thinks in: for relayed packets the relayed transport
    address and the peer's, with ``relay`` telling the allocation. ``length`` is the payload's
    length on the wire, in bytes; ``payload`` may be shorter where the capture cut it.
    """

    frame: int
    time_ns: int
    transport: str
    src: Address
    dst: Address
    kind: Kind
    payload: bytes
    length: int
    message: stun.Message | None = None
    rtp: RtpHeader | None = None
    relay: Relay | None = None


def flow_key(transport: str, one: Address, other: Address) -> FlowKey:
    """The same key for both directions of a 5-tuple."""
    return (transport, one, other) if one <= other else (transport, other, one)


class _Flow:
    __slots__ = ("dtls", "quic", "stun", "turn")

    def __init__(self) -> None:
        self.stun = False
        self.turn = False
        self.dtls = False
        self.quic = False


class _AllocationState:
    """What is needed to unwrap an allocation's traffic."""

    __slots__ = ("channels", "relayed", "unbound")

    def __init__(self) -> None:
        self.relayed: dict[int, Address] = {}
        self.channels: dict[int, Address] = {}
        self.unbound: dict[bytes, tuple[int, Address]] = {}


class Decoder:
    """Decodes the datagrams of one vantage point in capture order."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._flows: dict[FlowKey, _Flow] = {}
        self._allocations: dict[tuple[str, Address, Address], _AllocationState] = {}
        self._unproven: dict[tuple[FlowKey, Address, int], tuple[int, Packet]] = {}

    def decode(self, datagrams: Iterable[Datagram]) -> Iterator[Packet]:
        """Every datagram as a packet, each followed by what it carries inside TURN."""
        for datagram in datagrams:
            packet = self._classify(
                datagram.frame,
                datagram.time_ns,
                datagram.transport,
                datagram.src,
                datagram.dst,
                datagram.payload,
                datagram.length,
                None,
            )
            yield from self._emit(packet)
        for _, packet in self._unproven.values():
            yield packet._replace(kind=Kind.UNKNOWN, rtp=None)
        self._unproven.clear()

    def _emit(self, packet: Packet) -> Iterator[Packet]:
        if packet.kind is Kind.RTP and not self._trusted(packet):
            yield from self._on_probation(packet)
            return
        yield packet
        inner = self._unwrap(packet)
        if inner is not None:
            yield inner

    def _classify(
        self,
        frame: int,
        time_ns: int,
        transport: str,
        src: Address,
        dst: Address,
        payload: bytes,
        length: int,
        relay: Relay | None,
    ) -> Packet:
        kind = first_byte_kind(payload)
        key = flow_key(transport, src, dst)
        flow = self._flows.get(key)
        message: stun.Message | None = None
        header: RtpHeader | None = None
        if kind is Kind.STUN:
            message, problems = stun.decode(payload)
            if message is None:
                kind = Kind.UNKNOWN
            else:
                self._note(problems, frame)
                if flow is None:
                    flow = self._flows[key] = _Flow()
                flow.stun = True
                if message.method in _TURN_METHODS:
                    flow.turn = True
        elif kind is Kind.DTLS:
            if payload[0] < 32:
                if flow is None:
                    flow = self._flows[key] = _Flow()
                flow.dtls = True
            elif relay is None and not (flow is not None and (flow.stun or flow.dtls)):
                kind = Kind.UNKNOWN
        elif kind is Kind.RTP:
            header = decode_header(payload)
            if header is None or src.port in _NOT_MEDIA_PORTS or dst.port in _NOT_MEDIA_PORTS:
                kind, header = Kind.UNKNOWN, None
        elif kind is Kind.RTCP:
            if not _plausible_rtcp(payload, length) or (
                src.port in _NOT_MEDIA_PORTS or dst.port in _NOT_MEDIA_PORTS
            ):
                kind = Kind.UNKNOWN
        elif kind in (Kind.TURN_CHANNEL, Kind.QUIC):
            kind = self._channel_or_quic(payload, kind, key)
        return Packet(
            frame, time_ns, transport, src, dst, kind, payload, length, message, header, relay
        )

    def _note(self, problems: tuple[Problem, ...], frame: int) -> None:
        for problem in problems:
            if len(self.problems) < 200:
                self.problems.append(
                    Problem(problem.message, problem.offset, problem.expected, frame)
                )

    def _channel_or_quic(self, payload: bytes, kind: Kind, key: FlowKey) -> Kind:
        """A ChannelData message where TURN was seen or its content fits; QUIC where it began.

        Only a long header (RFC 9000, 17.2) tells QUIC from any other UDP.
        """
        flow = self._flows.get(key)
        if kind is Kind.QUIC and payload[0] < 128 and flow is not None and flow.turn:
            # RFC 5766 clients number channels up to 0x7FFF; RFC 8656 stops at 0x4FFF.
            return Kind.TURN_CHANNEL
        if kind is Kind.QUIC:
            if payload[0] >= 192:
                self._flows.setdefault(key, _Flow()).quic = True
                return Kind.QUIC
            return Kind.QUIC if flow is not None and flow.quic else Kind.UNKNOWN
        if flow is not None and flow.turn:
            return Kind.TURN_CHANNEL
        if flow is not None and flow.quic:
            return Kind.QUIC
        channel, problems = turn.decode_channel_data(payload)
        if channel is None or problems:
            return Kind.UNKNOWN
        return Kind.TURN_CHANNEL if first_byte_kind(channel.data) in _INSIDE else Kind.UNKNOWN

    def _trusted(self, packet: Packet) -> bool:
        if packet.relay is not None:
            return True
        flow = self._flows.get(flow_key(packet.transport, packet.src, packet.dst))
        return flow is not None and (flow.stun or flow.dtls)

    def _on_probation(self, packet: Packet) -> Iterator[Packet]:
        header = packet.rtp
        assert header is not None  # only RTP comes here
        flow = flow_key(packet.transport, packet.src, packet.dst)
        key = (flow, packet.src, header.ssrc)
        earlier = self._unproven.pop(key, None)
        if earlier is not None:
            step = (header.sequence - earlier[0]) & 0xFFFF
            if 0 < step <= _PROBATION_GAP:
                entry = self._flows.setdefault(flow, _Flow())
                entry.dtls = True
                yield earlier[1]
                yield packet
                return
            yield earlier[1]._replace(kind=Kind.UNKNOWN, rtp=None)
        if len(self._unproven) >= _UNPROVEN_LIMIT:
            oldest = next(iter(self._unproven))
            yield self._unproven.pop(oldest)[1]._replace(kind=Kind.UNKNOWN, rtp=None)
        self._unproven[key] = (header.sequence, packet)

    # -- TURN -----------------------------------------------------------------------------------

    def _unwrap(self, packet: Packet) -> Packet | None:
        """What a Send or Data indication or a ChannelData message carries, as ICE sees it."""
        if packet.kind is Kind.TURN_CHANNEL:
            return self._unwrap_channel(packet)
        message = packet.message
        if message is None or message.method not in _TURN_METHODS:
            return None
        if message.message_class is stun.MessageClass.INDICATION:
            return self._unwrap_indication(packet, message)
        self._follow_allocation(packet, message)
        return None

    def _state(self, transport: str, client: Address, server: Address) -> _AllocationState:
        return self._allocations.setdefault((transport, client, server), _AllocationState())

    def _follow_allocation(self, packet: Packet, message: stun.Message) -> None:
        if message.message_class is stun.MessageClass.REQUEST:
            if message.method == stun.Method.CHANNEL_BIND:
                number, peer = message.channel_number, message.xor_peer_address
                if number is not None and peer is not None:
                    state = self._state(packet.transport, packet.src, packet.dst)
                    state.unbound[message.transaction_id] = (number, peer)
                    if len(state.unbound) > 1024:
                        del state.unbound[next(iter(state.unbound))]
            return
        if message.message_class is not stun.MessageClass.SUCCESS:
            return
        state = self._state(packet.transport, packet.dst, packet.src)
        if message.method == stun.Method.ALLOCATE:
            relayed = message.xor_relayed_address
            if relayed is not None:
                state.relayed[relayed.family] = relayed
        elif message.method == stun.Method.CHANNEL_BIND:
            bound = state.unbound.pop(message.transaction_id, None)
            if bound is not None:
                state.channels[bound[0]] = bound[1]

    def _unwrap_indication(self, packet: Packet, message: stun.Message) -> Packet | None:
        peer, data = message.xor_peer_address, message.data
        if peer is None or data is None:
            return None
        if message.method == stun.Method.SEND:
            return self._inner(packet, packet.src, packet.dst, peer, data, True, None)
        if message.method == stun.Method.DATA:
            return self._inner(packet, packet.dst, packet.src, peer, data, False, None)
        return None

    def _unwrap_channel(self, packet: Packet) -> Packet | None:
        channel, _ = turn.decode_channel_data(packet.payload)
        if channel is None:
            return None
        for client, server, outward in (
            (packet.src, packet.dst, True),
            (packet.dst, packet.src, False),
        ):
            state = self._allocations.get((packet.transport, client, server))
            if state is None:
                continue
            peer = state.channels.get(channel.channel) or next(
                # A client may use a channel before the success response is seen.
                (peer for number, peer in state.unbound.values() if number == channel.channel),
                None,
            )
            if peer is not None:
                return self._inner(
                    packet, client, server, peer, channel.data, outward, channel.channel
                )
        # Bound before the capture began: the peer is unknown, the content is not.
        unknown = Address(f"channel-{channel.channel:#06x}", 0)
        return self._inner(
            packet, packet.src, packet.dst, unknown, channel.data, True, channel.channel
        )

    def _inner(
        self,
        packet: Packet,
        client: Address,
        server: Address,
        peer: Address,
        data: bytes,
        outward: bool,
        channel: int | None,
    ) -> Packet:
        state = self._state(packet.transport, client, server)
        relayed = state.relayed.get(peer.family) or Address(f"relayed-for-{client}", 0)
        relay = Relay(
            client,
            server,
            packet.transport,
            "indication" if channel is None else "channel",
            channel,
            outward,
        )
        src, dst = (relayed, peer) if outward else (peer, relayed)
        return self._classify(packet.frame, packet.time_ns, "udp", src, dst, data, len(data), relay)


def _plausible_rtcp(payload: bytes, length: int) -> bool:
    """A first RTCP header whose type is assigned and whose length fits the packet."""
    if len(payload) < 8 or payload[0] >> 6 != 2 or not 192 <= payload[1] <= 213:
        return False
    return (int.from_bytes(payload[2:4], "big") + 1) * 4 <= length
