"""MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT, against hmac and zlib by hand."""

import hashlib
import hmac
import zlib

import pytest
from hypothesis import given

from rtckit.wire import stun
from rtckit.wire.stun import AttributeType as T
from tests.strategies.stun import KEYS, MESSAGES, SAMPLE_REQUEST, TRANSACTION_ID, MessageParts

KEY = b"VOkJxbRl1RmTxUk/WvJxBt"


def signed(text: bytes, kind: int, digest: str, key: bytes, size: int) -> bytes:
    """``text`` with an HMAC attribute of ``size`` bytes, by RFC 8489, 14.5 and 14.6."""
    text = text[:2] + (len(text) - 20 + 4 + size).to_bytes(2, "big") + text[4:]
    mac = hmac.digest(key, text, digest)[:size]
    return text + kind.to_bytes(2, "big") + size.to_bytes(2, "big") + mac


def fingerprinted(text: bytes) -> bytes:
    """``text`` with FINGERPRINT, by RFC 8489, 14.7."""
    text = text[:2] + (len(text) - 20 + 8).to_bytes(2, "big") + text[4:]
    return text + b"\x80\x28\x00\x04" + (zlib.crc32(text) ^ 0x5354554E).to_bytes(4, "big")


def plain() -> bytes:
    attributes = [(T.USERNAME, "a:b"), (T.PRIORITY, 1)]
    return stun.build(1, 0, TRANSACTION_ID, attributes, fingerprint=False)


def test_both_integrities_and_fingerprint_by_hand() -> None:
    text = signed(plain(), 0x0008, "sha1", KEY, 20)
    text = signed(text, 0x001C, "sha256", KEY, 32)
    data = fingerprinted(text)
    attributes = [(T.USERNAME, "a:b"), (T.PRIORITY, 1)]
    assert stun.build(1, 0, TRANSACTION_ID, attributes, key=KEY, key_sha256=KEY) == data
    message = stun.parse(data)
    assert stun.verify_integrity(message, KEY) is True
    assert stun.verify_message_integrity(message, KEY) is True
    assert stun.verify_message_integrity_sha256(message, KEY) is True
    assert stun.verify_fingerprint(message) is True
    for verify in (stun.verify_integrity, stun.verify_message_integrity):
        assert verify(message, KEY + b"!") is False


@pytest.mark.parametrize("size", [16, 20, 24, 28, 32])
def test_truncated_sha256(size: int) -> None:
    data = fingerprinted(signed(plain(), 0x001C, "sha256", KEY, size))
    message = stun.parse(data)
    assert stun.verify_integrity(message, KEY) is True
    assert stun.verify_integrity(message, b"other") is False
    assert stun.verify_fingerprint(message) is True


@pytest.mark.parametrize("size", [0, 4, 12, 17, 18])
def test_sha256_too_short_proves_nothing(size: int) -> None:
    data = signed(plain(), 0x001C, "sha256", KEY, size) + bytes(-size & 3)
    message, problems = stun.decode(data)
    assert message is not None
    assert problems
    assert stun.verify_integrity(message, KEY) is False


def test_sha256_decides_when_both_are_there() -> None:
    # RFC 8489, 9.1.3: MESSAGE-INTEGRITY counts only without MESSAGE-INTEGRITY-SHA256.
    data = stun.build(1, 0, TRANSACTION_ID, key=KEY, key_sha256=b"other")
    message = stun.parse(data)
    assert stun.verify_integrity(message, KEY) is False
    assert stun.verify_integrity(message, b"other") is True
    assert stun.verify_message_integrity(message, KEY) is True


def test_integrity_of_another_length_is_wrong() -> None:
    # [MS-TURN] puts an HMAC-SHA256 into MESSAGE-INTEGRITY; RFC 8489 does not.
    message, _ = stun.decode(signed(plain(), 0x0008, "sha256", KEY, 32))
    assert message is not None
    assert message.has_integrity
    assert stun.verify_integrity(message, KEY) is False


def test_goog_ping_is_signed_with_four_bytes() -> None:
    text = stun.build(0x80, 0, TRANSACTION_ID, fingerprint=False)
    data = fingerprinted(signed(text, 0xC060, "sha1", KEY, 4))
    message = stun.parse(data)
    assert message.method == stun.Method.GOOG_PING
    assert message.has_integrity
    assert stun.verify_integrity(message, KEY) is True
    assert stun.verify_integrity(message, b"other") is False
    assert stun.verify_fingerprint(message) is True


def test_absent_is_none() -> None:
    message = stun.parse(plain())
    assert not message.has_integrity
    assert stun.verify_integrity(message, KEY) is None
    assert stun.verify_message_integrity(message, KEY) is None
    assert stun.verify_message_integrity_sha256(message, KEY) is None
    assert stun.verify_fingerprint(message) is None


def test_attributes_after_the_integrity_do_not_spoil_it() -> None:
    text = signed(plain(), 0x0008, "sha1", KEY, 20) + bytes.fromhex("80220004 41424344")
    message = stun.parse(fingerprinted(text))
    assert stun.verify_integrity(message, KEY) is True
    assert stun.verify_fingerprint(message) is True
    assert message.software is None


def test_every_signed_bit_counts() -> None:
    message = stun.parse(SAMPLE_REQUEST)
    end = message.attributes[-1].offset
    for position in range(end):
        if position in (2, 3):
            continue  # the length; the walk over attributes meets it first
        for bit in (1, 128):
            damaged = bytearray(SAMPLE_REQUEST)
            damaged[position] ^= bit
            other, _ = stun.decode(damaged)
            if other is not None and other.has(T.MESSAGE_INTEGRITY):
                assert stun.verify_integrity(other, KEY) is False
            if other is not None and other.has(T.FINGERPRINT):
                assert stun.verify_fingerprint(other) is False


def test_fingerprint_that_is_not_last() -> None:
    # Something appended an attribute and raised the length: the CRC was right where it stood.
    data = fingerprinted(plain())
    longer = (len(data) - 20 + 8).to_bytes(2, "big")
    message, problems = stun.decode(
        data[:2] + longer + data[4:] + bytes.fromhex("80220004 41424344")
    )
    assert message is not None
    assert len(problems) == 1
    assert stun.verify_fingerprint(message) is True


def test_fingerprint_of_a_bad_length() -> None:
    message, _ = stun.decode(
        stun.build(1, 0, TRANSACTION_ID, [(T.FINGERPRINT, b"\0\0")], fingerprint=False)
    )
    assert message is not None
    assert stun.verify_fingerprint(message) is False


@pytest.mark.parametrize("size", [1, 20, 63, 64, 65, 200])
def test_keys_of_any_length(size: int) -> None:
    # RFC 2104: keys longer than the block of 64 bytes are hashed first.
    key = bytes(range(size))
    text = b"\0\1\0\x18" + plain()[4:20]
    data = stun.build(1, 0, TRANSACTION_ID, key=key, fingerprint=False)
    assert data[24:] == hmac.new(key, text, hashlib.sha1).digest()


@given(MESSAGES, KEYS, KEYS)
def test_what_is_built_verifies(parts: MessageParts, key: bytes, key_sha256: bytes) -> None:
    attributes = [
        item for item in parts.attributes if item[0] not in (0x0008, 0x001C, 0x8028, 0xC060)
    ]
    data = stun.build(*parts[:3], attributes, key=key, key_sha256=key_sha256)
    message = stun.parse(data)
    assert stun.verify_fingerprint(message) is True
    assert stun.verify_message_integrity(message, key) is True
    assert stun.verify_message_integrity_sha256(message, key_sha256) is True
    assert stun.verify_message_integrity(message, key + b"\1") is False
    assert message.ignored == ()
