"""Multicast DNS messages, as far as names of candidates need them (RFC 1035, 4; RFC 6762).

Records keep their data as bytes; :func:`address_record` and :attr:`Record.address` know those of A
and AAAA. Names are text without a final dot. Nothing is compressed when written.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from struct import Struct

from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem

__all__ = [
    "AAAA",
    "ANY",
    "GROUPS",
    "PORT",
    "A",
    "MdnsMessage",
    "Question",
    "Record",
    "address_record",
    "build",
    "decode",
    "parse",
]

A = 1
AAAA = 28
ANY = 255
PORT = 5353
GROUPS = {4: "224.0.0.251", 6: "ff02::fb"}
"""Where questions and answers go, by family (RFC 6762, 3)."""

_HEADER = Struct("!HHHHHH")
_FIXED = Struct("!HHIH")
_RESPONSE = 0x8000
_TOP = 0x8000
_IN = 1
_MOST_NAME = 255
_MOST_LABEL = 63
_MOST_RECORDS = 500


@dataclass(frozen=True, slots=True)
class Question:
    """A question (RFC 1035, 4.1.2).

    ``unicast`` asks for the answer to be sent to the asker alone (RFC 6762, 5.4).
    """

    name: str
    type: int
    unicast: bool = False
    class_: int = _IN


@dataclass(frozen=True, slots=True)
class Record:
    """A resource record (RFC 1035, 4.1.3).

    ``flush`` says that it replaces what was known before (RFC 6762, 10.2). ``ttl`` is in seconds.
    """

    name: str
    type: int
    data: bytes
    ttl: int = 120
    flush: bool = False
    class_: int = _IN

    @property
    def address(self) -> str | None:
        """The address of an A or AAAA record, None for others and for data of a wrong length."""
        if (self.type, len(self.data)) in ((A, 4), (AAAA, 16)) and self.class_ == _IN:
            return str(ip_address(self.data))
        return None


@dataclass(frozen=True, slots=True)
class MdnsMessage:
    """A query or a response.

    ``flags`` are the second word of the header; the top bit is that of a response.
    """

    questions: tuple[Question, ...] = ()
    answers: tuple[Record, ...] = ()
    authorities: tuple[Record, ...] = ()
    additionals: tuple[Record, ...] = ()
    id: int = 0
    flags: int = 0

    @property
    def is_response(self) -> bool:
        """Whether it answers."""
        return bool(self.flags & _RESPONSE)

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record that tells something."""
        return (*self.answers, *self.additionals)


def address_record(name: str, ip: str, ttl: int = 120) -> Record:
    """The record that gives a name its address, alone (RFC 6762, 10)."""
    address = ip_address(ip)
    return Record(name, A if address.version == 4 else AAAA, address.packed, ttl, flush=True)


class _Reader:
    """Reads a message, at most once over each byte but for names that point back."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 0

    def take(self, count: int, what: str) -> bytes:
        end = self.offset + count
        if end > len(self.data):
            raise ParseError(
                f"the message ends inside {what}", offset=len(self.data), expected=what
            )
        piece = self.data[self.offset : end]
        self.offset = end
        return piece

    def name(self) -> str:
        """Read a name; pointers go back only, so it ends (RFC 1035, 4.1.4)."""
        labels: list[str] = []
        length, place, after = 1, self.offset, None
        limit = self.offset
        while True:
            if place >= len(self.data):
                raise ParseError("the message ends inside a name", offset=place)
            size = self.data[place]
            if size >= 0xC0:
                if place + 1 >= len(self.data):
                    raise ParseError("the message ends inside a name", offset=place)
                target = (size & 0x3F) << 8 | self.data[place + 1]
                after = place + 2 if after is None else after
                if target >= limit:
                    raise ParseError("a name that points forward", offset=place)
                limit = place = target
                continue
            if size > _MOST_LABEL:
                raise ParseError(f"a label of type {size >> 6}", offset=place)
            place += 1
            if size == 0:
                break
            length += size + 1
            if length > _MOST_NAME or place + size > len(self.data):
                raise ParseError("a name that is too long", offset=place)
            labels.append(_label(self.data[place : place + size], place))
            place += size
        self.offset = place if after is None else after
        return ".".join(labels)

    def question(self) -> Question:
        name = self.name()
        kind, class_ = (int.from_bytes(self.take(2, "a question"), "big") for _ in range(2))
        return Question(name, kind, bool(class_ & _TOP), class_ & ~_TOP)

    def record(self) -> Record:
        name = self.name()
        kind, class_, ttl, length = _FIXED.unpack(self.take(_FIXED.size, "a record"))
        data = self.take(length, "the data of a record")
        return Record(name, kind, data, ttl, bool(class_ & _TOP), class_ & ~_TOP)


def _label(raw: bytes, offset: int) -> str:
    try:
        label = raw.decode()
    except UnicodeDecodeError as error:
        raise ParseError("a label that is no UTF-8", offset=offset) from error
    if "." in label:
        raise ParseError("a label with a dot in it", offset=offset)
    return label


def parse(data: bytes) -> MdnsMessage:
    """Read a message that is well-formed to its last byte; raises `ParseError`."""
    message, problem = _read(data)
    if problem is not None:
        raise problem
    return message


def decode(data: bytes) -> tuple[MdnsMessage | None, tuple[Problem, ...]]:
    """Read as much of a message as there is; never raises."""
    message, problem = _read(data)
    if problem is None:
        return message, ()
    found = Problem(problem.message, problem.offset, problem.expected)
    return (message if len(data) >= _HEADER.size else None), (found,)


def _read(data: bytes) -> tuple[MdnsMessage, ParseError | None]:
    if len(data) < _HEADER.size:
        error = ParseError("shorter than a DNS header", offset=len(data), expected="12 bytes")
        return MdnsMessage(), error
    number, flags, *counts = _HEADER.unpack_from(data)
    reader = _Reader(data)
    reader.offset = _HEADER.size
    questions: list[Question] = []
    sections: tuple[list[Record], ...] = ([], [], [])
    problem: ParseError | None = None
    try:
        if sum(counts) > _MOST_RECORDS:
            raise ParseError(f"{sum(counts)} records in one message", offset=4)
        for _ in range(counts[0]):
            questions.append(reader.question())
        for section, count in zip(sections, counts[1:], strict=True):
            for _ in range(count):
                section.append(reader.record())
        if reader.offset != len(data):
            raise ParseError("bytes behind the last record", offset=reader.offset)
    except ParseError as error:
        problem = error
    answers, authorities, additionals = (tuple(section) for section in sections)
    message = MdnsMessage(
        tuple(questions), answers, authorities, additionals, id=number, flags=flags
    )
    return message, problem


def build(message: MdnsMessage) -> bytes:
    """Write a message; ``ValueError`` for a name that cannot be written."""
    sections = (message.answers, message.authorities, message.additionals)
    counts = (len(message.questions), *(len(section) for section in sections))
    parts = [_HEADER.pack(message.id, message.flags, *counts)]
    for question in message.questions:
        parts += [_name(question.name), _class(question.type, question.class_, question.unicast)]
    for section in sections:
        parts += _records(section)
    return b"".join(parts)


def _records(records: Iterable[Record]) -> Iterable[bytes]:
    for record in records:
        yield _name(record.name)
        yield _class(record.type, record.class_, record.flush)
        yield record.ttl.to_bytes(4, "big") + len(record.data).to_bytes(2, "big") + record.data


def _class(kind: int, class_: int, top: bool) -> bytes:
    return kind.to_bytes(2, "big") + (class_ | (_TOP if top else 0)).to_bytes(2, "big")


def _name(name: str) -> bytes:
    labels = [label.encode() for label in name.split(".")] if name else []
    if any(not 0 < len(label) <= _MOST_LABEL for label in labels):
        raise ValueError(f"no name: {name!r}")
    raw = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(raw) > _MOST_NAME:
        raise ValueError(f"a name of {len(raw)} bytes")
    return raw
