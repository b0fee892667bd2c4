"""Tells a capture from what else people pass, and says what that is."""

from enum import StrEnum

from rtckit.capture.pcap import MAGICS
from rtckit.capture.pcapng import MAGIC
from rtckit.core.errors import UnreadableInput

__all__ = ["FileFormat", "find_format"]

_EXPECTED = "a pcap or pcapng capture"

# What a file begins with when it is something else, most telling first.
_OTHERS = (
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"#!rtpplay1.0 ", "an rtpdump file"),
    (b"snoop\x00\x00\x00", "a Sun snoop capture: convert it with `editcap`"),
    (b"btsnoop\x00", "a Bluetooth capture"),
    (b"GMBU", "a Microsoft Network Monitor capture: convert it with `editcap`"),
    (b"RTSS", "a Microsoft Network Monitor capture: convert it with `editcap`"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"v=0\r", "a session description (SDP)"),
    (b"v=0\n", "a session description (SDP)"),
    (b"CLIENT_RANDOM ", "a TLS key log"),
    (b"CLIENT_HANDSHAKE_TRAFFIC_SECRET ", "a TLS key log"),
    (b"SERVER_HANDSHAKE_TRAFFIC_SECRET ", "a TLS key log"),
)
_TEXTS = {
    b"{": "looks like JSON text",
    b"[": "looks like JSON text",
    b"<": "looks like XML or HTML text",
}


class FileFormat(StrEnum):
    """The capture formats rtckit reads."""

    PCAP = "pcap"
    PCAPNG = "pcapng"


def find_format(head: bytes, *, within: str = "") -> FileFormat:
    """The format of a file that begins with ``head`` (64 bytes are plenty).

    ``within`` names the compression the bytes were taken out of. ``UnreadableInput`` says what was
    found instead of a capture.
    """
    if head[:4] in MAGICS:
        return FileFormat.PCAP
    if head[:4] == MAGIC:
        return FileFormat.PCAPNG
    found = _describe(head)
    if within:
        found = f"{within}-compressed; inside: {found}"
    raise UnreadableInput(f"{found} (expected {_EXPECTED})")


def _describe(head: bytes) -> str:
    if not head:
        return "empty file"
    for magic, what in _OTHERS:
        if head.startswith(magic):
            return what
    if any(magic.startswith(head) for magic in (*MAGICS, MAGIC)):
        return f"only {len(head)} bytes, cut inside the file header"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in _TEXTS:
        return _TEXTS[text[:1]]
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head):
        return "looks like text"
    if not any(head):
        return "a file of zero bytes"
    return f"no capture: it begins with {head[:8].hex(' ')}"
