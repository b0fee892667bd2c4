"""How fast captures become datagrams, beside dpkt doing the same, in the same run.

    python benchmarks/bench_capture.py [--packets 100000] [--rounds 5] [--check 3]

The file is generated: Ethernet, IPv4 or IPv6, UDP, 100 to 1100 bytes of payload, eight flows. Both
sides open it, take each frame apart and touch time, addresses, ports and payload. dpkt's readers
and its Ethernet, IP and UDP are used as its documentation shows; its addresses stay bytes, rtckit's
are text. The two alternate round by round, so that a busy machine slows both, and the best round of
each counts. ``--check`` makes the exit code 1 when a row's ratio is lower.
"""

import argparse
import io
import struct
import sys
import time
from collections.abc import Callable

import dpkt

from rtckit.capture import PcapngWriter, PcapWriter, open_capture

START_NS = 1_700_000_000_000_000_000


def frame(number: int, *, six: bool) -> bytes:
    size = 100 + number * 37 % 1000
    host = number % 8
    inner = struct.pack("!HHHH", 50000 + host, 3478, 8 + size, 0) + bytes(size)
    if six:
        source = bytes.fromhex("20010db8") + bytes(11) + bytes([host])
        packet = struct.pack("!IHBB", 0x60000000, len(inner), 17, 64) + source + source[::-1]
        return bytes(12) + b"\x86\xdd" + packet + inner
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(inner), number & 0xFFFF, 0x4000, 64, 17, 0)
    return bytes(12) + b"\x08\x00" + head + bytes([10, 0, 0, host, 10, 0, 1, 1]) + inner


def capture(packets: int, *, ng: bool, six: bool) -> bytes:
    file = io.BytesIO()
    writer: PcapngWriter | PcapWriter
    if ng:
        writer = PcapngWriter(file)
        writer.add_interface(1, "veth")
    else:
        writer = PcapWriter(file)
    for number in range(packets):
        writer.write(START_NS + number * 1_000_000, frame(number, six=six))
    return file.getvalue()


def read_ours(data: bytes) -> int:
    total = 0
    with open_capture(io.BytesIO(data)) as opened:
        for datagram in opened:
            if datagram.time_ns and datagram.src.ip and datagram.dst.port:
                total += len(datagram.payload)
    return total


def read_theirs(data: bytes) -> int:
    total = 0
    reader = dpkt.pcapng.Reader if data[:4] == b"\x0a\x0d\x0d\x0a" else dpkt.pcap.Reader
    for seconds, buffer in reader(io.BytesIO(data)):
        packet = dpkt.ethernet.Ethernet(buffer).data
        if not isinstance(packet, (dpkt.ip.IP, dpkt.ip6.IP6)):
            continue
        inner = packet.data
        if isinstance(inner, dpkt.udp.UDP) and seconds and packet.src and inner.dport:
            total += len(inner.data)
    return total


def measure(work: Callable[[bytes], int], data: bytes) -> tuple[float, int]:
    began = time.perf_counter()
    total = work(data)
    return time.perf_counter() - began, total


def main() -> int:
    parser = argparse.ArgumentParser(description="capture reading speed beside dpkt")
    parser.add_argument("--packets", type=int, default=100_000, help="packets in the file")
    parser.add_argument("--rounds", type=int, default=5, help="rounds a row (best counts)")
    parser.add_argument("--check", type=float, default=0.0, help="lowest ratio that passes")
    options = parser.parse_args()
    print(f"{'':16} {'rtckit':>12} {'dpkt':>12} {'ratio':>7}   datagrams a second")
    worst = float("inf")
    for ng in (False, True):
        for six in (False, True):
            data = capture(options.packets, ng=ng, six=six)
            ours = theirs = float("inf")
            for _ in range(options.rounds):
                seconds, found = measure(read_ours, data)
                ours = min(ours, seconds)
                seconds, expected = measure(read_theirs, data)
                theirs = min(theirs, seconds)
                assert found == expected, "both must find the same payload"
            worst = min(worst, theirs / ours)
            name = f"{'pcapng' if ng else 'pcap'}, IPv{6 if six else 4}"
            print(
                f"{name:16} {options.packets / ours:12,.0f} {options.packets / theirs:12,.0f}"
                f" {theirs / ours:6.2f}x"
            )
    print(f"{'lowest ratio':16} {'':12} {'':12} {worst:6.2f}x")
    return int(worst < options.check)


if __name__ == "__main__":
    sys.exit(main())
