"""What the lines other than attributes say, and the grouping of media sections.

Each ``parse_`` takes the text of a value and where it begins, and raises only
:class:`~rtckit.core.errors.ParseError`. Ids stay text.
"""

import re
from typing import NamedTuple

from rtckit.sdp.grammar import ATTRIBUTES, LINE_TYPES
from rtckit.sdp.lines import BLANKS, Span, fault, read_integer, words

__all__ = [
    "Bandwidth",
    "Connection",
    "Group",
    "Identity",
    "MediaLine",
    "Origin",
    "Timing",
    "parse_bandwidth",
    "parse_connection",
    "parse_group",
    "parse_identity",
    "parse_media_line",
    "parse_origin",
    "parse_timing",
]


class Origin(NamedTuple):
    """Who started the session (RFC 8866, 5.2); the ids are text, as written."""

    username: str
    session_id: str
    version: str
    nettype: str
    addrtype: str
    address: str
    span: Span


class Connection(NamedTuple):
    """Where media goes (RFC 8866, 5.7); ``ttl`` and the number of ``addresses`` are multicast's."""

    nettype: str
    addrtype: str
    address: str
    ttl: int | None
    addresses: int | None
    span: Span


class Bandwidth(NamedTuple):
    """A bandwidth line (RFC 8866, 5.8).

    ``value`` is in kilobits a second for ``CT`` and ``AS``, in bits a second for ``TIAS``
    (RFC 3890, 6.2.2), ``RS`` and ``RR`` (RFC 3556, 2).
    """

    type: str
    value: int
    span: Span

    @property
    def bits_per_second(self) -> int | None:
        """The value in bits a second; None for a kind whose unit is not known."""
        factor = _BANDWIDTH_UNITS.get(self.type)
        return None if factor is None else self.value * factor


_NOWHERE = "IN IP4 0.0.0.0"
_BANDWIDTH_UNITS = {"CT": 1000, "AS": 1000, "TIAS": 1, "RS": 1, "RR": 1}


class Timing(NamedTuple):
    """When the session is active, seconds since 1900; 0 0 is always (RFC 8866, 5.9)."""

    start: int
    stop: int
    span: Span


class Group(NamedTuple):
    """Media sections that belong together (RFC 5888, 5), named by their mids."""

    semantics: str
    mids: tuple[str, ...]
    span: Span


class Identity(NamedTuple):
    """An identity assertion (RFC 8827, 5): base64 of JSON, and extensions as name and value."""

    assertion: str
    extensions: tuple[tuple[str, str | None], ...]
    span: Span


class MediaLine(NamedTuple):
    """An ``m=`` line (RFC 8866, 5.14).

    ``port`` is None when it is no number from 0 to 65535; ``ports`` is the count after the slash.
    """

    kind: str
    port: int | None
    ports: int | None
    protocol: str
    formats: tuple[str, ...]
    span: Span


def parse_origin(value: str, line: int = 1, column: int = 1) -> Origin:
    """Read the value of ``o=``: six fields apart by single spaces."""
    fields = value.rstrip(BLANKS).split(" ")
    if len(fields) != 6 or not all(fields):
        raise fault(
            f"origin of {len(fields)} fields instead of 6", line, column, LINE_TYPES["o"].form
        )
    username, session_id, version, nettype, addrtype, address = fields
    span = Span(line, column, column + len(value))
    return Origin(username, session_id, version, nettype, addrtype, address, span)


def parse_connection(value: str, line: int = 1, column: int = 1) -> Connection:
    """Read the value of ``c=``, and the address part of ``a=rtcp``."""
    if value == _NOWHERE:
        # What nearly every description of WebRTC has, once or twice a section.
        span = Span(line, column, column + len(value))
        return Connection("IN", "IP4", "0.0.0.0", None, None, span)
    fields = value.rstrip(BLANKS).split(" ")
    if len(fields) != 3 or not all(fields):
        raise fault(
            f"connection of {len(fields)} fields instead of 3", line, column, LINE_TYPES["c"].form
        )
    nettype, addrtype, address = fields
    parts = address.split("/")
    numbers = [read_integer(part) for part in parts[1:]]
    # IPv6 multicast has a count and no TTL (RFC 8866, 5.7).
    allowed = 1 if addrtype == "IP6" else 2
    if len(numbers) > allowed or None in numbers or not parts[0]:
        at = column + len(nettype) + len(addrtype) + 2
        raise fault(f"address {address[:60]!r}", line, at, "<address>[/<ttl>][/<count>]")
    if addrtype == "IP6":
        numbers.insert(0, None)
    numbers += [None] * (2 - len(numbers))
    span = Span(line, column, column + len(value))
    return Connection(nettype, addrtype, parts[0], numbers[0], numbers[1], span)


def parse_bandwidth(value: str, line: int = 1, column: int = 1) -> Bandwidth:
    """Read the value of ``b=``."""
    kind, colon, amount = value.rstrip(BLANKS).partition(":")
    number = read_integer(amount)
    if not kind or not colon or number is None:
        raise fault(f"bandwidth {value[:40]!r}", line, column, LINE_TYPES["b"].form)
    return Bandwidth(kind, number, Span(line, column, column + len(value)))


def parse_timing(value: str, line: int = 1, column: int = 1) -> Timing:
    """Read the value of ``t=``."""
    fields = [read_integer(field) for field in value.rstrip(BLANKS).split(" ")]
    if len(fields) != 2 or fields[0] is None or fields[1] is None:
        raise fault(f"timing {value[:40]!r}", line, column, LINE_TYPES["t"].form)
    return Timing(fields[0], fields[1], Span(line, column, column + len(value)))


def parse_group(value: str, line: int = 1, column: int = 1) -> Group:
    """Read the value of ``a=group``; a group of no section is one too."""
    semantics, *mids = words(value) or [""]
    if not semantics:
        raise fault("group without semantics", line, column, ATTRIBUTES["group"].form)
    return Group(semantics, tuple(mids), Span(line, column, column + len(value)))


def parse_identity(value: str, line: int = 1, column: int = 1) -> Identity:
    """Read the value of ``a=identity``."""
    assertion, *extensions = words(value) or [""]
    if not _BASE64.fullmatch(assertion):
        raise fault("identity that is no base64", line, column, ATTRIBUTES["identity"].form)
    pairs = []
    for text in extensions:
        name, equals, content = text.partition("=")
        pairs.append((name, content if equals else None))
    return Identity(assertion, tuple(pairs), Span(line, column, column + len(value)))


_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_MEDIA_TOKEN = re.compile(r"[^ \t]+")
_WHOLE_MEDIA_LINE = re.compile(r"([^ \t]+) ([0-9]{1,5}) ([^ \t]+)((?: [^ \t]+)+)")


def decode_media_line(
    value: str, line: int = 1, column: int = 1
) -> tuple[MediaLine, tuple[tuple[str, int, int, str], ...]]:
    """Read the value of ``m=`` as far as it goes; never raises.

    Returns the fields that could be read and the faults as ``(message, column, end_column,
    expected)``.
    """
    faults: list[tuple[str, int, int, str]] = []
    end = column + len(value)
    whole = _WHOLE_MEDIA_LINE.fullmatch(value)
    if whole is not None and int(whole[2]) <= 65535:
        # The common case, in one step.
        formats = tuple(whole[4][1:].split(" "))
        return MediaLine(
            whole[1], int(whole[2]), None, whole[3], formats, Span(line, column, end)
        ), ()
    tokens = [(match.group(), column + match.start()) for match in _MEDIA_TOKEN.finditer(value)]
    texts = [token for token, _ in tokens]
    form = LINE_TYPES["m"].form
    if len(tokens) < 4:
        missing = ("kind", "port", "protocol", "format")[len(tokens)]
        faults.append((f"media line without a {missing}", end, end + 1, form))
    elif " ".join(texts) != value.rstrip(" "):
        faults.append(("fields not apart by single spaces", column, end, form))
    port = count = None
    if len(tokens) > 1:
        text, at = tokens[1]
        number, slash, several = text.partition("/")
        port = read_integer(number, 65535)
        count = read_integer(several) if slash else None
        if port is None or (slash and not count):
            expected = "0 to 65535, or <port>/<count>"
            faults.append((f"port {text[:40]!r}", at, at + len(text), expected))
    media = MediaLine(
        texts[0] if texts else "",
        port,
        count,
        texts[2] if len(texts) > 2 else "",
        tuple(texts[3:]),
        Span(line, column, end),
    )
    return media, tuple(faults)


def parse_media_line(value: str, line: int = 1, column: int = 1) -> MediaLine:
    """Read the value of ``m=``, strictly."""
    media, faults = decode_media_line(value, line, column)
    if faults:
        message, at, _, expected = faults[0]
        raise fault(message, line, at, expected)
    return media
