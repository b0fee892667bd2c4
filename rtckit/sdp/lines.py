"""Lossless lines: text split so that joining it again gives every character back.

A line ends with CRLF (RFC 8866, 5), or with the LF or bare CR that people's files and tools leave;
each line keeps its own end. Lines and columns count from 1, columns count characters.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from rtckit.core.errors import ParseError

__all__ = [
    "BLANKS",
    "Attribute",
    "Line",
    "SdpProblem",
    "Span",
    "SplitText",
    "fault",
    "join_lines",
    "read_integer",
    "split_lines",
    "words",
]

BLANKS = " \t"
"""What may stand round a value by mistake, and is passed over."""

_WORD = re.compile(r"[^ \t]+")
_PIECE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class Span(NamedTuple):
    """A place in a description: a line and a column from 1, and the column after its end."""

    line: int
    column: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class SdpProblem:
    """Something in a description that could not be read, and where.

    The view that met it left the value out; ``expected`` says what would have been right there.
    """

    message: str
    span: Span
    expected: str = ""

    def __str__(self) -> str:
        expected = f" (expected {self.expected})" if self.expected else ""
        return f"line {self.span.line}, column {self.span.column}: {self.message}{expected}"


class Line(NamedTuple):
    """One line as it stands: its number, its text without the line end, and the line end.

    ``end`` is ``"\\r\\n"``, ``"\\n"``, ``"\\r"``, or empty at the end of the input.
    """

    number: int
    text: str
    end: str

    @property
    def type(self) -> str:
        """The letter before the ``=``, or an empty string where the line has no such form."""
        text = self.text
        letter = text[:1]
        return letter if text[1:2] == "=" and letter.isascii() and letter.isalpha() else ""

    @property
    def value(self) -> str:
        """What follows the ``=``; the whole text where there is none."""
        return self.text[2:] if self.type else self.text

    @property
    def span(self) -> Span:
        """The whole line without its end."""
        return Span(self.number, 1, len(self.text) + 1)

    @property
    def value_span(self) -> Span:
        """The place of :attr:`value`."""
        return Span(self.number, 3 if self.type else 1, len(self.text) + 1)


class Attribute(NamedTuple):
    """An ``a=`` line (RFC 8866, 5.13): its name, its value (None without a colon), its line number.

    The value is as written; nothing is trimmed or converted.
    """

    name: str
    value: str | None
    line: int

    @property
    def span(self) -> Span:
        """Name and value: what follows ``a=``."""
        return Span(self.line, 3, self._end_column)

    @property
    def value_span(self) -> Span:
        """The value alone; an empty span after the name where there is none."""
        column = 3 + len(self.name) + (self.value is not None)
        return Span(self.line, column, self._end_column)

    @property
    def _end_column(self) -> int:
        return 3 + len(self.name) + (0 if self.value is None else 1 + len(self.value))


class SplitText(NamedTuple):
    """Text as lines: the bodies, and what ends them.

    ``ends`` is one string when every line but the last ends alike (the common case), else one
    string a line; ``last_end`` ends the last line, and is empty when the input stops without one.
    """

    bodies: list[str]
    ends: str | list[str]
    last_end: str


def split_lines(text: str) -> SplitText:
    """Split at CRLF, LF and bare CR, and nowhere else; linear in the length of ``text``.

    An end of line at the end of the input ends the last line and starts no new one.
    """
    carriage_returns = text.count("\r")
    line_feeds = text.count("\n")
    if not carriage_returns:
        end = "\n"
    elif not line_feeds:
        end = "\r"
    else:
        end = "\r\n"
    bodies = text.split(end)
    if end == "\r\n" and not carriage_returns == line_feeds == len(bodies) - 1:
        return _split_mixed(text)
    if bodies[-1]:
        return SplitText(bodies, end, "")
    bodies.pop()
    return SplitText(bodies, end, end if bodies else "")


def _split_mixed(text: str) -> SplitText:
    bodies: list[str] = []
    ends: list[str] = []
    for piece in _PIECE.findall(text):
        body = piece.rstrip("\r\n")
        bodies.append(body)
        ends.append(piece[len(body) :])
    return SplitText(bodies, ends, ends[-1])


def join_lines(split: SplitText) -> str:
    """The inverse of :func:`split_lines`."""
    bodies, ends, last_end = split
    if isinstance(ends, str):
        return ends.join(bodies) + last_end
    return "".join([body + end for body, end in zip(bodies, ends, strict=True)])


def read_integer(text: str, maximum: int = 0xFFFF_FFFF_FFFF_FFFF) -> int | None:
    """A run of ASCII digits as a number, or None when it is anything else or above ``maximum``."""
    if text.isdigit() and text.isascii() and len(text) <= 20:
        number = int(text)
        return number if number <= maximum else None
    return None


def words(text: str) -> list[str]:
    """The parts between runs of spaces and tabs; no other character separates anything in SDP."""
    return _WORD.findall(text)


def fault(message: str, line: int, column: int, expected: str = "") -> ParseError:
    """The error every reader of a value raises: what is wrong, where, and what was expected."""
    return ParseError(message, line=line, column=column, expected=expected)
