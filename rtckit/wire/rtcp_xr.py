"""RTCP extended reports (RFC 3611): the seven report blocks it defines; any other is kept raw.

The readers here take the packet after its four-byte header; :mod:`rtckit.wire.rtcp` finds it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from rtckit.wire.reading import Reading

__all__ = [
    "Dlrr",
    "DlrrReport",
    "DuplicateRle",
    "ExtendedReport",
    "JitterSummary",
    "LossRle",
    "PacketReceiptTimes",
    "ReceiverReferenceTime",
    "StatisticsSummary",
    "TtlSummary",
    "UnknownXrBlock",
    "VoipMetrics",
    "XrBlock",
    "build_xr",
    "read_xr",
    "rle_chunks",
]

_LOSS_RLE, _DUPLICATE_RLE, _RECEIPT_TIMES, _REFERENCE_TIME, _DLRR, _SUMMARY, _VOIP = range(1, 8)
_RANGE_LIMIT = 65534  # RFC 3611, 4.1: no report covers so many sequence numbers

_BLOCK = Struct("!BBH")
_SOURCE = Struct("!IHH")
_CHUNK = Struct("!H")
_TIME = Struct("!I")
_NTP = Struct("!Q")
_DLRR_REPORT = Struct("!III")
_SUMMARY_FIELDS = Struct("!IHHIIIIIIBBBB")
_VOIP_FIELDS = Struct("!I4B4Hbb7Bx3H")


def _reported(begin: int, end: int, thinning: int) -> tuple[int, ...]:
    """The sequence numbers from ``begin`` up to ``end`` that thinning leaves (RFC 3611, 4.1)."""
    step = 1 << thinning
    length = end - begin & 0xFFFF
    return tuple(
        sequence & 0xFFFF for sequence in range(begin + (-begin % step), begin + length, step)
    )


@dataclass(frozen=True, slots=True)
class _RleBlock:
    """A trace of one bit a packet, from ``begin_sequence`` up to before ``end_sequence``.

    Only sequence numbers that are multiples of 2^``thinning`` are reported. ``chunks`` are the
    16-bit chunks without the terminating null; ``trace`` unfolds them.
    """

    ssrc: int
    begin_sequence: int
    end_sequence: int
    chunks: tuple[int, ...]
    thinning: int = 0

    @property
    def sequences(self) -> tuple[int, ...]:
        """The sequence numbers reported on."""
        return _reported(self.begin_sequence, self.end_sequence, self.thinning)

    @property
    def trace(self) -> tuple[bool, ...]:
        """The bit of each of ``sequences``; fewer when the chunks do not reach the end."""
        wanted = len(self.sequences)
        bits: list[bool] = []
        for chunk in self.chunks:
            if len(bits) >= wanted:
                break
            if chunk & 0x8000:
                bits += [bool(chunk >> shift & 1) for shift in range(14, -1, -1)]
            else:
                bits += [chunk >= 0x4000] * (chunk & 0x3FFF)
        return tuple(bits[:wanted])

    def _zeros(self) -> tuple[int, ...]:
        return tuple(
            sequence for sequence, bit in zip(self.sequences, self.trace, strict=False) if not bit
        )


@dataclass(frozen=True, slots=True)
class LossRle(_RleBlock):
    """Loss run length encoding: a packet's bit is set when it was received (RFC 3611, 4.1)."""

    @property
    def lost(self) -> tuple[int, ...]:
        """Sequence numbers reported lost."""
        return self._zeros()


@dataclass(frozen=True, slots=True)
class DuplicateRle(_RleBlock):
    """Duplicate run length encoding: a packet's bit is clear when it came more than once.

    A lost packet's bit is set (RFC 3611, 4.2).
    """

    @property
    def duplicated(self) -> tuple[int, ...]:
        """Sequence numbers of which duplicates came."""
        return self._zeros()


@dataclass(frozen=True, slots=True)
class PacketReceiptTimes:
    """When packets were received, one RTP timestamp for each of ``sequences`` (RFC 3611, 4.3)."""

    ssrc: int
    begin_sequence: int
    end_sequence: int
    times: tuple[int, ...]
    thinning: int = 0

    @property
    def sequences(self) -> tuple[int, ...]:
        """The sequence numbers reported on."""
        return _reported(self.begin_sequence, self.end_sequence, self.thinning)


@dataclass(frozen=True, slots=True)
class ReceiverReferenceTime:
    """The 64-bit NTP time at which a receiver sent this (RFC 3611, 4.4)."""

    ntp_timestamp: int


class DlrrReport(NamedTuple):
    """What a receiver needs to compute its round trip: short NTP time and delay in 1/65536 s."""

    ssrc: int
    last_rr: int
    delay: int


@dataclass(frozen=True, slots=True)
class Dlrr:
    """Delay since the last receiver reference time, by receiver (RFC 3611, 4.5)."""

    reports: tuple[DlrrReport, ...]


class JitterSummary(NamedTuple):
    """Relative transit times in RTP timestamp units."""

    minimum: int
    maximum: int
    mean: int
    deviation: int


class TtlSummary(NamedTuple):
    """TTL values of IPv4 or, with ``ipv6``, hop limits."""

    ipv6: bool
    minimum: int
    maximum: int
    mean: int
    deviation: int


@dataclass(frozen=True, slots=True)
class StatisticsSummary:
    """Counts and spreads over a range of packets; None for what is not reported (RFC 3611, 4.6)."""

    ssrc: int
    begin_sequence: int
    end_sequence: int
    lost_packets: int | None = None
    duplicate_packets: int | None = None
    jitter: JitterSummary | None = None
    ttl: TtlSummary | None = None


@dataclass(frozen=True, slots=True)
class VoipMetrics:
    """Metrics of a voice stream (RFC 3611, 4.7).

    Rates and densities are fractions of 256; durations and delays are milliseconds; levels are
    dBm0, signed; 127 means unavailable in levels, echo return loss, R factors and MOS, and MOS
    scores are times ten.
    """

    ssrc: int
    loss_rate: int
    discard_rate: int
    burst_density: int
    gap_density: int
    burst_duration: int
    gap_duration: int
    round_trip_delay: int
    end_system_delay: int
    signal_level: int
    noise_level: int
    residual_echo_return_loss: int
    gap_threshold: int
    r_factor: int
    external_r_factor: int
    mos_lq: int
    mos_cq: int
    receiver_config: int
    jitter_buffer_nominal: int
    jitter_buffer_maximum: int
    jitter_buffer_absolute_maximum: int

    @property
    def loss_concealment(self) -> str:
        """``unspecified``, ``disabled``, ``enhanced`` or ``standard``."""
        return ("unspecified", "disabled", "enhanced", "standard")[self.receiver_config >> 6]

    @property
    def jitter_buffer(self) -> str:
        """``unknown``, ``reserved``, ``non-adaptive`` or ``adaptive``."""
        return ("unknown", "reserved", "non-adaptive", "adaptive")[self.receiver_config >> 4 & 3]


@dataclass(frozen=True, slots=True)
class UnknownXrBlock:
    """A block with no reader here, or one that breaks its format: all of it, as it came."""

    block_type: int
    type_specific: int
    data: bytes


XrBlock = (
    LossRle
    | DuplicateRle
    | PacketReceiptTimes
    | ReceiverReferenceTime
    | Dlrr
    | StatisticsSummary
    | VoipMetrics
    | UnknownXrBlock
)


@dataclass(frozen=True, slots=True)
class ExtendedReport:
    """An extended report packet of the participant ``ssrc``."""

    ssrc: int
    blocks: tuple[XrBlock, ...]


def rle_chunks(trace: Iterable[bool]) -> tuple[int, ...]:
    """The chunks of a trace: a run where 16 or more bits agree, or all that are left, else 15 bits.

    The terminating null is not among them.
    """
    bits = list(trace)
    chunks = []
    position = 0
    while position < len(bits):
        end = position
        while end < len(bits) and end - position < 0x3FFF and bits[end] == bits[position]:
            end += 1
        if end == len(bits) or end - position > 15:
            chunks.append((0x4000 if bits[position] else 0) | end - position)
            position = end
            continue
        chunk = 0x8000
        for index, bit in enumerate(bits[position : position + 15]):
            chunk |= bit << 14 - index
        chunks.append(chunk)
        position += 15
    return tuple(chunks)


def read_xr(data: bytes, start: int, end: int, reading: Reading) -> ExtendedReport | None:
    """The packet in ``data[start:end]``, which follows the header; None when it is cut short."""
    if end - start < 4:
        reading.problem(f"XR cut short: {end - start} bytes", start, "an SSRC")
        return None
    blocks: list[XrBlock] = []
    position = start + 4
    while position < end:
        if end - position < _BLOCK.size:
            reading.problem("XR block cut short", position, "a block header")
            break
        kind, specific, words = _BLOCK.unpack_from(data, position)
        position += _BLOCK.size
        stop = position + 4 * words
        if stop > end:
            reading.problem(
                f"XR block {kind} cut short: {end - position} of {4 * words} bytes",
                position,
                f"{4 * words} bytes of block",
            )
            blocks.append(UnknownXrBlock(kind, specific, data[position:end]))
            break
        block = _read_block(data[position:stop], kind, specific, position, reading)
        blocks.append(block or UnknownXrBlock(kind, specific, data[position:stop]))
        position = stop
    return ExtendedReport(int.from_bytes(data[start : start + 4], "big"), tuple(blocks))


def _read_block(
    body: bytes, kind: int, specific: int, offset: int, reading: Reading
) -> XrBlock | None:
    """A block without its header; ``offset`` is where ``body`` stands. None when not readable."""
    if kind in (_LOSS_RLE, _DUPLICATE_RLE):
        return _read_rle(body, kind, specific & 0x0F, offset, reading)
    if kind == _RECEIPT_TIMES:
        return _read_receipt_times(body, specific & 0x0F, offset, reading)
    if kind == _DLRR:
        if not body or len(body) % _DLRR_REPORT.size:
            reading.problem(f"DLRR block of {len(body)} bytes", offset, "reports of 12 bytes")
            return None
        return Dlrr(tuple(DlrrReport(*fields) for fields in _DLRR_REPORT.iter_unpack(body)))
    if kind == _REFERENCE_TIME:
        return (
            ReceiverReferenceTime(*_NTP.unpack(body))
            if _sized(body, kind, _NTP.size, offset, reading)
            else None
        )
    if kind == _SUMMARY:
        if not _sized(body, kind, _SUMMARY_FIELDS.size, offset, reading):
            return None
        return _read_summary(body, specific, offset, reading)
    if kind == _VOIP and _sized(body, kind, _VOIP_FIELDS.size, offset, reading):
        return VoipMetrics(*_VOIP_FIELDS.unpack(body))
    return None


def _sized(body: bytes, kind: int, size: int, offset: int, reading: Reading) -> bool:
    if len(body) == size:
        return True
    reading.problem(f"XR block {kind} of {len(body)} bytes", offset, f"{size} bytes")
    return False


def _read_source(
    body: bytes, kind: int, thinning: int, offset: int, reading: Reading
) -> tuple[int, int, int, int] | None:
    """SSRC, begin, end and how many sequence numbers they make with ``thinning``."""
    if len(body) < _SOURCE.size:
        reading.problem(f"XR block {kind} of {len(body)} bytes", offset, "8 bytes or more")
        return None
    ssrc, begin, end = _SOURCE.unpack_from(body)
    length = end - begin & 0xFFFF
    if length >= _RANGE_LIMIT:
        reading.problem(
            f"XR block {kind} over {length} sequence numbers", offset + 4, "fewer than 65534"
        )
    return ssrc, begin, end, (length - (-begin % (1 << thinning)) + (1 << thinning) - 1) >> thinning


def _read_rle(
    body: bytes, kind: int, thinning: int, offset: int, reading: Reading
) -> LossRle | DuplicateRle | None:
    source = _read_source(body, kind, thinning, offset, reading)
    if source is None:
        return None
    ssrc, begin, end, wanted = source
    chunks = tuple(chunk for (chunk,) in _CHUNK.iter_unpack(body[_SOURCE.size :]))
    if chunks and not chunks[-1]:
        chunks = chunks[:-1]
    for index, chunk in enumerate(chunks):
        if not chunk & 0xBFFF:
            reading.problem(
                f"empty chunk within XR block {kind}",
                offset + _SOURCE.size + 2 * index,
                "a null chunk only to fill the last word",
            )
    described = sum(15 if chunk & 0x8000 else chunk & 0x3FFF for chunk in chunks)
    slack = 14 if chunks and chunks[-1] & 0x8000 else 0
    if not wanted <= described <= wanted + slack:
        reading.problem(
            f"XR block {kind} describes {described} of {wanted} packets",
            offset + _SOURCE.size,
            f"chunks for {wanted} packets",
        )
    record = LossRle if kind == _LOSS_RLE else DuplicateRle
    return record(ssrc, begin, end, chunks, thinning)


def _read_receipt_times(
    body: bytes, thinning: int, offset: int, reading: Reading
) -> PacketReceiptTimes | None:
    source = _read_source(body, _RECEIPT_TIMES, thinning, offset, reading)
    if source is None:
        return None
    ssrc, begin, end, wanted = source
    times = tuple(time for (time,) in _TIME.iter_unpack(body[_SOURCE.size :]))
    if len(times) != wanted:
        reading.problem(
            f"{len(times)} receipt times for {wanted} packets",
            offset + _SOURCE.size,
            f"{wanted} receipt times",
        )
    return PacketReceiptTimes(ssrc, begin, end, times, thinning)


def _read_summary(
    body: bytes, flags: int, offset: int, reading: Reading
) -> StatisticsSummary | None:
    ssrc, begin, end, lost, duplicates, *rest = _SUMMARY_FIELDS.unpack(body)
    jitter, ttl = rest[:4], rest[4:]
    ttl_kind = flags >> 3 & 3
    if ttl_kind == 3:
        reading.problem("undefined TTL or hop limit flag 3", offset - 3, "flag 0, 1 or 2")
        return None
    # RFC 3611, 4.6: a block with a value in a field flagged as unreported must be ignored.
    reported = (
        (flags & 0x80, [lost]),
        (flags & 0x40, [duplicates]),
        (flags & 0x20, jitter),
        (ttl_kind, ttl),
    )
    for flag, values in reported:
        if not flag and any(values):
            reading.problem("a value in a field not reported", offset, "zero")
            return None
    return StatisticsSummary(
        ssrc,
        begin,
        end,
        lost if flags & 0x80 else None,
        duplicates if flags & 0x40 else None,
        JitterSummary(*jitter) if flags & 0x20 else None,
        TtlSummary(ttl_kind == 2, *ttl) if ttl_kind else None,
    )


def build_xr(packet: ExtendedReport) -> bytes:
    """The packet after its four-byte header."""
    parts = [_TIME.pack(packet.ssrc)]
    for block in packet.blocks:
        kind, specific, body = _build_block(block)
        if len(body) % 4:
            raise ValueError("an XR block is whole 32-bit words")
        parts += [_BLOCK.pack(kind, specific, len(body) // 4), body]
    return b"".join(parts)


def _build_block(block: XrBlock) -> tuple[int, int, bytes]:
    if isinstance(block, ReceiverReferenceTime):
        return _REFERENCE_TIME, 0, _NTP.pack(block.ntp_timestamp)
    if isinstance(block, Dlrr):
        return _DLRR, 0, b"".join(_DLRR_REPORT.pack(*report) for report in block.reports)
    if isinstance(block, StatisticsSummary):
        return _build_summary(block)
    if isinstance(block, VoipMetrics):
        fields = (getattr(block, name) for name in VoipMetrics.__slots__)
        return _VOIP, 0, _VOIP_FIELDS.pack(*fields)
    if isinstance(block, UnknownXrBlock):
        return block.block_type, block.type_specific, block.data
    if block.thinning >> 4:
        raise ValueError(f"thinning {block.thinning} is not in 0..15")
    source = _SOURCE.pack(block.ssrc, block.begin_sequence, block.end_sequence)
    if isinstance(block, PacketReceiptTimes):
        times = b"".join(_TIME.pack(time) for time in block.times)
        return _RECEIPT_TIMES, block.thinning, source + times
    kind = _LOSS_RLE if isinstance(block, LossRle) else _DUPLICATE_RLE
    null = b"\0\0" if len(block.chunks) % 2 else b""
    chunks = b"".join(_CHUNK.pack(chunk) for chunk in block.chunks)
    return kind, block.thinning, source + chunks + null


def _build_summary(block: StatisticsSummary) -> tuple[int, int, bytes]:
    flags = 0
    if block.lost_packets is not None:
        flags |= 0x80
    if block.duplicate_packets is not None:
        flags |= 0x40
    if block.jitter is not None:
        flags |= 0x20
    if block.ttl is not None:
        flags |= 0x10 if block.ttl.ipv6 else 0x08
    body = _SUMMARY_FIELDS.pack(
        block.ssrc,
        block.begin_sequence,
        block.end_sequence,
        block.lost_packets or 0,
        block.duplicate_packets or 0,
        *(block.jitter or (0, 0, 0, 0)),
        *(block.ttl[1:] if block.ttl else (0, 0, 0, 0)),
    )
    return _SUMMARY, flags, body
