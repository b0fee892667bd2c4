"""Any bytes as a frame, of any link type: a network packet or a ParseError, and so on inwards."""

from rtckit.capture.frame import LinkType
from rtckit.capture.icmp import decode_icmp_error
from rtckit.capture.ip import FragmentReassembler, decode_ip, parse_ip
from rtckit.capture.link import find_network
from rtckit.core.errors import ParseError
from tests.strategies.capture import (
    ethernet,
    fragments4,
    fragments6,
    ip4,
    ip6,
    tcp,
    udp,
)

# The first byte picks the link type.
SEEDS = [
    b"\x01" + ethernet(ip4(udp(b"payload"))),
    b"\x01" + ethernet(b"\x00\x05\x08\x00" + ip4(tcp(b"payload", 1)), 0x8100),
    b"\x01" + ethernet(ip6(udp(b"payload")), 0x86DD),
    b"\x01" + ethernet(fragments6(ip6(udp(bytes(100))), 56)[0], 0x86DD),
    b"\x01" + ethernet(b"\xaa\xaa\x03\x00\x00\x00\x08\x00" + ip4(udp(b"x")), 60),
    b"\x01" + ethernet(b"\x11\x00\x00\x05\x00\x20\x00\x57" + ip6(udp(b"x")), 0x8864),
    b"\x04" + fragments4(ip4(udp(bytes(100))), 56)[1],
    b"\x00\x1e\x00\x00\x00" + ip6(udp(b"payload")),
    b"\x06" + bytes(14) + b"\x86\xdd" + ip6(udp(b"payload")),
    b"\x09\x08\x00" + bytes(18) + ip4(udp(b"payload")),
]
_LINK_TYPES = tuple(LinkType)


def check(data: bytes) -> None:
    """Nothing but ParseError from the strict parsers, nothing at all from the tolerant ones."""
    if not data:
        return
    link_type, frame = _LINK_TYPES[data[0] % len(_LINK_TYPES)], data[1:]
    try:
        network = find_network(link_type, frame)
    except ParseError:
        return
    assert 0 <= network.offset <= len(frame)
    inner = frame[network.offset :]
    packet, problems = decode_ip(inner)
    try:
        assert parse_ip(inner) == packet
        assert not problems
    except ParseError:
        assert problems
    if packet is None:
        return
    assert packet.length >= 0
    assert len(packet.payload) <= packet.length
    assert len(packet.source) == len(packet.destination)
    assert decode_ip(inner[: len(inner) // 2], len(inner)) is not None
    reassembler = FragmentReassembler()
    whole = reassembler.add(packet, 0)
    if whole is not None:
        assert whole.fragment is None
        assert len(whole.payload) <= whole.length
    decode_icmp_error(packet.payload, packet.source)
