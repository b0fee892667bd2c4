"""Whether a STUN message is whole and by whom: FINGERPRINT, and MESSAGE-INTEGRITY in its forms.

RFC 8489, 14.5 to 14.7. Keys come from :mod:`rtckit.wire.stun.credentials`.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from hmac import compare_digest
from struct import Struct
from typing import TYPE_CHECKING, Any
from zlib import crc32

from rtckit.wire.stun.registry import AttributeType

if TYPE_CHECKING:
    from rtckit.wire.stun.message import Message

__all__ = [
    "verify_fingerprint",
    "verify_integrity",
    "verify_message_integrity",
    "verify_message_integrity_sha256",
]

_MESSAGE_INTEGRITY = int(AttributeType.MESSAGE_INTEGRITY)
_MESSAGE_INTEGRITY_SHA256 = int(AttributeType.MESSAGE_INTEGRITY_SHA256)
_GOOG_MESSAGE_INTEGRITY_32 = int(AttributeType.GOOG_MESSAGE_INTEGRITY_32)
_FINGERPRINT = int(AttributeType.FINGERPRINT)

FINGERPRINT_XOR = 0x5354554E
"""What the CRC is XORed with, "STUN" in ASCII (RFC 8489, 14.7)."""

_U16 = Struct("!H").pack

# --- message authentication codes

_INNER = bytes(value ^ 0x36 for value in range(256))
_OUTER = bytes(value ^ 0x5C for value in range(256))


def _keyed(hash_function: Callable[..., Any], key: bytes) -> tuple[Callable[[], Any], ...]:
    """Copies of both hashes of an HMAC with the key's block already in (RFC 2104, 2 and 4).

    The checks of a call are signed with two keys, so half of each HMAC need be done only once.
    """
    block = (key if len(key) <= 64 else hash_function(key).digest()).ljust(64, b"\0")
    inner = hash_function(block.translate(_INNER))
    outer = hash_function(block.translate(_OUTER))
    return inner.copy, outer.copy


@lru_cache(maxsize=64)
def _keyed_sha1(key: bytes) -> tuple[Callable[[], Any], ...]:
    return _keyed(hashlib.sha1, key)


@lru_cache(maxsize=64)
def _keyed_sha256(key: bytes) -> tuple[Callable[[], Any], ...]:
    return _keyed(hashlib.sha256, key)


def hmac_sha1(key: bytes, text: bytes) -> bytes:
    """HMAC-SHA1, 20 bytes."""
    new_inner, new_outer = _keyed_sha1(key)
    inner = new_inner()
    inner.update(text)
    outer = new_outer()
    outer.update(inner.digest())
    result: bytes = outer.digest()
    return result


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    """HMAC-SHA256, 32 bytes."""
    new_inner, new_outer = _keyed_sha256(key)
    inner = new_inner()
    inner.update(text)
    outer = new_outer()
    outer.update(inner.digest())
    result: bytes = outer.digest()
    return result


def _covered(raw: bytes, start: int, length: int) -> bytes:
    """The text under an attribute whose value is at ``start``: as if it were the last one."""
    return raw[:2] + _U16(start + length - 20) + raw[4 : start - 4]


def verify_message_integrity(message: "Message", key: bytes) -> bool | None:
    """Whether MESSAGE-INTEGRITY is right for ``key``; None when it is absent (RFC 8489, 14.5)."""
    entry = message._index.get(_MESSAGE_INTEGRITY)
    if entry is None:
        return None
    start, length, _ = entry
    raw = message.raw
    digest = hmac_sha1(key, _covered(raw, start, length))
    return compare_digest(digest, raw[start : start + length])


def verify_message_integrity_sha256(message: "Message", key: bytes) -> bool | None:
    """Whether MESSAGE-INTEGRITY-SHA256 is right for ``key``; None when it is absent.

    A value truncated to 16 bytes or more in steps of 4 is accepted (RFC 8489, 14.6).
    """
    entry = message._index.get(_MESSAGE_INTEGRITY_SHA256)
    if entry is None:
        return None
    start, length, _ = entry
    if not 16 <= length <= 32 or length & 3:
        return False
    raw = message.raw
    digest = hmac_sha256(key, _covered(raw, start, length))
    return compare_digest(digest[:length], raw[start : start + length])


def _verify_integrity_32(message: "Message", key: bytes) -> bool | None:
    entry = message._index.get(_GOOG_MESSAGE_INTEGRITY_32)
    if entry is None:
        return None
    start, length, _ = entry
    raw = message.raw
    digest = hmac_sha1(key, _covered(raw, start, length))
    return compare_digest(digest[:4], raw[start : start + length])


def verify_integrity(message: "Message", key: bytes) -> bool | None:
    """Whether the message was signed with ``key``; None when it is not signed at all.

    The strongest attribute present decides, as RFC 8489, 9.1.3 and 9.2.4 say:
    MESSAGE-INTEGRITY-SHA256, else MESSAGE-INTEGRITY, else libwebrtc's GOOG-MESSAGE-INTEGRITY-32.
    """
    if _MESSAGE_INTEGRITY_SHA256 in message._index:
        return verify_message_integrity_sha256(message, key)
    if _MESSAGE_INTEGRITY in message._index:
        return verify_message_integrity(message, key)
    return _verify_integrity_32(message, key)


def verify_fingerprint(message: "Message") -> bool | None:
    """Whether FINGERPRINT is right; None when it is absent (RFC 8489, 14.7)."""
    entry = message._index.get(_FINGERPRINT)
    if entry is None:
        return None
    start, length, _ = entry
    if length != 4:
        return False
    raw = message.raw
    value: int = message.get(_FINGERPRINT) ^ FINGERPRINT_XOR
    return crc32(raw[: start - 4]) == value or crc32(_covered(raw, start, 4)) == value
