"""The RTCP packets of RFC 3550 itself: SR, RR, SDES, BYE and APP (6.4 to 6.7).

The readers here take the packet after its four-byte header; :mod:`rtckit.wire.rtcp` finds it.
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from rtckit.wire.ntp import ntp_to_unix_ns, short_ntp_ns
from rtckit.wire.reading import Reading

__all__ = [
    "APP",
    "BYE",
    "RR",
    "SDES",
    "SR",
    "App",
    "Bye",
    "ReceiverReport",
    "Report",
    "ReportBlock",
    "Sdes",
    "SdesChunk",
    "SdesItem",
    "SdesType",
    "SenderReport",
    "build_report",
    "read_report",
]

SR, RR, SDES, BYE, APP = 200, 201, 202, 203, 204

_SENDER_INFO = Struct("!IQIII")
_REPORT_BLOCK = Struct("!IIIIII")
_WORD = Struct("!I")


class SdesType(IntEnum):
    """Types of SDES items (RFC 3550, 6.5; RFC 8852; RFC 9143, 15.1; the IANA registry)."""

    CNAME = 1
    NAME = 2
    EMAIL = 3
    PHONE = 4
    LOC = 5
    TOOL = 6
    NOTE = 7
    PRIV = 8
    H323_CADDR = 9
    APSI = 10
    RGRP = 11
    RTP_STREAM_ID = 12
    REPAIRED_RTP_STREAM_ID = 13
    CCID = 14
    MID = 15


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """How a stream was received (RFC 3550, 6.4.1).

    ``fraction_lost`` in 1/256 since the last report; ``cumulative_lost`` signed, 24 bits, negative
    when duplicates outweigh losses; ``highest_sequence`` extended by 16 bits of cycles; ``jitter``
    in RTP timestamp units; ``last_sr`` a short NTP time, 0 before the first sender report;
    ``delay_since_last_sr`` in 1/65536 s.
    """

    ssrc: int
    fraction_lost: int
    cumulative_lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay_since_last_sr: int

    @property
    def delay_ns(self) -> int:
        """Nanoseconds since the last sender report came."""
        return short_ntp_ns(self.delay_since_last_sr)


@dataclass(frozen=True, slots=True)
class SenderReport:
    """SR (RFC 3550, 6.4.1): what was sent, when, and how others are received.

    ``ntp_timestamp`` is the 64-bit wall clock time at which the RTP clock showed
    ``rtp_timestamp``; ``octet_count`` counts payload only. ``extension`` is profile-specific.
    """

    ssrc: int
    ntp_timestamp: int
    rtp_timestamp: int
    packet_count: int
    octet_count: int
    reports: tuple[ReportBlock, ...] = ()
    extension: bytes = b""

    @property
    def time_ns(self) -> int:
        """The wall clock time in nanoseconds since 1970; see :mod:`rtckit.wire.ntp`."""
        return ntp_to_unix_ns(self.ntp_timestamp)


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """RR (RFC 3550, 6.4.2)."""

    ssrc: int
    reports: tuple[ReportBlock, ...] = ()
    extension: bytes = b""


@dataclass(frozen=True, slots=True)
class SdesItem:
    """One item of a source description: its type, 1..255, and up to 255 bytes, as they came."""

    type: int
    value: bytes

    @property
    def text(self) -> str:
        """The value for showing; bytes that are not UTF-8 are written as escapes."""
        return self.value.decode("utf-8", "backslashreplace")

    @property
    def private(self) -> tuple[bytes, bytes] | None:
        """Prefix and value of a PRIV item (RFC 3550, 6.5.8); None for others and damaged ones."""
        if self.type != SdesType.PRIV or not self.value or len(self.value) <= self.value[0]:
            return None
        end = 1 + self.value[0]
        return self.value[1:end], self.value[end:]


@dataclass(frozen=True, slots=True)
class SdesChunk:
    """What is said of one source."""

    ssrc: int
    items: tuple[SdesItem, ...]

    def get(self, item_type: int) -> str | None:
        """The text of the first item of that type."""
        return next((item.text for item in self.items if item.type == item_type), None)

    @property
    def cname(self) -> str | None:
        """The canonical end-point identifier."""
        return self.get(SdesType.CNAME)


@dataclass(frozen=True, slots=True)
class Sdes:
    """Source description (RFC 3550, 6.5)."""

    chunks: tuple[SdesChunk, ...]


@dataclass(frozen=True, slots=True)
class Bye:
    """Sources that leave, and why (RFC 3550, 6.6)."""

    ssrcs: tuple[int, ...]
    reason: bytes | None = None

    @property
    def reason_text(self) -> str | None:
        """The reason for showing; bytes that are not UTF-8 are written as escapes."""
        return None if self.reason is None else self.reason.decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class App:
    """An application's own packet: four bytes of name, whole words of data (RFC 3550, 6.7)."""

    ssrc: int
    subtype: int
    name: bytes
    data: bytes = b""


Report = SenderReport | ReceiverReport | Sdes | Bye | App


def read_report(
    data: bytes, start: int, end: int, packet_type: int, count: int, reading: Reading
) -> Report | None:
    """The packet in ``data[start:end]``, which follows the header; None when it is cut short."""
    if packet_type == SR:
        return _read_sender_report(data, start, end, count, reading)
    if packet_type == RR:
        return _read_receiver_report(data, start, end, count, reading)
    if packet_type == SDES:
        return _read_sdes(data, start, end, count, reading)
    if packet_type == BYE:
        return _read_bye(data, start, end, count, reading)
    return _read_app(data, start, end, count, reading)


def _read_sender_report(
    data: bytes, start: int, end: int, count: int, reading: Reading
) -> SenderReport | None:
    if end - start < _SENDER_INFO.size:
        reading.problem(f"SR cut short: {end - start} bytes", start, "24 bytes of sender info")
        return None
    ssrc, ntp, rtp, packets, octets = _SENDER_INFO.unpack_from(data, start)
    blocks, extension = _read_blocks(data, start + _SENDER_INFO.size, end, count, reading)
    return SenderReport(ssrc, ntp, rtp, packets, octets, blocks, extension)


def _read_receiver_report(
    data: bytes, start: int, end: int, count: int, reading: Reading
) -> ReceiverReport | None:
    if end - start < _WORD.size:
        reading.problem(f"RR cut short: {end - start} bytes", start, "an SSRC")
        return None
    (ssrc,) = _WORD.unpack_from(data, start)
    return ReceiverReport(ssrc, *_read_blocks(data, start + _WORD.size, end, count, reading))


def _read_blocks(
    data: bytes, start: int, end: int, count: int, reading: Reading
) -> tuple[tuple[ReportBlock, ...], bytes]:
    """``count`` report blocks and the profile-specific extension after them."""
    there = min(count, (end - start) // _REPORT_BLOCK.size)
    reports = []
    for index in range(there):
        offset = start + index * _REPORT_BLOCK.size
        ssrc, loss, highest, jitter, last_sr, delay = _REPORT_BLOCK.unpack_from(data, offset)
        lost = loss & 0xFFFFFF
        if lost >> 23:
            lost -= 1 << 24
        reports.append(ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last_sr, delay))
    if there < count:
        reading.problem(
            f"report blocks cut short: {there} of {count}",
            start + there * _REPORT_BLOCK.size,
            f"{count} report blocks of 24 bytes",
        )
        return tuple(reports), b""
    return tuple(reports), data[start + there * _REPORT_BLOCK.size : end]


def _read_sdes(data: bytes, start: int, end: int, count: int, reading: Reading) -> Sdes:
    chunks = []
    position = start
    for index in range(count):
        if end - position < _WORD.size:
            reading.problem(
                f"SDES chunks cut short: {index} of {count}", position, f"{count} chunks"
            )
            break
        (ssrc,) = _WORD.unpack_from(data, position)
        items, position = _read_items(data, position + _WORD.size, end, reading)
        chunks.append(SdesChunk(ssrc, items))
        filled = start + (position - start + 3) // 4 * 4
        if any(data[position : min(filled, end)]):
            reading.problem("padding after SDES items is not zero", position, "zeros")
        position = filled
    if position < end:
        reading.problem(
            f"{end - position} bytes after the last SDES chunk", position, "nothing more"
        )
    return Sdes(tuple(chunks))


def _read_items(
    data: bytes, position: int, end: int, reading: Reading
) -> tuple[tuple[SdesItem, ...], int]:
    """The items of a chunk, and where its terminating null ends."""
    items: list[SdesItem] = []
    while position < end:
        item_type = data[position]
        if item_type == 0:
            return tuple(items), position + 1
        stop = position + 2 + (data[position + 1] if position + 1 < end else 0)
        if position + 1 == end or stop > end:
            reading.problem(f"SDES item {item_type} cut short", position, "type, length and text")
            return tuple(items), end
        items.append(SdesItem(item_type, data[position + 2 : stop]))
        position = stop
    reading.problem("SDES items not ended by a null", position, "a null octet")
    return tuple(items), end


def _read_bye(data: bytes, start: int, end: int, count: int, reading: Reading) -> Bye:
    there = min(count, (end - start) // 4)
    ssrcs = tuple(
        int.from_bytes(data[offset : offset + 4], "big")
        for offset in range(start, start + 4 * there, 4)
    )
    position = start + 4 * there
    if there < count:
        reading.problem(f"BYE cut short: {there} of {count} SSRCs", position, f"{count} SSRCs")
        return Bye(ssrcs)
    if position == end:
        return Bye(ssrcs)
    length = data[position]
    stop = position + 1 + length
    if stop > end:
        reading.problem(
            f"BYE reason cut short: {end - position - 1} of {length} bytes",
            position,
            f"{length} bytes of reason",
        )
    elif end - stop > 3 or any(data[stop:end]):
        reading.problem(f"{end - stop} bytes after the BYE reason", stop, "zeros up to the word")
    return Bye(ssrcs, data[position + 1 : min(stop, end)])


def _read_app(data: bytes, start: int, end: int, count: int, reading: Reading) -> App | None:
    if end - start < 8:
        reading.problem(f"APP cut short: {end - start} bytes", start, "an SSRC and a name")
        return None
    (ssrc,) = _WORD.unpack_from(data, start)
    return App(ssrc, count, data[start + 4 : start + 8], data[start + 8 : end])


def build_report(packet: Report) -> tuple[int, int, bytes]:
    """Packet type, count field and the bytes after the four-byte header.

    ``ValueError`` (or ``struct.error``, which the caller turns into one) for a field out of range.
    """
    if isinstance(packet, SenderReport):
        info = _SENDER_INFO.pack(
            packet.ssrc,
            packet.ntp_timestamp,
            packet.rtp_timestamp,
            packet.packet_count,
            packet.octet_count,
        )
        return SR, len(packet.reports), info + _build_blocks(packet)
    if isinstance(packet, ReceiverReport):
        return RR, len(packet.reports), _WORD.pack(packet.ssrc) + _build_blocks(packet)
    if isinstance(packet, Sdes):
        return SDES, len(packet.chunks), b"".join(_build_chunk(chunk) for chunk in packet.chunks)
    if isinstance(packet, Bye):
        body = b"".join(_WORD.pack(ssrc) for ssrc in packet.ssrcs)
        if packet.reason is not None:
            reason = bytes([len(packet.reason)]) + packet.reason
            body += reason + bytes(-len(reason) % 4)
        return BYE, len(packet.ssrcs), body
    if len(packet.name) != 4 or len(packet.data) % 4:
        raise ValueError("an APP has a name of 4 bytes and whole words of data")
    return APP, packet.subtype, _WORD.pack(packet.ssrc) + packet.name + packet.data


def _build_blocks(packet: SenderReport | ReceiverReport) -> bytes:
    if len(packet.extension) % 4:
        raise ValueError("a profile-specific extension is whole 32-bit words")
    parts = []
    for report in packet.reports:
        if not -(1 << 23) <= report.cumulative_lost < 1 << 23 or report.fraction_lost >> 8:
            raise ValueError(f"{report}: loss does not fit in 24 and 8 bits")
        parts.append(
            _REPORT_BLOCK.pack(
                report.ssrc,
                report.fraction_lost << 24 | report.cumulative_lost & 0xFFFFFF,
                report.highest_sequence,
                report.jitter,
                report.last_sr,
                report.delay_since_last_sr,
            )
        )
    return b"".join(parts) + packet.extension


def _build_chunk(chunk: SdesChunk) -> bytes:
    parts = [_WORD.pack(chunk.ssrc)]
    for item in chunk.items:
        if not item.type or len(item.value) > 255:
            raise ValueError(f"SDES item {item.type} of {len(item.value)} bytes")
        parts.append(bytes([item.type, len(item.value)]) + item.value)
    data = b"".join(parts)
    return data + bytes(4 - len(data) % 4)
