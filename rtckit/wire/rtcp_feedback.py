"""RTCP feedback messages (RFC 4585, 6; RFC 5104, 4): what receivers ask of senders.

The readers here take the packet after its four-byte header; :mod:`rtckit.wire.rtcp` finds it. Every
record names the SSRC that speaks (``sender_ssrc``) and the one spoken of (``media_ssrc``, 0 where
the entries name their own).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from struct import Struct
from typing import Any, NamedTuple

from rtckit.wire.reading import Reading
from rtckit.wire.rtcp_congestion import (
    Ccfb,
    TransportCc,
    build_ccfb,
    build_transport_cc,
    read_ccfb,
    read_transport_cc,
)

__all__ = [
    "PSFB",
    "RTPFB",
    "BitrateLimit",
    "Feedback",
    "Fir",
    "FirEntry",
    "GenericFeedback",
    "LayerIndex",
    "Lrr",
    "LrrEntry",
    "Nack",
    "NackEntry",
    "Pli",
    "Remb",
    "Sli",
    "SliEntry",
    "Tmmbn",
    "Tmmbr",
    "build_feedback",
    "feedback_name",
    "read_feedback",
]

RTPFB = 205
"""Packet type of transport layer feedback (RFC 4585, 6.1)."""
PSFB = 206
"""Packet type of payload-specific feedback (RFC 4585, 6.1)."""

_SSRCS = Struct("!II")
_PAIR = Struct("!HH")
_WORD = Struct("!I")
_LRR = Struct("!IBBxxBBBB")


class NackEntry(NamedTuple):
    """A lost packet and, as a bit mask, which of the 16 after it are lost too (RFC 4585, 6.2.1).

    Bit i of ``blp``, from 0 for the least significant, stands for ``pid`` + i + 1.
    """

    pid: int
    blp: int


@dataclass(frozen=True, slots=True)
class Nack:
    """Generic NACK: packets of ``media_ssrc`` the sender of this did not receive."""

    sender_ssrc: int
    media_ssrc: int
    entries: tuple[NackEntry, ...]

    @classmethod
    def for_lost(cls, sender_ssrc: int, media_ssrc: int, lost: Iterable[int]) -> "Nack":
        """A NACK for the sequence numbers ``lost``, which ascend (past 65535 they go on at 0)."""
        entries: list[NackEntry] = []
        for sequence in lost:
            if entries:
                pid, blp = entries[-1]
                distance = sequence - pid & 0xFFFF
                if 1 <= distance <= 16:
                    entries[-1] = NackEntry(pid, blp | 1 << distance - 1)
                    continue
            entries.append(NackEntry(sequence, 0))
        return cls(sender_ssrc, media_ssrc, tuple(entries))

    @property
    def lost(self) -> tuple[int, ...]:
        """The sequence numbers reported lost, in the order of the entries."""
        return tuple(
            pid + distance & 0xFFFF
            for pid, blp in self.entries
            for distance in range(17)
            if (blp << 1 | 1) >> distance & 1
        )


class BitrateLimit(NamedTuple):
    """A limit on the bit rate of ``ssrc``: mantissa * 2^exponent bit/s (RFC 5104, 4.2.1.1).

    ``overhead`` is the measured overhead a packet, 0..511 bytes.
    """

    ssrc: int
    exponent: int
    mantissa: int
    overhead: int

    @property
    def bitrate(self) -> int:
        """Bits per second, overhead included."""
        return self.mantissa << self.exponent


@dataclass(frozen=True, slots=True)
class Tmmbr:
    """Temporary maximum media stream bit rate request (RFC 5104, 4.2.1)."""

    sender_ssrc: int
    media_ssrc: int
    entries: tuple[BitrateLimit, ...]


@dataclass(frozen=True, slots=True)
class Tmmbn:
    """Temporary maximum media stream bit rate notification; may be empty (RFC 5104, 4.2.2)."""

    sender_ssrc: int
    media_ssrc: int
    entries: tuple[BitrateLimit, ...]


@dataclass(frozen=True, slots=True)
class Pli:
    """Picture loss indication: a decoder lost the picture (RFC 4585, 6.3.1)."""

    sender_ssrc: int
    media_ssrc: int


class SliEntry(NamedTuple):
    """Macroblocks lost: the first one's address, how many (13 bits each), picture (6 bits)."""

    first: int
    number: int
    picture_id: int


@dataclass(frozen=True, slots=True)
class Sli:
    """Slice loss indication (RFC 4585, 6.3.2)."""

    sender_ssrc: int
    media_ssrc: int
    entries: tuple[SliEntry, ...]


class FirEntry(NamedTuple):
    """A command to ``ssrc``; a repetition keeps its 8-bit ``sequence``."""

    ssrc: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Fir:
    """Full intra request: send a decoder refresh point (RFC 5104, 4.3.1)."""

    sender_ssrc: int
    media_ssrc: int
    entries: tuple[FirEntry, ...]


class LayerIndex(NamedTuple):
    """A layer: temporal id, 3 bits, and spatial or quality id, 8 bits."""

    temporal: int
    layer: int


class LrrEntry(NamedTuple):
    """A command to ``ssrc`` to refresh up to ``target``; ``current`` is what is decoded already."""

    ssrc: int
    sequence: int
    payload_type: int
    target: LayerIndex
    current: LayerIndex | None = None


@dataclass(frozen=True, slots=True)
class Lrr:
    """Layer refresh request (RFC 9627, 3; draft-ietf-avtext-lrr-07)."""

    sender_ssrc: int
    media_ssrc: int
    entries: tuple[LrrEntry, ...]


@dataclass(frozen=True, slots=True)
class Remb:
    """Receiver estimated maximum bit rate (draft-alvestrand-rmcat-remb-03, 2.2).

    The estimate covers all of ``ssrcs`` together; exponent 6 bits, mantissa 18 bits.
    """

    sender_ssrc: int
    media_ssrc: int
    exponent: int
    mantissa: int
    ssrcs: tuple[int, ...]

    @classmethod
    def for_bitrate(cls, sender_ssrc: int, bitrate: int, ssrcs: Iterable[int]) -> "Remb":
        """An estimate of ``bitrate`` bit/s, rounded down to 18 significant bits."""
        exponent = max(0, bitrate.bit_length() - 18)
        return cls(sender_ssrc, 0, exponent, bitrate >> exponent, tuple(ssrcs))

    @property
    def bitrate(self) -> int:
        """The estimate in bits per second."""
        return self.mantissa << self.exponent


@dataclass(frozen=True, slots=True)
class GenericFeedback:
    """A feedback message with no reader here: its control information as it came."""

    packet_type: int
    fmt: int
    sender_ssrc: int
    media_ssrc: int
    fci: bytes


Feedback = (
    Nack | Tmmbr | Tmmbn | TransportCc | Ccfb | Pli | Sli | Fir | Lrr | Remb | GenericFeedback
)

_NACK, _TMMBR, _TMMBN, _CCFB, _TRANSPORT_CC = (
    (RTPFB, 1),
    (RTPFB, 3),
    (RTPFB, 4),
    (RTPFB, 11),
    (RTPFB, 15),
)
_PLI, _SLI, _FIR, _LRR_FMT, _AFB = (PSFB, 1), (PSFB, 2), (PSFB, 4), (PSFB, 10), (PSFB, 15)

# The IANA registries "FMT Values for RTPFB/PSFB Payload Types".
_NAMES = {
    _NACK: "NACK",
    _TMMBR: "TMMBR",
    _TMMBN: "TMMBN",
    (RTPFB, 5): "RTCP-SR-REQ",
    (RTPFB, 6): "RAMS",
    (RTPFB, 7): "TLLEI",
    (RTPFB, 8): "RTCP-ECN-FB",
    (RTPFB, 9): "PAUSE-RESUME",
    (RTPFB, 10): "DBI",
    _CCFB: "CCFB",
    _TRANSPORT_CC: "transport-cc",
    _PLI: "PLI",
    _SLI: "SLI",
    (PSFB, 3): "RPSI",
    _FIR: "FIR",
    (PSFB, 5): "TSTR",
    (PSFB, 6): "TSTN",
    (PSFB, 7): "VBCM",
    (PSFB, 8): "PSLEI",
    (PSFB, 9): "ROI",
    _LRR_FMT: "LRR",
    _AFB: "AFB",
}


def feedback_name(packet_type: int, fmt: int) -> str:
    """The short name of a feedback format, or ``RTPFB/n`` and ``PSFB/n`` for one unknown."""
    family = "RTPFB" if packet_type == RTPFB else "PSFB"
    return _NAMES.get((packet_type, fmt), f"{family}/{fmt}")


def read_feedback(
    data: bytes, start: int, end: int, packet_type: int, fmt: int, reading: Reading
) -> Feedback | None:
    """The feedback in ``data[start:end]``, which follows the header; None when it is cut short."""
    kind = (packet_type, fmt)
    if kind == _CCFB:
        return read_ccfb(data, start, end, reading)
    if end - start < _SSRCS.size:
        reading.problem(
            f"{feedback_name(*kind)} cut short: {end - start} bytes", start, "two SSRCs"
        )
        return None
    ssrcs: tuple[int, int] = _SSRCS.unpack_from(data, start)
    start += _SSRCS.size
    packet: Feedback | None = None
    if kind == _TRANSPORT_CC:
        packet = read_transport_cc(data, start, end, ssrcs, reading)
    elif kind == _AFB and data[start : min(start + 4, end)] == b"REMB":
        packet = _read_remb(data, start, end, ssrcs, reading)
    elif kind == _PLI:
        if start != end:
            reading.problem(f"{end - start} bytes after a PLI", start, "nothing more")
        return Pli(*ssrcs)
    else:
        entry = _ENTRIES.get(kind)
        if entry is not None:
            record, size, read = entry
            return record(*ssrcs, _read_entries(data, start, end, kind, size, read, reading))
    return packet or GenericFeedback(packet_type, fmt, *ssrcs, data[start:end])


def _read_entries(
    data: bytes,
    start: int,
    end: int,
    kind: tuple[int, int],
    size: int,
    read: Callable[[bytes, int], Any],
    reading: Reading,
) -> tuple[Any, ...]:
    count, rest = divmod(end - start, size)
    if rest:
        reading.problem(
            f"{feedback_name(*kind)} entry cut short: {rest} of {size} bytes",
            end - rest,
            f"{size} bytes an entry",
        )
    elif not count and kind != _TMMBN:
        reading.problem(f"{feedback_name(*kind)} without an entry", start, "at least one entry")
    return tuple(read(data, start + size * index) for index in range(count))


def _read_limit(data: bytes, offset: int) -> BitrateLimit:
    ssrc, word = _SSRCS.unpack_from(data, offset)
    return BitrateLimit(ssrc, word >> 26, word >> 9 & 0x1FFFF, word & 0x1FF)


def _read_sli(data: bytes, offset: int) -> SliEntry:
    (word,) = _WORD.unpack_from(data, offset)
    return SliEntry(word >> 19, word >> 6 & 0x1FFF, word & 0x3F)


def _read_fir(data: bytes, offset: int) -> FirEntry:
    ssrc, word = _SSRCS.unpack_from(data, offset)
    return FirEntry(ssrc, word >> 24)


def _read_lrr(data: bytes, offset: int) -> LrrEntry:
    ssrc, sequence, byte, ttid, tlid, ctid, clid = _LRR.unpack_from(data, offset)
    return LrrEntry(
        ssrc,
        sequence,
        byte & 0x7F,
        LayerIndex(ttid & 7, tlid),
        LayerIndex(ctid & 7, clid) if byte & 0x80 else None,
    )


_ENTRIES: dict[
    tuple[int, int], tuple[Callable[..., Feedback], int, Callable[[bytes, int], Any]]
] = {
    _NACK: (Nack, 4, lambda data, offset: NackEntry(*_PAIR.unpack_from(data, offset))),
    _TMMBR: (Tmmbr, 8, _read_limit),
    _TMMBN: (Tmmbn, 8, _read_limit),
    _SLI: (Sli, 4, _read_sli),
    _FIR: (Fir, 8, _read_fir),
    _LRR_FMT: (Lrr, 12, _read_lrr),
}


def _read_remb(
    data: bytes, start: int, end: int, ssrcs: tuple[int, int], reading: Reading
) -> Remb | None:
    if end - start < 8:
        reading.problem("REMB cut short", start, "a count and a bit rate")
        return None
    (word,) = _WORD.unpack_from(data, start + 4)
    announced, there = word >> 24, (end - start - 8) // 4
    if announced != there:
        reading.problem(
            f"REMB announces {announced} SSRCs and has {there}", start + 4, f"{announced} SSRCs"
        )
    named = tuple(
        int.from_bytes(data[offset : offset + 4], "big")
        for offset in range(start + 8, start + 8 + 4 * min(announced, there), 4)
    )
    return Remb(*ssrcs, word >> 18 & 0x3F, word & 0x3FFFF, named)


def build_feedback(packet: Feedback) -> tuple[int, int, bytes]:
    """Packet type, format and the bytes after the four-byte header.

    The bytes are whole words except for :class:`TransportCc`, which may lack up to three.
    ``ValueError`` (or ``struct.error``, which the caller turns into one) for a field out of range.
    """
    if isinstance(packet, Ccfb):
        return *_CCFB, build_ccfb(packet)
    ssrcs = _SSRCS.pack(packet.sender_ssrc, packet.media_ssrc)
    if isinstance(packet, GenericFeedback):
        if len(packet.fci) % 4:
            raise ValueError("feedback control information is whole 32-bit words")
        return packet.packet_type, packet.fmt, ssrcs + packet.fci
    if isinstance(packet, TransportCc):
        return *_TRANSPORT_CC, ssrcs + build_transport_cc(packet)
    if isinstance(packet, Pli):
        return *_PLI, ssrcs
    if isinstance(packet, Remb):
        return *_AFB, ssrcs + _build_remb(packet)
    if not packet.entries and not isinstance(packet, Tmmbn):
        raise ValueError(f"{type(packet).__name__} without an entry")
    if isinstance(packet, Nack):
        return *_NACK, ssrcs + b"".join(_PAIR.pack(*entry) for entry in packet.entries)
    if isinstance(packet, Sli):
        return *_SLI, ssrcs + b"".join(_build_sli(entry) for entry in packet.entries)
    if isinstance(packet, Fir):
        return *_FIR, ssrcs + b"".join(
            _SSRCS.pack(entry.ssrc, _bits(entry.sequence, 8) << 24) for entry in packet.entries
        )
    if isinstance(packet, Lrr):
        return *_LRR_FMT, ssrcs + b"".join(_build_lrr(entry) for entry in packet.entries)
    kind = _TMMBR if isinstance(packet, Tmmbr) else _TMMBN
    return *kind, ssrcs + b"".join(_build_limit(entry) for entry in packet.entries)


def _bits(value: int, width: int) -> int:
    if value >> width:
        raise ValueError(f"{value} does not fit in {width} bits")
    return value


def _build_limit(entry: BitrateLimit) -> bytes:
    word = _bits(entry.exponent, 6) << 26 | _bits(entry.mantissa, 17) << 9
    return _SSRCS.pack(entry.ssrc, word | _bits(entry.overhead, 9))


def _build_sli(entry: SliEntry) -> bytes:
    word = _bits(entry.first, 13) << 19 | _bits(entry.number, 13) << 6
    return _WORD.pack(word | _bits(entry.picture_id, 6))


def _build_lrr(entry: LrrEntry) -> bytes:
    current = entry.current or LayerIndex(0, 0)
    flag = 0x80 if entry.current is not None else 0
    return _LRR.pack(
        entry.ssrc,
        entry.sequence,
        _bits(entry.payload_type, 7) | flag,
        _bits(entry.target.temporal, 3),
        entry.target.layer,
        _bits(current.temporal, 3),
        current.layer,
    )


def _build_remb(packet: Remb) -> bytes:
    if len(packet.ssrcs) > 255:
        raise ValueError(f"{len(packet.ssrcs)} SSRCs; a REMB has room for 255")
    rate = _bits(packet.exponent, 6) << 18 | _bits(packet.mantissa, 18)
    head = b"REMB" + _WORD.pack(len(packet.ssrcs) << 24 | rate)
    return head + b"".join(_WORD.pack(ssrc) for ssrc in packet.ssrcs)
