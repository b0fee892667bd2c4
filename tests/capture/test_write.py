"""Captures written: bytes worked out from the drafts, what Wireshark reads, round trips."""

import io
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.capture import (
    Frame,
    Interface,
    PcapngWriter,
    PcapWriter,
    open_capture,
    write_pcap,
    write_pcapng,
)
from tests.capabilities import require
from tests.strategies.capture import captures


def test_pcapng_bytes_are_those_of_the_draft() -> None:
    file = io.BytesIO()
    writer = PcapngWriter(file, application="app")
    assert writer.add_interface(1, "eth0", snap_length=96) == 0
    writer.add_secrets(b"KEY\n")
    writer.write(0x0123456789ABCDEF, b"\xaa\xbb\xcc\xdd\xee", original_length=1500, comment="hi")
    # draft-ietf-opsawg-pcapng, 4.1 (section), 4.2 (interface), 4.7 (secrets), 4.3 (packet),
    # written out by hand in little-endian order.
    assert file.getvalue() == bytes.fromhex(
        "0a0d0d0a 28000000 4d3c2b1a 0100 0000 ffffffffffffffff"
        "0400 0300 61707000 00000000 28000000"
        "01000000 28000000 0100 0000 60000000"
        "0200 0400 65746830 0900 0100 09000000 00000000 28000000"
        "0a000000 18000000 4b534c54 04000000 4b45590a 18000000"
        "06000000 34000000 00000000 67452301 efcdab89 05000000 dc050000"
        "aabbccddee000000 0100 0200 68690000 00000000 34000000"
    )


def test_pcap_bytes_are_those_of_the_draft() -> None:
    file = io.BytesIO()
    writer = PcapWriter(file, 113, snap_length=65535)
    writer.write(1_500_000_007, b"\xaa\xbb\xcc", original_length=9)
    assert file.getvalue() == bytes.fromhex(
        "4d3cb2a1 0200 0400 00000000 00000000 ffff0000 71000000"
        "01000000 0765cd1d 03000000 09000000 aabbcc"
    )


def test_the_application_is_rtckit_unless_said() -> None:
    file = io.BytesIO()
    PcapngWriter(file)
    assert b"rtckit " in file.getvalue()


def test_wireshark_reads_what_was_written(tmp_path: Path) -> None:
    require("tshark")
    path = tmp_path / "written.pcapng"
    with path.open("wb") as file:
        writer = PcapngWriter(file)
        writer.add_interface(1, "veth-a", "left")
        writer.add_interface(113, "any")
        writer.add_secrets(b"CLIENT_RANDOM 00 11\n")
        writer.write(1_700_000_000_123_456_789, bytes(61), comment="näch")
        writer.write(1_700_000_001_000_000_001, bytes(64), interface=1, original_length=1000)
    fields = ("frame.number", "frame.time_epoch", "frame.len", "frame.cap_len", "frame.comment")
    more = ("frame.interface_name", "frame.interface_description")
    rows = tshark(path, *fields, *more)
    assert rows == [
        ["1", "1700000000.123456789", "61", "61", "näch", "veth-a", "left"],
        ["2", "1700000001.000000001", "1000", "64", "", "any", ""],
    ]


def tshark(path: Path, *fields: str) -> list[list[str]]:
    command = ["tshark", "-r", str(path), "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    output = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return [line.split("\t") for line in output.splitlines()]


@given(captures(), st.binary(max_size=50))
def test_pcapng_round_trip(capture: tuple[list[Interface], list[Frame]], keylog: bytes) -> None:
    interfaces, frames = capture
    file = io.BytesIO()
    write_pcapng(file, frames, interfaces, secrets=keylog)
    with open_capture(io.BytesIO(file.getvalue())) as read:
        assert list(read.read_frames()) == frames
        assert read.interfaces == interfaces
        assert read.secrets == ([keylog] if keylog else [])
        assert not read.problems
        assert not read.truncated
    again = io.BytesIO()
    write_pcapng(again, frames, read.interfaces, secrets=keylog)
    assert again.getvalue() == file.getvalue()


@given(captures(latest_ns=(2**32 - 1) * 10**9))
def test_pcap_round_trip(capture: tuple[list[Interface], list[Frame]]) -> None:
    interfaces, frames = capture
    link_type = interfaces[0].link_type
    # Times that jump by years from frame to frame are damage to a reader of pcap.
    frames = [
        frame._replace(link_type=link_type, interface=0, time_ns=frame.time_ns % 10**13 + 10**18)
        for frame in frames
    ]
    file = io.BytesIO()
    write_pcap(file, frames, link_type)
    with open_capture(io.BytesIO(file.getvalue())) as read:
        assert list(read.read_frames()) == frames
        assert not read.problems
        assert [item.link_type for item in read.interfaces] == [link_type]


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((-1, b""), {}),
        ((1 << 64, b""), {}),
        ((0, b""), {"interface": 1}),
        ((0, b""), {"interface": -1}),
        ((0, b"abc"), {"original_length": 2}),
        ((0, b"abc"), {"original_length": 1 << 32}),
        ((0, bytes(262_145)), {}),
        ((0, b""), {"comment": "x" * 65_536}),
    ],
)
def test_what_pcapng_cannot_hold_is_refused_and_not_half_written(
    arguments: tuple[int, bytes], options: dict[str, object]
) -> None:
    file = io.BytesIO()
    writer = PcapngWriter(file)
    writer.add_interface(1)
    before = file.getvalue()
    with pytest.raises(ValueError):
        writer.write(*arguments, **options)  # type: ignore[arg-type]
    assert file.getvalue() == before


def test_a_frame_needs_an_interface() -> None:
    with pytest.raises(ValueError, match="no interface 0"):
        PcapngWriter(io.BytesIO()).write(0, b"")


@pytest.mark.parametrize("link_type", [-1, 65_536])
def test_link_types_have_sixteen_bits(link_type: int) -> None:
    with pytest.raises(ValueError):
        PcapngWriter(io.BytesIO()).add_interface(link_type)
    with pytest.raises(ValueError):
        PcapWriter(io.BytesIO(), link_type)


@pytest.mark.parametrize("time_ns", [-1, (1 << 32) * 10**9])
def test_pcap_times_have_thirty_two_bits_of_seconds(time_ns: int) -> None:
    file = io.BytesIO()
    writer = PcapWriter(file)
    with pytest.raises(ValueError, match="1970"):
        writer.write(time_ns, b"")
    assert len(file.getvalue()) == struct.calcsize("<IHHIIII")


def test_pcap_has_one_link_type() -> None:
    frame = Frame(1, 0, 113, b"x", 1, 0)
    with pytest.raises(ValueError, match="link type 113"):
        write_pcap(io.BytesIO(), [frame], 1)
