"""STUN messages written: header, attributes in the caller's order, integrity, FINGERPRINT."""

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct
from struct import error as struct_error
from typing import Any
from zlib import crc32

from rtckit.wire.stun.attributes import (
    INTEGER_WRITERS,
    MAGIC_COOKIE,
    PADDING,
    TEXT_LIMIT,
    TEXTS,
    WRITERS,
    write_bytes,
)
from rtckit.wire.stun.integrity import FINGERPRINT_XOR, hmac_sha1, hmac_sha256
from rtckit.wire.stun.registry import AttributeType, attribute_name

__all__ = ["build"]

_HEADER = Struct("!HHI12s").pack
_PAIR = Struct("!HH").pack
_TLV32 = Struct("!HHI").pack

_MESSAGE_INTEGRITY_SHA256 = int(AttributeType.MESSAGE_INTEGRITY_SHA256)
_FINGERPRINT = int(AttributeType.FINGERPRINT)
_ROOM = 0xFFFC - 24 - 36 - 8  # what both integrities and FINGERPRINT leave
_BUFFERS = (bytes, bytearray, memoryview)
_MI_HEADER = b"\x00\x08\x00\x14"


def build(
    method: int,
    message_class: int,
    transaction_id: bytes,
    attributes: Iterable[tuple[int, Any]] = (),
    *,
    key: bytes | None = None,
    key_sha256: bytes | None = None,
    fingerprint: bool = True,
) -> bytes:
    """A message with its attributes in the order given, then the integrity and FINGERPRINT.

    Values are what :meth:`Message.get` returns; ``bytes`` are written as they are, so that faulty
    messages can be built on purpose; a flag that is ``False`` is left out. ``key`` adds
    MESSAGE-INTEGRITY, ``key_sha256`` MESSAGE-INTEGRITY-SHA256 after it. ``transaction_id`` has 12
    bytes and comes from the caller, who owns the randomness. ``ValueError`` when a value does not
    suit its attribute.
    """
    if len(transaction_id) != 12:
        raise ValueError(f"a transaction id has 12 bytes, not {len(transaction_id)}")
    kind = _join_type(method, message_class)
    parts = []
    for attribute, value in attributes:
        form = value.__class__
        try:
            # The two commonest forms are written here to spare a call each.
            if form is int and attribute in INTEGER_WRITERS:
                pack, size = INTEGER_WRITERS[attribute]
                parts.append(pack(attribute, size, value))
            elif form is str and attribute in TEXTS:
                encoded = value.encode()
                size = len(encoded)
                if size > TEXT_LIMIT:
                    raise ValueError(f"{size} bytes, more than {TEXT_LIMIT}")
                parts.append(_PAIR(attribute, size) + encoded + PADDING[size & 3])
            else:
                parts.append(_write_attribute(attribute, value, transaction_id))
        except (struct_error, TypeError, AttributeError, OverflowError, ValueError) as error:
            raise ValueError(f"{attribute_name(attribute)}: {error}") from None
    body = b"".join(parts)
    length = len(body)
    if length > _ROOM:
        raise ValueError(f"{length} bytes of attributes do not fit into a message")
    if key is not None:
        length += 24
        header = _HEADER(kind, length, MAGIC_COOKIE, transaction_id)
        body += _MI_HEADER + hmac_sha1(key, header + body)
    if key_sha256 is not None:
        length += 36
        header = _HEADER(kind, length, MAGIC_COOKIE, transaction_id)
        body += write_bytes(_MESSAGE_INTEGRITY_SHA256, hmac_sha256(key_sha256, header + body))
    if not fingerprint:
        return _HEADER(kind, length, MAGIC_COOKIE, transaction_id) + body
    message = _HEADER(kind, length + 8, MAGIC_COOKIE, transaction_id) + body
    return message + _TLV32(_FINGERPRINT, 4, crc32(message) ^ FINGERPRINT_XOR)


def _write_attribute(attribute: int, value: Any, transaction_id: bytes) -> bytes:
    if value.__class__ is bytes:
        return write_bytes(attribute, value)
    writer = WRITERS.get(attribute)
    if writer is not None and not isinstance(value, _BUFFERS):
        return writer(attribute, value, transaction_id)
    if not isinstance(value, _BUFFERS):
        raise ValueError(f"takes bytes, not {type(value).__name__}")
    return write_bytes(attribute, bytes(value))


@lru_cache(maxsize=1024)
def _join_type(method: int, message_class: int) -> int:
    if not (0 <= method <= 0xFFF and 0 <= message_class <= 3):
        raise ValueError(f"method {method} or class {message_class} out of range")
    method_bits = method & 0x000F | (method & 0x0070) << 1 | (method & 0x0F80) << 2
    return method_bits | (message_class & 1) << 4 | (message_class & 2) << 7
