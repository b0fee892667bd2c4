"""IPv4 and IPv6: headers against dpkt, extension headers by hand, fragments in every order."""

import itertools
import struct

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.capture.ip import (
    UDP,
    Fragment,
    FragmentReassembler,
    IpPacket,
    decode_ip,
    parse_ip,
)
from rtckit.core.errors import ParseError
from tests.strategies.capture import (
    A4,
    A6,
    B4,
    B6,
    fragments4,
    fragments6,
    ip4,
    ip6,
    udp,
)


@given(st.binary(max_size=100), st.binary(max_size=40).map(lambda b: b[: len(b) // 4 * 4]))
def test_ipv4_against_dpkt(payload: bytes, options: bytes) -> None:
    inner = udp(payload)
    packet = dpkt.ip.IP(src=A4, dst=B4, p=17, opts=options, data=inner)
    packet.hl = 5 + len(options) // 4
    packet.len = len(packet)
    assert parse_ip(bytes(packet)) == IpPacket(A4, B4, 17, bytes(inner), len(inner), None)
    assert parse_ip(bytes(packet) + b"padding").payload == bytes(inner)


@given(st.binary(max_size=100))
def test_ipv6_against_dpkt(payload: bytes) -> None:
    data = ip6(udp(payload))
    theirs = dpkt.ip6.IP6(data)
    ours = parse_ip(data)
    assert ours == IpPacket(theirs.src, theirs.dst, 17, bytes(theirs.data), 8 + len(payload), None)


def ip6_with(first: int, extensions: bytes, payload: bytes) -> bytes:
    length = len(extensions) + len(payload)
    return struct.pack("!IHBB", 0x60000000, length, first, 64) + A6 + B6 + extensions + payload


def extension(following: int, size: int) -> bytes:
    """An extension header of ``size`` bytes (RFC 8200, 4.3): its length does not count 8."""
    return bytes([following, size // 8 - 1]) + bytes(size - 2)


AUTHENTICATION = bytes([17, 4]) + bytes(22)  # RFC 4302: length in 4-byte units, less two


@pytest.mark.parametrize(
    ("first", "extensions"),
    [
        (0, extension(17, 8)),
        (43, extension(17, 24)),
        (60, extension(17, 16)),
        (0, extension(43, 8) + extension(60, 16) + extension(17, 8)),
        (51, AUTHENTICATION),
        (135, extension(17, 8)),
        (44, bytes([17, 0, 0, 0, 0, 0, 0, 9])),  # an atomic fragment (RFC 6946)
        (44, bytes([60, 0, 0, 0, 0, 0, 0, 9]) + extension(17, 8)),
    ],
)
def test_extension_headers_are_passed(first: int, extensions: bytes) -> None:
    inner = bytes(udp(b"hello"))
    packet = parse_ip(ip6_with(first, extensions, inner))
    assert packet == IpPacket(A6, B6, UDP, inner, len(inner), None)


def test_extension_headers_without_end_end() -> None:
    packet = parse_ip(ip6_with(0, extension(0, 8) * 200, b""))
    assert packet.protocol == 0


@pytest.mark.parametrize("protocol", [50, 59, 132])
def test_other_protocols_stay(protocol: int) -> None:
    assert parse_ip(ip6_with(protocol, b"", b"data")).protocol == protocol


def test_what_was_not_captured_is_told_by_the_length() -> None:
    data = ip4(udp(bytes(1000)))
    packet, problems = decode_ip(data[:100], len(data))
    assert packet is not None
    assert (len(packet.payload), packet.length) == (80, 1008)
    assert not problems


@pytest.mark.parametrize("build", [ip4, ip6])
def test_longer_than_its_frame_is_a_problem(build: object) -> None:
    data = build(udp(bytes(100)))  # type: ignore[operator]
    packet, problems = decode_ip(data[:-10])
    assert packet is not None
    assert "IP packet of" in problems[0].message
    with pytest.raises(ParseError):
        parse_ip(data[:-10])


def test_a_length_of_zero_is_offload() -> None:
    data = bytearray(ip4(udp(b"large")))
    data[2:4] = bytes(2)
    assert parse_ip(bytes(data)).length == 13


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"", 0),
        (b"\x50" + bytes(40), 0),
        (b"\x45" + bytes(18), 19),
        (b"\x44\x00\x00\x30" + bytes(40), 0),  # a header of 16 bytes
        (b"\x4f\x00\x00\x28" + bytes(36), 2),  # total less than the header
        (b"\x60" + bytes(38), 39),
    ],
)
def test_damage_has_a_place(data: bytes, offset: int) -> None:
    with pytest.raises(ParseError) as caught:
        parse_ip(data)
    assert caught.value.offset == offset
    packet, problems = decode_ip(data)
    assert packet is None
    assert len(problems) == 1


# -- fragments ------------------------------------------------------------------------------------

PAYLOAD = bytes(range(256)) * 4


def whole_of(build: object) -> tuple[bytes, bytes]:
    inner = udp(PAYLOAD)
    return build(inner), bytes(inner)  # type: ignore[operator]


@pytest.mark.parametrize(("build", "cut"), [(ip4, fragments4), (ip6, fragments6)])
def test_fragments_in_every_order(build: object, cut: object) -> None:
    data, inner = whole_of(build)
    pieces = [parse_ip(piece) for piece in cut(data, 264)]  # type: ignore[operator]
    assert len(pieces) == 4
    for order in itertools.permutations(pieces):
        reassembler = FragmentReassembler()
        results = [reassembler.add(piece, 0) for piece in order]
        assert results[:-1] == [None, None, None]
        assert results[-1] == pieces[0]._replace(
            payload=inner, length=len(inner), fragment=None, protocol=17
        )
        assert reassembler.pending == 0


def test_ipv4_fragments_as_dpkt_reads_them() -> None:
    data, _ = whole_of(ip4)
    for piece in fragments4(data, 264):
        theirs = dpkt.ip.IP(piece)
        fragment = parse_ip(piece).fragment
        assert fragment == Fragment(theirs.id, theirs.offset * 8, bool(theirs.mf))


def test_headers_after_the_fragment_header_are_passed_when_whole() -> None:
    inner = extension(17, 8) + bytes(udp(PAYLOAD))
    data = ip6_with(60, b"", inner)
    reassembler = FragmentReassembler()
    results = [reassembler.add(parse_ip(piece), 0) for piece in fragments6(data, 264)]
    assert results[-1] is not None
    assert results[-1].protocol == UDP
    assert results[-1].payload == bytes(udp(PAYLOAD))


@given(st.data())
def test_any_overlapping_fragments_give_the_first_bytes(draws: st.DataObject) -> None:
    """Against a byte map: each byte is the first fragment's that brought it."""
    total = draws.draw(st.integers(1, 30)) * 8 - draws.draw(st.integers(0, 7))
    reassembler = FragmentReassembler()
    expected: dict[int, int] = {}
    for counter in range(1, draws.draw(st.integers(2, 21))):
        start = draws.draw(st.integers(0, (total - 1) // 8)) * 8
        end = draws.draw(st.sampled_from([total, *range(start + 8, total, 8)]))
        piece = IpPacket(
            A4,
            B4,
            17,
            bytes([counter]) * (end - start),
            end - start,
            Fragment(1, start, end < total),
        )
        result = reassembler.add(piece, counter)
        for at in range(start, end):
            expected.setdefault(at, counter)
        complete = len(expected) == total
        assert (result is not None) == complete
        if result is not None:
            assert result.payload == bytes(expected[at] for at in range(total))
            assert result.length == total
            break


def test_interfaces_and_protocols_are_not_mixed() -> None:
    pieces = [parse_ip(piece) for piece in fragments4(ip4(udp(PAYLOAD)), 520)]
    reassembler = FragmentReassembler()
    assert reassembler.add(pieces[0], 0, 0) is None
    assert reassembler.add(pieces[1], 0, 1) is None
    assert reassembler.add(pieces[1]._replace(protocol=6), 0, 0) is None
    assert reassembler.pending == 3
    assert reassembler.add(pieces[1], 0, 0) is not None


def test_fragments_cut_by_the_snap_length() -> None:
    pieces = []
    data, inner = whole_of(ip4)
    for piece in fragments4(data, 520):
        packet, _ = decode_ip(piece[:60], len(piece))
        assert packet is not None
        pieces.append(packet)
    reassembler = FragmentReassembler()
    reassembler.add(pieces[0], 0)
    whole = reassembler.add(pieces[1], 0)
    assert whole is not None
    assert whole.length == len(inner)
    assert whole.payload == data[20:60]


def piece(
    offset: int, length: int, *, more: bool, identification: int = 1, fill: int = 0
) -> IpPacket:
    payload = bytes([fill]) * length
    return IpPacket(A4, B4, 17, payload, length, Fragment(identification, offset, more))


def test_contradictions_are_refused() -> None:
    reassembler = FragmentReassembler()
    reassembler.add(piece(8, 8, more=False), 0)
    reassembler.add(piece(16, 8, more=True), 0)  # beyond the end
    reassembler.add(piece(8, 3, more=False), 0)  # another end
    reassembler.add(piece(0, 5, more=True), 0)  # no multiple of eight
    reassembler.add(piece(65528, 16, more=False), 0)  # beyond 65,535
    reassembler.add(piece(0, 0, more=True), 0)
    assert reassembler.refused == 5
    assert reassembler.add(piece(0, 8, more=True), 0) is not None


def test_a_packet_without_fragments_passes() -> None:
    packet = parse_ip(ip4(udp(b"x")))
    assert FragmentReassembler().add(packet, 0) is packet


def test_old_packets_are_given_up() -> None:
    reassembler = FragmentReassembler(timeout_ns=30)
    reassembler.add(piece(0, 8, more=True), 0)
    reassembler.add(piece(0, 8, more=True, identification=2), 20)
    assert reassembler.add(piece(8, 8, more=False), 31) is None
    assert reassembler.incomplete == 1
    assert reassembler.add(piece(8, 8, more=False, identification=2), 32) is not None
    reassembler.finish()
    assert reassembler.incomplete == 2


def test_memory_is_bounded() -> None:
    reassembler = FragmentReassembler(max_packets=10, max_bytes=100_000)
    for identification in range(1000):
        reassembler.add(piece(0, 8, more=True, identification=identification), 0)
        assert reassembler.pending <= 10
    assert reassembler.incomplete == 990
    for identification in range(1000):
        reassembler.add(piece(0, 40_000, more=True, identification=identification), 0)
        assert reassembler.held <= 100_000


def test_many_tiny_fragments_cost_little() -> None:
    reassembler = FragmentReassembler()
    for offset in range(0, 65_528, 16):
        reassembler.add(piece(offset, 8, more=True), 0)
    assert reassembler.refused == 4096 - 512
