"""A STUN message as it was read: its header, its attributes in order, and what can be asked.

RFC 8489, 5 and 14. Messages are made by :mod:`rtckit.wire.stun.reader`.
"""

from struct import Struct
from typing import Any, Final, NamedTuple

from rtckit.core.address import Address
from rtckit.wire.stun.attributes import READERS
from rtckit.wire.stun.registry import (
    AttributeType,
    MessageClass,
    attribute_name,
    method_name,
)
from rtckit.wire.stun.values import ErrorCode

__all__ = ["HEADER_LENGTH", "Message", "RawAttribute"]

HEADER_LENGTH = 20
"""Bytes before the first attribute."""

_PAIR_AT = Struct("!HH").unpack_from
_COOKIE_BYTES = b"\x21\x12\xa4\x42"

_MAPPED_ADDRESS = int(AttributeType.MAPPED_ADDRESS)
_MESSAGE_INTEGRITY = int(AttributeType.MESSAGE_INTEGRITY)
_MESSAGE_INTEGRITY_SHA256 = int(AttributeType.MESSAGE_INTEGRITY_SHA256)
_GOOG_MESSAGE_INTEGRITY_32 = int(AttributeType.GOOG_MESSAGE_INTEGRITY_32)
_USE_CANDIDATE = int(AttributeType.USE_CANDIDATE)

AFTER_INTEGRITY = frozenset(
    {int(AttributeType.MESSAGE_INTEGRITY_SHA256), int(AttributeType.FINGERPRINT)}
)
"""What counts even after the integrity (RFC 8489, 9)."""

LATER: Final[Any] = ...
"""Stands for a value that is decoded when it is asked for."""

Index = dict[int, tuple[int, int, Any]]
"""The first attribute of each type: where its value starts, its length, the value or ``LATER``."""


class RawAttribute(NamedTuple):
    """One attribute as it stands: ``offset`` is where its header begins in the message.

    ``value`` has no padding; it is shorter than the sender said when the message is ``truncated``
    and this attribute is its last.
    """

    type: int
    value: bytes
    offset: int


class Message:
    """A STUN message. Made by :func:`parse` and :func:`decode`; not to be changed.

    ``raw`` holds the bytes it was read from, ``attributes`` everything in wire order. The lookups
    (``get``, ``get_all``, ``has`` and the properties) see what a receiver must see: nothing that
    follows the integrity, and nothing whose bytes are bad.
    """

    __slots__ = ("_attributes", "_index", "message_class", "method", "raw", "transaction_id")

    raw: bytes
    method: int
    message_class: MessageClass
    transaction_id: bytes
    _index: Index
    _attributes: tuple[RawAttribute, ...]

    # --- lookups

    @property
    def attributes(self) -> tuple[RawAttribute, ...]:
        """Every attribute in wire order, unknown, repeated and ignored ones among them."""
        try:
            return self._attributes
        except AttributeError:
            self._attributes = _read_attributes(self.raw)
            return self._attributes

    @property
    def ignored(self) -> tuple[RawAttribute, ...]:
        """The attributes a receiver must ignore, for they follow the integrity (RFC 8489, 9)."""
        span = self.span(_MESSAGE_INTEGRITY) or self.span(_MESSAGE_INTEGRITY_SHA256)
        if span is None:
            return ()
        return tuple(
            attribute
            for attribute in self.attributes
            if attribute.offset > span[0] and attribute.type not in AFTER_INTEGRITY
        )

    @property
    def truncated(self) -> bool:
        """Whether the last attribute, or its header, is cut short by the end of the bytes."""
        position, stop = HEADER_LENGTH, _end_of(self.raw)
        if self.attributes:
            position = self.attributes[-1].offset
            position += 4 + int.from_bytes(self.raw[position + 2 : position + 4], "big")
            if position <= stop:
                position = position + 3 & -4
        return position > stop or 0 < stop - position < 4

    def span(self, kind: int) -> tuple[int, int] | None:
        """Where the value of the first such attribute starts in ``raw``, and its length."""
        entry = self._index.get(kind)
        return None if entry is None else entry[:2]

    def has(self, kind: int) -> bool:
        """Whether such an attribute is there."""
        return kind in self._index

    def get(self, kind: int) -> Any:
        """The decoded value of the first such attribute; None when absent or its bytes are bad.

        A flag is True, an attribute without a known form ``bytes``; text that is not UTF-8 shows
        its bytes as ``\\xNN``.
        """
        entry = self._index.get(kind)
        if entry is None:
            return None
        start, length, value = entry
        return self._decode(kind, start, length) if value is LATER else value

    def get_all(self, kind: int) -> list[Any]:
        """The decoded values of all such attributes that can be read, in wire order."""
        if kind not in self._index:
            return []
        ignored = {attribute.offset for attribute in self.ignored}
        values = (
            self._decode(kind, attribute.offset + 4, len(attribute.value))
            for attribute in self.attributes
            if attribute.type == kind and attribute.offset not in ignored
        )
        return [value for value in values if value is not None]

    def _decode(self, kind: int, start: int, length: int) -> Any:
        reader = READERS.get(kind)
        if reader is None:
            return self.raw[start : start + length]
        try:
            return reader(self.raw, start, length)
        except ValueError:
            return None

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


def _end_of(raw: bytes) -> int:
    return min(len(raw), HEADER_LENGTH + int.from_bytes(raw[2:4], "big"))


def _read_attributes(raw: bytes) -> tuple[RawAttribute, ...]:
    stop = _end_of(raw)
    attributes = []
    position = HEADER_LENGTH
    while position + 4 <= stop:
        kind, length = _PAIR_AT(raw, position)
        start = position + 4
        end = start + length
        attributes.append(RawAttribute(kind, raw[start : min(end, stop)], position))
        position = end + 3 & -4
    return tuple(attributes)
