"""Demultiplexing against the table of RFC 7983, 7 with RFC 9443, and packets worked out by hand."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.wire.demux import Kind, first_byte_kind, is_rtcp_packet_type

# RFC 8489, 5: Binding request, no attributes, the cookie, a transaction id.
STUN = bytes.fromhex("00010000 2112a442") + bytes(12)
# RFC 6347, 4.1: handshake, DTLS 1.2, epoch 0, sequence 0, a fragment of 4 bytes.
DTLS = bytes.fromhex("16 fefd 0000 000000000000 0004 01000000")
# RFC 9147, 4: 001, C=0, S=1, L=1, epoch 2; sequence 7; 20 bytes of ciphertext.
UNIFIED = bytes.fromhex("2e 0007 0014") + bytes(20)
RTP = bytes.fromhex("806f0001 00000002 deadbeef") + b"opus"
RTCP = bytes.fromhex("80c90001 deadbeef")
CHANNEL = bytes.fromhex("40010003 616263")
ZRTP = bytes.fromhex("10000001") + b"ZRTP" + bytes(8)
QUIC_INITIAL = bytes.fromhex("c3 00000001 08") + bytes(40)
QUIC_SHORT = bytes.fromhex("4f") + bytes(range(60, 90))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (STUN, Kind.STUN),
        (ZRTP, Kind.ZRTP),
        (DTLS, Kind.DTLS),
        (UNIFIED, Kind.DTLS),
        (CHANNEL, Kind.TURN_CHANNEL),
        (CHANNEL + b"\0", Kind.TURN_CHANNEL),
        (QUIC_SHORT, Kind.QUIC),
        (bytes([0x60]) + QUIC_SHORT[1:], Kind.QUIC),
        (QUIC_INITIAL, Kind.QUIC),
        (RTP, Kind.RTP),
        (RTCP, Kind.RTCP),
        (b"", Kind.UNKNOWN),
    ],
)
def test_each_kind(data: bytes, kind: Kind) -> None:
    assert first_byte_kind(data) is kind


def test_first_byte_ranges() -> None:
    """Over every first byte, only the kinds its range allows; the body suits each of them in turn.

    The bodies differ because no one body can be all of them: the cookies share bytes 4 to 7.
    """
    allowed: tuple[tuple[range, set[Kind]], ...] = (
        (range(4), {Kind.STUN}),
        (range(4, 16), set()),
        (range(16, 20), {Kind.ZRTP}),
        (range(20, 27), {Kind.DTLS}),
        (range(27, 32), set()),
        (range(32, 64), {Kind.DTLS}),
        (range(64, 80), {Kind.TURN_CHANNEL, Kind.QUIC}),
        (range(80, 128), {Kind.QUIC}),
        (range(128, 192), {Kind.RTP, Kind.RTCP}),
        (range(192, 256), {Kind.QUIC}),
    )
    bodies = [one[1:] for one in (STUN, ZRTP, DTLS, UNIFIED, RTP, RTCP, QUIC_INITIAL, QUIC_SHORT)]
    bodies.append(bytes.fromhex("010010") + bytes(16))
    for firsts, kinds in allowed:
        for first in firsts:
            found = {first_byte_kind(bytes([first]) + body) for body in bodies}
            assert found - {Kind.UNKNOWN} == kinds, first


@pytest.mark.parametrize("second", range(256))
def test_rtcp_is_told_by_the_second_byte(second: int) -> None:
    # RFC 5761, 4: 192..223 as an RTCP packet type are payload types 64..95 with the marker bit.
    expected = Kind.RTCP if 64 <= second & 0x7F <= 95 and second >= 128 else Kind.RTP
    assert first_byte_kind(bytes([0x80, second]) + RTP[2:]) is expected
    assert is_rtcp_packet_type(second) == (expected is Kind.RTCP)


def test_stun_needs_cookie_and_length() -> None:
    assert first_byte_kind(STUN[:4] + b"\x21\x12\xa4\x43" + STUN[8:]) is Kind.UNKNOWN
    assert first_byte_kind(STUN[:19]) is Kind.UNKNOWN
    assert first_byte_kind(STUN[:2] + b"\0\x03" + STUN[4:] + b"abc") is Kind.UNKNOWN
    assert first_byte_kind(STUN + b"left") is Kind.UNKNOWN
    # Cut short by the capture: the header still says what it is.
    assert first_byte_kind(STUN[:2] + b"\0\x08" + STUN[4:] + b"part") is Kind.STUN


def test_dtls_needs_a_version_or_room_for_a_record() -> None:
    assert first_byte_kind(DTLS[:1] + b"\x03\x03" + DTLS[3:]) is Kind.UNKNOWN  # TLS, not DTLS
    assert first_byte_kind(DTLS[:12]) is Kind.UNKNOWN
    assert first_byte_kind(UNIFIED[:17]) is Kind.UNKNOWN
    assert first_byte_kind(bytes.fromhex("2e 0007 0001") + bytes(20)) is Kind.UNKNOWN
    # S=0: the length follows one byte of sequence number.
    assert first_byte_kind(bytes.fromhex("26 07 0014") + bytes(20)) is Kind.DTLS
    # No length, or a connection id of unknown length before it: nothing more to check.
    assert first_byte_kind(bytes([0x20]) + bytes(17)) is Kind.DTLS
    assert first_byte_kind(bytes([0x3C]) + bytes(17)) is Kind.DTLS


def test_channel_data_whose_length_does_not_fit_is_quic() -> None:
    # RFC 9443: 64..79 is QUIC when it does not come from a TURN server.
    assert first_byte_kind(CHANNEL[:3] + b"\x02" + bytes(30)) is Kind.QUIC
    assert first_byte_kind(bytes.fromhex("40010010") + bytes(4)) is Kind.UNKNOWN


@pytest.mark.parametrize("version", ["00000000", "6b3343cf", "ff00001d", "1a2a3a4a", "51303436"])
def test_quic_versions(version: str) -> None:
    packet = bytes([0xC0]) + bytes.fromhex(version) + bytes(30)
    assert first_byte_kind(packet) is Kind.QUIC


def test_too_short_for_quic() -> None:
    assert first_byte_kind(QUIC_INITIAL[:6]) is Kind.UNKNOWN
    assert first_byte_kind(QUIC_SHORT[:20]) is Kind.UNKNOWN


def test_ntp_is_not_quic() -> None:
    # RFC 5905, 7.3: LI 3, version 4, mode 3, stratum 0, poll 6, precision -20: 48 bytes.
    assert first_byte_kind(bytes.fromhex("e30006ec") + bytes(44)) is Kind.UNKNOWN


def test_dns_can_look_like_rtp() -> None:
    """The documented trap: only the flow tells a DNS query with such an id from RTP."""
    # RFC 1035, 4.1.1: id, then the flags (recursion desired), one question.
    query = bytes.fromhex("0100 0001 0000 0000 0000 07") + b"example\x03com" + b"\0\0\1\0\1"
    assert first_byte_kind(b"\x8a\x01" + query) is Kind.RTP
    assert first_byte_kind(b"\x8a\xc8" + query) is Kind.RTCP
    assert first_byte_kind(b"\x0a\x01" + query) is Kind.UNKNOWN


@given(st.binary(max_size=64))
def test_any_bytes_have_a_kind(data: bytes) -> None:
    assert isinstance(first_byte_kind(data), Kind)


def test_random_bytes_are_seldom_more_than_media_or_dtls() -> None:
    """Beyond the ranges nothing can check (RTP, RTCP, unified, short QUIC), chance is refused."""
    rng = random.Random(1)
    kinds = [first_byte_kind(rng.randbytes(40)) for _ in range(20_000)]
    assert not {Kind.STUN, Kind.ZRTP, Kind.TURN_CHANNEL} & set(kinds)
