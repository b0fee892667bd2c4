"""Demultiplexing by flow, and what runs inside TURN."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.analysis.decode import Decoder, Packet
from rtckit.analysis.trace import read_datagrams
from rtckit.analysis.trace_messages import TraceError
from rtckit.capture import Datagram
from rtckit.core.address import Address
from rtckit.wire import stun
from rtckit.wire.demux import Kind
from rtckit.wire.rtp import RtpPacket, build_rtp

A, B = Address("192.0.2.1", 5000), Address("192.0.2.2", 6000)


def datagram(payload: bytes, frame: int = 1, src: Address = A, dst: Address = B) -> Datagram:
    return Datagram(frame, frame * 1000, "udp", src, dst, payload, len(payload), 0)


def decode(*datagrams: Datagram) -> list[Packet]:
    return list(Decoder().decode(datagrams))


def rtp(sequence: int, ssrc: int = 9) -> bytes:
    return build_rtp(RtpPacket(96, sequence, 0, ssrc, bytes(20)))


def kinds(packets: list[Packet]) -> list[Kind]:
    return [packet.kind for packet in packets]


def test_rtp_proves_itself_by_two_packets_in_sequence() -> None:
    packets = decode(datagram(rtp(5), 1), datagram(rtp(6), 2), datagram(rtp(7), 3))
    assert kinds(packets) == [Kind.RTP] * 3
    assert [packet.frame for packet in packets] == [1, 2, 3]


def test_one_packet_that_looks_like_rtp_is_not_a_stream() -> None:
    assert kinds(decode(datagram(rtp(5)))) == [Kind.UNKNOWN]


def test_sequence_numbers_at_random_are_not_a_stream() -> None:
    packets = decode(*(datagram(rtp(n), i) for i, n in enumerate((5, 40000, 21000, 60000), 1)))
    assert kinds(packets) == [Kind.UNKNOWN] * 4
    assert sorted(packet.frame for packet in packets) == [1, 2, 3, 4]


def test_dns_is_not_rtp_whatever_its_id() -> None:
    # A DNS query whose id begins with 0x80: on the wire it has RTP's version bits.
    query = bytes.fromhex("80010100000100000000000003777777076578616d706c6503636f6d0000010001")
    server = Address("192.0.2.53", 53)
    packets = decode(*(datagram(query, frame, A, server) for frame in range(1, 5)))
    assert kinds(packets) == [Kind.UNKNOWN] * 4


def test_one_check_vouches_for_the_flow() -> None:
    check = stun.build(stun.Method.BINDING, stun.MessageClass.REQUEST, bytes(12), [])
    packets = decode(datagram(check, 1), datagram(rtp(5), 2), datagram(rtp(900), 3))
    assert kinds(packets) == [Kind.STUN, Kind.RTP, Kind.RTP]


def test_unified_header_needs_a_flow_that_spoke_before() -> None:
    record = bytes([0x2E]) + bytes(3) + bytes([40]) + bytes(40)
    check = stun.build(stun.Method.BINDING, stun.MessageClass.REQUEST, bytes(12), [])
    assert kinds(decode(datagram(record)))[0] is Kind.UNKNOWN
    assert kinds(decode(datagram(check, 1), datagram(record, 2))) == [Kind.STUN, Kind.DTLS]


def test_short_quic_headers_count_only_after_a_long_one() -> None:
    short = bytes([0x50]) + bytes(40)
    long = bytes([0xC3, 0, 0, 0, 1, 8]) + bytes(60)
    assert kinds(decode(datagram(short))) == [Kind.UNKNOWN]
    assert kinds(decode(datagram(long, 1), datagram(short, 2))) == [Kind.QUIC, Kind.QUIC]


TURN = """
    0.00 A > T allocate-request user=u realm=r nonce=n
    0.01 T > A allocate-success relayed=R mapped=M
    0.10 A > T send-indication peer=N | binding-request user=bbbb:aaaa controlling
    0.12 T > A data-indication peer=N | binding-success mapped=R
    0.20 A > T channel-bind-request channel=0x4000 peer=N user=u realm=r nonce=n
    0.21 T > A channel-bind-success
    0.30 A > T channel 0x4000 | rtp ssrc=5 seq=1
    0.32 T > A channel 0x4000 | rtp ssrc=6 seq=1
"""


def test_turn_is_unwrapped_to_the_addresses_ice_thinks_in() -> None:
    packets = decode(*read_datagrams(TURN))
    inner = [packet for packet in packets if packet.relay is not None]
    client, server = Address("10.0.0.1", 5000), Address("203.0.113.9", 3478)
    relayed, peer = Address("203.0.113.9", 50000), Address("198.51.100.2", 41000)
    assert [(packet.src, packet.dst) for packet in inner] == [
        (relayed, peer),
        (peer, relayed),
        (relayed, peer),
        (peer, relayed),
    ]
    assert kinds(inner) == [Kind.STUN, Kind.STUN, Kind.RTP, Kind.RTP]
    assert [packet.relay.form for packet in inner if packet.relay] == [
        "indication",
        "indication",
        "channel",
        "channel",
    ]
    assert all((p.relay.client, p.relay.server) == (client, server) for p in inner if p.relay)


def test_a_channel_bound_before_the_capture_began_is_still_read() -> None:
    lines = TURN.splitlines()[-2:]
    inner = [packet for packet in decode(*read_datagrams("\n".join(lines))) if packet.relay]
    assert kinds(inner) == [Kind.RTP, Kind.RTP]


@given(st.lists(st.tuples(st.binary(max_size=80), st.booleans()), max_size=20))
def test_any_bytes_are_decoded_and_none_are_lost(payloads: list[tuple[bytes, bool]]) -> None:
    datagrams = [
        datagram(payload, frame, *((A, B) if forward else (B, A)))
        for frame, (payload, forward) in enumerate(payloads, 1)
    ]
    outer = [packet for packet in decode(*datagrams) if packet.relay is None]
    assert sorted(packet.frame for packet in outer) == list(range(1, len(datagrams) + 1))


def test_damaged_turn_traffic_never_raises() -> None:
    generator = random.Random(5766)
    originals = read_datagrams(TURN)
    for _ in range(2000):
        damaged = []
        for item in originals:
            payload = bytearray(item.payload)
            for _ in range(generator.randrange(3)):
                payload[generator.randrange(len(payload))] = generator.randrange(256)
            damaged.append(item._replace(payload=bytes(payload[: generator.randrange(1, 200)])))
        decode(*damaged)


@pytest.mark.parametrize("bad", ["0.0 A B binding-request", "0.0 A > B nonsense", "0.0 A > x rtp"])
def test_a_bad_trace_says_what_is_wrong(bad: str) -> None:
    with pytest.raises(TraceError, match=r"no (datagram line|message|address)"):
        read_datagrams(bad)


def test_channel_numbers_of_older_clients_are_channels_where_turn_was_seen() -> None:
    lines = TURN.replace("0x4000", "0x7001")
    inner = [packet for packet in decode(*read_datagrams(lines)) if packet.relay]
    assert kinds(inner)[-2:] == [Kind.RTP, Kind.RTP]
    assert inner[-1].dst == Address("203.0.113.9", 50000)
