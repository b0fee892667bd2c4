"""Congestion control feedback: one report, many packets' arrival times.

Transport-cc (draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1) reports on a sequence number
that runs over all streams of a transport; CCFB (RFC 8888, 3.1) reports on each stream's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from rtckit.wire.reading import Reading

__all__ = [
    "ARRIVAL_OVER_RANGE",
    "ARRIVAL_UNAVAILABLE",
    "Ccfb",
    "CcfbReport",
    "PacketMetric",
    "TransportCc",
    "build_ccfb",
    "build_transport_cc",
    "read_ccfb",
    "read_transport_cc",
]

_TICK_NS = 250_000
_REFERENCE_TICKS = 256  # 64 ms in ticks of 250 µs

_NOT_RECEIVED, _SMALL, _LARGE, _RESERVED = range(4)
_RUN_LONGEST = 0x1FFF
_ONE_BIT_SYMBOLS, _TWO_BIT_SYMBOLS = 14, 7
_STATUS_HEADER = Struct("!HHI")

ARRIVAL_OVER_RANGE = 0x1FFE
"""Arrival offset of a packet that came 8189/1024 s or more before the report (RFC 8888, 3.1)."""
ARRIVAL_UNAVAILABLE = 0x1FFF
"""Arrival offset that says nothing: not measured, or after the report's time (RFC 8888, 3.1)."""

_CCFB_REPORT = Struct("!IHH")
_METRIC = Struct("!H")
_CCFB_LONGEST = 16384


@dataclass(frozen=True, slots=True)
class TransportCc:
    """Transport-wide congestion control feedback.

    ``deltas`` has one entry for each packet from ``base_sequence`` on: None when it was not
    received, else ticks of 250 µs since the packet received before it (the first: since
    ``reference_time``), -32768..32767. ``reference_time`` is signed, in units of 64 ms on a clock
    of the receiver's own. With ``timing`` false the report says only what arrived (version 02 of
    the header extension can ask for that): every delta is then 0 or None.
    """

    sender_ssrc: int
    media_ssrc: int
    base_sequence: int
    reference_time: int
    feedback_count: int
    deltas: tuple[int | None, ...]
    timing: bool = True

    @property
    def received(self) -> tuple[int, ...]:
        """Transport-wide sequence numbers of the packets received, in order."""
        return tuple(
            self.base_sequence + index & 0xFFFF
            for index, delta in enumerate(self.deltas)
            if delta is not None
        )

    @property
    def missing(self) -> tuple[int, ...]:
        """Transport-wide sequence numbers of the packets not received (yet), in order."""
        return tuple(
            self.base_sequence + index & 0xFFFF
            for index, delta in enumerate(self.deltas)
            if delta is None
        )

    @property
    def arrivals(self) -> tuple[tuple[int, int], ...]:
        """(sequence number, arrival time in ns on the receiver's clock) of each packet received.

        Empty when the report carries no timing.
        """
        return tuple(self._arrivals()) if self.timing else ()

    def _arrivals(self) -> Iterator[tuple[int, int]]:
        ticks = self.reference_time * _REFERENCE_TICKS
        for index, delta in enumerate(self.deltas):
            if delta is not None:
                ticks += delta
                yield self.base_sequence + index & 0xFFFF, ticks * _TICK_NS


class PacketMetric(NamedTuple):
    """A packet received: its ECN mark, 0..3, and how long before the report it came.

    ``arrival_offset`` counts units of 1/1024 s, 0..8189, or is one of the two constants above.
    """

    ecn: int
    arrival_offset: int

    @property
    def offset_ns(self) -> int | None:
        """The arrival offset in nanoseconds; None when it is over range or unavailable."""
        if self.arrival_offset >= ARRIVAL_OVER_RANGE:
            return None
        return (self.arrival_offset * 1_000_000_000 + 512) // 1024


@dataclass(frozen=True, slots=True)
class CcfbReport:
    """CCFB on one stream: an entry for each packet from ``begin_sequence``; None: not received."""

    ssrc: int
    begin_sequence: int
    metrics: tuple[PacketMetric | None, ...]


@dataclass(frozen=True, slots=True)
class Ccfb:
    """RTP congestion control feedback (RFC 8888).

    ``timestamp`` is the short NTP time (middle 32 bits) the arrival offsets count back from.
    """

    sender_ssrc: int
    reports: tuple[CcfbReport, ...]
    timestamp: int


def read_transport_cc(
    data: bytes, start: int, end: int, ssrcs: tuple[int, int], reading: Reading
) -> TransportCc | None:
    """The feedback control information in ``data[start:end]``; None when there is none."""
    if end - start < _STATUS_HEADER.size:
        reading.problem(
            f"transport-cc cut short: {end - start} bytes", start, "8 bytes before the chunks"
        )
        return None
    base, count, times = _STATUS_HEADER.unpack_from(data, start)
    reference = times >> 8
    symbols, position = _read_chunks(data, start + _STATUS_HEADER.size, end, count, reading)
    wanted = symbols.count(_SMALL) + 2 * symbols.count(_LARGE)
    rest = data[position:end]
    timing = wanted <= len(rest) or len(rest) > 3 or any(rest)
    deltas: tuple[int | None, ...]
    if timing:
        deltas = _read_deltas(data, position, end, symbols, reading)
    else:
        deltas = tuple(None if symbol == _NOT_RECEIVED else 0 for symbol in symbols)
    return TransportCc(
        sender_ssrc=ssrcs[0],
        media_ssrc=ssrcs[1],
        base_sequence=base,
        reference_time=reference - (1 << 24) if reference >> 23 else reference,
        feedback_count=times & 0xFF,
        deltas=deltas,
        timing=timing,
    )


def _read_chunks(
    data: bytes, position: int, end: int, count: int, reading: Reading
) -> tuple[bytearray, int]:
    """One symbol for each of ``count`` packets, and where the chunks end."""
    symbols = bytearray()
    while len(symbols) < count:
        if end - position < 2:
            reading.problem(
                f"status chunks cut short: {len(symbols)} of {count} packets",
                position,
                "a status chunk",
            )
            return symbols, end
        chunk = data[position] << 8 | data[position + 1]
        if chunk < 0x8000:
            run = chunk & _RUN_LONGEST
            if not 0 < run <= count - len(symbols):
                reading.problem(
                    f"run of {run} with {count - len(symbols)} packets to go",
                    position,
                    "a run within the packet status count",
                )
            found = bytes([chunk >> 13]) * min(run, count - len(symbols))
        elif chunk < 0xC000:
            found = bytes(chunk >> shift & 1 for shift in range(13, -1, -1))
        else:
            found = bytes(chunk >> shift & 3 for shift in range(12, -1, -2))
        found = found[: count - len(symbols)]
        if _RESERVED in found:
            reading.problem("reserved packet status symbol 3", position, "symbol 0, 1 or 2")
            found = found.replace(b"\x03", b"\x00")
        symbols += found
        position += 2
    return symbols, position


def _read_deltas(
    data: bytes, position: int, end: int, symbols: bytearray, reading: Reading
) -> tuple[int | None, ...]:
    """Deltas for the packets received; cut where the bytes run out."""
    deltas: list[int | None] = []
    for symbol in symbols:
        if symbol == _NOT_RECEIVED:
            deltas.append(None)
            continue
        if end - position < symbol:
            reading.problem(
                f"receive deltas cut short after {len(deltas)} of {len(symbols)} packets",
                position,
                f"a delta of {symbol} bytes",
            )
            return tuple(deltas)
        if symbol == _SMALL:
            deltas.append(data[position])
        else:
            deltas.append(int.from_bytes(data[position : position + 2], "big", signed=True))
        position += symbol
    if end - position > 3 or any(data[position:end]):
        reading.problem(
            f"{end - position} bytes after the receive deltas", position, "zeros up to the word"
        )
    return tuple(deltas)


def build_transport_cc(packet: TransportCc) -> bytes:
    """The feedback control information, up to three bytes short of whole words.

    The shortest chunk that fits comes first: a run where 14 or more packets share a status (7 or
    more next to a large delta) or all that are left do, else 14 one-bit symbols while no large
    delta is among them, else 7 two-bit ones. It is how browsers encode, so what they send is built
    again byte for byte.
    """
    if len(packet.deltas) > 0xFFFF:
        raise ValueError(f"{len(packet.deltas)} packets; 65535 fit in one feedback")
    if not -(1 << 23) <= packet.reference_time < 1 << 23:
        raise ValueError(f"reference time {packet.reference_time} does not fit in 24 bits")
    symbols = bytearray()
    deltas = bytearray()
    for delta in packet.deltas:
        if delta is None:
            symbols.append(_NOT_RECEIVED)
        elif not packet.timing:
            if delta:
                raise ValueError("feedback without timing has no deltas but 0")
            symbols.append(_SMALL)
        elif 0 <= delta <= 0xFF:
            symbols.append(_SMALL)
            deltas.append(delta)
        elif -0x8000 <= delta <= 0x7FFF:
            symbols.append(_LARGE)
            deltas += delta.to_bytes(2, "big", signed=True)
        else:
            raise ValueError(f"delta {delta} does not fit in 16 bits")
    if not packet.timing and _SMALL not in symbols:
        raise ValueError("feedback in which nothing was received always counts as timed")
    chunks = b"".join(chunk.to_bytes(2, "big") for chunk in _chunks(symbols))
    times = (packet.reference_time & 0xFFFFFF) << 8 | packet.feedback_count
    if not 0 <= packet.feedback_count <= 0xFF:
        raise ValueError(f"feedback count {packet.feedback_count} is not in 0..255")
    return _STATUS_HEADER.pack(packet.base_sequence, len(symbols), times) + chunks + deltas


def _chunks(symbols: bytearray) -> Iterator[int]:
    position, end = 0, len(symbols)
    while position < end:
        run = _run_length(symbols, position)
        near = symbols[position : position + run + 1]
        if position + run == end or run >= (_TWO_BIT_SYMBOLS if _LARGE in near else 14):
            yield symbols[position] << 13 | run
            position += run
            continue
        window = symbols[position : position + _ONE_BIT_SYMBOLS]
        if _LARGE in window or len(window) <= _TWO_BIT_SYMBOLS:
            chunk, window = 0xC000, window[:_TWO_BIT_SYMBOLS]
            for index, symbol in enumerate(window):
                chunk |= symbol << 12 - 2 * index
        else:
            chunk = 0x8000
            for index, symbol in enumerate(window):
                chunk |= symbol << 13 - index
        yield chunk
        position += len(window)


def _run_length(symbols: bytearray, position: int) -> int:
    stop = min(len(symbols), position + _RUN_LONGEST)
    first = symbols[position]
    end = position + 1
    while end < stop and symbols[end] == first:
        end += 1
    return end - position


def read_ccfb(data: bytes, start: int, end: int, reading: Reading) -> Ccfb | None:
    """The packet after its four-byte header, ``data[start:end]``; None when it is cut short."""
    if end - start < 8:
        reading.problem(f"CCFB cut short: {end - start} bytes", start, "sender and timestamp")
        return None
    stop = end - 4
    reports = []
    position = start + 4
    while position < stop:
        if stop - position < _CCFB_REPORT.size:
            reading.problem("CCFB report block cut short", position, "8 bytes of report block")
            break
        ssrc, begin, count = _CCFB_REPORT.unpack_from(data, position)
        if count > _CCFB_LONGEST:
            reading.problem(f"{count} packets in one report", position + 6, "at most 16384")
        position += _CCFB_REPORT.size
        there = min(count, (stop - position) // 2)
        if there < count:
            reading.problem(
                f"packet metrics cut short: {there} of {count}", position, f"{count} metrics"
            )
        reports.append(CcfbReport(ssrc, begin, _read_metrics(data, position, there)))
        position += 2 * there
        if there % 2:
            if data[position : position + 2] != b"\0\0":
                reading.problem("padding after the metrics is not zero", position, "two zeros")
            position += 2
    return Ccfb(
        sender_ssrc=int.from_bytes(data[start : start + 4], "big"),
        reports=tuple(reports),
        timestamp=int.from_bytes(data[stop:end], "big"),
    )


def _read_metrics(data: bytes, start: int, count: int) -> tuple[PacketMetric | None, ...]:
    metrics: list[PacketMetric | None] = []
    for (metric,) in _METRIC.iter_unpack(data[start : start + 2 * count]):
        # RFC 8888, 3.1: with R clear the other bits must be ignored.
        if metric & 0x8000:
            metrics.append(PacketMetric(metric >> 13 & 3, metric & 0x1FFF))
        else:
            metrics.append(None)
    return tuple(metrics)


def build_ccfb(packet: Ccfb) -> bytes:
    """The packet after its four-byte header."""
    parts = [packet.sender_ssrc.to_bytes(4, "big")]
    for report in packet.reports:
        count = len(report.metrics)
        if count > _CCFB_LONGEST:
            raise ValueError(f"{count} packets in one report; 16384 may be")
        parts.append(_CCFB_REPORT.pack(report.ssrc, report.begin_sequence, count))
        for metric in report.metrics:
            if metric is None:
                parts.append(b"\0\0")
                continue
            if metric.ecn >> 2 or metric.arrival_offset >> 13:
                raise ValueError(f"{metric} does not fit in 15 bits")
            parts.append(_METRIC.pack(0x8000 | metric.ecn << 13 | metric.arrival_offset))
        if count % 2:
            parts.append(b"\0\0")
    parts.append(packet.timestamp.to_bytes(4, "big"))
    return b"".join(parts)
