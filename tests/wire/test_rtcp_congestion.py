"""Transport-cc and CCFB: the figures of the draft and of RFC 8888, and packets by hand."""

import pytest
from hypothesis import given

from rtckit.core.errors import ParseError
from rtckit.wire.rtcp import (
    Ccfb,
    CcfbReport,
    GenericFeedback,
    PacketMetric,
    RtcpPacket,
    TransportCc,
    build_compound,
    decode_compound,
    parse_compound,
)
from rtckit.wire.rtcp_congestion import ARRIVAL_OVER_RANGE, ARRIVAL_UNAVAILABLE
from tests.strategies import rtcp as strategies


def _one(data: str) -> RtcpPacket:
    (packet,) = parse_compound(bytes.fromhex(data), reduced_size=True)
    return packet


def _transport_cc(fci: str, padding: bool = False) -> TransportCc:
    octets = bytes.fromhex("0000000100000002" + fci.replace(" ", ""))
    first = 0xAF if padding else 0x8F
    data = bytes([first, 205]) + (len(octets) // 4).to_bytes(2, "big") + octets
    (packet,) = parse_compound(data, reduced_size=True)
    assert isinstance(packet, TransportCc)
    return packet


def test_one_bit_vector() -> None:
    """The one-bit example of the draft, 3.1.4: 1 lost, 5 received, 3 lost, 3 received, 2 lost.

    Base 10, 14 packets, reference time 2 (128 ms), feedback 3; chunk 10 01111100011100 = 9f1c;
    eight small deltas, ticks of 250 µs; two zeros up to the word.
    """
    packet = _transport_cc("000a 000e 000002 03 9f1c 04 00 01 ff 02 08 00 04 0000")
    n = None
    assert packet == TransportCc(1, 2, 10, 2, 3, (n, 4, 0, 1, 255, 2, n, n, n, 8, 0, 4, n, n))
    assert packet.received == (11, 12, 13, 14, 15, 19, 20, 21)
    assert packet.missing == (10, 16, 17, 18, 22, 23)
    # 4 ticks are 1 ms: 129 ms; then +0, +0.25, +63.75, +0.5, +2, +0, +1 ms.
    assert packet.arrivals == (
        (11, 129_000_000),
        (12, 129_000_000),
        (13, 129_250_000),
        (14, 193_000_000),
        (15, 193_500_000),
        (19, 195_500_000),
        (20, 195_500_000),
        (21, 196_500_000),
    )


def test_run_of_221_not_received() -> None:
    # The first example of the draft, 3.1.3: chunk 000 0000011011101 = 00dd.
    packet = _transport_cc("ffff 00dd 000000 00 00dd 0000")
    assert packet.deltas == (None,) * 221
    assert packet.missing[:2] == (0xFFFF, 0)
    assert packet.arrivals == ()


def test_large_and_negative_deltas() -> None:
    # Three packets: large, lost, small: 11 10 00 01 00000000 = e100. Deltas -4 = fffc, 255 = ff.
    # Reference time ffffff is -1: -64 ms - 1 ms = -65 ms, then +63.75 ms.
    packet = _transport_cc("0001 0003 ffffff 07 e100 fffc ff 000000")
    assert packet == TransportCc(1, 2, 1, -1, 7, (-4, None, 255))
    assert packet.arrivals == ((1, -65_000_000), (3, -1_250_000))


def test_both_ways_of_filling_the_word() -> None:
    plain = _transport_cc("0001 0003 ffffff 07 e100 fffc ff 000000")
    assert _transport_cc("0001 0003 ffffff 07 e100 fffc ff 000003", padding=True) == plain
    # Built as browsers do it: P and a count.
    assert build_compound((plain,)).hex(" ", 4) == (
        "afcd0006 00000001 00000002 00010003 ffffff07 e100fffc ff000003"
    )


def test_feedback_without_timing() -> None:
    # A run of four received, and no delta for any of them.
    packet = _transport_cc("0001 0004 000005 00 2004 0002", padding=True)
    assert packet == TransportCc(1, 2, 1, 5, 0, (0, 0, 0, 0), timing=False)
    assert packet.received == (1, 2, 3, 4)
    assert packet.arrivals == ()
    assert build_compound((packet,)).hex(" ", 4) == (
        "afcd0005 00000001 00000002 00010004 00000500 20040002"
    )


N, S, L = None, 7, 300


@pytest.mark.parametrize(
    ("deltas", "chunks"),
    [
        ((), ""),
        # All that are left agree: a run, however short. 001 + 13 bits.
        ((S,), "2001"),
        ((N,) * 8191, "1fff"),
        ((N,) * 8192, "1fff 0001"),
        ((L,) * 3, "4003"),
        # Seven or fewer that differ: two-bit symbols. 11 01 00 01 = d1 00 with five unused.
        ((S, N, S), "d100"),
        # Eight that differ, none large: one-bit. 10 1 0 111111 + six unused: 10101111 11000000.
        ((S, N, S, S, S, S, S, S), "afc0"),
        # 14, none large: one chunk; the 15th is a run of its own.
        ((S, N) * 7 + (N,), "aaaa 0001"),
        # A run of 13 and another symbol: a vector; of 14: a run.
        ((S,) * 13 + (N,), "bffe"),
        ((S,) * 14 + (N,), "200e 0001"),
        # Large deltas need two bits: 7 symbols, 01 x 6 + 10 = d556; then a run.
        ((S,) * 6 + (L, S), "d556 2001"),
        # Seven agree and a large one follows: a run of 7, then one of 1.
        ((S,) * 7 + (L,), "2007 4001"),
        # A large one among the first 14, not the first 7: two-bit 01 00 01 01 01 01 01 = d155,
        # then 01 10 = d800.
        ((S, N, S, S, S, S, S, S, L), "d155 d800"),
    ],
)
def test_choice_of_chunks(deltas: tuple[int | None, ...], chunks: str) -> None:
    data = build_compound((TransportCc(1, 2, 0, 0, 0, deltas),))
    octets = bytes.fromhex(chunks)
    assert data[20 : 20 + len(octets)] == octets
    times = b"".join(
        b"" if delta is None else delta.to_bytes(1 if delta < 256 else 2, "big") for delta in deltas
    )
    assert data[20 + len(octets) :].startswith(times)
    assert len(data) - 20 - len(octets) - len(times) < 4


@pytest.mark.parametrize(
    ("fci", "offset", "message", "deltas"),
    [
        # The two-bit example of the draft, 3.1.4: 11 00110101010000 = cd50. Its symbol 11 is
        # reserved, 3.1.1: that packet counts as not received; four deltas follow... of three.
        (
            "0001 0007 000000 00 cd50 010203 000000",
            20,
            "reserved packet status symbol 3",
            (None, None, 1, 2, 3, None, None),
        ),
        ("0001 0002 000000 00 2003 0102", 20, "run of 3 with 2 packets to go", (1, 2)),
        ("0001 0001 000000 00 2000 2001 01000000", 20, "run of 0 with 1 packets to go", (1,)),
        (
            "0001 0003 000000 00 2003 0102",
            24,
            "receive deltas cut short after 2 of 3 packets",
            (1, 2),
        ),
        ("0001 0001 000000 00 2001 0102", 23, "1 bytes after the receive deltas", (1,)),
        ("0001 0001 000000 00 2001 0100 00000000", 23, "5 bytes after the receive deltas", (1,)),
        ("0001 0009 000000 00", 20, "status chunks cut short: 0 of 9 packets", ()),
    ],
)
def test_damage_is_named(
    fci: str, offset: int, message: str, deltas: tuple[int | None, ...]
) -> None:
    octets = bytes.fromhex("0000000100000002" + fci.replace(" ", ""))
    data = b"\x8f\xcd" + (len(octets) // 4).to_bytes(2, "big") + octets
    with pytest.raises(ParseError) as caught:
        parse_compound(data, reduced_size=True)
    assert (caught.value.offset, caught.value.message) == (offset, message)
    (packet,), problems = decode_compound(data)
    assert problems[0].offset == caught.value.offset
    assert isinstance(packet, TransportCc)
    assert packet.deltas == deltas


def test_transport_cc_without_a_header_is_generic() -> None:
    packets, problems = decode_compound(bytes.fromhex("8fcd0003 00000001 00000002 00010002"))
    assert packets == (GenericFeedback(205, 15, 1, 2, bytes.fromhex("00010002")),)
    assert len(problems) == 1


@pytest.mark.parametrize(
    "packet",
    [
        TransportCc(1, 2, 0, 1 << 23, 0, ()),
        TransportCc(1, 2, 0, 0, 256, ()),
        TransportCc(1, 2, 65536, 0, 0, ()),
        TransportCc(1, 2, 0, 0, 0, (1 << 15,)),
        TransportCc(1, 2, 0, 0, 0, (None,) * 65536),
        TransportCc(1, 2, 0, 0, 0, (1,), timing=False),
        TransportCc(1, 2, 0, 0, 0, (None,), timing=False),
        Ccfb(1, (CcfbReport(2, 0, (None,) * 16385),), 0),
        Ccfb(1, (CcfbReport(2, 0, (PacketMetric(4, 0),)),), 0),
        Ccfb(1, (CcfbReport(2, 0, (PacketMetric(0, 1 << 13),)),), 0),
        Ccfb(1, (), 1 << 32),
    ],
)
def test_what_does_not_fit_is_not_built(packet: RtcpPacket) -> None:
    with pytest.raises(ValueError):
        build_compound((packet,))


def test_ccfb() -> None:
    # RFC 8888, 3.1. Three packets from 16: received, ECN 01, offset 512: 1 01 0001000000000... =
    # a200; not received: 0000; received, offset 1fff: 9fff; two zeros of padding. A second stream
    # without packets.
    data = "8bcd0008 00000001 00000002 0010 0003 a200 0000 9fff 0000 00000003 0007 0000 b7052000"
    packet = _one(data)
    assert packet == Ccfb(
        1,
        (
            CcfbReport(2, 16, (PacketMetric(1, 512), None, PacketMetric(0, 0x1FFF))),
            CcfbReport(3, 7, ()),
        ),
        0xB7052000,
    )
    assert build_compound((packet,)) == bytes.fromhex(data)


def test_ccfb_offsets() -> None:
    # RFC 8888, 3.1: 512 is exactly half a second.
    assert PacketMetric(0, 512).offset_ns == 500_000_000
    assert PacketMetric(0, ARRIVAL_OVER_RANGE).offset_ns is None
    assert PacketMetric(0, ARRIVAL_UNAVAILABLE).offset_ns is None


def test_ccfb_ignores_the_rest_of_a_packet_not_received() -> None:
    packet = _one("8bcd0005 00000001 00000002 0010 0002 7fff 8000 b7052000")
    assert isinstance(packet, Ccfb)
    assert packet.reports[0].metrics == (None, PacketMetric(0, 0))


@pytest.mark.parametrize(
    ("data", "offset", "reports"),
    [
        ("8bcd0001 00000001", 4, None),
        ("8bcd0003 00000001 00000002 b7052000", 8, ()),
        ("8bcd0005 00000001 00000002 0010 0003 a200 0000 b7052000", 16, 1),
        ("8bcd0005 00000001 00000002 0010 0001 a200 0001 b7052000", 18, 1),
        ("8bcd0005 00000001 00000002 0010 ffff a200 0000 b7052000", 14, 1),
    ],
)
def test_damaged_ccfb(data: str, offset: int, reports: object) -> None:
    with pytest.raises(ParseError) as caught:
        _one(data)
    assert caught.value.offset == offset
    (packet,), problems = decode_compound(bytes.fromhex(data))
    assert problems[0].offset == offset
    assert isinstance(packet, Ccfb) == (reports is not None)


@given(strategies.transport_ccs())
def test_every_packet_is_received_or_missing(packet: TransportCc) -> None:
    assert len(packet.received) + len(packet.missing) == len(packet.deltas)
    if packet.timing:
        assert tuple(sequence for sequence, _ in packet.arrivals) == packet.received
