"""Demultiplexing of any datagram."""

from rtckit.wire.demux import Kind, first_byte_kind
from rtckit.wire.rtcp import decode_srtcp_header
from rtckit.wire.rtp import decode_header

SEEDS: list[bytes] = [
    bytes.fromhex("00010000 2112a442") + bytes(12),
    bytes.fromhex("16 fefd 0000 000000000000 0004 01000000"),
    bytes.fromhex("2e 0007 0014") + bytes(20),
    bytes.fromhex("10000001") + b"ZRTP" + bytes(8),
    bytes.fromhex("40010003 616263"),
    bytes.fromhex("c3 00000001 08") + bytes(40),
    bytes.fromhex("806f0001 00000002 deadbeef") + b"opus",
    bytes.fromhex("80c90001 deadbeef"),
]


def check(data: bytes) -> None:
    """Every datagram has one kind, and RTCP is never what only RTP can be."""
    kind = first_byte_kind(data)
    assert isinstance(kind, Kind)
    if kind is Kind.RTCP:
        assert decode_srtcp_header(data) is not None
    if decode_srtcp_header(data) is not None:
        assert kind is Kind.RTCP
    elif decode_header(data) is not None:
        assert kind is Kind.RTP
