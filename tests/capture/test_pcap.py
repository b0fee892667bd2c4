"""The pcap reader: variants of the format, files cut short, files damaged."""

import io
import struct

import pytest

from rtckit.capture import Capture, Frame, open_capture, pcap
from rtckit.core.errors import UnreadableInput
from tests.strategies.capture import (
    MICRO,
    NANO,
    PATCHED,
    pcap_header,
    pcap_record,
    small_pcap,
)


def read(data: bytes) -> tuple[Capture, list[Frame]]:
    capture = open_capture(io.BytesIO(data))
    return capture, list(capture.read_frames())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit"), [(MICRO, 1000), (NANO, 1)])
def test_both_orders_and_resolutions(order: str, magic: int, unit: int) -> None:
    data = (
        pcap_header(order, magic, link_type=113, snap_length=96)
        + pcap_record(1_700_000_000, 999_999, b"abc", order=order)
        + pcap_record(1_700_000_001, 0, b"defgh", order=order, length=1500)
    )
    capture, frames = read(data)
    assert frames == [
        Frame(1, 1_700_000_000_000_000_000 + 999_999 * unit, 113, b"abc", 3, 0),
        Frame(2, 1_700_000_001_000_000_000, 113, b"defgh", 1500, 0),
    ]
    assert capture.format == "pcap"
    assert capture.frames == 2
    assert not capture.problems
    (interface,) = capture.interfaces
    assert (interface.link_type, interface.snap_length) == (113, 96)


@pytest.mark.parametrize("order", ["<", ">"])
def test_patched_libpcap_has_longer_records(order: str) -> None:
    extra = struct.pack(order + "IHBB", 3, 0x0800, 4, 0)
    data = pcap_header(order, PATCHED)
    for i in range(3):
        head = struct.pack(order + "IIII", 1_000_000_000 + i, 5, 4, 4)
        data += head + extra + b"data"
    _, frames = read(data)
    assert [frame.data for frame in frames] == [b"data"] * 3


def test_the_upper_bits_of_the_link_type_are_about_the_check_sequence() -> None:
    # draft-ietf-opsawg-pcap, 4: f bit and a length of two 16-bit words (an Ethernet FCS).
    capture, frames = read(pcap_header(link_type=0x24000001) + pcap_record(1, 2, b"x" * 20))
    assert capture.interfaces[0].link_type == 1
    assert frames[0].link_type == 1


def test_another_version_is_read_and_said() -> None:
    capture, frames = read(pcap_header(version=(2, 3)) + pcap_record(1, 2, b"x" * 20))
    assert len(frames) == 1
    assert "version 2.3" in capture.problems[0].message


def test_a_file_without_frames_is_a_capture() -> None:
    capture, frames = read(pcap_header())
    assert frames == []
    assert not capture.problems
    assert not capture.truncated


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_prefix_gives_what_is_whole(order: str) -> None:
    data = small_pcap(order=order)
    _, whole = read(data)
    ends = [24]
    for frame in whole:
        ends.append(ends[-1] + 16 + len(frame.data))
    assert ends[-1] == len(data)
    for cut in range(len(data) + 1):
        if cut < 24:
            with pytest.raises(UnreadableInput):
                open_capture(io.BytesIO(data[:cut]))
            continue
        capture, frames = read(data[:cut])
        complete = sum(end <= cut for end in ends) - 1
        assert frames == whole[:complete]
        assert capture.truncated == (cut not in ends)
        if capture.truncated:
            (problem,) = capture.problems
            assert "cut short" in problem.message
            assert problem.offset == ends[complete]
        else:
            assert not capture.problems


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wrong", [1 << 31, 1 << 20, 1 << 16, 300, 5, 0])
def test_a_wrong_length_loses_no_frame_but_its_own(order: str, wrong: int) -> None:
    data = bytearray(small_pcap(30, order))
    _, whole = read(bytes(data))
    at = 24 + sum(16 + len(frame.data) for frame in whole[:9])
    data[at + 8 : at + 12] = struct.pack(order + "I", wrong)
    capture, frames = read(bytes(data))
    assert [frame for frame in whole if frame.data not in {item.data for item in frames}] == [
        whole[9]
    ]
    assert capture.problems
    assert "damaged" in capture.problems[0].message
    assert not capture.truncated


@pytest.mark.parametrize("change", ["insert", "delete"])
@pytest.mark.parametrize("count", [1, 3, 4, 16, 17])
def test_inserted_and_deleted_bytes_cost_two_frames_at_most(change: str, count: int) -> None:
    data = small_pcap(30)
    _, whole = read(data)
    for at in range(24, len(data) - 300, 7):
        changed = (
            data[:at] + b"\xee" * count + data[at:]
            if change == "insert"
            else data[:at] + data[at + count :]
        )
        capture, frames = read(changed)
        lost = {frame.data for frame in whole} - {frame.data for frame in frames}
        assert len(lost) <= 3, at
        assert capture.problems or not lost
        assert not capture.truncated


def test_zeroes_at_the_end_are_told() -> None:
    capture, frames = read(small_pcap() + bytes(4096))
    assert len(frames) == 8
    assert not capture.truncated
    assert "last 4096 bytes" in capture.problems[0].message


def test_zeroes_in_the_middle_are_passed_over() -> None:
    data = small_pcap(30)
    at = 24 + sum(16 + 20 + 7 * i for i in range(10))
    capture, frames = read(data[:at] + bytes(5000) + data[at:])
    assert len(frames) == 30
    assert "5000 bytes passed over" in capture.problems[0].message


def test_joined_files_are_read_on_and_told() -> None:
    second = pcap_header(">", NANO, link_type=113) + pcap_record(
        1_700_000_100, 1, b"z" * 9, order=">"
    )
    capture, frames = read(small_pcap() + second)
    assert frames[-1] == Frame(9, 1_700_000_100_000_000_001, 113, b"z" * 9, 9, 1)
    assert [item.link_type for item in capture.interfaces] == [1, 113]
    assert "another pcap file" in capture.problems[0].message


def test_joined_files_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcap, "_MAX_JOINED", 3)
    capture, frames = read(small_pcap(2) * 9)
    assert len(frames) == 18
    assert len(capture.interfaces) == 3


def test_odd_records_that_chain_are_believed() -> None:
    # More captured than there was, fractions over a second, an old time: written by real tools.
    records = [
        pcap_record(1_700_000_000, 0, b"a" * 30),
        pcap_record(1_700_000_001, 1_000_001, b"b" * 30),
        pcap_record(1_700_000_002, 0, b"c" * 30, length=20),
        pcap_record(1, 0, b"d" * 30),
        pcap_record(2, 0, b"e" * 30),
        pcap_record(1_700_000_003, 0, b"f" * 30),
        pcap_record(3, 0, b"g" * 30),
    ]
    capture, frames = read(pcap_header() + b"".join(records))
    assert [frame.data[:1] for frame in frames] == [b"a", b"b", b"c", b"d", b"e", b"f", b"g"]
    assert [problem.frame for problem in capture.problems] == [3]
    assert frames[2].length == 30


def test_frame_longer_than_any_is_refused() -> None:
    data = small_pcap() + struct.pack("<IIII", 1_700_000_100, 0, 300_000, 300_000) + bytes(300_000)
    capture, frames = read(data)
    assert len(frames) == 8
    assert capture.problems


def test_captures_over_many_days_are_no_damage() -> None:
    records = [pcap_record(1_600_000_000 + day * 86_400, 0, b"x" * 60) for day in range(40)]
    capture, frames = read(pcap_header() + b"".join(records))
    assert len(frames) == 40
    assert not capture.problems
