"""Link layers: frames by dpkt and by hand, down to the datagram in them."""

import io
import struct

import dpkt
import pytest

from rtckit.capture import Datagram, open_capture
from rtckit.capture.link import ARP, IPV4, IPV6, OTHER, Network, find_network
from rtckit.core.address import Address
from rtckit.core.errors import ParseError
from tests.strategies.capture import A4, A6, B4, capture_of, ethernet, ip4, ip6, udp

V4 = ip4(udp(b"payload"))
V6 = ip6(udp(b"payload"))
MAC = b"\x02\x00\x00\x00\x00\x01"


def read_one(frame: bytes, link_type: int) -> Datagram:
    with open_capture(io.BytesIO(capture_of([frame], link_type))) as capture:
        datagrams = list(capture)
        assert not capture.problems
    (datagram,) = datagrams
    return datagram


def sll(kind: int, packet: bytes) -> bytes:
    # LINKTYPE_LINUX_SLL: packet type, ARPHRD, address length, address, protocol.
    return struct.pack("!HHH", 0, 1, 6) + MAC + b"\0\0" + struct.pack("!H", kind) + packet


def sll2(kind: int, packet: bytes) -> bytes:
    # LINKTYPE_LINUX_SLL2: protocol, reserved, interface index, ARPHRD, packet type, address.
    return struct.pack("!HHIHBB", kind, 0, 3, 1, 0, 6) + MAC + b"\0\0" + packet


def tag(tci: int, kind: int) -> bytes:
    return struct.pack("!HH", tci, kind)


SNAP = b"\xaa\xaa\x03\x00\x00\x00"
FRAMES = {
    "ethernet": (1, ethernet(V4), V4),
    "ethernet 6": (1, ethernet(V6, 0x86DD), V6),
    "padded": (1, ethernet(V4) + bytes(20), V4),
    "vlan": (1, ethernet(tag(100, 0x0800) + V4, 0x8100), V4),
    "priority tag": (1, ethernet(tag(0xE000, 0x86DD) + V6, 0x8100), V6),
    "qinq": (1, ethernet(tag(100, 0x8100) + tag(7, 0x0800) + V4, 0x88A8), V4),
    "old qinq": (1, ethernet(tag(100, 0x8100) + tag(7, 0x86DD) + V6, 0x9100), V6),
    "snap": (1, ethernet(SNAP + b"\x08\x00" + V4, 8 + len(V4)), V4),
    "snap in a vlan": (1, ethernet(tag(5, 8 + len(V6)) + SNAP + b"\x86\xdd" + V6, 0x8100), V6),
    "mpls": (1, ethernet(b"\x00\x01\x00\x40\x00\x02\x01\x40" + V4, 0x8847), V4),
    "mpls 6": (1, ethernet(b"\x00\x02\x01\x40" + V6, 0x8848), V6),
    "pppoe": (1, ethernet(b"\x11\x00\x00\x05" + tag(len(V4) + 2, 0x0021) + V4, 0x8864), V4),
    "pppoe 6": (1, ethernet(b"\x11\x00\x00\x05" + tag(len(V6) + 2, 0x0057) + V6, 0x8864), V6),
    "sll": (113, sll(0x0800, V4), V4),
    "sll 6": (113, sll(0x86DD, V6), V6),
    "sll vlan": (113, sll(0x8100, tag(9, 0x0800) + V4), V4),
    "sll2": (276, sll2(0x0800, V4), V4),
    "sll2 6": (276, sll2(0x86DD, V6), V6),
    "raw": (101, V4, V4),
    "raw 6": (101, V6, V6),
    "raw of BSD": (12, V4, V4),
    "raw of OpenBSD": (14, V6, V6),
    "ipv4": (228, V4, V4),
    "ipv6": (229, V6, V6),
    "null little": (0, struct.pack("<I", 2) + V4, V4),
    "null big": (0, struct.pack(">I", 2) + V4, V4),
    "null macOS 6": (0, struct.pack("<I", 30) + V6, V6),
    "null FreeBSD 6": (0, struct.pack("<I", 28) + V6, V6),
    "null Linux 6": (0, struct.pack(">I", 10) + V6, V6),
    "loop": (108, struct.pack(">I", 2) + V4, V4),
    "loop OpenBSD 6": (108, struct.pack(">I", 24) + V6, V6),
}


@pytest.mark.parametrize("name", FRAMES)
def test_the_datagram_is_found(name: str) -> None:
    link_type, frame, packet = FRAMES[name]
    six = packet is V6
    assert find_network(link_type, frame) == (
        IPV6 if six else IPV4,
        frame.index(packet),
    )
    datagram = read_one(frame, link_type)
    assert datagram == Datagram(
        1,
        1_700_000_000_000_000_000,
        "udp",
        Address("2001:db8::1" if six else "192.0.2.1", 5000),
        Address("2001:db8::ff" if six else "198.51.100.7", 6000),
        b"payload",
        7,
        0,
    )


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_cut_anywhere_is_counted_and_no_error(name: str) -> None:
    link_type, frame, _ = FRAMES[name]
    cuts = [frame[:cut] for cut in range(1, len(frame))]
    with open_capture(io.BytesIO(capture_of(cuts, link_type))) as capture:
        datagrams = list(capture)
    assert capture.frames == len(cuts)
    assert sum(capture.statistics[key] for key in ("udp", "unreadable", "other_network")) == len(
        cuts
    )
    assert all(b"payload".startswith(datagram.payload) for datagram in datagrams)


@pytest.mark.parametrize(
    ("frame", "link_type", "network"),
    [
        (ethernet(bytes(28), 0x0806), 1, Network(ARP, 14)),
        (ethernet(b"\x42\x42\x03" + bytes(35), 38), 1, Network(OTHER, 14)),  # spanning tree
        (ethernet(SNAP + b"\x00\x20" + bytes(30), 38), 1, Network(OTHER, 22)),
        (ethernet(bytes(40), 0x88CC), 1, Network(0x88CC, 14)),  # LLDP
        (ethernet(b"\x00\x02\x01\x40\x00\x00\x00\x00", 0x8847), 1, Network(OTHER, 18)),
        (struct.pack("<I", 7) + bytes(20), 0, Network(OTHER, 4)),
        (b"\x00", 101, Network(OTHER, 0)),
    ],
)
def test_frames_without_ip(frame: bytes, link_type: int, network: Network) -> None:
    assert find_network(link_type, frame) == network


def test_tags_without_end_end() -> None:
    frame = ethernet(tag(1, 0x8100) * 400, 0x8100)
    assert find_network(1, frame).ethertype == OTHER


def test_a_link_type_rtckit_does_not_read_is_told_once() -> None:
    with open_capture(io.BytesIO(capture_of([bytes(50)] * 5, 105))) as capture:
        assert list(capture) == []
    assert capture.statistics["unsupported"] == 5
    (problem,) = capture.problems
    assert "link type 105" in problem.message
    with pytest.raises(ParseError):
        find_network(105, bytes(50))


def test_dpkt_agrees_on_ethernet_and_vlan() -> None:
    for name in ("ethernet", "ethernet 6", "vlan", "qinq"):
        link_type, frame, packet = FRAMES[name]
        parsed = dpkt.ethernet.Ethernet(frame)
        assert isinstance(parsed.data.data, dpkt.udp.UDP)
        datagram = read_one(frame, link_type)
        assert parsed.data.data.data == datagram.payload
        assert parsed.data.src == (A6 if packet is V6 else A4)


def test_dpkt_agrees_on_sll() -> None:
    parsed = dpkt.sll.SLL(FRAMES["sll"][1])
    assert parsed.data.dst == B4
    assert parsed.data.data.data == read_one(FRAMES["sll"][1], 113).payload
    parsed2 = dpkt.sll2.SLL2(FRAMES["sll2"][1])
    assert parsed2.data.data.data == b"payload"
