"""Feedback messages: bytes by hand from RFC 4585, RFC 5104 and the drafts, and aiortc's reading."""

import aiortc.rtp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.rtcp import (
    BitrateLimit,
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
    RtcpPacket,
    Sli,
    SliEntry,
    Tmmbn,
    Tmmbr,
    build_compound,
    decode_compound,
    parse_compound,
)
from tests.strategies import rtcp as strategies
from tests.strategies.rtp import u16

BY_HAND = [
    # PID 1000 = 03e8; BLP bit 0 is 1001, bit 15 is 1016.
    ("81cd0003 00000001 00000002 03e88001", Nack(1, 2, (NackEntry(1000, 0x8001),))),
    # Exponent 1, mantissa 128000 = 1f400, overhead 40 = 028:
    # 1 << 26 | 0x1f400 << 9 | 0x28 = 04000000 + 03e80000 + 28.
    (
        "83cd0004 00000001 00000000 00000002 07e80028",
        Tmmbr(1, 0, (BitrateLimit(2, 1, 128000, 40),)),
    ),
    ("84cd0002 00000001 00000000", Tmmbn(1, 0, ())),
    ("81ce0002 00000001 00000002", Pli(1, 2)),
    # First 5 (13 bits), number 3 (13), picture 33 (6): 5 << 19 | 3 << 6 | 33 = 280000 + c0 + 21.
    ("82ce0003 00000001 00000002 002800e1", Sli(1, 2, (SliEntry(5, 3, 33),))),
    ("84ce0004 00000001 00000000 00000002 07000000", Fir(1, 0, (FirEntry(2, 7),))),
    # Seq 9; C=1 and payload type 98: 80 | 62; TTID 2, TLID 1; CTID 1, CLID 0.
    (
        "8ace0005 00000001 00000000 00000002 09e20000 02010100",
        Lrr(1, 0, (LrrEntry(2, 9, 98, LayerIndex(2, 1), LayerIndex(1, 0)),)),
    ),
    (
        "8ace0005 00000001 00000000 00000002 09620000 02010000",
        Lrr(1, 0, (LrrEntry(2, 9, 98, LayerIndex(2, 1)),)),
    ),
    # 1,000,000 = 250000 << 2; 250000 = 3d090: exponent 000010, mantissa 11 1101 0000 1001 0000:
    # 0b d090. One SSRC.
    (
        "8fce0005 00000001 00000000 52454d42 010bd090 00000002",
        Remb(1, 0, 2, 250000, (2,)),
    ),
    # Formats without a reader: RPSI, and an application message that is no REMB.
    (
        "83ce0003 00000001 00000002 08600102",
        GenericFeedback(206, 3, 1, 2, bytes.fromhex("08600102")),
    ),
    (
        "8fce0003 00000001 00000002 474f4f47",
        GenericFeedback(206, 15, 1, 2, b"GOOG"),
    ),
    ("82cd0002 00000001 00000002", GenericFeedback(205, 2, 1, 2, b"")),
]


@pytest.mark.parametrize(("data", "packet"), BY_HAND)
def test_by_hand(data: str, packet: RtcpPacket) -> None:
    octets = bytes.fromhex(data)
    assert parse_compound(octets, reduced_size=True) == (packet,)
    assert decode_compound(octets) == ((packet,), ())
    assert build_compound((packet,)) == octets


def test_lost_packets_of_a_nack() -> None:
    assert Nack(1, 2, (NackEntry(1000, 0x8001),)).lost == (1000, 1001, 1016)
    assert Nack(1, 2, (NackEntry(0xFFFF, 1), NackEntry(7, 0))).lost == (0xFFFF, 0, 7)


def test_nack_for_lost_packets() -> None:
    # 1017 is 17 after 1000: an entry of its own. 65535 and 0 are neighbours.
    nack = Nack.for_lost(1, 2, [1000, 1001, 1016, 1017, 65535, 0])
    assert nack.entries == ((1000, 0x8001), (1017, 0), (65535, 1))


def test_bit_rates() -> None:
    assert BitrateLimit(2, 1, 128000, 40).bitrate == 256_000
    assert Remb(1, 0, 2, 250000, (2,)).bitrate == 1_000_000
    assert Remb.for_bitrate(1, 1_000_000, [2]) == Remb(1, 0, 2, 250000, (2,))
    assert Remb.for_bitrate(1, 0x3FFFF, []).exponent == 0
    # 0x40003 needs 19 bits: the lowest is lost, downwards.
    assert Remb.for_bitrate(1, 0x40003, []).bitrate == 0x40002


@pytest.mark.parametrize(
    ("data", "offset", "message", "kept"),
    [
        ("81cd0002 00000001 00000002", 12, "NACK without an entry", Nack(1, 2, ())),
        ("84ce0002 00000001 00000000", 12, "FIR without an entry", Fir(1, 0, ())),
        (
            "84ce0003 00000001 00000000 00000002",
            12,
            "FIR entry cut short: 4 of 8 bytes",
            Fir(1, 0, ()),
        ),
        ("81ce0003 00000001 00000002 00000000", 12, "4 bytes after a PLI", Pli(1, 2)),
        (
            "8fce0005 00000001 00000000 52454d42 020bd090 00000002",
            16,
            "REMB announces 2 SSRCs and has 1",
            Remb(1, 0, 2, 250000, (2,)),
        ),
        (
            "8fce0005 00000001 00000000 52454d42 000bd090 00000002",
            16,
            "REMB announces 0 SSRCs and has 1",
            Remb(1, 0, 2, 250000, ()),
        ),
        (
            "8fce0003 00000001 00000000 52454d42",
            12,
            "REMB cut short",
            GenericFeedback(206, 15, 1, 0, b"REMB"),
        ),
    ],
)
def test_damage_is_named(data: str, offset: int, message: str, kept: RtcpPacket) -> None:
    octets = bytes.fromhex(data)
    with pytest.raises(ParseError) as caught:
        parse_compound(octets, reduced_size=True)
    assert (caught.value.offset, caught.value.message) == (offset, message)
    packets, problems = decode_compound(octets)
    assert packets == (kept,)
    assert (problems[0].offset, problems[0].message) == (offset, message)


@pytest.mark.parametrize(
    "packet",
    [
        Nack(1, 2, (NackEntry(65536, 0),)),
        Tmmbr(1, 0, (BitrateLimit(2, 64, 0, 0),)),
        Tmmbr(1, 0, (BitrateLimit(2, 0, 1 << 17, 0),)),
        Tmmbr(1, 0, (BitrateLimit(2, 0, 0, 512),)),
        Tmmbr(1, 0, ()),
        Sli(1, 2, (SliEntry(1 << 13, 0, 0),)),
        Sli(1, 2, (SliEntry(0, 0, 64),)),
        Fir(1, 0, (FirEntry(2, 256),)),
        Lrr(1, 0, (LrrEntry(2, 0, 128, LayerIndex(0, 0)),)),
        Lrr(1, 0, (LrrEntry(2, 0, 0, LayerIndex(8, 0)),)),
        Remb(1, 0, 0, 1 << 18, ()),
        Remb(1, 0, 0, 0, tuple(range(256))),
    ],
)
def test_what_does_not_fit_is_not_built(packet: RtcpPacket) -> None:
    with pytest.raises(ValueError):
        build_compound((packet,))


@given(st.lists(u16, min_size=1, unique=True).map(sorted))
def test_nack_names_just_the_lost(lost: list[int]) -> None:
    nack = Nack.for_lost(1, 2, lost)
    assert list(nack.lost) == lost
    assert parse_compound(build_compound((nack,)), reduced_size=True) == (nack,)


# aiortc lets sequence numbers grow past 65535; it is asked for those that do not.
@given(st.lists(st.integers(0, 0xFFEF), min_size=1, unique=True).map(sorted))
def test_aiortc_nack(lost: list[int]) -> None:
    data = build_compound((Nack.for_lost(1, 2, lost),))
    (other,) = aiortc.rtp.RtcpPacket.parse(data)
    assert isinstance(other, aiortc.rtp.RtcpRtpfbPacket)
    assert (other.fmt, other.ssrc, other.media_ssrc, other.lost) == (1, 1, 2, lost)
    assert bytes(other) == data


@given(st.integers(0, (1 << 81) - (1 << 63)), st.lists(st.integers(0, 0xFFFFFFFF), max_size=5))
def test_aiortc_remb(bitrate: int, ssrcs: list[int]) -> None:
    remb = Remb.for_bitrate(1, bitrate, ssrcs)
    data = build_compound((remb,))
    (other,) = aiortc.rtp.RtcpPacket.parse(data)
    assert isinstance(other, aiortc.rtp.RtcpPsfbPacket)
    assert other.fmt == aiortc.rtp.RTCP_PSFB_APP
    assert aiortc.rtp.unpack_remb_fci(other.fci) == (remb.bitrate, ssrcs)
    assert aiortc.rtp.pack_remb_fci(bitrate, ssrcs) == other.fci


@given(strategies.feedback)
def test_aiortc_common_header(packet: RtcpPacket) -> None:
    data = build_compound((packet,))
    (other,) = aiortc.rtp.RtcpPacket.parse(data)
    assert isinstance(other, aiortc.rtp.RtcpPsfbPacket | aiortc.rtp.RtcpRtpfbPacket)
    assert (other.ssrc, other.media_ssrc) == (packet.sender_ssrc, packet.media_ssrc)  # type: ignore[union-attr]
    if isinstance(packet, Pli):
        assert (other.fmt, bytes(other)) == (aiortc.rtp.RTCP_PSFB_PLI, data)
