"""Every attribute with bytes worked out by hand from the figures of its RFC, and bad bytes."""

from typing import Any

import pytest

from rtckit.core.address import Address
from rtckit.core.errors import ParseError
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType as T
from tests.strategies.stun import TRANSACTION_ID

V4 = Address("192.0.2.1", 32853)
V6 = Address("2001:db8::1", 3478)

# XORed with the cookie 2112a442 and, for IPv6, the transaction id b7e7a701bc34d686fa87dfae.
XOR_V4 = "0001 a147 e112a643"
XOR_V6 = "0002 2c84 0113a9fab7e7a701bc34d686fa87dfaf"
PLAIN_V4 = "0001 8055 c0000201"
PLAIN_V6 = "0002 0d96 20010db8000000000000000000000001"

# (attribute, value on the wire without padding, decoded value)
GOOD: list[tuple[T, str, Any]] = [
    (T.MAPPED_ADDRESS, PLAIN_V4, V4),
    (T.MAPPED_ADDRESS, PLAIN_V6, V6),
    (T.RESPONSE_ADDRESS, PLAIN_V4, V4),
    (T.SOURCE_ADDRESS, PLAIN_V4, V4),
    (T.CHANGED_ADDRESS, PLAIN_V4, V4),
    (T.REFLECTED_FROM, PLAIN_V4, V4),
    (T.ALTERNATE_SERVER, PLAIN_V6, V6),
    (T.RESPONSE_ORIGIN, PLAIN_V4, V4),
    (T.OTHER_ADDRESS, PLAIN_V4, V4),
    (T.XOR_MAPPED_ADDRESS, XOR_V4, V4),
    (T.XOR_MAPPED_ADDRESS, XOR_V6, V6),
    (T.XOR_PEER_ADDRESS, XOR_V4, V4),
    (T.XOR_PEER_ADDRESS, XOR_V6, V6),
    (T.XOR_RELAYED_ADDRESS, XOR_V4, V4),
    (T.MS_XOR_MAPPED_ADDRESS, XOR_V4, V4),
    (T.CHANGE_REQUEST, "00000000", (False, False)),
    (T.CHANGE_REQUEST, "00000004", (True, False)),
    (T.CHANGE_REQUEST, "00000002", (False, True)),
    (T.USERNAME, "613a62", "a:b"),
    (T.USERNAME, "", ""),
    (T.PASSWORD, "70617373", b"pass"),
    (T.ERROR_CODE, "00000401", (401, "")),
    (T.ERROR_CODE, "00000426 5374616c65204e6f6e6365", (438, "Stale Nonce")),
    (T.ERROR_CODE, "00000663", (699, "")),
    (T.ERROR_CODE, "00000300", (300, "")),
    (T.UNKNOWN_ATTRIBUTES, "", ()),
    (T.UNKNOWN_ATTRIBUTES, "0024", (0x24,)),
    (T.UNKNOWN_ATTRIBUTES, "0024 7777 0001", (0x24, 0x7777, 1)),
    (T.CHANNEL_NUMBER, "40010000", 0x4001),
    (T.LIFETIME, "00000258", 600),
    (T.MAGIC_COOKIE, "72c64bc6", 0x72C64BC6),
    (T.BANDWIDTH, "00000400", 1024),
    (T.DATA, "8060", b"\x80\x60"),
    (T.REALM, "6578616d706c652e6f7267", "example.org"),
    (T.NONCE, "6e6f6e6365", b"nonce"),
    (T.REQUESTED_ADDRESS_FAMILY, "02000000", 2),
    (T.EVEN_PORT, "80", True),
    (T.EVEN_PORT, "00", False),
    (T.REQUESTED_TRANSPORT, "11000000", 17),
    (T.DONT_FRAGMENT, "", True),
    (T.ACCESS_TOKEN, "0003 616263 ffee", (b"abc", b"\xff\xee")),
    (T.MESSAGE_INTEGRITY, "00" * 20, bytes(20)),
    (T.MESSAGE_INTEGRITY_SHA256, "00" * 16, bytes(16)),
    (T.MESSAGE_INTEGRITY_SHA256, "00" * 32, bytes(32)),
    (T.PASSWORD_ALGORITHM, "0002 0000", (2, b"")),
    (T.PASSWORD_ALGORITHM, "0007 0003 61626300", (7, b"abc")),
    (T.USERHASH, "ab" * 32, b"\xab" * 32),
    (T.RESERVATION_TOKEN, "0102030405060708", bytes(range(1, 9))),
    (T.PRIORITY, "6e0001ff", 0x6E0001FF),
    (T.USE_CANDIDATE, "", True),
    (T.PADDING, "00" * 6, bytes(6)),
    (T.RESPONSE_PORT, "0d96", 3478),
    (T.CONNECTION_ID, "deadbeef", 0xDEADBEEF),
    (T.ADDITIONAL_ADDRESS_FAMILY, "02000000", 2),
    (T.ADDRESS_ERROR_CODE, "02000428 6e6f", (2, 440, "no")),
    (T.PASSWORD_ALGORITHMS, "0002 0000 0001 0000", ((2, b""), (1, b""))),
    (T.PASSWORD_ALGORITHMS, "0007 0001 78000000 0001 0000", ((7, b"x"), (1, b""))),
    (T.PASSWORD_ALGORITHMS, "", ()),
    (T.ALTERNATE_DOMAIN, "612e62", "a.b"),
    (T.ICMP, "0000 03 04 00000578", (3, 4, 1400)),
    (T.ICMP, "0000 80 00 00000000", (128, 0, 0)),
    (T.MS_VERSION, "00000006", 6),
    (T.SOFTWARE, "c3a9", "é"),
    (T.TRANSACTION_TRANSMIT_COUNTER, "0000 02 01", (2, 1)),
    (T.CACHE_TIMEOUT, "0000003c", 60),
    (T.FINGERPRINT, "00000000", 0),
    (T.ICE_CONTROLLED, "932ff9b151263b36", 0x932FF9B151263B36),
    (T.ICE_CONTROLLING, "0000000000000001", 1),
    (T.ECN_CHECK, "00000007", (True, 3)),
    (T.ECN_CHECK, "00000002", (False, 1)),
    (T.THIRD_PARTY_AUTHORIZATION, "61757468", "auth"),
    (T.ORIGIN, "68747470", "http"),
    (T.MOBILITY_TICKET, "00ff", b"\0\xff"),
    (T.MS_SEQUENCE_NUMBER, "11" * 20 + "00000007", (b"\x11" * 20, 7)),
    (T.CANDIDATE_IDENTIFIER, "31", "1"),
    (T.MS_SERVICE_QUALITY, "0002 0001", (2, 1)),
    (T.MS_IMPLEMENTATION_VERSION, "00000003", 3),
    (T.GOOG_NOMINATION, "00000001", 1),
    (T.GOOG_NETWORK_INFO, "0001 03e7", (1, 999)),
    (T.GOOG_LAST_ICE_CHECK_RECEIVED, "b7e7a701bc34d686fa87dfae", TRANSACTION_ID),
    (T.GOOG_MISC_INFO, "0001", (1,)),
    (T.GOOG_DELTA, "0bad", b"\x0b\xad"),
    (T.GOOG_DELTA_ACK, "0000000000000085", 133),
    (T.GOOG_DELTA_SYNC_REQ, "", b""),
    (T.GOOG_MESSAGE_INTEGRITY_32, "01020304", b"\1\2\3\4"),
    (T.DTLS_IN_STUN, "16fefd", b"\x16\xfe\xfd"),
    (T.DTLS_IN_STUN_ACKNOWLEDGEMENT, "00000001 deadbeef", (1, 0xDEADBEEF)),
    (T.GOOG_RETRANSMIT_COUNT, "00000003", 3),
]


def message_of(kind: int, value: bytes) -> bytes:
    padding = bytes(-len(value) & 3)
    body = kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value + padding
    head = b"\0\1" + len(body).to_bytes(2, "big") + bytes.fromhex("2112a442")
    return head + TRANSACTION_ID + body


@pytest.mark.parametrize(("kind", "wire", "value"), GOOD)
def test_reads_and_writes(kind: T, wire: str, value: Any) -> None:
    data = message_of(kind, bytes.fromhex(wire))
    message = stun.parse(data)
    assert message.get(kind) == value
    assert message.get_all(kind) == [value]
    assert message.has(kind)
    built = stun.build(1, 0, TRANSACTION_ID, [(kind, value)], fingerprint=False)
    assert built == data
    # The slow way reads the same: one byte too many spoils nothing else.
    spoiled, _ = stun.decode(data + b"?")
    assert spoiled is not None
    assert spoiled.get(kind) == value


def test_every_attribute_with_a_form_is_tested() -> None:
    from rtckit.wire.stun.attributes import READERS, RULES, WRITERS

    tested = {int(kind) for kind, _, _ in GOOD} | {T.MS_ALTERNATE_SERVER, T.DESTINATION_ADDRESS}
    untested = (set(READERS) | set(WRITERS) | set(RULES)) - tested
    assert untested == {int(T.MS_ALTERNATE_HOST_NAME)}


# (attribute, value on the wire, words of the fault)
BAD: list[tuple[T, str, str]] = [
    (T.MAPPED_ADDRESS, "", "too short"),
    (T.MAPPED_ADDRESS, "0001", "too short"),
    (T.MAPPED_ADDRESS, "0001 8055 c00002", "7 bytes"),
    (T.MAPPED_ADDRESS, "0001 8055 c000020100", "9 bytes"),
    (T.XOR_MAPPED_ADDRESS, "0002 8055 c0000201", "8 bytes instead of 20"),
    (T.XOR_PEER_ADDRESS, "0003 8055 c0000201", "address family 3"),
    (T.XOR_RELAYED_ADDRESS, "0001" + "00" * 18, "20 bytes instead of 8"),
    (T.ALTERNATE_SERVER, "0000 8055 c0000201", "address family 0"),
    (T.CHANGE_REQUEST, "0000", "2 bytes"),
    (T.USERNAME, "61ff", "not UTF-8 from its byte 1 on"),
    (T.USERNAME, "61" * 764, "764 bytes, more than 763"),
    (T.REALM, "c3", "not UTF-8"),
    (T.SOFTWARE, "eda080", "not UTF-8"),  # a lone surrogate
    (T.NONCE, "61" * 764, "more than 763"),
    (T.ALTERNATE_DOMAIN, "c3a9", "DNS name"),
    (T.ALTERNATE_DOMAIN, "61" * 256, "DNS name"),
    (T.ERROR_CODE, "000004", "too short"),
    (T.ERROR_CODE, "00000200", "class 2"),
    (T.ERROR_CODE, "00000700", "class 7"),
    (T.ERROR_CODE, "00000464", "number 100"),
    (T.ERROR_CODE, "00000401 ff", "not UTF-8"),
    (T.ADDRESS_ERROR_CODE, "02000200", "class 2"),
    (T.UNKNOWN_ATTRIBUTES, "000102", "16-bit"),
    (T.CHANNEL_NUMBER, "4001", "2 bytes"),
    (T.LIFETIME, "000258", "3 bytes"),
    (T.PRIORITY, "6e0001", "3 bytes"),
    (T.PRIORITY, "6e0001ff00", "5 bytes"),
    (T.USE_CANDIDATE, "00", "1 bytes"),
    (T.DONT_FRAGMENT, "00000000", "4 bytes"),
    (T.EVEN_PORT, "", "0 bytes"),
    (T.EVEN_PORT, "80000000", "4 bytes"),
    (T.REQUESTED_TRANSPORT, "11", "1 bytes"),
    (T.REQUESTED_ADDRESS_FAMILY, "01", "1 bytes"),
    (T.RESERVATION_TOKEN, "00" * 4, "4 bytes"),
    (T.CONNECTION_ID, "00", "1 bytes"),
    (T.ICE_CONTROLLED, "00" * 4, "4 bytes"),
    (T.ICE_CONTROLLING, "00" * 9, "9 bytes"),
    (T.MESSAGE_INTEGRITY, "00" * 32, "32 bytes"),
    (T.MESSAGE_INTEGRITY, "00" * 19, "19 bytes"),
    (T.MESSAGE_INTEGRITY_SHA256, "00" * 12, "12 bytes"),
    (T.MESSAGE_INTEGRITY_SHA256, "00" * 18, "18 bytes"),
    (T.MESSAGE_INTEGRITY_SHA256, "00" * 36, "36 bytes"),
    (T.USERHASH, "00" * 20, "20 bytes"),
    (T.FINGERPRINT, "0000", "2 bytes"),
    (T.RESPONSE_PORT, "0d", "1 bytes instead of 2 or 4"),
    (T.RESPONSE_PORT, "0d9600", "3 bytes"),
    (T.ICMP, "00000304", "4 bytes"),
    (T.PASSWORD_ALGORITHM, "", "0 password algorithms"),
    (T.PASSWORD_ALGORITHM, "00020000 00010000", "2 password algorithms"),
    (T.PASSWORD_ALGORITHM, "0002", "cut short"),
    (T.PASSWORD_ALGORITHMS, "00020000 00010004 00", "parameters"),
    (T.TRANSACTION_TRANSMIT_COUNTER, "0201", "2 bytes"),
    (T.ECN_CHECK, "07", "1 bytes"),
    (T.ACCESS_TOKEN, "00", "too short"),
    (T.ACCESS_TOKEN, "0004 616263", "nonce"),
]


@pytest.mark.parametrize(("kind", "wire", "words"), BAD)
def test_bad_values(kind: T, wire: str, words: str) -> None:
    data = message_of(kind, bytes.fromhex(wire))
    with pytest.raises(ParseError) as caught:
        stun.parse(data)
    assert words in caught.value.message
    assert stun.attribute_name(kind) in caught.value.message
    assert caught.value.offset == 24
    message, problems = stun.decode(data)
    assert message is not None
    assert len(problems) == 1
    assert message.attributes[0].value == bytes.fromhex(wire)


@pytest.mark.parametrize(
    ("kind", "wire"), [(kind, wire) for kind, wire, words in BAD if "UTF-8" not in words]
)
def test_bad_values_are_not_shown(kind: T, wire: str) -> None:
    message, _ = stun.decode(message_of(kind, bytes.fromhex(wire)))
    assert message is not None
    opaque = kind in (T.MESSAGE_INTEGRITY, T.MESSAGE_INTEGRITY_SHA256, T.USERHASH, T.NONCE)
    lengthy = kind in (T.USERNAME, T.ALTERNATE_DOMAIN)
    if not (opaque or lengthy or kind is T.RESERVATION_TOKEN):
        assert message.get(kind) is None
        assert message.get_all(kind) == []


def test_text_that_is_not_utf8_shows_its_bytes() -> None:
    message, _ = stun.decode(message_of(T.SOFTWARE, b"caf\xe9"))
    assert message is not None
    assert message.software == "caf\\xe9"
    error, _ = stun.decode(message_of(T.ERROR_CODE, bytes.fromhex("00000401") + b"\xff"))
    assert error is not None
    assert error.error == (401, "\\xff")


def test_reserved_bits_are_ignored() -> None:
    # "MUST be ignored by receivers" in each figure; written as zero.
    for kind, wire, value in [
        (T.XOR_MAPPED_ADDRESS, "ff01 a147 e112a643", V4),
        (T.CHANGE_REQUEST, "fffffff9", (False, False)),
        (T.ERROR_CODE, "fffffc01", (401, "")),
        (T.CHANNEL_NUMBER, "4001ffff", 0x4001),
        (T.REQUESTED_TRANSPORT, "11ffffff", 17),
        (T.EVEN_PORT, "7f", False),
        (T.ICMP, "ffff 03 04 00000578", (3, 4, 1400)),
        (T.TRANSACTION_TRANSMIT_COUNTER, "ffff 02 01", (2, 1)),
        (T.ECN_CHECK, "fffffff8", (False, 0)),
        (T.ADDRESS_ERROR_CODE, "01fffc28", (1, 440, "")),
    ]:
        assert stun.parse(message_of(kind, bytes.fromhex(wire))).get(kind) == value


def test_response_port_with_its_padding_counted() -> None:
    # coturn sends 4 bytes, stuntman 2.
    message = stun.parse(message_of(T.RESPONSE_PORT, bytes.fromhex("0d960000")))
    assert message.get(T.RESPONSE_PORT) == 3478


def test_password_algorithm_without_its_last_padding() -> None:
    message = stun.parse(message_of(T.PASSWORD_ALGORITHM, bytes.fromhex("00070003 616263")))
    assert message.get(T.PASSWORD_ALGORITHM) == (7, b"abc")


def test_vendor_attributes_of_another_form_are_no_fault() -> None:
    # 0xC001 is registered as ENF-FLOW-DESCRIPTION; nobody can say that 3 bytes are wrong.
    for kind in (
        T.GOOG_NOMINATION,
        T.GOOG_NETWORK_INFO,
        T.GOOG_MISC_INFO,
        T.GOOG_DELTA_ACK,
        T.DTLS_IN_STUN_ACKNOWLEDGEMENT,
        T.MS_VERSION,
    ):
        message = stun.parse(message_of(kind, b"abc"))
        assert message.get(kind) is None
        assert message.attributes[0].value == b"abc"


def test_decoded_values_have_names() -> None:
    message = stun.parse(message_of(T.GOOG_NETWORK_INFO, bytes.fromhex("000103e7")))
    assert message.get(T.GOOG_NETWORK_INFO).cost == 999
    error = stun.parse(message_of(T.ERROR_CODE, bytes.fromhex("00000426"))).error
    assert error is not None
    assert error.code == 438


def test_mapped_address_stands_in_for_xor_mapped_address() -> None:
    plain = stun.parse(message_of(T.MAPPED_ADDRESS, bytes.fromhex(PLAIN_V6)))
    assert plain.xor_mapped_address == V6
    both = stun.build(1, 2, TRANSACTION_ID, [(T.MAPPED_ADDRESS, V6), (T.XOR_MAPPED_ADDRESS, V4)])
    assert stun.parse(both).xor_mapped_address == V4


def test_several_peers_in_one_request() -> None:
    peers = [V4, V6, Address("203.0.113.5", 0)]
    data = stun.build(8, 0, TRANSACTION_ID, [(T.XOR_PEER_ADDRESS, peer) for peer in peers])
    message = stun.parse(data)
    assert message.xor_peer_address == V4
    assert message.xor_peer_addresses == peers


# --- writing


def test_bytes_are_written_as_they_are() -> None:
    for value in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
        for kind in (T.PRIORITY, T.USERNAME, T.DATA, 0x7777):
            data = stun.build(1, 0, TRANSACTION_ID, [(kind, value)], fingerprint=False)
            assert data == message_of(kind, b"abc")


def test_flag_that_is_false_is_left_out() -> None:
    data = stun.build(1, 0, TRANSACTION_ID, [(T.USE_CANDIDATE, False)], fingerprint=False)
    assert stun.parse(data).attributes == ()


def test_nonce_may_be_text() -> None:
    data = stun.build(1, 0, TRANSACTION_ID, [(T.NONCE, "abc")])
    assert stun.parse(data).nonce == b"abc"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (T.PRIORITY, -1),
        (T.PRIORITY, 1 << 32),
        (T.PRIORITY, "7"),
        (T.PRIORITY, None),
        (T.ICE_CONTROLLED, 1 << 64),
        (T.CHANNEL_NUMBER, 0x10000),
        (T.REQUESTED_TRANSPORT, 256),
        (T.RESPONSE_PORT, 65536),
        (T.XOR_MAPPED_ADDRESS, ("host.example", 1)),
        (T.XOR_MAPPED_ADDRESS, ("192.0.2.1", 65536)),
        (T.XOR_MAPPED_ADDRESS, ("2001:db8::1", -1)),
        (T.MAPPED_ADDRESS, ("2001:db8::1", 65536)),
        (T.MAPPED_ADDRESS, "192.0.2.1"),
        (T.ERROR_CODE, (299, "")),
        (T.ERROR_CODE, (700, "")),
        (T.ERROR_CODE, 401),
        (T.USERNAME, "x" * 764),
        (T.USERNAME, "\ud800"),
        (T.ALTERNATE_DOMAIN, "é"),
        (T.ALTERNATE_DOMAIN, "x" * 256),
        (T.UNKNOWN_ATTRIBUTES, (65536,)),
        (T.ICMP, (256, 0, 0)),
        (T.ECN_CHECK, (True, 4)),
        (T.MS_SEQUENCE_NUMBER, (b"short", 1)),
        (T.DATA, "text"),
        (0x7777, 7),
    ],
)
def test_values_that_do_not_suit(kind: int, value: Any) -> None:
    with pytest.raises(ValueError, match=stun.attribute_name(kind)):
        stun.build(1, 0, TRANSACTION_ID, [(kind, value)])
