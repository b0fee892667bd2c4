"""Captures as a whole: what is yielded, what is counted, what is told, from any kind of file."""

import gzip
import io
import os
import random
import struct
import threading
from pathlib import Path

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.capture import (
    Capture,
    Datagram,
    PcapngWriter,
    open_capture,
    read_pcap,
    read_pcapng,
    reader,
)
from rtckit.capture.problems import ProblemList
from rtckit.core.address import Address
from rtckit.core.errors import UnreadableInput
from tests.strategies.capture import (
    A4,
    B4,
    NANO,
    capture_of,
    ethernet,
    fragments4,
    fragments6,
    ip4,
    ip6,
    pcap_header,
    pcap_record,
    small_pcap,
    small_pcapng,
    stun,
    tcp,
    udp,
)


def read(data: bytes) -> tuple[Capture, list[Datagram]]:
    capture = open_capture(io.BytesIO(data))
    return capture, list(capture)


def test_nanoseconds_are_kept() -> None:
    frame = ethernet(ip4(udp(b"x")))
    data = pcap_header(magic=NANO) + pcap_record(1_767_663_437, 112_330_493, frame)
    _, datagrams = read(data)
    assert datagrams[0].time_ns == 1_767_663_437_112_330_493


def test_equal_addresses_are_one_object() -> None:
    _, datagrams = read(capture_of([ethernet(ip4(udp(b"x")))] * 2 + [ethernet(ip4(udp(b"y")))]))
    assert datagrams[0].src is datagrams[1].src
    assert datagrams[0].dst is datagrams[2].dst


def test_interfaces_of_pcapng() -> None:
    file = io.BytesIO()
    writer = PcapngWriter(file)
    writer.add_interface(1, "a")
    writer.add_interface(101, "b")
    writer.write(7, ethernet(ip4(udp(b"x"))))
    writer.write(9, ip6(udp(b"y")), interface=1)
    capture, datagrams = read(file.getvalue())
    assert [(d.interface, d.time_ns, d.payload) for d in datagrams] == [(0, 7, b"x"), (1, 9, b"y")]
    assert [item.name for item in capture.interfaces] == ["a", "b"]


def test_everything_is_counted() -> None:
    frames = [
        ethernet(ip4(udp(b"one"))),
        ethernet(bytes(28), 0x0806),
        ethernet(ip4(tcp(b"", 1))),
        ethernet(ip4(dpkt.icmp.ICMP(type=8, data=dpkt.icmp.ICMP.Echo()))),
        ethernet(ip4(udp(b""))[:9] + b"\x84" + ip4(udp(b""))[10:]),  # SCTP
        ethernet(bytes(40), 0x88CC),
        ethernet(b"\x45\x00"),
        *(ethernet(piece) for piece in fragments4(ip4(udp(bytes(2000))), 1480)),
        ethernet(fragments4(ip4(udp(bytes(2000)), src=B4), 1480)[1]),
    ]
    capture, datagrams = read(capture_of(frames))
    assert [len(datagram.payload) for datagram in datagrams] == [3, 2000]
    assert capture.frames == len(frames)
    assert capture.statistics == {
        "udp": 2,
        "arp": 1,
        "tcp_segments": 1,
        "icmp": 1,
        "other_ip": 1,
        "other_network": 1,
        "unreadable": 1,
        "fragments": 3,
        "packets_incomplete": 1,
    }
    assert [problem.message for problem in capture.problems] == [
        "IPv4 header cut short: 2 bytes",
        "1 fragmented packets lack fragments; they are not read",
    ]
    assert capture.problems[0].frame == 7


@pytest.mark.parametrize(("build", "cut"), [(ip4, fragments4), (ip6, fragments6)])
def test_the_frame_of_a_fragmented_datagram_is_the_one_that_completed_it(
    build: object, cut: object
) -> None:
    kind = 0x0800 if build is ip4 else 0x86DD
    payload = random.Random(1).randbytes(3000)
    pieces = cut(build(udp(payload)), 1400)  # type: ignore[operator]
    frames = [ethernet(piece, kind) for piece in (pieces[2], pieces[0], pieces[1])]
    _, datagrams = read(capture_of(frames))
    assert [(d.frame, d.payload, d.length) for d in datagrams] == [(3, payload, 3000)]


def test_frames_cut_by_the_snap_length() -> None:
    frame = ethernet(ip4(udp(bytes(1000))))
    data = pcap_header(snap_length=96) + b"".join(
        pcap_record(1, i, frame[:96], length=len(frame)) for i in range(3)
    )
    capture, datagrams = read(data)
    assert [(len(d.payload), d.length) for d in datagrams] == [(54, 1000)] * 3
    assert capture.statistics["cut"] == 3
    (problem,) = capture.problems
    assert "snap length" in problem.message
    assert not capture.truncated


@pytest.mark.parametrize(
    ("length", "payload", "told"),
    [
        (0, b"hello", False),  # a jumbogram, or offload
        (13, b"hello", False),
        (11, b"hel", False),  # what comes after is none of UDP's
        (7, b"hello", True),
        (100, b"hello", True),
    ],
)
def test_udp_length_and_ip_length(length: int, payload: bytes, told: bool) -> None:
    inner = struct.pack("!HHHH", 5000, 6000, length, 0) + b"hello"
    packet = dpkt.ip.IP(src=A4, dst=B4, p=17, data=inner)
    packet.len = len(packet)
    capture, datagrams = read(capture_of([ethernet(bytes(packet))]))
    assert [datagram.payload for datagram in datagrams] == [payload]
    assert datagrams[0].length == len(payload)
    assert bool(capture.problems) == told


_frames = st.one_of(
    st.builds(
        lambda payload, sport, dport: ethernet(ip4(udp(payload, sport, dport))),
        st.binary(max_size=40),
        st.integers(0, 65535),
        st.integers(0, 65535),
    ),
    st.builds(lambda payload: ethernet(ip6(udp(payload)), 0x86DD), st.binary(max_size=40)),
    st.builds(lambda payload: ethernet(ip4(tcp(payload, 1))), st.binary(max_size=40)),
)


@given(
    st.lists(_frames, min_size=1, max_size=4),
    st.sampled_from([1, 113, 276]),
    st.lists(st.tuples(st.integers(0, 70), st.integers(0, 255)), max_size=3),
    st.integers(0, 60),
)
def test_the_short_cut_reads_what_the_long_way_reads(
    frames: list[bytes], link_type: int, damages: list[tuple[int, int]], cut: int
) -> None:
    head = {1: 14, 113: 16, 276: 20}[link_type]
    data = pcap_header(link_type=link_type)
    for frame in frames:
        if link_type == 113:
            frame = bytes(14) + frame[12:]
        elif link_type == 276:
            frame = frame[12:14] + bytes(18) + frame[14:]
        damaged = bytearray(frame)
        for at, value in damages:
            if head - 2 + at < len(damaged):
                damaged[head - 2 + at] = value
        end = max(len(damaged) - cut, 0)
        data += pcap_record(1, 1, bytes(damaged[:end]), length=len(damaged))
    capture, datagrams = read(data)
    shortcuts = dict(reader._SHORTCUTS)
    reader._SHORTCUTS.clear()
    try:
        slow, long_way = read(data)
    finally:
        reader._SHORTCUTS.update(shortcuts)
    assert datagrams == long_way
    assert capture.statistics == slow.statistics
    assert capture.problems == slow.problems


# -- kinds of files -------------------------------------------------------------------------------


class Trickle(io.RawIOBase):
    """A file that gives a few bytes at a time and cannot seek."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data = io.BytesIO(data)
        self._step = step

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._step) if size >= 0 else -1)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 16, 61, 1000])
def test_files_that_trickle(step: int) -> None:
    data = capture_of([ethernet(ip4(udp(bytes([i] * 30)))) for i in range(20)])
    _, expected = read(data)
    with open_capture(Trickle(data, step)) as capture:  # type: ignore[arg-type]
        assert list(capture) == expected
        assert not capture.problems


def test_pipes() -> None:
    data = capture_of([ethernet(ip4(udp(bytes(1000)))) for _ in range(500)])
    source, sink = os.pipe()

    def write() -> None:
        with os.fdopen(sink, "wb") as file:
            file.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(source, "rb") as file, open_capture(file) as capture:
        assert sum(1 for _ in capture) == 500
    writer.join()


class Failing(io.BytesIO):
    """A disk that fails."""

    def read1(self, size: int | None = -1) -> bytes:
        if self.tell() >= 200:
            raise OSError(5, "Input/output error")
        return super().read1(min(size or 100, 100))


def test_reading_errors_end_the_capture_and_are_told() -> None:
    data = capture_of([ethernet(ip4(udp(bytes(30)))) for _ in range(20)])
    with open_capture(Failing(data)) as capture:
        assert len(list(capture)) == 2
    assert capture.truncated
    assert any("Input/output error" in problem.message for problem in capture.problems)


def test_files_opened_here_are_closed_and_others_are_not(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(small_pcap())
    with open_capture(path) as capture:
        assert capture.name == str(path)
    with path.open("rb") as file:
        with open_capture(file) as capture:
            assert capture.name == str(path)
        assert not file.closed
    path.write_bytes(b"nothing")
    with pytest.raises(UnreadableInput):
        open_capture(path)  # closes it too: an open file would be a ResourceWarning, an error here


def test_a_capture_is_read_once() -> None:
    capture, datagrams = read(capture_of([ethernet(ip4(udp(b"x")))] * 3))
    assert len(datagrams) == 3
    assert list(capture) == []


def test_frames_and_datagrams_are_one_pass() -> None:
    capture = open_capture(io.BytesIO(capture_of([ethernet(ip4(udp(b"x")))] * 5)))
    assert next(capture.read_frames()).number == 1
    assert next(iter(capture)).frame == 2
    assert [frame.number for frame in capture.read_frames()] == [3, 4, 5]
    assert list(capture) == []


def test_the_file_readers_by_themselves() -> None:
    frames = read_pcap(io.BytesIO(small_pcap()))
    assert [frame.number for frame in frames] == list(range(1, 9))
    assert frames.interfaces[0].link_type == 1
    more = read_pcapng(io.BytesIO(gzip.compress(small_pcapng())))
    assert [frame.number for frame in more] == list(range(1, 9))
    with pytest.raises(UnreadableInput, match="no pcapng"):
        read_pcapng(io.BytesIO(small_pcap()))
    with pytest.raises(UnreadableInput, match="no pcap"):
        read_pcap(io.BytesIO(small_pcapng()))


def test_reading_may_be_interrupted_and_go_on() -> None:
    capture = open_capture(io.BytesIO(capture_of([ethernet(ip4(udp(b"x")))] * 3)))
    for datagram in capture:
        assert capture.frames == datagram.frame
        break
    assert [datagram.frame for datagram in capture] == [2, 3]


def test_tcp_messages_and_datagrams_come_in_order() -> None:
    frames = [
        ethernet(ip4(udp(b"1"))),
        ethernet(ip4(tcp(stun(1), 100))),
        ethernet(ip4(udp(b"2"))),
    ]
    _, datagrams = read(capture_of(frames))
    assert [(d.frame, d.transport) for d in datagrams] == [(1, "udp"), (2, "tcp"), (3, "udp")]
    assert datagrams[1].src == Address("192.0.2.1", 5000)


# -- bounds ---------------------------------------------------------------------------------------


def test_problems_are_bounded() -> None:
    problems = ProblemList()
    for number in range(10_000):
        problems.note(f"kind {number % 40}", f"problem {number}", frame=number)
    assert len(problems) == 500
    assert sum(problems.unlisted.values()) == 9500
    problems = ProblemList()
    for number in range(100):
        problems.note("kind", "problem", frame=number)
    assert len(problems) == 20
    assert "further problems of this kind" in problems[-1].message


def test_a_file_of_damaged_frames_lists_some() -> None:
    capture, datagrams = read(capture_of([ethernet(b"\x45\x00\x00")] * 5000))
    assert datagrams == []
    assert capture.statistics["unreadable"] == 5000
    assert len(capture.problems) == 20
