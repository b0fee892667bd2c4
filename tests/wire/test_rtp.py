"""RTP packets: RFC vectors and bytes by hand, dpkt and aiortc as second readers, and the laws."""

from typing import Any

import dpkt.rtp
import pytest
from aiortc.rtp import RtpPacket as AiortcPacket
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.rtp import (
    RtpHeader,
    RtpPacket,
    build_rtp,
    decode_header,
    decode_rtp,
    parse_rtp,
    sequence_difference,
)
from tests.fuzz.mutations import mutations
from tests.strategies.rtp import rtp_packets

# RFC 7714, 16: 12 bytes of header, 38 of payload.
RFC7714 = bytes.fromhex(
    "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976"
    "69736120 696e2070 61727465 73207472 6573"
)
# By hand: V=2 P=1 X=1 CC=2 -> 10 1 1 0010 = b2; M=1, PT 96 -> e0; sequence 0xfffe;
# two CSRCs; one word of extension under 0xBEDE; payload "vp8!"; three bytes of padding.
FULL = bytes.fromhex(
    "b2e0fffe 00015f90 cafebabe 00000001 00000002 bede0001 10850000 76703821 000003"
)


def test_rfc_7714_packet() -> None:
    packet = parse_rtp(RFC7714)
    assert packet == RtpPacket(
        payload_type=0x40,
        sequence=0xF17B,
        timestamp=0x8041F8D3,
        ssrc=0x5501A0B2,
        payload=b"Gallia est omnis divisa in partes tres",
    )
    assert build_rtp(packet) == RFC7714
    assert decode_header(RFC7714) == packet.header


def test_every_field() -> None:
    packet = parse_rtp(FULL)
    assert packet == RtpPacket(
        payload_type=96,
        sequence=0xFFFE,
        timestamp=90000,
        ssrc=0xCAFEBABE,
        payload=b"vp8!",
        marker=True,
        csrcs=(1, 2),
        extension_profile=0xBEDE,
        extension=b"\x10\x85\0\0",
        padding_length=3,
    )
    assert build_rtp(packet) == FULL
    header = RtpHeader(
        96, True, True, 0xFFFE, 90000, 0xCAFEBABE, (1, 2), 0xBEDE, b"\x10\x85\0\0", 28
    )
    assert decode_header(FULL) == packet.header == header


def test_header_reads_srtp_without_its_padding() -> None:
    # With SRTP the last byte is a tag's: as a padding count it would be nonsense.
    encrypted = FULL[:-1] + b"\xff"
    header = decode_header(encrypted)
    assert header is not None
    assert header.padding
    assert header.header_length == 28
    with pytest.raises(ParseError) as caught:
        parse_rtp(encrypted)
    assert caught.value.offset == len(encrypted) - 1


@pytest.mark.parametrize(("profile", "cryptex"), [(0xC0DE, True), (0xC2DE, True), (0xBEDE, False)])
def test_cryptex(profile: int, cryptex: bool) -> None:
    # RFC 9335, 5.1: CSRCs without extensions get an empty extension block to say so.
    packet = RtpPacket(96, 1, 2, 3, csrcs=(9,), extension_profile=profile)
    data = build_rtp(packet)
    assert data[16:20] == profile.to_bytes(2, "big") + b"\0\0"
    header = decode_header(data)
    assert header is not None
    assert header.cryptex == packet.cryptex == cryptex
    assert (header.extension, header.header_length) == (b"", 20)


def test_padding_may_be_all_there_is() -> None:
    packet = parse_rtp(bytes.fromhex("a0600001 00000000 00000001 00000004"))
    assert (packet.payload, packet.padding_length) == (b"", 4)


@pytest.mark.parametrize(
    ("data", "offset", "message"),
    [
        (FULL[:11], 11, "RTP header cut short: 11 of 12 bytes"),
        (b"\x40" + FULL[1:], 0, "RTP version 1"),
        (FULL[:16], 12, "CSRC list cut short: 1 of 2"),
        (FULL[:22], 20, "header extension cut short"),
        (FULL[:26], 24, "header extension cut short: 2 of 4 bytes"),
        (FULL[:-1] + b"\0", 34, "padding count 0 in 7 bytes of payload"),
        (FULL[:-1] + b"\x08", 34, "padding count 8 in 7 bytes of payload"),
        (FULL[:28], 27, "padding count 0 in 0 bytes of payload"),
    ],
)
def test_damage_is_named(data: bytes, offset: int, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_rtp(data)
    assert (caught.value.offset, caught.value.message) == (offset, message)
    assert caught.value.expected
    _, problems = decode_rtp(data)
    assert (problems[0].offset, problems[0].message) == (offset, message)


def test_tolerant_decoding_keeps_what_it_can() -> None:
    packet, problems = decode_rtp(FULL[:26])
    assert packet is not None
    assert (packet.sequence, packet.csrcs, packet.payload) == (0xFFFE, (1, 2), b"")
    assert packet.extension_profile == 0xBEDE
    assert len(problems) == 2  # the cut extension, and no byte left for the padding count
    packet, _ = decode_rtp(FULL[:18])
    assert packet is not None
    assert packet.csrcs == (1,)
    bad_padding, _ = decode_rtp(FULL[:-1] + b"\xff")
    assert bad_padding is not None
    assert bad_padding.payload == b"vp8!\0\0\xff"
    assert decode_rtp(FULL[:11])[0] is None


@pytest.mark.parametrize("data", [FULL, RFC7714, b""])
def test_header_of_every_cut(data: bytes) -> None:
    full = decode_header(data)
    for length in range(len(data)):
        whole = full is not None and length >= full.header_length
        assert decode_header(data[:length]) == (full if whole else None)
        parsed, _ = decode_rtp(data[:length])
        assert (parsed is None) == (length < 12)


@pytest.mark.parametrize(
    "changes",
    [
        {"payload_type": 128},
        {"sequence": 65536},
        {"timestamp": -1},
        {"ssrc": 1 << 32},
        {"csrcs": tuple(range(16))},
        {"csrcs": (-1,)},
        {"padding_length": 256},
        {"extension": b"word"},
        {"extension_profile": 0x10000},
        {"extension_profile": 1, "extension": b"odd"},
        {"extension_profile": 1, "extension": bytes(4 * 65536)},
    ],
)
def test_what_does_not_fit_is_not_built(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        build_rtp(RtpPacket(96, 1, 2, 3)._replace(**changes))


@pytest.mark.parametrize(
    ("later", "earlier", "difference"),
    [(1, 0, 1), (0, 65535, 1), (65535, 0, -1), (0x8000, 0, -0x8000), (0x7FFF, 0, 0x7FFF)],
)
def test_sequence_difference(later: int, earlier: int, difference: int) -> None:
    assert sequence_difference(later, earlier) == difference


@given(rtp_packets())
def test_build_then_parse(packet: RtpPacket) -> None:
    data = build_rtp(packet)
    assert parse_rtp(data) == packet
    assert decode_rtp(data) == (packet, ())
    assert decode_header(data) == packet.header
    assert data[packet.header.header_length :].startswith(packet.payload)


@given(rtp_packets())
def test_dpkt_reads_the_same(packet: RtpPacket) -> None:
    other = dpkt.rtp.RTP(build_rtp(packet))
    assert (other.version, other.p, other.x) == (
        2,
        packet.padding_length > 0,
        packet.extension_profile is not None,
    )
    assert (other.m, other.pt, other.cc) == (
        packet.marker,
        packet.payload_type,
        len(packet.csrcs),
    )
    assert (other.seq, other.ts, other.ssrc) == (packet.sequence, packet.timestamp, packet.ssrc)


# aiortc reads the elements with the packet, and gives up when random data are none.
plain_packets = rtp_packets().filter(
    lambda packet: packet.extension_profile not in (0xBEDE, 0x1000)
)


@given(plain_packets)
def test_aiortc_reads_the_same(packet: RtpPacket) -> None:
    other = AiortcPacket.parse(build_rtp(packet))
    assert (other.payload_type, bool(other.marker)) == (packet.payload_type, packet.marker)
    assert (other.sequence_number, other.timestamp) == (packet.sequence, packet.timestamp)
    assert (other.ssrc, tuple(other.csrc)) == (packet.ssrc, packet.csrcs)
    assert (other.payload, other.padding_size) == (packet.payload, packet.padding_length)


def _check(data: bytes) -> None:
    header = decode_header(data)
    packet, problems = decode_rtp(data)
    if problems:
        with pytest.raises(ParseError) as caught:
            parse_rtp(data)
        assert caught.value.offset == problems[0].offset
        return
    assert packet is not None
    assert parse_rtp(data) == packet
    assert packet.header == header
    assert parse_rtp(build_rtp(packet)) == packet


@given(st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    _check(data)


def test_mutated_packets() -> None:
    for data in mutations([FULL, RFC7714], 10_000, seed=3550):
        _check(data)
