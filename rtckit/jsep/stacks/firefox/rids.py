"""Firefox's own readers of a=rid and a=simulcast (RFC 8851, RFC 8853), with the column it blames.

Both walk the value like a C++ stream: looking at the end leaves a mark, and where that mark is
set the column of a simulcast is shown as -1. Letters are read in lower case.
"""

from dataclasses import dataclass, field

_ALPHANUMERIC = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_SPACE = " \t\n\v\f\r"
_USHORT = 2**16 - 1
_UINT = 2**32 - 1


class Refused(Exception):
    """The value is refused: the reason without the column."""


@dataclass(slots=True)
class Reader:
    """A position in a value, and whether the end was looked at."""

    text: str
    position: int = 0
    at_end: bool = False

    def peek(self) -> str:
        """Return the next character, empty at the end."""
        if self.position >= len(self.text):
            self.at_end = True
            return ""
        return self.text[self.position]

    def skip(self, character: str) -> bool:
        """Pass a character if it is the next one."""
        if self.peek() != character:
            return False
        self.position += 1
        return True

    def skip_space(self) -> None:
        """Pass white space."""
        while (character := self.peek()) and character in _SPACE:
            self.position += 1

    def token(self, delimiters: str) -> str:
        """Read up to a delimiter, in lower case."""
        start = self.position
        while (character := self.peek()) and character not in delimiters:
            self.position += 1
        return self.text[start : self.position].lower()

    def number(self, largest: int) -> int:
        """Read an unsigned number.

        Raises:
            Refused: there is none, or it is too large.
        """
        if self.peek() == "-":
            raise Refused("Value is less than 0")
        start = self.position
        if self.peek() == "+":
            self.position += 1
        digits = self.position
        while (character := self.peek()) and character.isascii() and character.isdigit():
            self.position += 1
        found = self.text[digits : self.position]
        if not found:
            self.position = start
            raise Refused("Malformed")
        holds = _USHORT if largest <= _USHORT else _UINT
        if len(found.lstrip("0")) > 10 or int(found) > holds:
            raise Refused("Malformed")
        if int(found) > largest:
            raise Refused("Value too large")
        return int(found)

    def decimal(self, smallest: float, largest: float) -> float:
        """Read an unsigned number with a fraction.

        Raises:
            Refused: there is none, or it is out of range.
        """
        if self.peek() == "-":
            raise Refused("Value is less than 0")
        start = self.position
        while (character := self.peek()) and character in "0123456789.":
            self.position += 1
        try:
            value = float(self.text[start : self.position])
        except ValueError:
            raise Refused("Malformed") from None
        if value < smallest:
            raise Refused("Value too small")
        if value > largest:
            raise Refused("Value too large")
        return value


@dataclass(slots=True)
class Simulcast:
    """A simulcast: the streams to send and to receive, each with its alternatives.

    Attributes:
        send: of each stream the rids, the first choice first.
        receive: the same of those to receive.
        paused: the rids marked with a tilde.
    """

    send: list[list[str]] = field(default_factory=list)
    receive: list[list[str]] = field(default_factory=list)
    paused: set[str] = field(default_factory=set)


def _check_rid(rid: str) -> None:
    if not rid:
        raise Refused("Rid must be non-empty (according to RFC 8851)")
    if len(rid) > 255:
        raise Refused("Rid can be at most 255 characters long (according to RFC 8852)")
    if set(rid) - _ALPHANUMERIC:
        raise Refused("Rid can contain only alphanumeric characters (according to RFC 8852)")


def read_rid(value: str) -> tuple[str, str]:
    """Read the value of a=rid.

    Returns:
        The identifier and ``send`` or ``recv``.

    Raises:
        Refused: the reason with the column, as Firefox words it.
    """
    reader = Reader(value)
    try:
        rid = reader.token(" ")
        _check_rid(rid)
        reader.skip_space()
        direction = reader.token(" ")
        if direction not in ("send", "recv"):
            raise Refused("Invalid direction, must be either send or recv")
        _read_restrictions(reader)
    except Refused as reason:
        raise Refused(f"{reason} at column {reader.position}") from None
    return rid, direction


def _read_restrictions(reader: Reader) -> None:
    """Read what follows the direction (RFC 8851, 4): numbers must be numbers."""
    if not reader.peek():
        return
    while True:
        reader.skip_space()
        key = reader.token("=")
        if not reader.skip("="):
            raise Refused("Expected '='")
        if not key:
            raise Refused("")
        if key == "pt":
            _read_list(reader)
        elif key in ("max-width", "max-height", "max-fps", "max-fs", "max-br", "max-pps"):
            reader.number(_UINT)
        elif key == "depend":
            while True:
                if not reader.token(",;"):
                    raise Refused("Truncated" if reader.at_end else "")
                if not reader.skip(","):
                    break
        else:
            reader.token(";")
        if not reader.skip(";"):
            return


def _read_list(reader: Reader) -> None:
    """Read payload types divided by commas."""
    reader.number(127)
    while reader.skip(","):
        reader.number(127)


def read_simulcast(value: str) -> Simulcast:
    """Read the value of a=simulcast.

    Raises:
        Refused: the reason with the column, as Firefox words it.
    """
    reader = Reader(value)
    try:
        return _read_simulcast(reader)
    except Refused as reason:
        column = -1 if reader.at_end else reader.position
        raise Refused(f"{reason} at column {column}") from None


def _read_simulcast(reader: Reader) -> Simulcast:
    found: dict[str, list[list[str]]] = {}
    paused: set[str] = set()
    while True:
        reader.skip_space()
        token = reader.token(" \t")
        if not token:
            break
        if token not in ("send", "recv"):
            raise Refused("Type must be either 'send' or 'recv'")
        if token in found:
            raise Refused(f"Already got a {token} list")
        reader.skip_space()
        found[token] = _read_versions(reader, paused)
    if not found:
        raise Refused("Empty simulcast attribute")
    return Simulcast(found.get("send", []), found.get("recv", []), paused)


def _read_versions(reader: Reader, paused: set[str]) -> list[list[str]]:
    versions: list[list[str]] = [[]]
    while True:
        is_paused = reader.skip("~")
        rid = reader.token(",; ")
        if not rid:
            raise Refused("Missing rid")
        _check_rid(rid)
        versions[-1].append(rid)
        if is_paused:
            paused.add(rid)
        if reader.skip(";"):
            versions.append([])
        elif not reader.skip(","):
            return versions
