"""What is said of files that are no captures."""

import io
from pathlib import Path

import pytest

from rtckit.capture import open_capture
from rtckit.core.errors import ExitCode, UnreadableInput
from tests.strategies.capture import small_pcap, small_pcapng


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty file"),
        (b'{"type":"offer","sdp":"v=0"}', "looks like JSON text"),
        (b"\xef\xbb\xbf [1]", "looks like JSON text"),
        (b"<!DOCTYPE html>", "looks like XML or HTML text"),
        (b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n", "session description"),
        (b"CLIENT_RANDOM 00 11", "key log"),
        (b"hello world", "looks like text"),
        (b"PK\x03\x04rest of a zip archive", "zip archive"),
        (b"#!rtpplay1.0 127.0.0.1/5000\n", "rtpdump"),
        (b"\x7fELF\x02", "a program"),
        (bytes(100), "zero bytes"),
        (b"\xa1\xb2", "cut inside the file header"),
        (b"\xa1\xb2\xc3\xd4\x00", "5 of 24 bytes"),
        (b"\xde\xad\xbe\xef" * 4, "de ad be ef"),
    ],
)
def test_one_clear_message(content: bytes, found: str) -> None:
    with pytest.raises(UnreadableInput, match=found) as caught:
        open_capture(io.BytesIO(content))
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code is ExitCode.UNREADABLE


def test_what_was_expected_is_said(tmp_path: Path) -> None:
    path = tmp_path / "notes.pcap"
    path.write_text("hello")
    with pytest.raises(UnreadableInput) as caught:
        open_capture(path)
    assert str(caught.value) == f"{path}: looks like text (expected a pcap or pcapng capture)"


@pytest.mark.parametrize("data", [small_pcap(), small_pcapng()], ids=["pcap", "pcapng"])
def test_every_prefix_below_the_header_has_a_message(data: bytes) -> None:
    for cut in range(24):
        with pytest.raises(UnreadableInput, match=r"empty|cut"):
            open_capture(io.BytesIO(data[:cut]))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="No such file"):
        open_capture(tmp_path / "none.pcap")
    with pytest.raises(UnreadableInput, match="directory"):
        open_capture(str(tmp_path))
