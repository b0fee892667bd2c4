"""One vantage point: a capture read once, its packets fed to every reducer.

The same reducers serve a file, a trace and, one day, a live session: they only see packets.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rtckit.analysis.decode import Decoder, FlowKey, Packet, flow_key
from rtckit.analysis.dtls_session import DtlsSession
from rtckit.analysis.flows import FlowTable
from rtckit.analysis.ice_session import IceView, find_ice_views, orient, session_ufrags
from rtckit.analysis.rtp_streams import RtpStream
from rtckit.analysis.signalling import Signalling
from rtckit.analysis.transactions import TransactionTable
from rtckit.analysis.turn_session import Allocation, count_relayed, find_allocations
from rtckit.capture import Datagram
from rtckit.core.address import Address
from rtckit.core.findings import Problem
from rtckit.wire import stun
from rtckit.wire.demux import Kind
from rtckit.wire.rtcp import decode_srtcp_header, is_whole_compound
from rtckit.wire.rtp_extensions import decode_extensions

__all__ = ["IcmpUnreachable", "RtcpSeen", "Vantage", "analyze_datagrams"]

_STREAM_LIMIT = 10_000
# RFC 3551, table 4 and 5: payload types whose clock rate needs no description.
_STATIC_CODECS = {
    0: ("PCMU", 8000),
    3: ("GSM", 8000),
    8: ("PCMA", 8000),
    9: ("G722", 8000),
    13: ("CN", 8000),
    18: ("G729", 8000),
    26: ("JPEG", 90000),
    31: ("H261", 90000),
    34: ("H263", 90000),
}


@dataclass(slots=True)
class RtcpSeen:
    """RTCP from one source: how many packets, and of which first type."""

    sender_ssrc: int
    src: Address
    packets: int = 0
    types: Counter[int] = field(default_factory=Counter)
    encrypted: bool = True
    first_frame: int = 0


@dataclass(frozen=True, slots=True)
class IcmpUnreachable:
    """An ICMP error about a datagram of the call."""

    frame: int
    time_ns: int
    reporter: str
    src: Address
    dst: Address
    meaning: str


@dataclass(slots=True)
class Vantage:
    """What one capture shows.

    ``side`` is ``"a"`` or ``"b"`` where the capture was taken at that end. ``kinds`` counts the
    packets on the wire, ``relayed_kinds`` what TURN carried inside them.
    """

    name: str
    file: str
    side: str | None = None
    kinds: Counter[Kind] = field(default_factory=Counter)
    relayed_kinds: Counter[Kind] = field(default_factory=Counter)
    packets: int = 0
    frames: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    flows: FlowTable = field(default_factory=FlowTable)
    transactions: TransactionTable = field(default_factory=TransactionTable)
    allocations: list[Allocation] = field(default_factory=list)
    ice: list[IceView] = field(default_factory=list)
    dtls: list[DtlsSession] = field(default_factory=list)
    streams: list[RtpStream] = field(default_factory=list)
    rtcp: list[RtcpSeen] = field(default_factory=list)
    icmp_errors: list[IcmpUnreachable] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    truncated: bool = False

    @property
    def duration_ns(self) -> int:
        """From the first to the last packet."""
        if self.first_ns is None or self.last_ns is None:
            return 0
        return self.last_ns - self.first_ns


class _Reducers:
    """Feeds packets of one vantage point to flows, transactions, DTLS sessions and streams."""

    def __init__(self, vantage: Vantage, signalling: Signalling) -> None:
        self.vantage = vantage
        self.signalling = signalling
        self.relayed: dict[tuple[Address, Address], list[int]] = {}
        self._transports: dict[FlowKey, frozenset[str]] = {}
        self._sides: dict[tuple[FlowKey, Address], str] = {}
        self._dtls: dict[object, DtlsSession] = {}
        self._streams: dict[object, RtpStream] = {}
        self._rtcp: dict[object, RtcpSeen] = {}
        self._mid_ids = signalling.mid_extension_id()

    def feed(self, packet: Packet) -> None:
        vantage = self.vantage
        if packet.relay is None:
            vantage.packets += 1
            vantage.kinds[packet.kind] += 1
            if vantage.first_ns is None:
                vantage.first_ns = packet.time_ns
            vantage.last_ns = max(vantage.last_ns or packet.time_ns, packet.time_ns)
        else:
            vantage.relayed_kinds[packet.kind] += 1
            count_relayed(packet, self.relayed)
        vantage.flows.feed(packet)
        if packet.kind is Kind.STUN:
            vantage.transactions.feed(packet)
            self._learn_transport(packet)
        elif packet.kind is Kind.RTP:
            self._feed_rtp(packet)
        elif packet.kind is Kind.RTCP:
            self._feed_rtcp(packet)
        elif packet.kind is Kind.DTLS:
            self._feed_dtls(packet)

    def _learn_transport(self, packet: Packet) -> None:
        """Which ICE session a flow belongs to, and which agent is at which address."""
        message = packet.message
        if message is None or message.message_class is not stun.MessageClass.REQUEST:
            return
        ufrags = session_ufrags(message)
        if ufrags is None:
            return
        receiver, sender = ufrags
        key = flow_key(packet.transport, packet.src, packet.dst)
        self._transports[key] = frozenset(ufrags)
        a, _ = orient(sender, receiver, self.signalling)
        side, other = ("a", "b") if sender == a else ("b", "a")
        self._sides[(key, packet.src)] = side
        self._sides[(key, packet.dst)] = other

    def _place(self, packet: Packet) -> tuple[object, str | None]:
        """(the transport's identity, the sender's side) of a packet.

        What a TURN server relays between two of its clients is seen once in each allocation.
        """
        key = flow_key(packet.transport, packet.src, packet.dst)
        transport: object = self._transports.get(key) or key
        if packet.relay is not None and self.vantage.side is None:
            transport = (transport, packet.relay.client)
        return transport, self._sides.get((key, packet.src))

    def _feed_dtls(self, packet: Packet) -> None:
        transport, side = self._place(packet)
        session = self._dtls.get(transport)
        if session is None:
            session = self._dtls[transport] = DtlsSession(self.vantage.name, transport)
        session.feed(packet, side)

    def _feed_rtp(self, packet: Packet) -> None:
        header = packet.rtp
        if header is None:
            return
        transport, side = self._place(packet)
        if side is not None and self.signalling:
            # A source lives as long as the call, through restarts and pair changes.
            key: object = (header.ssrc, side, transport if self.vantage.side is None else None)
        else:
            key = (header.ssrc, transport, side or packet.src)
        stream = self._streams.get(key)
        if stream is None:
            if len(self._streams) >= _STREAM_LIMIT:
                return
            stream = self._streams[key] = RtpStream(
                header.ssrc, packet.src, packet.dst, self.vantage.name, side
            )
            self._describe(stream, header.payload_type)
        if stream.mid is None and header.extension_profile is not None:
            self._read_mid(stream, header.extension_profile, header.extension)
        stream.feed(packet)

    def _describe(self, stream: RtpStream, payload_type: int) -> None:
        """Codec, clock rate and mid as signalled."""
        found = self.signalling.codec_for(stream.sender, payload_type)
        announced = self.signalling.section_of_ssrc(stream.ssrc)
        if announced is not None:
            stream.mid = announced[1].mid
            stream.sender = stream.sender or announced[0].sender
        if found is not None:
            section, codec = found
            stream.codec, stream.clock_rate, stream.kind = (
                codec.name,
                codec.clock_rate,
                section.kind,
            )
        elif payload_type in _STATIC_CODECS:
            stream.codec, stream.clock_rate = _STATIC_CODECS[payload_type]

    def _read_mid(self, stream: RtpStream, profile: int, extension: bytes) -> None:
        wanted = self._mid_ids.get(stream.sender)
        if wanted is None:
            return
        elements, _ = decode_extensions(profile, extension)
        for element in elements or ():
            if element.id == wanted:
                stream.mid = element.value.decode("ascii", "backslashreplace")

    def _feed_rtcp(self, packet: Packet) -> None:
        header = decode_srtcp_header(packet.payload)
        if header is None:
            return
        _, side = self._place(packet)
        key = (header.ssrc, side or packet.src)
        seen = self._rtcp.get(key)
        if seen is None:
            if len(self._rtcp) >= _STREAM_LIMIT:
                return
            # The lengths of plain RTCP add up; SRTCP ends in an index and a tag.
            seen = self._rtcp[key] = RtcpSeen(
                header.ssrc,
                packet.src,
                encrypted=not is_whole_compound(packet.payload),
                first_frame=packet.frame,
            )
        seen.packets += 1
        seen.types[header.packet_type] += 1

    def finish(self) -> None:
        vantage = self.vantage
        vantage.allocations = find_allocations(vantage.transactions, self.relayed)
        vantage.ice = find_ice_views(
            vantage.name, vantage.transactions, vantage.flows, self.signalling
        )
        vantage.dtls = list(self._dtls.values())
        vantage.streams = list(self._streams.values())
        vantage.rtcp = list(self._rtcp.values())


def analyze_datagrams(
    datagrams: Iterable[Datagram],
    vantage: Vantage,
    signalling: Signalling,
    progress: Callable[[int], None] | None = None,
) -> Vantage:
    """Fill ``vantage`` from datagrams in capture order; ``progress`` is told frames so far."""
    decoder = Decoder()
    reducers = _Reducers(vantage, signalling)
    for count, packet in enumerate(decoder.decode(datagrams)):
        reducers.feed(packet)
        if progress is not None and not count % 4096:
            progress(packet.frame)
    reducers.finish()
    vantage.problems.extend(decoder.problems)
    return vantage
