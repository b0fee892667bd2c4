"""STUN messages: the header, the attributes in order, and what can be asked of them (RFC 8489, 5).

One pass over the bytes checks the structure and the shape of every standard attribute; values are
decoded only when asked for. ``parse`` raises exactly when ``decode`` has a problem to tell:

- the header: 20 bytes, first two bits zero, magic cookie, a length that is a multiple of 4 and
  equals what follows (RFC 8489, 5 and 6.3);
- attributes that fill that length exactly, FINGERPRINT last (RFC 8489, 14 and 14.7);
- values as their RFC draws them: lengths, address families, error codes, UTF-8 (763 bytes at most).

Not errors: unknown methods and attributes, repeated attributes, padding of any value, attributes
after the integrity (ignored, as RFC 8489, 9 asks, and listed in ``Message.ignored``). Whether
FINGERPRINT and the integrity are right is asked of :mod:`rtckit.wire.stun.integrity`.
"""

from functools import lru_cache
from struct import Struct
from typing import Any, NamedTuple

from rtckit.core.address import Address
from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem
from rtckit.wire.stun.attributes import MAGIC_COOKIE, READERS, RULES
from rtckit.wire.stun.registry import (
    AttributeType,
    MessageClass,
    Method,
    attribute_name,
    method_name,
)
from rtckit.wire.stun.values import ErrorCode

__all__ = [
    "HEADER_LENGTH",
    "Message",
    "RawAttribute",
    "decode",
    "looks_like_stun",
    "parse",
]

HEADER_LENGTH = 20
"""Bytes before the first attribute."""

_MAX_PROBLEMS = 50  # a hostile message of 64 KB holds 16 thousand faulty attributes

_HEADER_AT = Struct("!HHI12s").unpack_from
_PAIR_AT = Struct("!HH").unpack_from
_COOKIE_BYTES = MAGIC_COOKIE.to_bytes(4, "big")

_MAPPED_ADDRESS = int(AttributeType.MAPPED_ADDRESS)
_MESSAGE_INTEGRITY = int(AttributeType.MESSAGE_INTEGRITY)
_MESSAGE_INTEGRITY_SHA256 = int(AttributeType.MESSAGE_INTEGRITY_SHA256)
_GOOG_MESSAGE_INTEGRITY_32 = int(AttributeType.GOOG_MESSAGE_INTEGRITY_32)
_FINGERPRINT = int(AttributeType.FINGERPRINT)
_USE_CANDIDATE = int(AttributeType.USE_CANDIDATE)
_AFTER_INTEGRITY = frozenset({_MESSAGE_INTEGRITY_SHA256, _FINGERPRINT})


class RawAttribute(NamedTuple):
    """One attribute as it stands: ``offset`` is where its header begins in the message.

    ``value`` has no padding; it is shorter than the sender said when the message is ``truncated``
    and this attribute is its last.
    """

    type: int
    value: bytes
    offset: int


Index = dict[int, tuple[int, int]]


class Message:
    """A STUN message. Made by :func:`parse` and :func:`decode`; not to be changed.

    ``raw`` holds the bytes it was read from, ``attributes`` everything in wire order. The lookups
    (``get``, ``get_all``, ``has`` and the properties) see what a receiver must see: nothing that
    follows the integrity, and nothing whose bytes are bad.
    """

    __slots__ = (
        "_attributes",
        "_index",
        "_stop",
        "message_class",
        "method",
        "raw",
        "transaction_id",
        "truncated",
    )

    raw: bytes
    method: int
    message_class: MessageClass
    transaction_id: bytes
    truncated: bool

    def __init__(
        self, raw: bytes, kind: int, transaction_id: bytes, index: Index, stop: int, truncated: bool
    ) -> None:
        self.raw = raw
        self.method, self.message_class = _split_type(kind)
        self.transaction_id = transaction_id
        self.truncated = truncated
        self._index = index
        self._stop = stop
        self._attributes: tuple[RawAttribute, ...] | None = None

    # --- lookups

    @property
    def attributes(self) -> tuple[RawAttribute, ...]:
        """Every attribute in wire order, unknown, repeated and ignored ones among them."""
        if self._attributes is None:
            self._attributes = _read_attributes(self.raw, self._stop)
        return self._attributes

    @property
    def ignored(self) -> tuple[RawAttribute, ...]:
        """The attributes a receiver must ignore, for they follow the integrity (RFC 8489, 9)."""
        span = self._index.get(_MESSAGE_INTEGRITY) or self._index.get(_MESSAGE_INTEGRITY_SHA256)
        if span is None:
            return ()
        return tuple(
            attribute
            for attribute in self.attributes
            if attribute.offset > span[0] and attribute.type not in _AFTER_INTEGRITY
        )

    def span(self, kind: int) -> tuple[int, int] | None:
        """Where the value of the first such attribute starts in ``raw``, and its length."""
        return self._index.get(kind)

    def has(self, kind: int) -> bool:
        """Whether such an attribute is there."""
        return kind in self._index

    def get(self, kind: int) -> Any:
        """The decoded value of the first such attribute; None when absent or its bytes are bad.

        A flag is True, an attribute without a known form ``bytes``; text that is not UTF-8 shows
        its bytes as ``\\xNN``.
        """
        span = self._index.get(kind)
        if span is None:
            return None
        start, length = span
        reader = READERS.get(kind)
        if reader is None:
            return self.raw[start : start + length]
        try:
            return reader(self.raw, start, length)
        except ValueError:
            return None

    def get_all(self, kind: int) -> list[Any]:
        """The decoded values of all such attributes that can be read, in wire order."""
        if kind not in self._index:
            return []
        ignored = {attribute.offset for attribute in self.ignored}
        reader = READERS.get(kind)
        values = []
        for attribute in self.attributes:
            if attribute.type != kind or attribute.offset in ignored:
                continue
            if reader is None:
                values.append(attribute.value)
                continue
            try:
                values.append(reader(self.raw, attribute.offset + 4, len(attribute.value)))
            except ValueError:
                continue
        return values

    # --- what people ask for

    @property
    def has_magic_cookie(self) -> bool:
        """False for a message of RFC 3489, whose transaction id also fills the cookie's place."""
        return self.raw[4:8] == _COOKIE_BYTES

    @property
    def has_integrity(self) -> bool:
        """Whether the message is signed, be it rightly or not."""
        index = self._index
        return (
            _MESSAGE_INTEGRITY in index
            or _MESSAGE_INTEGRITY_SHA256 in index
            or _GOOG_MESSAGE_INTEGRITY_32 in index
        )

    @property
    def username(self) -> str | None:
        """USERNAME; in ICE ``receiver's ufrag:sender's ufrag`` (RFC 8445, 7.2.2)."""
        value: str | None = self.get(0x0006)
        return value

    @property
    def realm(self) -> str | None:
        """REALM."""
        value: str | None = self.get(0x0014)
        return value

    @property
    def nonce(self) -> bytes | None:
        """NONCE."""
        value: bytes | None = self.get(0x0015)
        return value

    @property
    def software(self) -> str | None:
        """SOFTWARE."""
        value: str | None = self.get(0x8022)
        return value

    @property
    def error(self) -> ErrorCode | None:
        """ERROR-CODE."""
        value: ErrorCode | None = self.get(0x0009)
        return value

    @property
    def priority(self) -> int | None:
        """PRIORITY of the peer-reflexive candidate this check may reveal."""
        value: int | None = self.get(0x0024)
        return value

    @property
    def use_candidate(self) -> bool:
        """Whether the check nominates its pair (USE-CANDIDATE)."""
        return _USE_CANDIDATE in self._index

    @property
    def controlling(self) -> int | None:
        """The tie-breaker of an agent that is controlling (ICE-CONTROLLING)."""
        value: int | None = self.get(0x802A)
        return value

    @property
    def controlled(self) -> int | None:
        """The tie-breaker of an agent that is controlled (ICE-CONTROLLED)."""
        value: int | None = self.get(0x8029)
        return value

    @property
    def xor_mapped_address(self) -> Address | None:
        """The sender's address as seen: XOR-MAPPED-ADDRESS, its draft number, or MAPPED-ADDRESS."""
        value: Address | None = self.get(0x0020) or self.get(0x8020) or self.get(_MAPPED_ADDRESS)
        return value

    @property
    def xor_relayed_address(self) -> Address | None:
        """The address a TURN server lends (XOR-RELAYED-ADDRESS)."""
        value: Address | None = self.get(0x0016)
        return value

    @property
    def xor_peer_address(self) -> Address | None:
        """The first XOR-PEER-ADDRESS."""
        value: Address | None = self.get(0x0012)
        return value

    @property
    def xor_peer_addresses(self) -> list[Address]:
        """Every XOR-PEER-ADDRESS: a CreatePermission request may name several (RFC 8656, 10.1)."""
        return self.get_all(0x0012)

    @property
    def lifetime(self) -> int | None:
        """LIFETIME in seconds."""
        value: int | None = self.get(0x000D)
        return value

    @property
    def channel_number(self) -> int | None:
        """CHANNEL-NUMBER."""
        value: int | None = self.get(0x000C)
        return value

    @property
    def data(self) -> bytes | None:
        """DATA: the datagram inside a Send or Data indication."""
        value: bytes | None = self.get(0x0013)
        return value

    # --- identity

    def _key(self) -> tuple[Any, ...]:
        attributes = tuple((item.type, item.value) for item in self.attributes)
        return (self.method, self.message_class, self.raw[4:20], attributes)

    def __eq__(self, other: object) -> bool:
        """Equal header and equal attributes in the same order; padding does not count."""
        return isinstance(other, Message) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self.raw[4:20])

    def __repr__(self) -> str:
        names = " ".join(attribute_name(item.type) for item in self.attributes)
        kind = f"{method_name(self.method)} {self.message_class.name.lower()}"
        return f"<{kind} {self.transaction_id.hex()}{' ' if names else ''}{names}>"


# --- reading


@lru_cache(maxsize=1024)
def _split_type(kind: int) -> tuple[int, MessageClass]:
    """Method and class of a message type: their bits are interleaved (RFC 8489, 5, figure 3)."""
    method = kind & 0x000F | (kind & 0x00E0) >> 1 | (kind & 0x3E00) >> 2
    message_class = MessageClass((kind & 0x0010) >> 4 | (kind & 0x0100) >> 7)
    return (Method(method) if method in _METHODS else method), message_class


_METHODS = frozenset(map(int, Method))


def _read_attributes(raw: bytes, stop: int) -> tuple[RawAttribute, ...]:
    attributes = []
    position = HEADER_LENGTH
    while position + 4 <= stop:
        kind, length = _PAIR_AT(raw, position)
        start = position + 4
        end = start + length
        attributes.append(RawAttribute(kind, raw[start : min(end, stop)], position))
        position = end + 3 & -4
    return tuple(attributes)


def _hide_unprotected(index: Index, stop: int) -> None:
    """Take what follows the integrity out of ``index`` (RFC 8489, 9)."""
    span = index.get(_MESSAGE_INTEGRITY) or index.get(_MESSAGE_INTEGRITY_SHA256)
    if span is None or span[0] + span[1] >= stop:
        return
    for kind in [kind for kind, (start, _) in index.items() if start > span[0]]:
        if kind not in _AFTER_INTEGRITY:
            del index[kind]


def _read_fast(data: bytes) -> Message | None:
    """The message when nothing about it is wrong, else None; :func:`_examine` then says what."""
    size = len(data)
    if size < HEADER_LENGTH:
        return None
    kind, length, cookie, transaction_id = _HEADER_AT(data)
    if kind > 0x3FFF or cookie != MAGIC_COOKIE or length & 3 or length + HEADER_LENGTH != size:
        return None
    index: Index = {}
    rules = RULES
    position = HEADER_LENGTH
    while position < size:
        attribute, length = _PAIR_AT(data, position)
        start = position + 4
        position = start + length + 3 & -4
        if position > size:
            return None
        rule = rules.get(attribute)
        if rule is not None and rule != length:
            if rule.__class__ is int:
                return None
            try:
                rule(data, start, length)  # type: ignore[operator]
            except ValueError:
                return None
        if attribute not in index:
            index[attribute] = (start, length)
    if _FINGERPRINT in index and index[_FINGERPRINT][0] + 4 != size:
        return None
    if _MESSAGE_INTEGRITY in index or _MESSAGE_INTEGRITY_SHA256 in index:
        _hide_unprotected(index, size)
    return Message(data, kind, transaction_id, index, size, False)


def parse(data: bytes | bytearray | memoryview) -> Message:
    """The STUN message that ``data`` is; ``ParseError`` with the first fault (see the module)."""
    raw = data if isinstance(data, bytes) else bytes(data)
    message = _read_fast(raw)
    if message is None:
        problem = _examine(raw)[1][0]
        raise ParseError(problem.message, offset=problem.offset, expected=problem.expected)
    return message


def decode(
    data: bytes | bytearray | memoryview,
) -> tuple[Message | None, tuple[Problem, ...]]:
    """What can be read of ``data``, and every fault met (at most 50); never raises.

    A message cut short keeps its whole attributes, and of the cut one what is there. A message
    without the cookie is read when all else fits RFC 3489. None when it is no STUN at all.
    """
    raw = data if isinstance(data, bytes) else bytes(data)
    message = _read_fast(raw)
    return (message, ()) if message is not None else _examine(raw)


def looks_like_stun(data: bytes | bytearray | memoryview) -> bool:
    """Whether the header is STUN's: two zero bits, cookie, a length that is a multiple of 4.

    Cheap, and true of a message cut short as well (RFC 8489, 5; RFC 7983, 7).
    """
    return (
        len(data) >= HEADER_LENGTH
        and data[0] < 0x40
        and not data[3] & 3
        and data[4:8] == _COOKIE_BYTES
    )


def _examine(data: bytes) -> tuple[Message | None, tuple[Problem, ...]]:
    """Read a message of which :func:`_read_fast` made nothing: slowly, and say what is wrong."""
    size = len(data)
    if size < HEADER_LENGTH:
        return None, (
            Problem(
                f"STUN header cut short: {size} of {HEADER_LENGTH} bytes",
                offset=size,
                expected=f"{HEADER_LENGTH} bytes",
            ),
        )
    kind, length, cookie, transaction_id = _HEADER_AT(data)
    if kind > 0x3FFF:
        return None, (
            Problem("the first two bits are not zero", offset=0, expected="a STUN message type"),
        )
    problems: list[Problem] = []
    if cookie != MAGIC_COOKIE:
        problems.append(
            Problem(
                f"no magic cookie but 0x{cookie:08x}: a message of RFC 3489, or no STUN",
                offset=4,
                expected=f"0x{MAGIC_COOKIE:08x}",
            )
        )
        if not _is_classic(data, kind, length):
            return None, tuple(problems)
    if length & 3:
        problems.append(
            Problem(f"message length {length}", offset=2, expected="a multiple of 4 bytes")
        )
    end = HEADER_LENGTH + length
    if end > size:
        problems.append(
            Problem(
                f"message cut short: {size - HEADER_LENGTH} of {length} bytes after the header",
                offset=size,
                expected=f"{length} bytes",
            )
        )
    elif end < size:
        problems.append(
            Problem(
                f"{size - end} bytes after the end of the message",
                offset=end,
                expected="the end of the datagram",
            )
        )
    stop = min(end, size)
    index, truncated = _examine_attributes(data, stop, problems)
    _hide_unprotected(index, stop)
    message = Message(data, kind, transaction_id, index, stop, truncated)
    return message, tuple(problems[:_MAX_PROBLEMS])


def _examine_attributes(data: bytes, stop: int, problems: list[Problem]) -> tuple[Index, bool]:
    """The first places of the attributes up to ``stop``, and whether the last of them is cut."""
    index: Index = {}
    position = HEADER_LENGTH
    while position < stop:
        if stop - position < 4:
            problems.append(
                Problem("attribute header cut short", offset=position, expected="4 bytes")
            )
            return index, True
        kind, length = _PAIR_AT(data, position)
        start = position + 4
        if _FINGERPRINT in index and len(problems) < _MAX_PROBLEMS:
            problems.append(
                Problem(
                    f"{attribute_name(kind)} after FINGERPRINT",
                    offset=position,
                    expected="FINGERPRINT as the last attribute",
                )
            )
        if start + length > stop:
            problems.append(
                Problem(
                    f"{attribute_name(kind)} cut short: {stop - start} of {length} bytes",
                    offset=start,
                    expected=f"{length} bytes",
                )
            )
            # Part of an opaque value is still worth reading; part of anything else misleads.
            if kind not in RULES and kind not in READERS:
                index.setdefault(kind, (start, stop - start))
            return index, True
        fault = _fault_of(data, kind, start, length)
        if fault and len(problems) < _MAX_PROBLEMS:
            problems.append(fault)
        index.setdefault(kind, (start, length))
        position = start + length + 3 & -4
    return index, False


def _fault_of(data: bytes, kind: int, start: int, length: int) -> Problem | None:
    rule = RULES.get(kind)
    if rule is None or rule == length:
        return None
    name = attribute_name(kind)
    if isinstance(rule, int):
        return Problem(f"{name} has {length} bytes", offset=start, expected=f"{rule} bytes")
    try:
        rule(data, start, length)
    except ValueError as error:
        return Problem(f"{name}: {error}", offset=start, expected=f"a valid {name}")
    return None


def _is_classic(data: bytes, kind: int, length: int) -> bool:
    """Whether a message without the cookie may be one of RFC 3489, or of TURN from before RFC 5389.

    Its method is one of the first, its length is exact, and its attributes fill it.
    """
    method, _ = _split_type(kind)
    if not 1 <= method <= 12 or length & 3 or HEADER_LENGTH + length != len(data):
        return False
    position = HEADER_LENGTH
    while position < len(data):
        position += 4 + (_PAIR_AT(data, position)[1] + 3 & -4)
    return position == len(data)
