"""Reads pcapng files (draft-ietf-opsawg-pcapng): sections, interfaces, packets, secrets.

Each section has its own byte order and interfaces, each interface its own link type, resolution and
offset of time. A block says its length at both ends; where the two differ the reader looks for the
next place where a known block's do agree, goes on there, and says what it passed over.

Frames are numbered as tshark numbers them: every packet block counts, and so do custom blocks and
systemd journal entries, which Wireshark lists as records of their own.
"""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from rtckit.capture.compressed import open_source
from rtckit.capture.frame import MAX_FRAME_LENGTH, Frame, Interface, Record, frames_of
from rtckit.capture.problems import ProblemList
from rtckit.capture.window import Window
from rtckit.core.errors import UnreadableInput

__all__ = ["MAGIC", "PcapngReader", "read_pcapng"]

MAGIC = b"\x0a\x0d\x0d\x0a"
"""The first four bytes of a pcapng file: the Section Header Block's type, a palindrome."""

_SECTION = 0x0A0D0D0A
_INTERFACE, _PACKET, _SIMPLE, _ENHANCED, _SECRETS = 1, 2, 3, 6, 10
_COUNTED = {9, 0x0BAD, 0x40000BAD}  # journal entry, custom blocks: records with a number
_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_TLS_KEY_LOG = 0x544C534B
_SECTION_HEADER = 28

_MAX_BLOCK = 1 << 24
_MAX_PACKET_BLOCK = MAX_FRAME_LENGTH + (1 << 18)  # leaves room for comments
_MAX_SECRETS = 1 << 24
_MAX_INTERFACES = 1 << 16

_PACKETS = (_PACKET, _SIMPLE, _ENHANCED)
# The types a block may have for reading to go on at it: 1 to 6, 9, 10 and the custom ones.
_BLOCK = {
    "<": re.compile(
        rb"(?=(?:[\x01-\x06\x09\x0a]\x00\x00\x00|\xad\x0b\x00[\x00\x40])[\x00-\xff]{3}[\x00\x01]"
        rb"|\x0a\x0d\x0d\x0a)"
    ),
    ">": re.compile(
        rb"(?=(?:\x00\x00\x00[\x01-\x06\x09\x0a]|[\x00\x40]\x00\x0b\xad)[\x00\x01]|\x0a\x0d\x0d\x0a)"
    ),
}


class _Clock(NamedTuple):
    """How an interface's ticks become nanoseconds: ``ticks * multiplier // divisor + offset``."""

    interface: int
    link_type: int
    snap_length: int
    multiplier: int
    divisor: int
    offset: int


def read_pcapng(file: BinaryIO) -> "PcapngReader":
    """The frames of an open pcapng file, compressed or not, with what else its reader tells."""
    return PcapngReader(Window(open_source(file)[0]))


class PcapngReader:
    """The frames of a pcapng file, iterable once.

    ``interfaces`` (of all sections, in order), ``secrets`` (key logs in the NSS format) and
    ``problems`` grow while reading; ``truncated`` is true once the file turned out to end inside a
    block. Raises ``UnreadableInput`` when the file does not begin with a section header.
    """

    format = "pcapng"

    def __init__(self, window: Window, problems: ProblemList | None = None) -> None:
        self._window = window
        self.problems = ProblemList() if problems is None else problems
        self.interfaces: list[Interface] = []
        self.secrets: list[bytes] = []
        self.truncated = False
        self.number = 0
        self._clocks: list[_Clock] = []
        self._sections = 0
        self._secret_bytes = 0
        self._unreadable_section = False
        self._last_time = 0
        window.reach(_SECTION_HEADER)
        head = window.data[:_SECTION_HEADER]
        if head[:4] != MAGIC:
            raise UnreadableInput("no pcapng file: it does not begin with a section header")
        if len(head) < _SECTION_HEADER:
            raise UnreadableInput(
                f"pcapng file cut inside its section header: {len(head)} bytes in all"
            )
        if head[8:12] not in _ORDERS:
            raise UnreadableInput(
                "pcapng file with a damaged section header: no byte-order magic at byte 8"
            )
        self._set_order(_ORDERS[head[8:12]])
        self._records = self._read()

    def __iter__(self) -> Iterator[Frame]:
        return frames_of(self.records())

    def _set_order(self, order: str) -> None:
        self._order = order
        self._unpack_packet = struct.Struct(order + "7I").unpack_from
        self._unpack_int = struct.Struct(order + "I").unpack_from

    def records(self) -> Iterator[Record]:
        """The frames, each still in the buffer it was read into (see :data:`Record`).

        Always the same iterator: a file is read once.
        """
        return self._records

    def _read(self) -> Iterator[Record]:
        window = self._window
        position = 0
        while True:
            unpack_packet, unpack_int = self._unpack_packet, self._unpack_int
            clocks = self._clocks
            data = window.data
            size = len(data)
            number, time_ns = self.number, self._last_time
            fault = ""
            # Nearly every block of a capture is an enhanced packet: read those in one go here.
            while position + 32 <= size:
                kind, total, source, high, low, captured, length = unpack_packet(data, position)
                end = position + total
                if (
                    kind != _ENHANCED
                    or end > size
                    or total & 3
                    or not captured + 32 <= total <= _MAX_PACKET_BLOCK
                    or unpack_int(data, end - 4)[0] != total
                    or source >= len(clocks)
                ):
                    break
                index, link_type, _, multiplier, divisor, offset = clocks[source]
                time_ns = (high << 32 | low) * multiplier + offset
                if divisor != 1:
                    time_ns = (time_ns - offset) // divisor + offset
                self.number = number = number + 1
                start = position + 28
                yield (
                    number,
                    time_ns,
                    link_type,
                    data,
                    start,
                    start + captured,
                    length if length > captured else captured,
                    index,
                )
                position = end
            self._last_time = time_ns
            # Any other block, a damaged one, or one not wholly in sight.
            if position + 12 <= size:
                order = _ORDERS.get(data[position + 8 : position + 12])
                kind = unpack_int(data, position)[0]
                if kind == _SECTION and order:
                    total = int.from_bytes(
                        data[position + 4 : position + 8], "little" if order == "<" else "big"
                    )
                else:
                    total = unpack_int(data, position + 4)[0]
                end = position + total
                fault = self._fault(kind, total, order)
                if not fault and end <= size:
                    if data[end - 4 : end] == data[position + 4 : position + 8]:
                        if kind == _SECTION:
                            self._begin_section(position, order or "<")
                        else:
                            record = self._read_block(kind, position, end)
                            if record is not None:
                                yield record
                        position = end
                        continue
                    fault = "a block's two lengths differ"
            if not fault and window.extend(position):
                position = 0
                continue
            if not fault and position >= size:
                return
            at = window.base + position
            found = self._find(position + 1)
            if found is None:
                self._note_end(at, fault)
                return
            position = found
            self._note_damage(at, window.base + found, fault)

    def _fault(self, kind: int, total: int, order: str | None) -> str:
        """What makes a block's head unbelievable, if anything."""
        if kind == _SECTION and order is None:
            return "a section header without byte-order magic"
        if total % 4 or total < (_SECTION_HEADER if kind == _SECTION else 12):
            return f"a block of {total} bytes"
        if total > (_MAX_PACKET_BLOCK if kind in _PACKETS else _MAX_BLOCK):
            return f"a block of {total} bytes"
        return ""

    def _begin_section(self, position: int, order: str) -> None:
        self._set_order(order)
        self._clocks = []
        major, minor = struct.unpack_from(order + "HH", self._window.data, position + 12)
        self._unreadable_section = major != 1
        if major != 1:
            self.problems.note(
                "version",
                f"section of pcapng version {major}.{minor}: passed over",
                offset=self._window.base + position + 12,
                expected="version 1",
            )
        self._sections += 1

    def _read_block(self, kind: int, position: int, end: int) -> Record | None:
        """Take in a whole block that is no section header; its frame, if it holds one."""
        if self._unreadable_section:
            return None
        if kind == _INTERFACE:
            self._read_interface(position, end)
        elif kind == _SECRETS:
            self._read_secrets(position, end)
        elif kind in _PACKETS:
            self.number += 1
            return self._read_packet(kind, position, end)
        elif kind in _COUNTED:
            self.number += 1
        return None

    def _note_block(self, what: str, position: int, *, frame: int | None = None) -> None:
        self.problems.note("block", what, frame=frame, offset=self._window.base + position)

    def _read_packet(self, kind: int, position: int, end: int) -> Record | None:
        data = self._window.data
        room = end - 4
        if kind == _SIMPLE:
            header, source, ticks = 12, 0, 0
        else:
            header, ticks = 28, 0
        if position + header > room:
            self._note_block("a packet block without room for its header", position)
            return None
        if kind == _SIMPLE:
            (length,) = self._unpack_int(data, position + 8)
            captured = length
        else:
            layout = "IIIII" if kind == _ENHANCED else "HxxIIII"
            source, high, low, captured, length = struct.unpack_from(
                self._order + layout, data, position + 8
            )
            ticks = high << 32 | low
        if source >= len(self._clocks):
            self._note_block(
                f"a packet of interface {source}, which was not described",
                position,
                frame=self.number,
            )
            return None
        clock = self._clocks[source]
        start = position + header
        if kind == _SIMPLE:
            self.problems.note_once(
                "simple packets",
                "packets without a time (Simple Packet Blocks): they get the time of the last one",
                frame=self.number,
            )
            # The block does not say how much was captured: at most the snap length, and its room.
            captured = min(captured, clock.snap_length or captured, room - start)
            time_ns = self._last_time
        else:
            time_ns = ticks * clock.multiplier // clock.divisor + clock.offset
        if start + captured > room:
            self._note_block(
                f"a packet block with room for {room - start} of {captured} bytes",
                position,
                frame=self.number,
            )
            return None
        self._last_time = time_ns
        return (
            self.number,
            time_ns,
            clock.link_type,
            data,
            start,
            start + captured,
            max(length, captured),
            clock.interface,
        )

    def _read_interface(self, position: int, end: int) -> None:
        if end - 4 - position < 16:
            self._note_block("an interface description without room for its header", position)
            return
        if len(self.interfaces) >= _MAX_INTERFACES:
            self.problems.note_once("interfaces", "more interfaces than can be: not described")
            return
        link_type, snap_length = struct.unpack_from(
            self._order + "HxxI", self._window.data, position + 8
        )
        texts = {2: "", 3: ""}
        ticks_per_second, offset_s = 1_000_000, 0
        for code, value in self._options(position + 16, end - 4):
            if code in texts:
                # The draft lets a zero byte end a text.
                texts[code] = value.partition(b"\0")[0].decode(errors="backslashreplace")
            elif code == 9 and len(value) == 1:
                exponent = value[0] & 0x7F
                ticks_per_second = (2 if value[0] & 0x80 else 10) ** exponent
            elif code == 14 and len(value) == 8:
                (offset_s,) = struct.unpack(self._order + "q", value)
            elif code in (9, 14):
                self._note_block(f"option {code} of {len(value)} bytes, not read", position)
        interface = Interface(
            index=len(self.interfaces),
            link_type=link_type,
            name=texts[2],
            description=texts[3],
            snap_length=snap_length,
            section=max(self._sections - 1, 0),
            ticks_per_second=ticks_per_second,
            offset_s=offset_s,
        )
        self.interfaces.append(interface)
        multiplier, divisor = 1_000_000_000, ticks_per_second
        if multiplier % divisor == 0:
            multiplier, divisor = multiplier // divisor, 1
        self._clocks.append(
            _Clock(
                interface.index,
                link_type,
                snap_length,
                multiplier,
                divisor,
                offset_s * 1_000_000_000,
            )
        )

    def _options(self, position: int, end: int) -> Iterator[tuple[int, bytes]]:
        """The options between two places, as far as they can be read."""
        data = self._window.data
        while position + 4 <= end:
            code, length = struct.unpack_from(self._order + "HH", data, position)
            if code == 0:
                return
            position += 4
            if position + length > end:
                self._note_block(f"option {code} runs over the end of its block", position - 4)
                return
            yield code, data[position : position + length]
            position += length + -length % 4

    def _read_secrets(self, position: int, end: int) -> None:
        data = self._window.data
        start = position + 16
        if start > end - 4:
            self._note_block("a secrets block without room for its header", position)
            return
        (secrets_type,) = self._unpack_int(data, position + 8)
        (length,) = self._unpack_int(data, position + 12)
        if secrets_type != _TLS_KEY_LOG:
            return
        if start + length > end - 4:
            self._note_block("a secrets block shorter than its secrets", position)
        secrets = data[start : min(start + length, end - 4)]
        self._secret_bytes += len(secrets)
        if self._secret_bytes > _MAX_SECRETS:
            self.problems.note_once("secrets", "more key log than can be: the rest is not kept")
        elif secrets:
            self.secrets.append(secrets)

    def _find(self, start: int) -> int | None:
        """Where a block is whole again at or after ``start``; what stands before is dropped."""
        window = self._window
        while True:
            data = window.data
            start = window.pass_zeros(start, 11)
            for match in _BLOCK[self._order].finditer(data, start):
                if self._is_whole(match.start()):
                    return match.start()
            start = max(start, len(data) - 11)
            if len(window.data) == len(data):
                if not window.extend(start):
                    return None
                start = 0

    def _is_whole(self, position: int) -> bool:
        """Whether a block at ``position`` says the same length at both ends."""
        window = self._window
        if not window.reach(position + 12):
            return False
        head = window.data[position : position + 12]
        order = self._order
        (kind,) = struct.unpack_from(order + "I", head)
        section_order = _ORDERS.get(head[8:12])
        if kind == _SECTION and section_order:
            order = section_order
        (total,) = struct.unpack_from(order + "I", head, 4)
        if self._fault(kind, total, section_order) or not window.reach(position + total):
            return False
        return window.data[position + total - 4 : position + total] == head[4:8]

    def _note_damage(self, wrong: int, right: int, fault: str) -> None:
        self.problems.note(
            "damage",
            f"damaged: {fault or 'a block that runs over the end of the file'};"
            f" {right - wrong} bytes passed over; reading goes on at byte {right}",
            frame=self.number + 1,
            offset=wrong,
            expected="a block with the same length at both ends",
        )

    def _note_end(self, at: int, fault: str) -> None:
        left = self._window.base + len(self._window.data) - at
        if fault:
            self.problems.note(
                "damage",
                f"damaged: {fault}; the last {left} bytes are not read",
                frame=self.number + 1,
                offset=at,
                expected="a block with the same length at both ends",
            )
        else:
            self.truncated = True
            self.problems.note(
                "cut",
                f"the file is cut short: its last block begins {left} bytes before the end",
                frame=self.number + 1,
                offset=at,
            )
