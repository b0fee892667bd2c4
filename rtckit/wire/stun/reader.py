"""STUN messages read: strictly, and tolerantly with every fault told (RFC 8489, 5, 6.3 and 14).

One pass over the bytes checks the structure and every standard attribute; values that cost more to
decode than to check are decoded when asked for. ``parse`` raises exactly when ``decode`` has a
problem to tell:

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
from struct import error as struct_error
from typing import Any

from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem
from rtckit.wire.stun.attributes import (
    ADDRESSES,
    INTEGERS,
    MAGIC_COOKIE,
    READERS,
    RULES,
    TEXT_LIMIT,
    TEXTS,
)
from rtckit.wire.stun.message import AFTER_INTEGRITY, HEADER_LENGTH, LATER, Index, Message
from rtckit.wire.stun.registry import AttributeType, MessageClass, Method, attribute_name

__all__ = ["decode", "looks_like_stun", "parse"]

_MAX_PROBLEMS = 50  # a hostile message of 64 KB holds 16 thousand faulty attributes
_MAX_SHAPES = 4096

_HEADER_AT = Struct("!HHI12s").unpack_from
_PAIR_AT = Struct("!HH").unpack_from
_COOKIE_BYTES = MAGIC_COOKIE.to_bytes(4, "big")

_MESSAGE_INTEGRITY = int(AttributeType.MESSAGE_INTEGRITY)
_MESSAGE_INTEGRITY_SHA256 = int(AttributeType.MESSAGE_INTEGRITY_SHA256)
_FINGERPRINT = int(AttributeType.FINGERPRINT)

_METHODS = frozenset(map(int, Method))


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


# --- the fast way: nothing is wrong

# What to do with a value, by the four bytes of its attribute's header.
_KEEP, _INTEGER, _TEXT, _ADDRESS, _CHECK = range(5)
_FAMILY_OF_LENGTH = {8: 1, 20: 2}
_Shape = tuple[int, int, int, int, Any]
_shapes: dict[bytes, _Shape] = {}


def _shape_of(head: bytes) -> _Shape:
    """Type, length, length with header and padding, what to do, and with what.

    ``ValueError`` when the header alone shows a fault. The messages of a call repeat a few
    attribute headers, so looking one up spares taking it apart.
    """
    kind, length = _PAIR_AT(head)
    what = _KEEP
    tool: Any = None
    rule = RULES.get(kind)
    if kind in INTEGERS and rule == length:
        what, tool = _INTEGER, INTEGERS[kind]
    elif kind in TEXTS and length <= TEXT_LIMIT:
        what = _TEXT
    elif kind in ADDRESSES and length in _FAMILY_OF_LENGTH:
        what, tool = _ADDRESS, _FAMILY_OF_LENGTH[length]
    elif isinstance(rule, int):
        if rule != length:
            raise ValueError("wrong length")
    elif rule is not None:
        what, tool = _CHECK, rule
    if len(_shapes) >= _MAX_SHAPES:
        _shapes.clear()
    shape = kind, length, length + 7 & -4, what, tool
    _shapes[head] = shape
    return shape


def _read_fast(data: bytes) -> Message | None:
    """The message when nothing about it is wrong, else None; :func:`_examine` then says what."""
    size = len(data)
    if size < HEADER_LENGTH:
        return None
    message_type, length, cookie, transaction_id = _HEADER_AT(data)
    if (
        message_type > 0x3FFF
        or cookie != MAGIC_COOKIE
        or length + HEADER_LENGTH != size
        or length & 3
    ):
        return None
    index: Index = {}
    shapes = _shapes
    position = HEADER_LENGTH
    try:
        while position < size:
            start = position + 4
            head = data[position:start]
            shape = shapes.get(head) or _shape_of(head)
            kind, length, advance, what, tool = shape
            value = LATER
            if what:
                if what == _INTEGER:
                    (value,) = tool(data, start)
                elif what == _TEXT:
                    value = data[start : start + length].decode()
                elif what == _ADDRESS:
                    if data[start + 1] != tool:
                        return None
                else:
                    tool(data, start, length)
            if kind not in index:
                index[kind] = start, length, value
            position += advance
    except (ValueError, IndexError, struct_error):
        return None
    if position != size:
        return None
    if _FINGERPRINT in index:
        if index[_FINGERPRINT][0] + 4 != size:
            return None
        size -= 8
    if (_MESSAGE_INTEGRITY in index and index[_MESSAGE_INTEGRITY][0] + 20 != size) or (
        _MESSAGE_INTEGRITY_SHA256 in index
    ):
        _hide_unprotected(index)
    message = Message.__new__(Message)
    message.raw = data
    message.method, message.message_class = _split_type(message_type)
    message.transaction_id = transaction_id
    message._index = index
    return message


@lru_cache(maxsize=1024)
def _split_type(message_type: int) -> tuple[int, MessageClass]:
    """Method and class of a message type: their bits are interleaved (RFC 8489, 5, figure 3)."""
    method = message_type & 0x000F | (message_type & 0x00E0) >> 1 | (message_type & 0x3E00) >> 2
    message_class = MessageClass((message_type & 0x0010) >> 4 | (message_type & 0x0100) >> 7)
    return (Method(method) if method in _METHODS else method), message_class


def _hide_unprotected(index: Index) -> None:
    """Take what follows the integrity out of ``index`` (RFC 8489, 9)."""
    integrity = index.get(_MESSAGE_INTEGRITY) or index.get(_MESSAGE_INTEGRITY_SHA256)
    if integrity is not None:
        for kind in [kind for kind, entry in index.items() if entry[0] > integrity[0]]:
            if kind not in AFTER_INTEGRITY:
                del index[kind]


# --- the slow way: say what is wrong


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
    index = _examine_attributes(data, min(end, size), problems)
    _hide_unprotected(index)
    message = Message.__new__(Message)
    message.raw = data
    message.method, message.message_class = _split_type(kind)
    message.transaction_id = transaction_id
    message._index = index
    return message, tuple(problems[:_MAX_PROBLEMS])


def _examine_attributes(data: bytes, stop: int, problems: list[Problem]) -> Index:
    index: Index = {}
    position = HEADER_LENGTH
    while position < stop:
        if stop - position < 4:
            problems.append(Problem("attribute header cut short", position, "4 bytes"))
            break
        kind, length = _PAIR_AT(data, position)
        start = position + 4
        if _FINGERPRINT in index and len(problems) < _MAX_PROBLEMS:
            what = f"{attribute_name(kind)} after FINGERPRINT"
            problems.append(Problem(what, position, "FINGERPRINT as the last attribute"))
        if start + length > stop:
            what = f"{attribute_name(kind)} cut short: {stop - start} of {length} bytes"
            problems.append(Problem(what, start, f"{length} bytes"))
            # Part of an opaque value is still worth reading; part of anything else misleads.
            if kind not in RULES and kind not in READERS:
                index.setdefault(kind, (start, stop - start, LATER))
            break
        fault = _fault_of(data, kind, start, length)
        if fault and len(problems) < _MAX_PROBLEMS:
            problems.append(fault)
        index.setdefault(kind, (start, length, LATER))
        position = start + length + 3 & -4
    return index


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
