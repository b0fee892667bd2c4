"""The standards' own messages: RFC 5769, and RFC 8489 B.1 as erratum 6268 corrects it."""

import pytest

from rtckit.core.address import Address
from rtckit.core.errors import ParseError
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType, MessageClass, Method, SecurityFeatures
from tests.strategies.stun import (
    SAMPLE_LONG_TERM,
    SAMPLE_REQUEST,
    SAMPLE_RESPONSE_V4,
    SAMPLE_RESPONSE_V6,
    SAMPLE_SHA256,
    TRANSACTION_ID,
)

PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
USERNAME = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9"
TYPED_PASSWORD = "The\u00adM\u00aatr\u2168"


def test_sample_request() -> None:
    message = stun.parse(SAMPLE_REQUEST)
    assert message.method == Method.BINDING
    assert message.message_class is MessageClass.REQUEST
    assert message.transaction_id == TRANSACTION_ID
    assert message.software == "STUN test client"
    assert message.priority == 0x6E0001FF
    assert message.controlled == 0x932FF9B151263B36
    assert message.controlling is None
    assert message.username == "evtj:h6vY"
    assert not message.use_candidate
    assert message.has_integrity
    assert stun.verify_integrity(message, stun.short_term_key(PASSWORD)) is True
    assert stun.verify_integrity(message, stun.short_term_key(PASSWORD + "x")) is False
    assert stun.verify_fingerprint(message) is True
    assert message.get(AttributeType.FINGERPRINT) == 0xE57A3BCF


@pytest.mark.parametrize(
    ("sample", "ip"),
    [
        (SAMPLE_RESPONSE_V4, "192.0.2.1"),
        (SAMPLE_RESPONSE_V6, "2001:db8:1234:5678:11:2233:4455:6677"),
    ],
)
def test_sample_responses(sample: bytes, ip: str) -> None:
    message = stun.parse(sample)
    assert message.message_class is MessageClass.SUCCESS
    assert message.xor_mapped_address == Address(ip, 32853)
    assert message.software == "test vector"
    assert stun.verify_integrity(message, stun.short_term_key(PASSWORD)) is True
    assert stun.verify_fingerprint(message) is True


def test_sample_request_with_long_term_credentials() -> None:
    message = stun.parse(SAMPLE_LONG_TERM)
    assert message.username == USERNAME
    assert message.realm == "example.org"
    assert message.nonce == b"f//499k954d6OL34oL9FSTvy64sA"
    assert stun.verify_fingerprint(message) is None
    for password in (TYPED_PASSWORD, "TheMatrIX"):
        key = stun.long_term_key(USERNAME, "example.org", password)
        assert stun.verify_integrity(message, key) is True
    assert stun.verify_integrity(message, stun.long_term_key(USERNAME, "x", "TheMatrIX")) is False


def test_sample_request_with_sha256_and_userhash() -> None:
    message = stun.parse(SAMPLE_SHA256)
    assert len(SAMPLE_SHA256) == 164
    assert message.username is None
    assert message.get(AttributeType.USERHASH) == stun.userhash(USERNAME, "example.org")
    assert message.get(AttributeType.PASSWORD_ALGORITHM) == (2, b"")
    key = stun.long_term_key(USERNAME, "example.org", TYPED_PASSWORD, "SHA-256")
    assert stun.verify_integrity(message, key) is True
    assert stun.verify_message_integrity_sha256(message, key) is True
    assert stun.verify_message_integrity(message, key) is None
    assert stun.verify_integrity(message, stun.long_term_key("a", "b", "c", "SHA-256")) is False


def test_sample_nonce_has_a_cookie() -> None:
    # Section 18.1 counts bits from the left, so the "AAAC" of B.1 is bit 22, which nothing owns.
    features = stun.parse_nonce_cookie(b"obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA")
    assert features is not None
    assert int(features) == 2
    assert SecurityFeatures.PASSWORD_ALGORITHMS not in features
    assert SecurityFeatures.USERNAME_ANONYMITY not in features


def test_sample_as_printed_in_rfc_8489_is_wrong() -> None:
    # Its length field counts 20 bytes too many, and PASSWORD-ALGORITHM is missing.
    printed = b"\x00\x01\x00\x9c" + SAMPLE_SHA256[4:120] + b"\x00\x1c\x00\x20" + bytes(32)
    with pytest.raises(ParseError, match="message cut short"):
        stun.parse(printed)


def test_samples_are_rebuilt() -> None:
    # RFC 5769 pads its first messages with spaces; the values and the order come back.
    for sample in (SAMPLE_REQUEST, SAMPLE_RESPONSE_V4, SAMPLE_RESPONSE_V6, SAMPLE_LONG_TERM):
        message = stun.parse(sample)
        again = stun.build(
            message.method,
            message.message_class,
            message.transaction_id,
            [(attribute.type, attribute.value) for attribute in message.attributes],
            fingerprint=False,
        )
        assert stun.parse(again) == message
    assert again == SAMPLE_LONG_TERM


def test_integrity_and_fingerprint_are_computed_as_in_the_sample() -> None:
    # With the sample's padding of spaces the MAC covers other bytes, so the last message serves.
    message = stun.parse(SAMPLE_LONG_TERM)
    built = stun.build(
        Method.BINDING,
        MessageClass.REQUEST,
        message.transaction_id,
        [
            (AttributeType.USERNAME, USERNAME),
            (AttributeType.NONCE, b"f//499k954d6OL34oL9FSTvy64sA"),
            (AttributeType.REALM, "example.org"),
        ],
        key=stun.long_term_key(USERNAME, "example.org", TYPED_PASSWORD),
        fingerprint=False,
    )
    assert built == SAMPLE_LONG_TERM


def test_sha256_is_computed_as_in_the_sample() -> None:
    built = stun.build(
        Method.BINDING,
        MessageClass.REQUEST,
        SAMPLE_SHA256[8:20],
        [
            (AttributeType.USERHASH, stun.userhash(USERNAME, "example.org")),
            (AttributeType.NONCE, b"obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"),
            (AttributeType.REALM, "example.org"),
            (AttributeType.PASSWORD_ALGORITHM, (2, b"")),
        ],
        key_sha256=stun.long_term_key(USERNAME, "example.org", TYPED_PASSWORD, "SHA-256"),
        fingerprint=False,
    )
    assert built == SAMPLE_SHA256
