"""How libwebrtc cuts a description into lines and fields, and what it says when it cannot.

It works on the UTF-8 bytes of the text; here each byte is one character (Latin-1), so that lengths
and positions are the same. A line ends at LF, a CR before it is dropped; a line whose LF is missing
is no line at all.
"""

import re
from typing import Final

WILDCARD: Final = -1
_INTEGER = re.compile(r"-?[0-9]+\Z")
_INT_MAX: Final = 2**31 - 1
_UINT_MAX: Final = 2**32 - 1
_NOT_TOKEN = re.compile(r"[^!#-'*+\-.0-9A-Z^-~]")


class ParseFailed(Exception):
    """The parser gives up.

    Attributes:
        line: the line it blames; empty when it blames none.
        reason: what it says; empty where it forgets to say anything.
    """

    def __init__(self, line: str = "", reason: str = "") -> None:
        super().__init__(line, reason)
        self.line = line
        self.reason = reason


class Lines:
    """The text and how far it has been read."""

    __slots__ = ("pos", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0

    @property
    def at_end(self) -> bool:
        """Whether everything is read."""
        return self.pos >= len(self.text)

    def next_is(self, kind: str) -> bool:
        """Whether what comes next begins like a line of a type."""
        return self.text.startswith(kind + "=", self.pos)

    def next(self) -> str | None:
        """Return the next line and step over it; None, without a step, if it is malformed."""
        end = self.text.find("\n", self.pos)
        if end < 0:
            return None
        line = self.text[self.pos : end].removesuffix("\r")
        if len(line) < 3 or not "a" <= line[0] <= "z" or line[1] != "=":
            return None
        if line[0] != "s" and line[2] == " ":
            return None
        self.pos = end + 1
        return line

    def next_of(self, kind: str) -> str | None:
        """Return the next line if it is of a type and well formed, else None."""
        return self.next() if self.next_is(kind) else None

    def fail(self, reason: str) -> ParseFailed:
        """Return the failure that blames the line standing next."""
        end = self.text.find("\n", self.pos)
        if end < 0:
            return ParseFailed(self.text[self.pos :], reason)
        return ParseFailed(self.text[self.pos : end].removesuffix("\r"), reason)

    def expect(self, kind: str) -> str:
        """Return the next line, which must be of a type.

        Raises:
            ParseFailed: it is another.
        """
        line = self.next_of(kind)
        if line is None:
            raise self.fail(f"Expect line: {kind}=")
        return line


def has_attribute(line: str, name: str) -> bool:
    """Whether a line is the attribute of a name: it ends there, or a colon or a space follows."""
    return line.startswith(name, 2) and line[2 + len(name) : 3 + len(name)] in ("", ":", " ")


def split_first(text: str, delimiter: str) -> tuple[str, str] | None:
    """Split at the first run of a delimiter; None if there is none."""
    left, found, right = text.partition(delimiter)
    return (left, right.lstrip(delimiter)) if found else None


def tokens(text: str, delimiter: str) -> list[str]:
    """Split at a delimiter, without the empty parts."""
    return [part for part in text.split(delimiter) if part]


def value_of(text: str, attribute: str) -> str:
    """Return what stands after the colon of an attribute.

    Raises:
        ParseFailed: there is no colon, or something else stands before it.
    """
    parts = split_first(text, ":")
    if parts is None or not parts[0].endswith(attribute):
        raise ParseFailed(text, f"Failed to get the value of attribute: {attribute}")
    return parts[1]


def is_token(text: str) -> bool:
    """Whether every character is one of a token (RFC 8866, 9)."""
    return _NOT_TOKEN.search(text) is None


def token_value_of(text: str, attribute: str) -> str:
    """Return what stands after the colon, which must be a token.

    Raises:
        ParseFailed: it is none.
    """
    value = value_of(text, attribute)
    if not is_token(value):
        raise ParseFailed(text, f"Illegal character found in the value of {attribute}")
    return value


def to_int(text: str, low: int = -(2**31), high: int = _INT_MAX) -> int | None:
    """Read a decimal number within limits: a minus sign is allowed, a plus sign or blanks not."""
    if not _INTEGER.match(text) or len(text) > 4096:
        return None
    number = int(text)
    return number if low <= number <= high else None


def to_unsigned(text: str, high: int = _UINT_MAX) -> int | None:
    """Read a decimal number that is not negative (minus zero is zero)."""
    return to_int(text, 0, high)


def int_of(line: str, text: str) -> int:
    """Read a number.

    Raises:
        ParseFailed: it is none, or does not fit into 32 bits with a sign.
    """
    number = to_int(text)
    if number is None:
        raise ParseFailed(line, f"Invalid value: {text}.")
    return number


def unsigned_of(line: str, text: str, high: int = _UINT_MAX) -> int:
    """Read a number that is not negative.

    Raises:
        ParseFailed: it is none, or too large.
    """
    number = to_unsigned(text, high)
    if number is None:
        raise ParseFailed(line, f"Invalid value: {text}.")
    return number


def payload_type_of(line: str, text: str) -> int:
    """Read a payload type.

    Raises:
        ParseFailed: it is no number (with a reason), or not one of 0 to 127 (without).
    """
    number = int_of(line, text)
    if not 0 <= number <= 127:
        raise ParseFailed
    return number


def too_few(line: str, least: int) -> ParseFailed:
    """Return the failure of a line with fewer fields than it needs."""
    return ParseFailed(line, f"Expects at least {least} fields.")


def not_exactly(line: str, number: int) -> ParseFailed:
    """Return the failure of a line with another number of fields."""
    return ParseFailed(line, f"Expects {number} fields.")
