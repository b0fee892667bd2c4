"""When a session repeats, and the free text lines beside it: ``r= z= k=`` and ``i= u= e= p=``.

WebRTC writes none of them; broadcast, conferencing and old gateways do. Each ``parse_`` takes the
text of a value and where it begins, and raises only :class:`~rtckit.core.errors.ParseError`.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from rtckit.core.errors import ParseError
from rtckit.sdp.grammar import LINE_TYPES
from rtckit.sdp.lines import BLANKS, Span, fault, read_integer

__all__ = [
    "EncryptionKey",
    "RepeatTimes",
    "TextLine",
    "TimeZones",
    "parse_encryption_key",
    "parse_repeat_times",
    "parse_text_line",
    "parse_time_zones",
]

_TYPED_TIME = re.compile(r"(-?)([0-9]{1,20})([dhms]?)")
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1, "": 1}
_KEY_METHODS = ("prompt", "clear", "base64", "uri")


class TextLine(NamedTuple):
    """A line of free text (``i= u= e= p=``): the text as written, and where it stands."""

    text: str
    span: Span


class RepeatTimes(NamedTuple):
    """When a session repeats (RFC 8866, 5.10), in seconds.

    ``offsets`` count from the start time of the ``t=`` line before.
    """

    interval: int
    duration: int
    offsets: tuple[int, ...]
    span: Span


class TimeZones(NamedTuple):
    """Shifts of the repeat times before them (RFC 8866, 5.11).

    ``adjustments`` are pairs of a time in seconds since 1900 and the offset from then on, in
    seconds.
    """

    adjustments: tuple[tuple[int, int], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """The obsolete ``k=`` line (RFC 8866, 5.12). ``key`` is secret and not in the ``repr``."""

    method: str
    key: str | None = field(repr=False)
    span: Span


def parse_text_line(value: str, line: int = 1, column: int = 1) -> TextLine:
    """Read the value of ``i=``, ``u=``, ``e=`` or ``p=``, which must not be empty."""
    if not value:
        raise fault("a line of text without text", line, column, "<text>")
    return TextLine(value, Span(line, column, column + len(value)))


def parse_repeat_times(value: str, line: int = 1, column: int = 1) -> RepeatTimes:
    """Read the value of ``r=``: an interval, a duration, and one offset at least."""
    fields = value.rstrip(BLANKS).split(" ")
    numbers = _read_times(fields, line, column, negative=False)
    if len(numbers) < 3 or not numbers[0]:
        raise fault(f"repeat times {value[:40]!r}", line, column, LINE_TYPES["r"].form)
    interval, duration, *offsets = numbers
    return RepeatTimes(interval, duration, tuple(offsets), _span(value, line, column))


def parse_time_zones(value: str, line: int = 1, column: int = 1) -> TimeZones:
    """Read the value of ``z=``: pairs of a time and an offset."""
    fields = value.rstrip(BLANKS).split(" ")
    times = [read_integer(text) for text in fields[::2]]
    offsets = _read_times(fields[1::2], line, column, negative=True)
    if len(fields) % 2 or None in times:
        raise fault(f"time zones {value[:40]!r}", line, column, LINE_TYPES["z"].form)
    pairs = tuple((time or 0, offset) for time, offset in zip(times, offsets, strict=True))
    return TimeZones(pairs, _span(value, line, column))


def parse_encryption_key(value: str, line: int = 1, column: int = 1) -> EncryptionKey:
    """Read the value of ``k=``; the error never quotes the key."""
    method, colon, key = value.rstrip(BLANKS).partition(":")
    if method not in _KEY_METHODS or bool(colon) != (method != "prompt"):
        raise fault("unreadable key line", line, column, LINE_TYPES["k"].form)
    return EncryptionKey(method, key if colon else None, _span(value, line, column))


def _read_times(fields: list[str], line: int, column: int, *, negative: bool) -> list[int]:
    """Times with a unit or without, in seconds."""
    numbers = []
    for text in fields:
        found = _TYPED_TIME.fullmatch(text)
        if found is None or (found[1] and not negative):
            raise _time_fault(text, line, column)
        number = int(found[2]) * _UNITS[found[3]]
        numbers.append(-number if found[1] else number)
    return numbers


def _time_fault(text: str, line: int, column: int) -> ParseError:
    return fault(f"time {text[:40]!r}", line, column, "a number, perhaps with d, h, m or s")


def _span(value: str, line: int, column: int) -> Span:
    return Span(line, column, column + len(value))
