"""Any bytes after a pcap header: frames and problems, never an exception, in bounded work."""

import io

from rtckit.capture import open_capture
from rtckit.core.errors import UnreadableInput
from tests.strategies.capture import (
    MICRO,
    NANO,
    PATCHED,
    ethernet,
    ip4,
    pcap_header,
    pcap_record,
    small_pcap,
    udp,
)

SEEDS = [
    small_pcap(5),
    small_pcap(5, ">"),
    small_pcap(4, "<", NANO),
    pcap_header(magic=PATCHED) + pcap_record(1, 2, bytes(48)),
    small_pcap(3) + small_pcap(3, ">", MICRO),
    pcap_header() + pcap_record(1_700_000_000, 5, ethernet(ip4(udp(b"payload")))),
    small_pcap(3) + bytes(300),
]


def check(data: bytes) -> None:
    """The law of capture readers, on ``data`` as a file."""
    try:
        capture = open_capture(io.BytesIO(data))
    except UnreadableInput:
        return
    frames = list(capture.read_frames())
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))
    assert capture.frames >= len(frames)
    # A record whose length lies may cover the next one, which is found inside it; no more.
    assert sum(len(frame.data) for frame in frames) <= 2 * len(data)
    for frame in frames:
        assert len(frame.data) <= frame.length
        assert frame.interface < len(capture.interfaces)
        assert capture.interfaces[frame.interface].link_type == frame.link_type
    for problem in capture.problems:
        assert problem.message
        assert problem.offset is None or 0 <= problem.offset <= len(data)
    again = open_capture(io.BytesIO(data))
    datagrams = list(again)
    assert again.frames == capture.frames
    assert all(1 <= datagram.frame <= again.frames for datagram in datagrams)
