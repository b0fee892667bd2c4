"""Loss, duplicates, reordering and jitter against figures worked out by hand (RFC 3550, A)."""

import random

import pytest

from rtckit.analysis.decode import Packet
from rtckit.analysis.rtp_streams import RtpStream
from rtckit.core.address import Address
from rtckit.wire.demux import Kind
from rtckit.wire.rtp import RtpPacket, build_rtp, decode_header

A, B = Address("192.0.2.1", 5000), Address("192.0.2.2", 6000)
MS = 1_000_000


def feed(
    stream: RtpStream, sequence: int, time_ns: int = 0, timestamp: int = 0, size: int = 20
) -> None:
    payload = build_rtp(RtpPacket(111, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 7, bytes(size)))
    packet = Packet(
        stream.packets + 1, time_ns, "udp", A, B, Kind.RTP, payload, len(payload),
        rtp=decode_header(payload),
    )  # fmt: skip
    stream.feed(packet)


def stream_of(sequences: list[int], clock_rate: int | None = None) -> RtpStream:
    stream = RtpStream(7, A, B, "a", clock_rate=clock_rate)
    for number, sequence in enumerate(sequences):
        feed(stream, sequence, number * 20 * MS, number * 960)
    return stream


@pytest.mark.parametrize(
    ("sequences", "lost", "duplicates", "reordered"),
    [
        ([1, 2, 3, 4], 0, 0, 0),
        ([1, 2, 4, 5], 1, 0, 0),  # 3 never came
        ([1, 2, 4, 3, 5], 0, 0, 1),  # 3 came late
        ([1, 2, 2, 3], 0, 1, 0),
        ([1, 2, 2, 4], 1, 1, 0),  # a duplicate does not make up for the loss of 3
        ([65534, 65535, 0, 1], 0, 0, 0),  # 16 bits wrap
        ([65534, 1], 2, 0, 0),  # 65535 and 0 never came
        ([65535, 0, 65534], 0, 0, 1),  # late, across the wrap, and before the first packet seen
        ([1, 3, 2, 2], 0, 1, 1),
    ],
)
def test_sequence_arithmetic(
    sequences: list[int], lost: int, duplicates: int, reordered: int
) -> None:
    stream = stream_of(sequences)
    assert (stream.lost, stream.duplicates, stream.reordered) == (lost, duplicates, reordered)
    assert stream.packets == len(sequences)
    assert stream.expected == len(set(sequences)) + lost


def test_a_restarted_source_is_not_tens_of_thousands_of_lost_packets() -> None:
    stream = stream_of([10, 11, 12, 40000, 40001, 40003])
    # 10..12 is 3, 40000..40003 is 4 of which 40002 never came.
    assert (stream.restarts, stream.expected, stream.lost) == (1, 7, 1)


def test_jitter_by_hand() -> None:
    """8000 Hz: 20 ms are 160 ticks. Arrivals at 0, 20, 50 and 60 ms.

    D(1) = 0; D(2) = 30 ms - 20 ms = 80 ticks; D(3) = 10 ms - 20 ms = -80 ticks.
    J = 0, then 80/16 = 5, then 5 + (80 - 5)/16 = 9.6875 ticks = 1.2109375 ms.
    """
    stream = RtpStream(7, A, B, "a", clock_rate=8000)
    for number, arrival in enumerate((0, 20, 50, 60)):
        feed(stream, number, arrival * MS, number * 160)
    assert stream.jitter_ms == pytest.approx(1.2109375, rel=1e-12)


def test_jitter_survives_the_wrap_of_the_timestamp() -> None:
    even = RtpStream(7, A, B, "a", clock_rate=8000)
    for number in range(10):
        feed(even, number, number * 20 * MS, (0xFFFFFF00 + number * 160))
    assert even.jitter_ms == pytest.approx(0.0)


def test_jitter_needs_a_clock_rate() -> None:
    assert stream_of([1, 2, 3]).jitter_ms is None
    assert stream_of([1, 2, 3], clock_rate=48000).jitter_ms == pytest.approx(0.0)


def test_jitter_at_epoch_times_keeps_its_precision() -> None:
    """Arrival in nanoseconds since 1970 must not lose microseconds to floating point."""
    stream = RtpStream(7, A, B, "a", clock_rate=90000)
    start = 1_795_246_327_000_000_001
    for number in range(100):
        # 100 ticks of 90 kHz are not a whole number of nanoseconds: 1,111,111.1.
        feed(stream, number, start + number * 100 * 1_000_000_000 // 90000, number * 100)
    assert stream.jitter_ms is not None
    assert stream.jitter_ms < 1e-4


def test_bytes_and_rate() -> None:
    stream = RtpStream(7, A, B, "a")
    for number in range(101):
        feed(stream, number, number * 10 * MS, 0, size=88)
    # 101 packets of 12 + 88 bytes in one second.
    assert (stream.bytes, stream.header_bytes, stream.payload_bytes) == (10100, 1212, 8888)
    assert stream.bitrate_bps == pytest.approx(80800.0)
    assert stream.longest_gap_ns == 10 * MS


def test_random_loss_is_counted_exactly() -> None:
    """An independent count: drop, repeat and swap packets at random, and keep the truth."""
    generator = random.Random(20261121)
    for start in (0, 65000):
        sent = list(range(start, start + 3000))
        dropped = {n for n in sent[1:-1] if generator.random() < 0.03}
        wire: list[int] = []
        repeated = 0
        for number in sent:
            if number in dropped:
                continue
            wire.append(number)
            if generator.random() < 0.02:
                wire.append(number)
                repeated += 1
        stream = RtpStream(7, A, B, "a")
        for index, number in enumerate(wire):
            feed(stream, number, index * MS)
        assert (stream.lost, stream.duplicates) == (len(dropped), repeated)
        assert stream.expected == 3000
