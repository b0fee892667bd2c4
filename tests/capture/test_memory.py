"""Memory does not grow with the file, whatever is in it."""

import io
import struct
import tracemalloc
from collections.abc import Iterator

import pytest

from rtckit.capture import open_capture
from tests.strategies.capture import (
    block,
    ethernet,
    fragments4,
    ip4,
    pcap_header,
    pcap_record,
    section,
    small_pcap,
    small_pcapng,
    tcp,
    udp,
)

MIB = 1 << 20


class Endless(io.RawIOBase):
    """A file made while it is read: a head, then ``count`` pieces."""

    def __init__(self, head: bytes, pieces: Iterator[bytes]) -> None:
        self._buffer = head
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts = [self._buffer]
        have = len(self._buffer)
        while have < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            parts.append(piece)
            have += len(piece)
        data = b"".join(parts)
        self._buffer = data[size:]
        return data[:size]


UDP_FRAME = ethernet(ip4(udp(bytes(1400))))
TCP_FRAME = ethernet(ip4(tcp(bytes(60_000), 0)))  # as segmentation offload leaves them


def packets() -> Iterator[bytes]:
    for number in range(15_000):
        yield pcap_record(1_700_000_000 + number // 1000, number % 1000, UDP_FRAME)


def flows() -> Iterator[bytes]:
    for number in range(18_000):
        source = struct.pack("!I", 0x0A000000 + number)
        frame = UDP_FRAME[:26] + source + UDP_FRAME[30:]
        yield pcap_record(1_700_000_000, 0, frame)


def first_fragments() -> Iterator[bytes]:
    frame = ethernet(fragments4(ip4(udp(bytes(3000))), 1400)[0])
    for number in range(8_000):
        yield pcap_record(1_700_000_000, 0, frame[:18] + struct.pack("!H", number) + frame[20:])


def segments_with_holes() -> Iterator[bytes]:
    # 50 connections, of each of which only every other segment was captured: 72 MB in all.
    for number in range(1200):
        place = number // 50 * 120_000
        ports = struct.pack("!HHI", 1000 + number % 50, 3478, place)
        yield pcap_record(1_700_000_000, 0, TCP_FRAME[:34] + ports + TCP_FRAME[42:])


def garbage() -> Iterator[bytes]:
    for _ in range(200):
        yield b"\xff" * 100_000


def block_heads() -> Iterator[bytes]:
    for _ in range(60):
        yield struct.pack("<II", 4, 0xFFFFF0) + bytes(200_000)


def unknown_blocks() -> Iterator[bytes]:
    one = block(0x80000001, bytes(100_000))
    for _ in range(300):
        yield one


CASES = {
    "packets": (pcap_header(), packets, 4),
    "flows": (pcap_header(), flows, 16),
    "first fragments": (pcap_header(), first_fragments, 6),
    "segments with holes": (pcap_header(), segments_with_holes, 40),
    "garbage": (small_pcap(), garbage, 4),
    "garbage in pcapng": (small_pcapng(), garbage, 4),
    "blocks that claim 16 MiB": (small_pcapng(), block_heads, 50),
    "unknown blocks": (section(), unknown_blocks, 4),
}


@pytest.mark.parametrize("name", CASES)
def test_peak(name: str) -> None:
    head, pieces, limit = CASES[name]
    file = Endless(head, pieces())
    tracemalloc.start()
    try:
        with open_capture(file) as capture:  # type: ignore[arg-type]
            for _ in capture:
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit * MIB, f"{peak / MIB:.1f} MiB"
