"""What tshark reads of the same files: frame numbers, times, lengths, addresses, payloads."""

import io
import random
import subprocess
from pathlib import Path

import pytest

from rtckit.capture import Datagram, open_capture
from tests.capabilities import require
from tests.strategies.capture import (
    block,
    capture_of,
    channel_data,
    enhanced,
    ethernet,
    fragments4,
    fragments6,
    interface,
    ip4,
    ip6,
    obsolete,
    padded,
    section,
    simple,
    small_pcap,
    small_pcapng,
    stun,
    tcp,
    udp,
)

CAPTURES = sorted((Path(__file__).resolve().parents[2] / "captures").glob("*/*.pcapng"))


def tshark(path: Path, *fields: str, options: tuple[str, ...] = ()) -> list[list[str]]:
    command = ["tshark", "-r", str(path), *options, "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def some_pcapng() -> bytes:
    frame = ethernet(ip4(udp(b"payload")))
    return (
        section("<")
        + interface(1, "<", resolution=9, offset_s=1000)
        + interface(101, "<")
        + enhanced(1_700_000_000_123_456_789, frame)
        + block(0x0BAD, b"\xd9\x7e\x00\x00" + bytes(4))
        + enhanced(1_700_000_000_123_456, ip6(udp(b"six")), source=1)
        + obsolete(1_700_000_000_999_999_999, frame)
        + section(">")
        + interface(1, ">", resolution=0x80 | 20)
        + enhanced(1_700_000_000 << 20 | 1 << 19, frame, ">")
        + block(5, bytes(12), ">")
        + enhanced(1_700_000_001 << 20, frame[:50], ">", length=len(frame))
    )


FILES = {
    "pcap": small_pcap(20),
    "pcap big": small_pcap(20, ">"),
    "pcapng": small_pcapng(20),
    "pcapng big": small_pcapng(20, ">"),
    "sections": some_pcapng(),
}


@pytest.mark.tshark
@pytest.mark.parametrize("name", FILES)
def test_frames(name: str, tmp_path: Path) -> None:
    require("tshark")
    path = tmp_path / "capture"
    path.write_bytes(FILES[name])
    rows = tshark(path, "frame.number", "frame.time_epoch", "frame.len", "frame.cap_len")
    with open_capture(path) as capture:
        ours = {frame.number: frame for frame in capture.read_frames()}
        assert capture.frames == len(rows)
    for number, time, length, captured in rows:
        frame = ours.pop(int(number), None)
        if frame is None:
            assert name == "sections"
            assert number == "2"  # the custom block, a record of its own in Wireshark
            continue
        whole, fraction = time.split(".")
        assert frame.time_ns == int(whole) * 10**9 + int(fraction)
        assert (frame.length, len(frame.data)) == (int(length), int(captured))
    assert not ours


@pytest.mark.tshark
def test_simple_packets_have_no_time_and_the_same_bytes(tmp_path: Path) -> None:
    require("tshark")
    path = tmp_path / "capture"
    frame = ethernet(ip4(udp(bytes(100))))
    path.write_bytes(section() + interface(snap_length=60) + simple(frame[:60], length=len(frame)))
    rows = tshark(path, "frame.len", "frame.cap_len")
    with open_capture(path) as capture:
        ours = [[str(f.length), str(len(f.data))] for f in capture.read_frames()]
    assert rows == ours


def datagrams_of(data: bytes) -> list[Datagram]:
    with open_capture(io.BytesIO(data)) as capture:
        return list(capture)


@pytest.mark.tshark
def test_datagrams(tmp_path: Path) -> None:
    """UDP over everything between it and the wire, fragments included."""
    require("tshark")
    rng = random.Random(7)
    packets: list[bytes] = []
    for _ in range(40):
        payload = rng.randbytes(rng.randrange(1, 3000))
        inner = udp(payload, rng.randrange(20000, 60000), rng.randrange(20000, 60000))
        if rng.random() < 0.5:
            packet = ip4(inner)
            pieces = fragments4(packet, 1400) if len(packet) > 1500 else [packet]
            packets += [ethernet(piece) for piece in pieces]
        else:
            packet = ip6(inner)
            pieces = [packet]
            if len(packet) > 1500:
                pieces = fragments6(packet, 1400, identification=rng.randrange(1 << 32))
            packets += [ethernet(piece, 0x86DD) for piece in pieces]
    path = tmp_path / "capture"
    path.write_bytes(capture_of(packets))
    rows = tshark(
        path,
        "frame.number",
        "ip.src",
        "ipv6.src",
        "udp.srcport",
        "udp.dstport",
        "udp.length",
        "udp.payload",
        options=("-Y", "udp && !icmp", "-o", "ip.defragment:TRUE"),
    )
    ours = [
        [
            str(d.frame),
            d.src.ip if d.src.family == 4 else "",
            d.src.ip if d.src.family == 6 else "",
            str(d.src.port),
            str(d.dst.port),
            str(d.length + 8),
            d.payload.hex(),
        ]
        for d in datagrams_of(path.read_bytes())
    ]
    assert ours == rows


@pytest.mark.tshark
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_recorded_calls(path: Path) -> None:
    """Every datagram of the real captures, byte for byte, and the number of frames."""
    require("tshark")
    fields = ("frame.number", "frame.time_epoch", "udp.srcport", "udp.dstport", "udp.payload")
    rows = tshark(path, *fields, options=("-Y", "udp && !icmp && !icmpv6"))
    with open_capture(path) as capture:
        ours = [
            [
                str(d.frame),
                f"{d.time_ns // 10**9}.{d.time_ns % 10**9:09d}",
                str(d.src.port),
                str(d.dst.port),
                d.payload.hex(),
            ]
            for d in capture
            if d.transport == "udp"
        ]
        assert not capture.problems
    assert ours == rows
    assert len(tshark(path, "frame.number")) == capture.frames


@pytest.mark.tshark
def test_stun_over_tcp(tmp_path: Path) -> None:
    """Transaction ids and channel numbers of a TURN connection cut into odd segments."""
    require("tshark")
    rng = random.Random(3)
    messages = [stun(0x0003, transaction=rng.randbytes(12))]
    for number in range(60):
        if number % 3:
            data = rng.randbytes(rng.randrange(20, 400))
            messages.append(padded(channel_data(0x4000 + number % 5, data)))
        else:
            messages.append(stun(0x0001, b"\x80\x22\x00\x04abcd", rng.randbytes(12)))
    data = b"".join(messages)
    frames = [ethernet(ip4(tcp(b"", 999, flags=2)))]
    at = 0
    while at < len(data):
        size = rng.randrange(1, 700)
        frames.append(ethernet(ip4(tcp(data[at : at + size], 1000 + at))))
        at += size
    path = tmp_path / "capture"
    path.write_bytes(capture_of(frames))
    rows = tshark(path, "stun.id", options=("-Y", "stun.id"))
    theirs = [item for (row,) in rows for item in row.split(",")]
    datagrams = datagrams_of(path.read_bytes())
    ours = [d.payload[8:20].hex() for d in datagrams if d.payload[0] < 0x40]
    assert ours == [item.removeprefix("0x").replace(":", "") for item in theirs]
    assert [len(d.payload) for d in datagrams] == [
        len(m) if m[0] < 0x40 else 4 + int.from_bytes(m[2:4], "big") for m in messages
    ]
