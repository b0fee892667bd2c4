"""The pcapng reader, on blocks worked out from the draft: sections, interfaces, clocks, damage."""

import io
import random
import struct

import pytest

from rtckit.capture import Capture, Frame, open_capture, pcapng
from rtckit.core.errors import UnreadableInput
from tests.strategies.capture import (
    block,
    enhanced,
    interface,
    obsolete,
    option,
    secrets,
    section,
    simple,
    small_pcapng,
)

ORDERS = ["<", ">"]


def read(data: bytes) -> tuple[Capture, list[Frame]]:
    capture = open_capture(io.BytesIO(data))
    return capture, list(capture.read_frames())


@pytest.mark.parametrize("order", ORDERS)
def test_two_interfaces_with_their_own_clocks(order: str) -> None:
    data = (
        section(order)
        + interface(1, order, more=option(2, b"eth0", order))
        + interface(113, order, resolution=9, offset_s=1_000_000_000)
        + enhanced(1_700_000_000_123_456, b"abc", order, length=60)
        + enhanced(700_000_000_123_456_789, b"defg", order, source=1)
    )
    capture, frames = read(data)
    assert frames == [
        Frame(1, 1_700_000_000_123_456_000, 1, b"abc", 60, 0),
        Frame(2, 1_700_000_000_123_456_789, 113, b"defg", 4, 1),
    ]
    first, second = capture.interfaces
    assert (first.name, first.ticks_per_second, first.offset_s) == ("eth0", 1_000_000, 0)
    assert (second.ticks_per_second, second.offset_s) == (1_000_000_000, 1_000_000_000)
    assert not capture.problems


@pytest.mark.parametrize(
    ("resolution", "ticks", "time_ns"),
    [
        (0, 1_700_000_000, 1_700_000_000_000_000_000),
        (3, 1_700_000_000_123, 1_700_000_000_123_000_000),
        (6, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (12, 1_234_567_890_123_999, 1_234_567_890_123),  # picoseconds: cut to nanoseconds
        (0x80, 77, 77_000_000_000),  # 2^0
        (0x80 | 1, 3, 1_500_000_000),  # 2^-1
        (0x80 | 10, 1024 + 512, 1_500_000_000),
        (0x80 | 32, (5 << 32) | (1 << 31), 5_500_000_000),
        (127, 2**64 - 1, 0),
        (0xFF, 2**64 - 1, 0),
    ],
)
@pytest.mark.parametrize("offset_s", [None, 0, 3600, -3600])
def test_resolutions(resolution: int, ticks: int, time_ns: int, offset_s: int | None) -> None:
    data = section() + interface(resolution=resolution, offset_s=offset_s) + enhanced(ticks, b"x")
    _, frames = read(data)
    assert frames[0].time_ns == time_ns + (offset_s or 0) * 1_000_000_000


def test_sections_have_their_own_order_and_interfaces() -> None:
    data = (
        section("<")
        + interface(1, "<", resolution=9)
        + enhanced(5, b"one", "<")
        + section(">")
        + interface(113, ">")
        + interface(101, ">")
        + enhanced(6, b"two", ">", source=1)
        + section("<")
        + interface(1, "<")
        + enhanced(7, b"three", "<")
    )
    capture, frames = read(data)
    assert frames == [
        Frame(1, 5, 1, b"one", 3, 0),
        Frame(2, 6000, 101, b"two", 3, 2),
        Frame(3, 7000, 1, b"three", 5, 3),
    ]
    assert [item.section for item in capture.interfaces] == [0, 1, 1, 2]
    assert [item.index for item in capture.interfaces] == [0, 1, 2, 3]
    assert not capture.problems


@pytest.mark.parametrize("order", ORDERS)
def test_an_interface_may_be_described_after_the_first_frames(order: str) -> None:
    data = (
        section(order)
        + interface(1, order)
        + enhanced(1, b"a", order)
        + interface(1, order, resolution=9)
        + enhanced(2, b"b", order, source=1)
    )
    _, frames = read(data)
    assert [frame.time_ns for frame in frames] == [1000, 2]


@pytest.mark.parametrize("order", ORDERS)
def test_simple_and_obsolete_packets(order: str) -> None:
    data = (
        section(order)
        + interface(1, order, snap_length=6, resolution=9)
        + obsolete(42, b"abcde", order)
        + block(3, struct.pack(order + "I", 100) + b"uvwxyz\0\0", order)
        + simple(b"abc", order)
    )
    capture, frames = read(data)
    assert frames == [
        Frame(1, 42, 1, b"abcde", 5, 0),
        Frame(2, 42, 1, b"uvwxyz", 100, 0),  # the snap length says how much was captured
        Frame(3, 42, 1, b"abc", 3, 0),
    ]
    assert [problem.frame for problem in capture.problems] == [2]
    assert "without a time" in capture.problems[0].message


@pytest.mark.parametrize("order", ORDERS)
def test_other_blocks_are_passed_over(order: str) -> None:
    statistics = block(5, struct.pack(order + "III", 0, 0, 0), order)
    names = block(4, bytes(4), order)
    private = block(0x80000123, b"anything", order)
    data = (
        section(order)
        + names
        + interface(1, order)
        + statistics
        + enhanced(1, b"a", order)
        + private
        + names
        + enhanced(2, b"b", order)
        + statistics
    )
    capture, frames = read(data)
    assert [(frame.number, frame.data) for frame in frames] == [(1, b"a"), (2, b"b")]
    assert not capture.problems


def test_custom_blocks_and_journal_entries_have_numbers_as_in_wireshark() -> None:
    custom = block(0x0BAD, struct.pack("<I", 32473) + b"data")
    data = (
        section()
        + interface()
        + custom
        + enhanced(1, b"a")
        + block(9, b"A=1\n")
        + enhanced(2, b"b")
    )
    capture, frames = read(data)
    assert [frame.number for frame in frames] == [2, 4]
    assert capture.frames == 4


def test_comments_may_be_any_bytes() -> None:
    comment = option(1, b"\xff\xfe not UTF-8 \x00") + bytes(4)
    data = (
        section(options=comment)
        + interface(more=option(1, b"\xc3"))
        + enhanced(1, b"a", options=comment)
    )
    capture, frames = read(data)
    assert len(frames) == 1
    assert not capture.problems


def test_names_may_be_any_bytes_and_end_at_a_zero() -> None:
    options = option(2, b"\xff\xfe") + option(3, b"left\0right")
    capture, _ = read(section() + interface(more=options))
    assert (capture.interfaces[0].name, capture.interfaces[0].description) == ("\\xff\\xfe", "left")


@pytest.mark.parametrize("order", ORDERS)
def test_secrets_are_kept_of_all_sections(order: str) -> None:
    data = (
        section(order)
        + secrets(b"CLIENT_RANDOM 1 2\n", order)
        + interface(1, order)
        + secrets(b"not a key log", order, kind=0x57474B4C)  # WireGuard's
        + section(order)
        + secrets(b"CLIENT_RANDOM 3 4\n", order)
    )
    capture, _ = read(data)
    assert capture.secrets == [b"CLIENT_RANDOM 1 2\n", b"CLIENT_RANDOM 3 4\n"]


def test_a_section_of_another_version_is_passed_over() -> None:
    data = (
        section(version=(2, 0))
        + interface()
        + enhanced(1, b"strange")
        + section()
        + interface()
        + enhanced(2, b"known")
    )
    capture, frames = read(data)
    assert [(frame.number, frame.data) for frame in frames] == [(1, b"known")]
    assert "version 2.0" in capture.problems[0].message


def test_a_packet_of_an_unknown_interface_is_told_and_numbered() -> None:
    data = section() + interface() + enhanced(1, b"a", source=4) + enhanced(2, b"b")
    capture, frames = read(data)
    assert [(frame.number, frame.data) for frame in frames] == [(2, b"b")]
    assert capture.problems[0].frame == 1
    assert "interface 4" in capture.problems[0].message


def test_inner_lengths_that_do_not_fit_are_told() -> None:
    head = struct.pack("<IIIII", 0, 0, 1, 100, 100)
    wrong = [
        block(6, head + bytes(8)),  # more captured than the block holds
        block(6, bytes(8)),
        block(2, bytes(4)),
        block(3, b""),
        block(1, bytes(4)),
        block(10, bytes(4)),
        block(10, struct.pack("<II", 0x544C534B, 400) + b"rest"),
        interface(more=struct.pack("<HH", 2, 500)),
        interface(more=option(9, b"ab")),
    ]
    for strange in wrong:
        capture, frames = read(section() + interface() + strange + enhanced(2, b"b"))
        assert [frame.data for frame in frames] == [b"b"], strange
        assert len(capture.problems) == 1, strange
        assert capture.problems[0].offset == len(section() + interface()) or "option" in str(
            capture.problems[0]
        )


@pytest.mark.parametrize("order", ORDERS)
def test_every_prefix_gives_what_is_whole(order: str) -> None:
    data = small_pcapng(order=order)
    _, whole = read(data)
    assert len(whole) == 8
    ends = [28, 48]
    for frame in whole:
        ends.append(ends[-1] + 32 + len(frame.data) + -len(frame.data) % 4)
    assert ends[-1] == len(data)
    for cut in range(len(data) + 1):
        if cut < 28:
            with pytest.raises(UnreadableInput):
                open_capture(io.BytesIO(data[:cut]))
            continue
        capture, frames = read(data[:cut])
        assert frames == whole[: max(sum(end <= cut for end in ends) - 2, 0)]
        assert capture.truncated == (cut not in ends)
        if capture.truncated:
            (problem,) = capture.problems
            assert "cut short" in problem.message
            assert problem.offset == max(end for end in ends if end <= cut)
        else:
            assert not capture.problems


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("wrong", [0, 1, 8, 12, 44, 1 << 16, 1 << 23, 1 << 31, 0xFFFFFFFF])
def test_a_wrong_block_length_costs_one_frame(order: str, wrong: int) -> None:
    data = bytearray(small_pcapng(20, order))
    _, whole = read(bytes(data))
    at = 48 + sum(32 + len(frame.data) + -len(frame.data) % 4 for frame in whole[:9])
    data[at + 4 : at + 8] = struct.pack(order + "I", wrong)
    capture, frames = read(bytes(data))
    assert [frame.data for frame in frames] == [frame.data for frame in whole if frame.number != 10]
    (problem,) = capture.problems
    assert problem.offset == at
    assert f"reading goes on at byte {at + 32 + 84}" in problem.message  # 83 bytes of data
    assert not capture.truncated


@pytest.mark.parametrize("change", ["insert", "delete"])
@pytest.mark.parametrize("count", [1, 3, 4, 16, 17])
def test_inserted_and_deleted_bytes_cost_two_frames_at_most(change: str, count: int) -> None:
    data = small_pcapng(20)
    _, whole = read(data)
    for at in range(48, len(data) - 4, 5):
        changed = (
            data[:at] + b"\xee" * count + data[at:]
            if change == "insert"
            else data[:at] + data[at + count :]
        )
        capture, frames = read(changed)
        lost = {frame.data for frame in whole} - {frame.data for frame in frames}
        assert len(lost) <= 2, at
        assert capture.problems


def test_garbage_between_blocks_is_passed_over_and_measured() -> None:
    garbage = random.Random(5).randbytes(1_000_003)
    data = small_pcapng(5) + garbage + section(">") + interface(1, ">") + enhanced(9, b"z", ">")
    capture, frames = read(data)
    assert len(frames) == 6
    assert frames[-1] == Frame(6, 9000, 1, b"z", 1, 1)
    assert any("passed over" in problem.message for problem in capture.problems)


def test_zeroes_at_the_end_are_told() -> None:
    capture, frames = read(small_pcapng() + bytes(4096))
    assert len(frames) == 8
    assert not capture.truncated
    assert "last 4096 bytes" in capture.problems[0].message


def test_absurd_lengths_take_no_memory() -> None:
    head = struct.pack("<II", 0x80000001, 0xFFFFFFF0)
    capture, frames = read(small_pcapng(3) + head + small_pcapng(3))
    assert len(frames) == 6
    assert "4294967280 bytes" in capture.problems[0].message


def test_interfaces_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcapng, "_MAX_INTERFACES", 3)
    data = section() + interface() * 9 + enhanced(1, b"a", source=2) + enhanced(2, b"b", source=3)
    capture, frames = read(data)
    assert [frame.data for frame in frames] == [b"a"]
    assert len(capture.interfaces) == 3
    assert len(capture.problems) == 2


def test_secrets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcapng, "_MAX_SECRETS", 10)
    capture, _ = read(section() + secrets(b"12345678") + secrets(b"12345678") * 3)
    assert capture.secrets == [b"12345678"]
    assert len(capture.problems) == 1


def test_a_first_block_of_wrong_length_costs_nothing_else() -> None:
    data = bytearray(small_pcapng())
    data[4] ^= 4
    capture, frames = read(bytes(data))
    assert len(frames) == 8
    assert capture.interfaces[0].section == 0
    assert len(capture.problems) == 1


def test_a_section_header_without_byte_order_is_no_capture() -> None:
    data = bytearray(small_pcapng())
    data[8] ^= 1
    with pytest.raises(UnreadableInput, match="byte-order magic"):
        open_capture(io.BytesIO(bytes(data)))
