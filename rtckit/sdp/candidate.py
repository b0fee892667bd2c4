"""ICE candidates as text (RFC 8839, 5.1; ``tcptype``: RFC 6544, 4.5; mDNS names included).

The same text is the ``a=candidate`` line of a description and the ``candidate`` member of an
``RTCIceCandidateInit``; all of ``a=candidate:...``, ``candidate:...`` and the bare value are read.
"""

import re
from dataclasses import dataclass, field

from rtckit.core.errors import ParseError
from rtckit.sdp.lines import SdpProblem, Span, read_integer

__all__ = ["Candidate", "build_candidate", "decode_candidate", "parse_candidate"]

FORM = (
    "<foundation> <component> <transport> <priority> <address> <port> typ <type> "
    "[raddr <address>] [rport <port>] [<name> <value>]..."
)
_NAMES = ("foundation", "component", "transport", "priority", "address", "port")
_PREFIX = re.compile(r"[ \t\r\n]*(?:a=)?(?:candidate:)?")
_WORD = re.compile(r"[^ \t\r\n]+")
_ICE_CHARACTERS = re.compile(r"[A-Za-z0-9+/]{1,32}")
_ADDRESS_CHARACTERS = re.compile(r"[^\x00-\x20\x7f]+")
_VISIBLE = re.compile(r"[!-~]*")
_TOKEN = r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+"
_WHOLE = re.compile(
    rf"(?:a=)?(?:candidate:)?([A-Za-z0-9+/]{{1,32}}) ([0-9]{{1,3}}) ({_TOKEN}) ([0-9]{{1,10}})"
    r" ([^\x00-\x20\x7f]+) ([0-9]{1,5})"
    rf" typ ({_TOKEN})(?: raddr ([^\x00-\x20\x7f]+))?(?: rport ([0-9]{{1,5}}))?"
    rf"(?: tcptype (active|passive|so))?((?: {_TOKEN} [!-~]*)*)",
)
_TOKEN_CHARACTERS = re.compile(_TOKEN)
_RESERVED = frozenset(("raddr", "rport", "tcptype"))
_TCP_TYPES = ("active", "passive", "so")
_MAXIMUM_PRIORITY = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A transport address a peer offers for connectivity checks.

    ``transport``, ``type`` and ``tcptype`` are as written (Firefox writes ``UDP``, Chromium
    ``udp``); ``address`` is an IPv4 or IPv6 address or a name (``<uuid>.local`` is mDNS).
    ``extensions`` keeps every other name and value in order. Two candidates are equal when they say
    the same, wherever they stand.
    """

    foundation: str
    component: int
    transport: str
    priority: int
    address: str
    port: int
    type: str
    related_address: str | None = None
    related_port: int | None = None
    tcptype: str | None = None
    extensions: tuple[tuple[str, str], ...] = ()
    span: Span | None = field(default=None, compare=False)

    def extension(self, name: str) -> str | None:
        """The value of the first extension called ``name`` (``generation``, ``network-id``...)."""
        return next((value for key, value in self.extensions if key == name), None)

    @property
    def is_mdns(self) -> bool:
        """Whether the address is an mDNS name that hides one: one label and ``.local``."""
        address = self.address.lower()
        return address.endswith(".local") and address.count(".") == 1


class _Reader:
    """Reads one candidate; strict raises at the first fault, tolerant notes it and reads on."""

    def __init__(self, text: str, line: int, column: int, strict: bool) -> None:
        self.line = line
        self.column = column
        self.strict = strict
        self.problems: list[SdpProblem] = []
        self.end = len(text)
        prefix = _PREFIX.match(text)
        self.start = prefix.end() if prefix else 0
        self.offsets: list[int] | None = None
        if strict:
            # One space apart: an empty token is an empty extension value (*VCHAR).
            self.tokens = text[self.start :].split(" ")
        else:
            found = list(_WORD.finditer(text, self.start))
            self.tokens = [match.group() for match in found]
            self.offsets = [match.start() for match in found]

    def offset(self, index: int) -> int:
        """Where a token begins in the text."""
        if self.offsets is not None:
            return self.offsets[index]
        return self.start + sum(len(token) + 1 for token in self.tokens[:index])

    def fault_at(self, index: int, message: str, expected: str = "") -> None:
        """A fault that is one token."""
        self.fault(message, self.offset(index), len(self.tokens[index]), expected)

    def fault(self, message: str, offset: int, length: int = 0, expected: str = "") -> None:
        """Raise when strict, else note."""
        if self.strict:
            raise ParseError(
                message, line=self.line, column=self.column + offset, expected=expected
            )
        stop = offset + length if length else max(self.end, offset + 1)
        span = Span(self.line, self.column + offset, self.column + stop)
        self.problems.append(SdpProblem(message, span, expected))

    def number(self, index: int, what: str, low: int, high: int, digits: int) -> int | None:
        """The token at ``index`` as a number; out of range is a fault but still a number."""
        token = self.tokens[index]
        value = read_integer(token)
        if value is None:
            expected = f"a number from {low} to {high}"
            self.fault_at(index, f"{what} {token[:40]!r} is no number", expected)
        elif not low <= value <= high or len(token) > digits:
            expected = f"a number from {low} to {high}"
            self.fault_at(index, f"{what} {token} is out of range", expected)
        return value

    def read(self) -> Candidate | None:
        """The candidate, or None when one of its first eight fields is missing or unreadable."""
        tokens = self.tokens
        if len(tokens) < 8 or not all(tokens[:8]):
            read = next((i for i, token in enumerate(tokens) if not token), len(tokens))
            missing = (*_NAMES, "typ", "candidate type")[min(read, 7)]
            self.fault(f"candidate cut short: no {missing}", self.start, expected=FORM)
            return None
        if tokens[6] != "typ":
            expected = "'typ' and the candidate type"
            self.fault_at(6, f"{tokens[6][:40]!r} where 'typ' belongs", expected)
            return None
        component = self.number(1, "component", 1, 256, 3)
        priority = self.number(3, "priority", 1, _MAXIMUM_PRIORITY, 10)
        port = self.number(5, "port", 0, 65535, 20)
        if component is None or priority is None or port is None or port > 65535:
            return None
        if not _ICE_CHARACTERS.fullmatch(tokens[0]):
            expected = "1 to 32 of letters, digits, '+' and '/'"
            self.fault_at(0, f"foundation {tokens[0][:40]!r}", expected)
        for index, what in ((2, "transport"), (7, "candidate type")):
            if not _TOKEN_CHARACTERS.fullmatch(tokens[index]):
                self.fault_at(index, f"{what} {tokens[index][:40]!r} is no token", "a token")
        if not _ADDRESS_CHARACTERS.fullmatch(tokens[4]):
            self.fault_at(4, "control character in the address", "an address")
        related_address, related_port, tcptype, extensions = self._rest()
        return Candidate(
            tokens[0],
            component,
            tokens[2],
            priority,
            tokens[4],
            port,
            tokens[7],
            related_address,
            related_port,
            tcptype,
            extensions,
            Span(self.line, self.column + self.start, self.column + self.end),
        )

    def _rest(
        self,
    ) -> tuple[str | None, int | None, str | None, tuple[tuple[str, str], ...]]:
        """What follows the type: ``raddr``, ``rport``, ``tcptype`` and unknown pairs in order."""
        tokens = self.tokens
        related_address: str | None = None
        related_port: int | None = None
        tcptype: str | None = None
        extensions: list[tuple[str, str]] = []
        for index in range(8, len(tokens), 2):
            name = tokens[index]
            if index + 1 == len(tokens):
                self.fault_at(index, f"{name[:40]!r} has no value", "a name and a value")
                if name:
                    extensions.append((name, ""))
                break
            value = tokens[index + 1]
            if name in ("raddr", "rport") and (extensions or tcptype is not None):
                self.fault_at(index, f"{name!r} after an extension", f"{name!r} after the type")
            if name == "raddr" and related_address is None:
                if not value or (self.strict and related_port is not None):
                    self.fault_at(index, "raddr without an address, or after rport")
                elif not _ADDRESS_CHARACTERS.fullmatch(value):
                    self.fault_at(index + 1, "control character in the address", "an address")
                related_address = value
            elif name == "rport" and related_port is None:
                related_port = read_integer(value, 65535)
                if related_port is None:
                    self.fault_at(index + 1, f"rport {value[:40]!r}", "a port from 0 to 65535")
            elif name == "tcptype" and tcptype is None and value:
                tcptype = value
                if value not in _TCP_TYPES:
                    self.fault_at(index + 1, f"tcptype {value[:40]!r}", "active, passive or so")
            else:
                if name in ("raddr", "rport", "tcptype"):
                    self.fault_at(index, f"{name!r} again, or without a value")
                elif not _TOKEN_CHARACTERS.fullmatch(name):
                    self.fault_at(index, f"extension name {name[:40]!r}", "a token")
                elif not _VISIBLE.fullmatch(value):
                    expected = "visible ASCII characters"
                    self.fault_at(index + 1, f"value of {name[:40]!r}", expected)
                extensions.append((name, value))
        return related_address, related_port, tcptype, tuple(extensions)


def _read_whole(text: str, line: int, column: int) -> Candidate | None:
    """A candidate without any fault, in one step; None when the reader must look into it."""
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    foundation, component, transport, priority, address, port, *rest = found.groups()
    kind, raddr, rport, tcptype, tail = rest
    numbers = (int(component), int(priority), int(port), int(rport or 0))
    if not 1 <= numbers[0] <= 256 or not 1 <= numbers[1] <= _MAXIMUM_PRIORITY:
        return None
    if numbers[2] > 65535 or numbers[3] > 65535:
        return None
    extensions: tuple[tuple[str, str], ...] = ()
    if tail:
        words = tail[1:].split(" ")
        if not _RESERVED.isdisjoint(words[::2]):
            return None
        extensions = tuple(zip(words[::2], words[1::2], strict=True))
    return Candidate(
        foundation,
        numbers[0],
        transport,
        numbers[1],
        address,
        numbers[2],
        kind,
        raddr,
        None if rport is None else numbers[3],
        tcptype,
        extensions,
        Span(line, column + found.start(1), column + len(text)),
    )


def parse_candidate(text: str, line: int = 1, column: int = 1) -> Candidate:
    """Read ``a=candidate:...``, ``candidate:...`` or the bare value, strictly.

    ``line`` and ``column`` say where ``text`` begins. Raises :class:`ParseError` for everything
    RFC 8839, 5.1 does not allow, number ranges included.
    """
    whole = _read_whole(text, line, column)
    if whole is not None:
        return whole
    reader = _Reader(text, line, column, strict=True)
    candidate = reader.read()
    if candidate is None:  # pragma: no cover - a strict reader raises instead
        raise ParseError("no candidate", line=line, column=column, expected=FORM)
    return candidate


def decode_candidate(
    text: str, line: int = 1, column: int = 1
) -> tuple[Candidate | None, tuple[SdpProblem, ...]]:
    """Read what can be read; never raises.

    The candidate is None when its foundation, component, transport, priority, address, port or type
    is missing or unreadable; whatever else is odd is listed and read on. What
    :func:`parse_candidate` takes is read the same, without problems.
    """
    try:
        return parse_candidate(text, line, column), ()
    except ParseError:
        reader = _Reader(text, line, column, strict=False)
    candidate = reader.read()
    if not reader.problems:
        # Only the white space is odd: runs of it are passed over here.
        span = Span(line, column + reader.start, column + max(reader.end, reader.start + 1))
        reader.problems.append(SdpProblem("fields not apart by single spaces", span, FORM))
    return candidate, tuple(reader.problems)


def build_candidate(candidate: Candidate) -> str:
    """The text of a candidate as an ``RTCIceCandidate`` carries it: ``candidate:...``, no ``a=``.

    Raises ``ValueError`` when a field cannot be written so that it reads back the same.
    """
    parts = [
        candidate.foundation,
        str(candidate.component),
        candidate.transport,
        str(candidate.priority),
        candidate.address,
        str(candidate.port),
        "typ",
        candidate.type,
    ]
    if candidate.related_address is not None:
        parts += ("raddr", candidate.related_address)
    if candidate.related_port is not None:
        parts += ("rport", str(candidate.related_port))
    if candidate.tcptype is not None:
        parts += ("tcptype", candidate.tcptype)
    for name, value in candidate.extensions:
        parts += (name, value)
    text = "candidate:" + " ".join(parts)
    try:
        written = parse_candidate(text)
    except ParseError as error:
        raise ValueError(f"a candidate that cannot be written: {error}") from error
    if written != candidate:
        raise ValueError("a candidate that would not read back the same")
    return text
