"""Writes capture files: pcapng (draft-ietf-opsawg-pcapng) and pcap (draft-ietf-opsawg-pcap).

Output is canonical, so that the same frames always give the same bytes: little-endian, one section,
nanosecond resolution, options in ascending order of their codes. Nothing is buffered and nothing is
read back, so a pipe will do; closing the file is the caller's.
"""

import struct
from collections.abc import Iterable
from typing import BinaryIO

from rtckit import __version__
from rtckit.capture.frame import MAX_FRAME_LENGTH, Frame, Interface

__all__ = ["PcapWriter", "PcapngWriter", "write_pcap", "write_pcapng"]

_MAX_OPTION = 0xFFFF
_TLS_KEY_LOG = 0x544C534B  # "TLSK": the NSS key log format
_DEFAULT_APPLICATION = f"rtckit {__version__}"


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _option(code: int, value: bytes) -> bytes:
    if len(value) > _MAX_OPTION:
        raise ValueError(f"an option holds at most {_MAX_OPTION} bytes, not {len(value)}")
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _options(*options: tuple[int, bytes]) -> bytes:
    """The options with a value, and their end; nothing at all when there is none."""
    written = b"".join(_option(code, value) for code, value in options if value)
    return written and written + bytes(4)


def _lengths(data: bytes, original_length: int | None) -> tuple[int, int]:
    captured = len(data)
    if captured > MAX_FRAME_LENGTH:
        raise ValueError(f"a frame holds at most {MAX_FRAME_LENGTH} bytes, not {captured}")
    if original_length is None:
        return captured, captured
    if not captured <= original_length <= 0xFFFFFFFF:
        raise ValueError(
            f"original length {original_length} is less than the {captured} bytes captured,"
            " or does not fit 32 bits"
        )
    return captured, original_length


class PcapngWriter:
    """Writes one pcapng section to ``file``, an open binary file.

    ``application`` goes into the section header (``shb_userappl``). Add at least one interface
    before the first frame, and secrets before the frames they open: readers go through the file
    once. ``ValueError`` is raised for what the format cannot hold; nothing is written then.
    """

    def __init__(self, file: BinaryIO, *, application: str = _DEFAULT_APPLICATION) -> None:
        self._file = file
        self._interfaces = 0
        header = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
        self._block(0x0A0D0D0A, header + _options((4, application.encode())))

    def _block(self, block_type: int, body: bytes) -> None:
        total = len(body) + 12
        self._file.write(struct.pack("<II", block_type, total) + body + struct.pack("<I", total))

    def add_interface(
        self, link_type: int, name: str = "", description: str = "", snap_length: int = 0
    ) -> int:
        """Announce an interface and return the number :meth:`write` takes for it.

        ``snap_length`` is the limit in bytes that frames were captured with, 0 for none.
        """
        options = _options((2, name.encode()), (3, description.encode()), (9, b"\x09"))
        if not (0 <= link_type <= 0xFFFF and 0 <= snap_length <= 0xFFFFFFFF):
            raise ValueError(f"link type {link_type} or snap length {snap_length} out of range")
        self._block(1, struct.pack("<HHI", link_type, 0, snap_length) + options)
        self._interfaces += 1
        return self._interfaces - 1

    def write(
        self,
        time_ns: int,
        data: bytes,
        *,
        interface: int = 0,
        original_length: int | None = None,
        comment: str = "",
    ) -> None:
        """Write a frame (Enhanced Packet Block) seen ``time_ns`` nanoseconds after 1970 UTC.

        ``original_length`` is the frame's length on the wire where ``data`` was cut.
        """
        if not 0 <= interface < self._interfaces:
            raise ValueError(f"no interface {interface}: {self._interfaces} were added")
        if not 0 <= time_ns < 1 << 64:
            raise ValueError(f"time {time_ns} ns does not fit 64 bits")
        captured, length = _lengths(data, original_length)
        header = struct.pack(
            "<IIIII", interface, time_ns >> 32, time_ns & 0xFFFFFFFF, captured, length
        )
        self._block(6, header + _padded(data) + _options((1, comment.encode())))

    def write_frame(self, frame: Frame) -> None:
        """Write a frame as read; its ``interface`` must have been added here."""
        self.write(
            frame.time_ns, frame.data, interface=frame.interface, original_length=frame.length
        )

    def add_secrets(self, keylog: bytes) -> None:
        """Embed a key log in the NSS format (Decryption Secrets Block, type ``TLSK``)."""
        self._block(10, struct.pack("<II", _TLS_KEY_LOG, len(keylog)) + _padded(keylog))


class PcapWriter:
    """Writes a pcap file with nanosecond times to ``file``, an open binary file.

    One link type for all frames; times from 1970 to 2106 (32 bits of seconds). ``ValueError`` is
    raised for what the format cannot hold; nothing is written then.
    """

    def __init__(
        self, file: BinaryIO, link_type: int = 1, *, snap_length: int = MAX_FRAME_LENGTH
    ) -> None:
        self._file = file
        if not (0 <= link_type <= 0xFFFF and 0 < snap_length <= 0x7FFFFFFF):
            raise ValueError(f"link type {link_type} or snap length {snap_length} out of range")
        file.write(struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, snap_length, link_type))

    def write(self, time_ns: int, data: bytes, *, original_length: int | None = None) -> None:
        """Write a frame seen ``time_ns`` nanoseconds after 1970 UTC."""
        seconds, rest = divmod(time_ns, 1_000_000_000)
        if not 0 <= seconds <= 0xFFFFFFFF:
            raise ValueError(f"time {time_ns} ns is not between 1970 and 2106")
        captured, length = _lengths(data, original_length)
        self._file.write(struct.pack("<IIII", seconds, rest, captured, length) + data)


def write_pcapng(
    file: BinaryIO,
    frames: Iterable[Frame],
    interfaces: Iterable[Interface],
    *,
    secrets: bytes = b"",
) -> None:
    """Write ``frames`` with the interfaces they index, and a key log if there is one."""
    writer = PcapngWriter(file)
    for interface in interfaces:
        writer.add_interface(
            interface.link_type, interface.name, interface.description, interface.snap_length
        )
    if secrets:
        writer.add_secrets(secrets)
    for frame in frames:
        writer.write_frame(frame)


def write_pcap(file: BinaryIO, frames: Iterable[Frame], link_type: int = 1) -> None:
    """Write ``frames``, all of ``link_type`` (``ValueError`` for any other)."""
    writer = PcapWriter(file, link_type)
    for frame in frames:
        if frame.link_type != link_type:
            raise ValueError(f"frame {frame.number} has link type {frame.link_type}")
        writer.write(frame.time_ns, frame.data, original_length=frame.length)
