"""Frames, and the interfaces they were captured on, before anything in them is decoded.

Link types are the registry's (``LINKTYPE_`` values, https://www.tcpdump.org/linktypes.html).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

__all__ = [
    "MAX_FRAME_LENGTH",
    "Frame",
    "Interface",
    "LinkType",
    "Record",
    "frames_of",
    "link_type_name",
]

Record = tuple[int, int, int, bytes, int, int, int, int]
"""A frame still inside the buffer it was read into, for the hot path: the fields of :class:`Frame`
with ``data`` spelled as ``buffer, start, end``: ``(number, time_ns, link_type, buffer, start, end,
length, interface)``."""

MAX_FRAME_LENGTH = 262_144
"""The longest frame the usual tools write or accept (libpcap's and Wireshark's own limit)."""


class LinkType(IntEnum):
    """The link types rtckit decodes."""

    NULL = 0
    ETHERNET = 1
    RAW_BSD = 12
    RAW_OPENBSD = 14
    RAW = 101
    LOOP = 108
    LINUX_SLL = 113
    IPV4 = 228
    IPV6 = 229
    LINUX_SLL2 = 276


def link_type_name(link_type: int) -> str:
    """A link type for people: its name, or its number when it is none rtckit decodes."""
    try:
        return LinkType(link_type).name
    except ValueError:
        return f"link type {link_type}"


class Frame(NamedTuple):
    """One captured frame.

    ``number`` counts from 1 over the whole file, as tshark counts; ``time_ns`` is nanoseconds since
    1970-01-01 UTC; ``length`` is the frame's length on the wire, ``data`` may be cut shorter by the
    snap length; ``interface`` indexes the capture's interfaces over all sections.
    """

    number: int
    time_ns: int
    link_type: int
    data: bytes
    length: int
    interface: int


@dataclass(frozen=True, slots=True)
class Interface:
    """Where frames were captured.

    ``section`` counts from 0; ``snap_length`` 0 means no limit. A time stamp of ``n`` ticks means
    ``n / ticks_per_second + offset_s`` seconds.
    """

    index: int
    link_type: int
    name: str = ""
    description: str = ""
    snap_length: int = 0
    section: int = 0
    ticks_per_second: int = 1_000_000
    offset_s: int = 0


def frames_of(records: Iterator[Record]) -> Iterator[Frame]:
    """Records as frames, each with its own copy of its bytes."""
    for number, time_ns, link_type, buffer, start, end, length, interface in records:
        yield Frame(number, time_ns, link_type, buffer[start:end], length, interface)
