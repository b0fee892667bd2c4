"""Capture files and frames put together byte by byte, and hypothesis strategies for them.

Nothing here uses the code under test: file formats are written out with ``struct`` from the drafts,
frames are built by dpkt.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

import dpkt
from hypothesis import strategies as st

from rtckit.capture import Frame, Interface

NANOSECONDS = 1_000_000_000

# -- pcap -----------------------------------------------------------------------------------------

MICRO, NANO, PATCHED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34


def pcap_header(
    order: str = "<",
    magic: int = MICRO,
    link_type: int = 1,
    snap_length: int = 65535,
    version: tuple[int, int] = (2, 4),
) -> bytes:
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, snap_length, link_type)


def pcap_record(
    seconds: int, fraction: int, data: bytes, *, order: str = "<", length: int | None = None
) -> bytes:
    length = len(data) if length is None else length
    return struct.pack(order + "IIII", seconds, fraction, len(data), length) + data


def small_pcap(count: int = 8, order: str = "<", magic: int = MICRO) -> bytes:
    """Records a second apart, of different lengths, no two alike."""
    return pcap_header(order, magic) + b"".join(
        pcap_record(1_700_000_000 + i, i * 1000, bytes([i + 1]) * (20 + 7 * i), order=order)
        for i in range(count)
    )


# -- pcapng ---------------------------------------------------------------------------------------


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    assert len(body) % 4 == 0
    total = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + total + body + total


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + padded(value)


def section(order: str = "<", options: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    head = struct.pack(order + "IHHq", 0x1A2B3C4D, *version, -1)
    return block(0x0A0D0D0A, head + options, order)


def interface(
    link_type: int = 1,
    order: str = "<",
    *,
    snap_length: int = 0,
    resolution: int | None = None,
    offset_s: int | None = None,
    more: bytes = b"",
) -> bytes:
    options = more
    if resolution is not None:
        options += option(9, bytes([resolution]), order)
    if offset_s is not None:
        options += option(14, struct.pack(order + "q", offset_s), order)
    if options:
        options += bytes(4)
    return block(1, struct.pack(order + "HHI", link_type, 0, snap_length) + options, order)


def enhanced(
    ticks: int,
    data: bytes,
    order: str = "<",
    *,
    source: int = 0,
    length: int | None = None,
    options: bytes = b"",
) -> bytes:
    length = len(data) if length is None else length
    head = struct.pack(order + "IIIII", source, ticks >> 32, ticks & 0xFFFFFFFF, len(data), length)
    return block(6, head + padded(data) + options, order)


def simple(data: bytes, order: str = "<", *, length: int | None = None) -> bytes:
    length = len(data) if length is None else length
    return block(3, struct.pack(order + "I", length) + padded(data), order)


def obsolete(ticks: int, data: bytes, order: str = "<", *, source: int = 0) -> bytes:
    head = struct.pack(
        order + "HHIIII", source, 0xFFFF, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)
    )
    return block(2, head + padded(data), order)


def secrets(data: bytes, order: str = "<", kind: int = 0x544C534B) -> bytes:
    return block(10, struct.pack(order + "II", kind, len(data)) + padded(data), order)


def small_pcapng(count: int = 8, order: str = "<") -> bytes:
    return (
        section(order)
        + interface(1, order)
        + b"".join(
            enhanced(1_700_000_000_000_000 + i, bytes([i + 1]) * (20 + 7 * i), order)
            for i in range(count)
        )
    )


# -- frames, built by dpkt ------------------------------------------------------------------------

A4, B4 = bytes([192, 0, 2, 1]), bytes([198, 51, 100, 7])
A6 = bytes.fromhex("20010db8000000000000000000000001")
B6 = bytes.fromhex("20010db80000000000000000000000ff")


def udp(payload: bytes, sport: int = 5000, dport: int = 6000) -> dpkt.udp.UDP:
    return dpkt.udp.UDP(sport=sport, dport=dport, ulen=8 + len(payload), data=payload)


def tcp(
    payload: bytes,
    sequence: int,
    sport: int = 5000,
    dport: int = 3478,
    flags: int = dpkt.tcp.TH_ACK,
) -> dpkt.tcp.TCP:
    return dpkt.tcp.TCP(
        sport=sport, dport=dport, seq=sequence % 2**32, flags=flags, win=65535, data=payload
    )


def ip4(inner: dpkt.Packet, src: bytes = A4, dst: bytes = B4, **fields: object) -> bytes:
    protocol = {dpkt.udp.UDP: 17, dpkt.tcp.TCP: 6}.get(type(inner), 1)
    packet = dpkt.ip.IP(src=src, dst=dst, p=protocol, data=inner, **fields)
    packet.len = len(packet)
    return bytes(packet)


def ip6(inner: dpkt.Packet, src: bytes = A6, dst: bytes = B6) -> bytes:
    protocol = {dpkt.udp.UDP: 17, dpkt.tcp.TCP: 6}.get(type(inner), 58)
    packet = dpkt.ip6.IP6(src=src, dst=dst, nxt=protocol, hlim=64, plen=len(inner), data=inner)
    packet.extension_hdrs = {}
    return bytes(packet)


def ethernet(packet: bytes, kind: int = 0x0800) -> bytes:
    return b"\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01" + struct.pack("!H", kind) + packet


def fragments4(packet: bytes, size: int) -> list[bytes]:
    """An IPv4 packet without options cut into fragments of ``size`` payload bytes (RFC 791)."""
    assert size % 8 == 0
    header, payload = packet[:20], packet[20:]
    pieces = []
    for at in range(0, len(payload), size):
        piece = payload[at : at + size]
        more = 0x2000 if at + size < len(payload) else 0
        pieces.append(
            header[:2]
            + struct.pack("!HHH", 20 + len(piece), 0x1234, more | at // 8)
            + header[8:]
            + piece
        )
    return pieces


def fragments6(packet: bytes, size: int, identification: int = 7) -> list[bytes]:
    """An IPv6 packet without extension headers cut into fragments (RFC 8200, 4.5)."""
    assert size % 8 == 0
    payload = packet[40:]
    pieces = []
    for at in range(0, len(payload), size):
        piece = payload[at : at + size]
        more = int(at + size < len(payload))
        extension = struct.pack("!BBHI", packet[6], 0, at | more, identification)
        pieces.append(
            packet[:4]
            + struct.pack("!HBB", 8 + len(piece), 44, packet[7])
            + packet[8:40]
            + extension
            + piece
        )
    return pieces


def capture_of(frames: Iterable[bytes], link_type: int = 1) -> bytes:
    """A pcap file of frames a millisecond apart."""
    return pcap_header(link_type=link_type) + b"".join(
        pcap_record(1_700_000_000 + i // 1000, i % 1000 * 1000, frame)
        for i, frame in enumerate(frames)
    )


# -- messages of streams --------------------------------------------------------------------------


def stun(kind: int = 0x0001, attributes: bytes = b"", transaction: bytes = bytes(12)) -> bytes:
    """A STUN message by RFC 8489, 5: type, length, cookie, transaction id."""
    return struct.pack("!HHI", kind, len(attributes), 0x2112A442) + transaction + attributes


def channel_data(channel: int, data: bytes) -> bytes:
    return struct.pack("!HH", channel, len(data)) + data


class Stream(NamedTuple):
    """A byte stream and the messages in it."""

    data: bytes
    messages: list[bytes]


_attributes = st.integers(0, 20).map(lambda count: b"\x80\x22\x00\x04abcd" * count)
stun_messages = st.builds(
    stun,
    st.sampled_from([0x0001, 0x0101, 0x0003, 0x0103, 0x0113, 0x0016, 0x0017]),
    _attributes,
    st.binary(min_size=12, max_size=12),
)
channel_messages = st.builds(
    channel_data, st.integers(0x4000, 0x4FFF), st.binary(min_size=1, max_size=300)
)


@st.composite
def turn_streams(draw: st.DrawFn) -> Stream:
    """STUN first, then STUN and ChannelData as over TCP."""
    more = st.lists(st.one_of(stun_messages, channel_messages), max_size=12)
    messages = [draw(stun_messages), *draw(more)]
    return Stream(b"".join(padded(message) for message in messages), messages)


_rtp = st.binary(min_size=11, max_size=300).map(lambda rest: b"\x80" + rest)
_dtls = st.binary(min_size=1, max_size=200).map(
    lambda body: b"\x16\xfe\xfd" + bytes(8) + struct.pack("!H", len(body)) + body
)


@st.composite
def framed_streams(draw: st.DrawFn) -> Stream:
    """What ICE-TCP carries, each with its length before it."""
    more = st.lists(st.one_of(stun_messages, _dtls, _rtp), max_size=12)
    messages = [draw(st.one_of(stun_messages, _dtls)), *draw(more)]
    return Stream(
        b"".join(struct.pack("!H", len(message)) + message for message in messages), messages
    )


streams = st.one_of(turn_streams(), framed_streams())


# -- files for round trips ------------------------------------------------------------------------

_names = st.text(max_size=40).filter(lambda text: "\0" not in text)
_link_types = st.integers(0, 0xFFFF)


@st.composite
def captures(draw: st.DrawFn, latest_ns: int = 2**63) -> tuple[list[Interface], list[Frame]]:
    """Interfaces and frames as the writers take them."""
    interfaces = [
        Interface(
            index=index,
            link_type=draw(_link_types),
            name=draw(_names),
            description=draw(_names),
            snap_length=draw(st.integers(0, 2**32 - 1)),
            ticks_per_second=NANOSECONDS,
        )
        for index in range(draw(st.integers(1, 3)))
    ]
    frames = []
    for number in range(1, draw(st.integers(0, 8)) + 1):
        data = draw(st.binary(max_size=100))
        source = draw(st.sampled_from(interfaces))
        frames.append(
            Frame(
                number=number,
                time_ns=draw(st.integers(0, latest_ns)),
                link_type=source.link_type,
                data=data,
                length=len(data) + draw(st.integers(0, 2000)),
                interface=source.index,
            )
        )
    return interfaces, frames
