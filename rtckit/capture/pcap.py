"""Reads pcap files (draft-ietf-opsawg-pcap): both byte orders, microseconds and nanoseconds.

The format has no mark by which to find a record again once a length is wrong. The reader
therefore distrusts every header that does not fit (lengths, fraction of a second, a jump in time)
and accepts it only when the headers after it fit too; else it looks for the next place where
headers chain, goes on there, and says what it passed over.
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

__all__ = ["MAGICS", "PcapReader", "read_pcap"]

FILE_HEADER = 24
_DAY = 86_400
_LINK_TYPE_BITS = 0xFFFF  # the upper half may hold the frame check sequence's length
_MAX_LENGTH = 1 << 20  # on the wire: segmentation offload makes frames of 512 KiB
_CHAIN = 3  # records that must follow one another to be believed
_KNOWN_TIMES = 8
_MAX_JOINED = 1 << 12


class _Variant(NamedTuple):
    order: str
    fraction_limit: int  # parts of a second
    record_header: int


MAGICS = {
    b"\xd4\xc3\xb2\xa1": _Variant("<", 1_000_000, 16),
    b"\xa1\xb2\xc3\xd4": _Variant(">", 1_000_000, 16),
    b"\x4d\x3c\xb2\xa1": _Variant("<", 1_000_000_000, 16),
    b"\xa1\xb2\x3c\x4d": _Variant(">", 1_000_000_000, 16),
    # A patched libpcap of the 1990s added an interface, protocol and packet type to each record.
    b"\x34\xcd\xb2\xa1": _Variant("<", 1_000_000, 24),
    b"\xa1\xb2\xcd\x34": _Variant(">", 1_000_000, 24),
}
"""The first four bytes of a pcap file, and what each says."""

# What may be a record header: two lengths up to 2^18, the first not 0, at bytes 8 and 12.
_HEADER = {
    "<": re.compile(rb"(?=.{8}(?!\x00{4})..[\x00-\x04]\x00..[\x00-\x04]\x00)", re.DOTALL),
    ">": re.compile(rb"(?=.{8}(?!\x00{4})\x00[\x00-\x04]..\x00[\x00-\x04]..)", re.DOTALL),
}


def read_pcap(file: BinaryIO) -> "PcapReader":
    """The frames of an open pcap file, compressed or not, with what else its reader tells."""
    return PcapReader(Window(open_source(file)[0]))


class PcapReader:
    """The frames of a pcap file, iterable once.

    ``interfaces`` holds the one the file header describes (and one more for each further pcap
    file found joined to it); ``problems`` grows while reading; ``truncated`` is true once the file
    turned out to end inside a record. Raises ``UnreadableInput`` without a whole file header.
    """

    format = "pcap"

    def __init__(self, window: Window, problems: ProblemList | None = None) -> None:
        self._window = window
        self.problems = ProblemList() if problems is None else problems
        self.interfaces: list[Interface] = []
        self.secrets: list[bytes] = []
        self.truncated = False
        self.number = 0
        self._times: list[int] = []  # seconds of the records trusted last
        self._earliest, self._latest = 1, 0  # no time is near before the first
        window.reach(FILE_HEADER)
        if window.data[:4] not in MAGICS:
            raise UnreadableInput("no pcap file: it does not begin with a pcap magic number")
        if len(window.data) < FILE_HEADER:
            raise UnreadableInput(
                f"pcap file cut inside its header: {len(window.data)} of {FILE_HEADER} bytes"
            )
        self._begin_file(0)
        self._records = self._read()

    def __iter__(self) -> Iterator[Frame]:
        return frames_of(self.records())

    def _begin_file(self, position: int) -> None:
        """Take over the file header at ``position``."""
        data = self._window.data
        self._variant = variant = MAGICS[data[position : position + 4]]
        major, minor, _, _, snap_length, link_type = struct.unpack_from(
            variant.order + "HHIIII", data, position + 4
        )
        if (major, minor) != (2, 4):
            self.problems.note(
                "version",
                f"pcap version {major}.{minor}, read as 2.4",
                offset=self._window.base + position + 4,
                expected="2.4",
            )
        self._link_type = link_type & _LINK_TYPE_BITS
        self._unpack = struct.Struct(variant.order + "IIII").unpack_from
        if len(self.interfaces) >= _MAX_JOINED:
            self.problems.note_once("interfaces", "more joined files than can be told apart")
            return
        self.interfaces.append(
            Interface(
                index=len(self.interfaces),
                link_type=self._link_type,
                snap_length=snap_length,
                section=len(self.interfaces),
                ticks_per_second=variant.fraction_limit,
            )
        )

    def records(self) -> Iterator[Record]:
        """The frames, each still in the buffer it was read into (see :data:`Record`).

        Always the same iterator: a file is read once.
        """
        return self._records

    def _read(self) -> Iterator[Record]:
        window = self._window
        position = previous = FILE_HEADER
        trusted = -1
        number = 0
        while True:
            header, fraction_limit = self._variant.record_header, self._variant.fraction_limit
            scale = 1_000_000_000 // fraction_limit
            unpack = self._unpack
            link_type, interface = self._link_type, len(self.interfaces) - 1
            earliest, latest = self._earliest, self._latest
            max_captured, max_length = MAX_FRAME_LENGTH, _MAX_LENGTH
            data = window.data
            size = len(data)
            odd = False
            while position + header <= size:
                seconds, fraction, captured, length = unpack(data, position)
                if (
                    not captured <= length <= max_length
                    or captured > max_captured
                    or fraction >= fraction_limit
                    or not earliest <= seconds <= latest
                ) and position != trusted:
                    odd = True
                    break
                start = position + header
                end = start + captured
                if end > size:
                    break
                number += 1
                self.number = number
                yield (
                    number,
                    seconds * 1_000_000_000 + fraction * scale,
                    link_type,
                    data,
                    start,
                    end,
                    length if length > captured else captured,
                    interface,
                )
                previous, position = position, end
            if odd and self._trust(position):
                trusted = position
                continue
            if odd and self._is_file_header(position):
                self._note_joined(position)
                self._begin_file(position)
                previous = position = position + FILE_HEADER
                continue
            if not odd:
                # The record before stays in sight: its length may yet prove wrong.
                kept = min(previous, position)
                if window.extend(kept):
                    previous, position, trusted = previous - kept, position - kept, trusted - kept
                    continue
                if position >= size:
                    return
            at = window.base + position
            found = self._find(previous + header)
            if found is None:
                self._note_end(at, odd=odd)
                return
            position = previous = trusted = found
            self._note_damage(at, window.base + position)

    def _near(self, seconds: int) -> bool:
        """Whether a time is within a day of one trusted before."""
        return any(abs(seconds - known) <= _DAY for known in self._times)

    def _trust(self, position: int) -> bool:
        """Whether a doubtful header is to be believed; its time is then a known one."""
        window = self._window
        seconds, _, captured, length = self._unpack(window.data, position)
        whole, ended = self._chain(position, strict=False)
        if not any(window.data[position : position + 16]) or self._is_file_header(position):
            return False
        if not whole:
            # A record cut by the end of the file has none after it to speak for it.
            return ended and captured <= MAX_FRAME_LENGTH
        if captured > length:
            self.problems.note(
                "lengths",
                f"{captured} bytes captured of a frame of {length}",
                frame=self.number + 1,
                offset=window.base + position,
            )
        self._remember(seconds)
        return True

    def _is_file_header(self, position: int) -> bool:
        """Whether a whole pcap file header stands at ``position``."""
        self._window.reach(position + FILE_HEADER)
        start = self._window.data[position : position + FILE_HEADER]
        variant = MAGICS.get(start[:4])
        return (
            variant is not None
            and len(start) == FILE_HEADER
            and struct.unpack_from(variant.order + "HH", start, 4) == (2, 4)
        )

    def _remember(self, seconds: int) -> None:
        self._times = [seconds, *self._times[: _KNOWN_TIMES - 1]]
        self._earliest, self._latest = seconds - _DAY, seconds + _DAY

    def _chain(self, position: int, *, strict: bool) -> tuple[int, bool]:
        """How many whole records follow one another from ``position``, and whether the file ended.

        A file joined to it counts as its end. Counts to three at most; 0 when a header on the way
        does not fit. Lengths and fraction must be sane and times near; unless ``strict``, one of
        the two will do, and of the first record only that it is not absurdly long counts.
        """
        window, variant = self._window, self._variant
        first = -1
        for whole in range(_CHAIN):
            if not window.reach(position + variant.record_header):
                return whole, True
            seconds, fraction, captured, length = self._unpack(window.data, position)
            sane = 0 < captured <= length <= _MAX_LENGTH and fraction < variant.fraction_limit
            if first < 0:
                first = seconds
                near = not self._times or self._near(seconds)
                fits = (sane and near) if strict else length <= _MAX_LENGTH
            else:
                near = abs(seconds - first) <= _DAY or self._near(seconds)
                fits = (sane and near) if strict else (sane or near)
            if not fits or captured > MAX_FRAME_LENGTH:
                return (whole, True) if whole and self._is_file_header(position) else (0, False)
            position += variant.record_header + captured
            if not window.reach(position):
                return whole, True
        return _CHAIN, False

    def _find(self, start: int) -> int | None:
        """Where records chain again at or after ``start``; what stands before is dropped."""
        window = self._window
        pattern = _HEADER[self._variant.order]
        while True:
            data = window.data
            start = window.pass_zeros(start, 15)
            for match in pattern.finditer(data, start):
                position = match.start()
                whole, ended = self._chain(position, strict=True)
                # At the end of the file fewer records must do, when their time is a known one.
                if whole == _CHAIN or (ended and whole >= (1 if self._times else 2)):
                    self._remember(self._unpack(window.data, position)[0])
                    return position
            start = max(start, len(data) - 15)
            if len(window.data) == len(data):
                if not window.extend(start):
                    return None
                start = 0

    def _note_damage(self, wrong: int, right: int) -> None:
        what = (
            f"{right - wrong} bytes passed over"
            if right > wrong
            else f"record {self.number} ends {wrong - right} bytes earlier than it says"
        )
        self.problems.note(
            "damage",
            f"damaged record header; {what}; reading goes on at byte {right}",
            frame=self.number + 1,
            offset=wrong,
            expected="a record header whose lengths and time fit the records around it",
        )

    def _note_joined(self, position: int) -> None:
        self.problems.note(
            "joined",
            "another pcap file begins here; its frames are read too (`mergecap` joins captures"
            " properly)",
            frame=self.number + 1,
            offset=self._window.base + position,
        )

    def _note_end(self, at: int, *, odd: bool) -> None:
        left = self._window.base + len(self._window.data) - at
        if odd:
            self.problems.note(
                "damage",
                f"no record header here nor after it; the last {left} bytes are not read",
                frame=self.number + 1,
                offset=at,
                expected="a record header",
            )
        else:
            self.truncated = True
            self.problems.note(
                "cut",
                f"the file is cut short: its last record begins {left} bytes before the end",
                frame=self.number + 1,
                offset=at,
            )
