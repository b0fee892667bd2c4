"""Compressed captures: known by their content, expanded in chunks, cut and damaged ones too."""

import bz2
import contextlib
import gzip
import importlib.util
import io
import lzma
from pathlib import Path

import pytest

from rtckit.capture import Frame, open_capture
from rtckit.core.errors import UnreadableInput
from tests.strategies.capture import pcap_header, pcap_record, small_pcap, small_pcapng

COMPRESS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


def frames_of(data: bytes) -> list[Frame]:
    return list(open_capture(io.BytesIO(data)).read_frames())


@pytest.mark.parametrize("name", COMPRESS)
@pytest.mark.parametrize("plain", [small_pcap(20), small_pcapng(20)], ids=["pcap", "pcapng"])
def test_the_content_is_that_of_the_plain_file(name: str, plain: bytes) -> None:
    capture = open_capture(io.BytesIO(COMPRESS[name](plain)))
    assert capture.compression == name
    assert list(capture.read_frames()) == frames_of(plain)
    assert not capture.problems
    assert not capture.truncated


@pytest.mark.parametrize("name", COMPRESS)
def test_members_are_read_on(name: str) -> None:
    plain = small_pcap(20)
    parts = [plain[:100], plain[100:101], b"", plain[101:]]
    data = b"".join(COMPRESS[name](part) for part in parts)
    assert frames_of(data) == frames_of(plain)
    assert frames_of(data + bytes(512)) == frames_of(plain)  # padded, as on tapes


@pytest.mark.parametrize("name", COMPRESS)
def test_a_file_cut_before_anything_can_be_expanded(name: str) -> None:
    with pytest.raises(UnreadableInput, match=f"{name} data end in the middle"):
        open_capture(io.BytesIO(COMPRESS[name](small_pcap())[:15]))


@pytest.mark.parametrize("name", COMPRESS)
def test_a_cut_file_is_read_up_to_the_cut(name: str) -> None:
    # Incompressible frames, so that the cut falls where it is meant to.
    plain = pcap_header() + b"".join(
        pcap_record(1_700_000_000 + i, 0, bytes((i * j * j + j) % 251 for j in range(700)))
        for i in range(400)
    )
    data = COMPRESS[name](plain)
    whole = frames_of(plain)
    cuts = range(100, len(data), len(data) // 7)
    for cut in cuts:
        if name != "gzip":  # the others expand large blocks, of which none may be whole
            with contextlib.suppress(UnreadableInput):
                open_capture(io.BytesIO(data[:cut]))
            continue
        capture = open_capture(io.BytesIO(data[:cut]))
        frames = list(capture.read_frames())
        assert frames == whole[: len(frames)]
        assert capture.truncated
        assert any("end in the middle" in problem.message for problem in capture.problems)


def test_a_damaged_member_is_told() -> None:
    data = bytearray(gzip.compress(small_pcap(200), mtime=0))
    data[-6] ^= 0xFF  # the checksum
    capture = open_capture(io.BytesIO(bytes(data)))
    assert len(list(capture.read_frames())) == 200
    assert any("damaged gzip data" in problem.message for problem in capture.problems)


def test_bytes_after_the_end_are_told() -> None:
    capture = open_capture(io.BytesIO(gzip.compress(small_pcap()) + b"something else"))
    assert len(list(capture.read_frames())) == 8
    assert "bytes after the end of the gzip data" in capture.problems[0].message
    assert not capture.truncated


def test_a_bomb_is_read_in_chunks() -> None:
    # 64 MiB of zeroes in 64 KiB; a capture of them is damaged from its first byte.
    capture = open_capture(io.BytesIO(gzip.compress(pcap_header() + bytes(1 << 26))))
    assert list(capture.read_frames()) == []
    assert capture.problems


@pytest.mark.parametrize(
    ("inside", "found"),
    [(b'{"type": "offer"}', "gzip-compressed; inside: looks like JSON text"), (b"", "empty")],
)
def test_what_is_inside_is_told(inside: bytes, found: str) -> None:
    with pytest.raises(UnreadableInput, match=found):
        open_capture(io.BytesIO(gzip.compress(inside)))


def test_lz4_says_how_to_decompress() -> None:
    with pytest.raises(UnreadableInput, match="lz4 -d"):
        open_capture(io.BytesIO(b"\x04\x22\x4d\x18" + bytes(20)))


@pytest.mark.skipif(
    importlib.util.find_spec("compression") is not None, reason="this Python expands zstd"
)
def test_zstd_says_how_to_decompress() -> None:
    with pytest.raises(UnreadableInput, match="zstd -d"):
        open_capture(io.BytesIO(b"\x28\xb5\x2f\xfd" + bytes(20)))


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "call.txt"
    path.write_bytes(gzip.compress(small_pcap()))
    with open_capture(path) as capture:
        assert len(list(capture.read_frames())) == 8
