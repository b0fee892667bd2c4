"""RTCP datagrams: one or more RTCP packets behind one another (RFC 3550, 6.1).

:func:`parse_compound` holds a datagram to RFC 3550; :func:`decode_compound` reads what is there,
reduced-size packets (RFC 5506) included. The packets themselves are read by
:mod:`~rtckit.wire.rtcp_reports`, :mod:`~rtckit.wire.rtcp_feedback`,
:mod:`~rtckit.wire.rtcp_congestion` and :mod:`~rtckit.wire.rtcp_xr`, whose records can be had from
here. SRTCP leaves only the first eight bytes in the clear: :func:`decode_srtcp_header`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from struct import error as struct_error

from rtckit.core.findings import Problem
from rtckit.wire.ntp import (
    ntp_to_unix_ns,
    round_trip_ns,
    short_ntp,
    short_ntp_ns,
    unix_ns_to_ntp,
)
from rtckit.wire.reading import Reading
from rtckit.wire.rtcp_congestion import Ccfb, CcfbReport, PacketMetric, TransportCc
from rtckit.wire.rtcp_feedback import (
    PSFB,
    RTPFB,
    BitrateLimit,
    Feedback,
    Fir,
    FirEntry,
    GenericFeedback,
    LayerIndex,
    Lrr,
    LrrEntry,
    Nack,
    NackEntry,
    Pli,
    Remb,
    Sli,
    SliEntry,
    Tmmbn,
    Tmmbr,
    build_feedback,
    feedback_name,
    read_feedback,
)
from rtckit.wire.rtcp_reports import (
    App,
    Bye,
    ReceiverReport,
    ReportBlock,
    Sdes,
    SdesChunk,
    SdesItem,
    SdesType,
    SenderReport,
    build_report,
    read_report,
)
from rtckit.wire.rtcp_xr import ExtendedReport, build_xr, read_xr

__all__ = [
    "App",
    "BitrateLimit",
    "Bye",
    "Ccfb",
    "CcfbReport",
    "ExtendedReport",
    "Feedback",
    "Fir",
    "FirEntry",
    "GenericFeedback",
    "LayerIndex",
    "Lrr",
    "LrrEntry",
    "Nack",
    "NackEntry",
    "PacketMetric",
    "PacketType",
    "Pli",
    "ReceiverReport",
    "Remb",
    "ReportBlock",
    "RtcpPacket",
    "Sdes",
    "SdesChunk",
    "SdesItem",
    "SdesType",
    "SenderReport",
    "Sli",
    "SliEntry",
    "SrtcpHeader",
    "Tmmbn",
    "Tmmbr",
    "TransportCc",
    "Unknown",
    "build_compound",
    "decode_compound",
    "decode_srtcp_header",
    "is_whole_compound",
    "ntp_to_unix_ns",
    "packet_name",
    "parse_compound",
    "round_trip_ns",
    "short_ntp",
    "short_ntp_ns",
    "unix_ns_to_ntp",
]


class PacketType(IntEnum):
    """RTCP packet types that IANA has assigned, by the registry's abbreviations."""

    H261_FIR = 192
    H261_NACK = 193
    SMPTETC = 194
    IJ = 195
    SR = 200
    RR = 201
    SDES = 202
    BYE = 203
    APP = 204
    RTPFB = 205
    PSFB = 206
    XR = 207
    AVB = 208
    RSI = 209
    TOKEN = 210
    IDMS = 211
    RGRS = 212
    SNM = 213


@dataclass(frozen=True, slots=True)
class Unknown:
    """A packet with no reader here, or one too damaged for its own.

    ``count`` is the five-bit field of the header, ``body`` what follows the header's four bytes.
    """

    packet_type: int
    count: int
    body: bytes


RtcpPacket = SenderReport | ReceiverReport | Sdes | Bye | App | ExtendedReport | Feedback | Unknown


@dataclass(frozen=True, slots=True)
class SrtcpHeader:
    """What SRTCP leaves in the clear (RFC 3711, 3.4): the first packet's type, count, length, SSRC.

    ``length`` is that of the first packet in 32-bit words minus one.
    """

    packet_type: int
    count: int
    length: int
    ssrc: int


_HEADER = Struct("!BBH")
_SRTCP_HEADER = Struct("!BBHI")
_TRANSPORT_CC_FMT = 15
# A run of 8191 packets takes two bytes; this is more than any real datagram reports on.
_STATUS_LIMIT = 0x40000


def packet_name(packet_type: int, count: int = 0) -> str:
    """The short name of a packet type; of a feedback format too, which is its ``count``."""
    if packet_type in (RTPFB, PSFB):
        return feedback_name(packet_type, count)
    try:
        return PacketType(packet_type).name
    except ValueError:
        return f"RTCP {packet_type}"


def decode_srtcp_header(data: bytes) -> SrtcpHeader | None:
    """The header of an SRTCP or RTCP datagram; None when it cannot be one. Never raises."""
    if len(data) < _SRTCP_HEADER.size:
        return None
    first, packet_type, length, ssrc = _SRTCP_HEADER.unpack_from(data)
    if first >> 6 != 2 or not 192 <= packet_type <= 223:
        return None
    return SrtcpHeader(packet_type, first & 0x1F, length, ssrc)


def is_whole_compound(data: bytes) -> bool:
    """Whether the lengths of the packets in ``data`` add up to its own (RFC 3550, A.2).

    Of plain RTCP they do. SRTCP encrypts every header but the first and appends an index and a
    tag, so that there they do not, save by a chance of one in thousands.
    """
    position = 0
    while len(data) - position >= _HEADER.size:
        first, _, words = _HEADER.unpack_from(data, position)
        if first >> 6 != 2:
            return False
        position += 4 * words + 4
    return position == len(data) > 0


def parse_compound(data: bytes, *, reduced_size: bool = False) -> tuple[RtcpPacket, ...]:
    """The packets of a datagram; :class:`ParseError` for anything the RFCs do not allow.

    The first must be SR or RR (RFC 3550, A.2) unless ``reduced_size`` (RFC 5506, 4.1); padding may
    be on the last only.
    """
    return _read_compound(data, Reading(strict=True), reduced_size)


def decode_compound(data: bytes) -> tuple[tuple[RtcpPacket, ...], tuple[Problem, ...]]:
    """The packets of a datagram as far as they can be read, and what was wrong. Never raises.

    Reduced size is no problem. A packet its own reader cannot make sense of is :class:`Unknown` (or
    :class:`GenericFeedback`) with its bytes; reading goes on as long as the lengths lead on.
    """
    reading = Reading(strict=False)
    return _read_compound(data, reading, True), tuple(reading.problems)


def _read_compound(data: bytes, reading: Reading, reduced_size: bool) -> tuple[RtcpPacket, ...]:
    packets: list[RtcpPacket] = []
    position, size = 0, len(data)
    statuses = 0
    if not data:
        reading.problem("empty datagram", 0, "an RTCP packet")
    while position < size:
        if size - position < _HEADER.size:
            reading.problem(
                f"{size - position} bytes after the last packet", position, "an RTCP header"
            )
            break
        first, packet_type, words = _HEADER.unpack_from(data, position)
        if first >> 6 != 2:
            reading.problem(f"RTCP version {first >> 6}", position, "version 2")
            break
        if not packets and not reduced_size and packet_type not in (PacketType.SR, PacketType.RR):
            reading.problem(
                f"compound packet begins with {packet_name(packet_type, first & 0x1F)}",
                position + 1,
                "SR or RR",
            )
        start = position + _HEADER.size
        end = start + 4 * words
        count = first & 0x1F
        if end > size:
            reading.problem(
                f"{packet_name(packet_type, count)} cut short: {size - start} of {4 * words} bytes",
                start,
                f"{4 * words} bytes after the header",
            )
            stop = size
        else:
            stop = end
            if first & 0x20:
                stop -= _read_padding(data, start, end, packet_type, count, reading)
        if packet_type == RTPFB and count == _TRANSPORT_CC_FMT:
            statuses += int.from_bytes(data[start + 10 : start + 12], "big")
        if statuses > _STATUS_LIMIT:
            reading.problem(
                f"transport-cc on more than {_STATUS_LIMIT} packets", position, "a sane report"
            )
            packets.append(Unknown(packet_type, count, data[start:stop]))
        else:
            packets.append(_read_packet(data, start, stop, packet_type, count, reading))
        position = end
    return tuple(packets)


def _read_padding(
    data: bytes, start: int, end: int, packet_type: int, count: int, reading: Reading
) -> int:
    """How many bytes of padding end at ``end``; 0 when the count there cannot be right.

    RFC 3550, 6.4.1: padding is whole words and only on the last packet. Browsers break that in
    one place: they fill transport-cc up to the word with one to three bytes and set the bit.
    """
    padding = data[end - 1] if end > start else 0
    fills_word = packet_type == RTPFB and count == _TRANSPORT_CC_FMT and padding < 4
    if end < len(data) and not fills_word:
        reading.problem("padding on a packet that is not the last", start - 4, "padding bit 0")
    if not 1 <= padding <= end - start:
        reading.problem(
            f"padding count {padding} in {end - start} bytes", max(start, end - 1), "a count"
        )
        return 0
    if padding % 4 and not fills_word:
        reading.problem(f"padding of {padding} bytes", end - 1, "a multiple of 4")
    return padding


def _read_packet(
    data: bytes, start: int, end: int, packet_type: int, count: int, reading: Reading
) -> RtcpPacket:
    packet: RtcpPacket | None = None
    if packet_type in (RTPFB, PSFB):
        packet = read_feedback(data, start, end, packet_type, count, reading)
    elif packet_type == PacketType.XR:
        packet = read_xr(data, start, end, reading)
    elif PacketType.SR <= packet_type <= PacketType.APP:
        packet = read_report(data, start, end, packet_type, count, reading)
    return packet or Unknown(packet_type, count, data[start:end])


def build_compound(packets: Sequence[RtcpPacket], *, padding: int = 0) -> bytes:
    """The bytes of a datagram with ``packets``, the last one padded by ``padding`` bytes.

    Nothing is added and no order enforced. ``padding`` is a multiple of 4 up to 252.
    ``ValueError`` for a field out of its range or a packet too long.
    """
    if padding % 4 or not 0 <= padding <= 252 or (padding and not packets):
        raise ValueError(f"padding of {padding} bytes")
    parts = []
    for index, packet in enumerate(packets):
        try:
            packet_type, count, body = _build_body(packet)
            fill = -len(body) % 4
            if padding and index == len(packets) - 1:
                fill += padding
            if fill:
                body += bytes(fill - 1) + bytes([fill])
            if not 0 <= count <= 31:
                raise ValueError(f"{count} is more than the count of an RTCP header can say")
            first = 0x80 | (0x20 if fill else 0) | count
            parts += [_HEADER.pack(first, packet_type, len(body) // 4), body]
        except (struct_error, OverflowError) as error:
            raise ValueError(f"{type(packet).__name__} field out of range: {error}") from error
    return b"".join(parts)


def _build_body(packet: RtcpPacket) -> tuple[int, int, bytes]:
    """Packet type, count field and the bytes after the four-byte header."""
    if isinstance(packet, SenderReport | ReceiverReport | Sdes | Bye | App):
        return build_report(packet)
    if isinstance(packet, ExtendedReport):
        return PacketType.XR, 0, build_xr(packet)
    if isinstance(packet, Unknown):
        if len(packet.body) % 4:
            raise ValueError("an RTCP packet is whole 32-bit words")
        return packet.packet_type, packet.count, packet.body
    return build_feedback(packet)
