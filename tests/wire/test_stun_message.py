"""The header, the walk over attributes, strict and tolerant reading. Bytes worked out by hand."""

import copy
import pickle

import pytest

from rtckit.core.address import Address
from rtckit.core.errors import ParseError
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType, MessageClass, Method, RawAttribute
from tests.strategies.stun import SAMPLE_REQUEST, SAMPLE_RESPONSE_V4, TRANSACTION_ID

COOKIE = bytes.fromhex("2112a442")
HEADER = bytes.fromhex("00010000") + COOKIE + TRANSACTION_ID


def message_of(attributes: str, kind: str = "0001") -> bytes:
    body = bytes.fromhex(attributes)
    return bytes.fromhex(kind) + len(body).to_bytes(2, "big") + COOKIE + TRANSACTION_ID + body


def fault(data: bytes) -> ParseError:
    """The strict error, after checking that the tolerant reader says the same first."""
    with pytest.raises(ParseError) as caught:
        stun.parse(data)
    problem = stun.decode(data)[1][0]
    assert (problem.message, problem.offset) == (caught.value.message, caught.value.offset)
    assert caught.value.expected
    return caught.value


# --- the header


@pytest.mark.parametrize(
    ("kind", "method", "message_class"),
    [
        ("0001", Method.BINDING, MessageClass.REQUEST),
        ("0011", Method.BINDING, MessageClass.INDICATION),
        ("0101", Method.BINDING, MessageClass.SUCCESS),
        ("0111", Method.BINDING, MessageClass.ERROR),
        ("0003", Method.ALLOCATE, MessageClass.REQUEST),
        ("0113", Method.ALLOCATE, MessageClass.ERROR),
        ("0016", Method.SEND, MessageClass.INDICATION),
        ("0017", Method.DATA, MessageClass.INDICATION),
        ("0118", Method.CREATE_PERMISSION, MessageClass.ERROR),
        ("000a", Method.CONNECT, MessageClass.REQUEST),
        ("001c", Method.CONNECTION_ATTEMPT, MessageClass.INDICATION),
        # libwebrtc writes GOOG_PING as 0x200 and its responses as 0x300 and 0x310.
        ("0200", Method.GOOG_PING, MessageClass.REQUEST),
        ("0300", Method.GOOG_PING, MessageClass.SUCCESS),
        ("0310", Method.GOOG_PING, MessageClass.ERROR),
        # All twelve method bits and both class bits, by figure 3 of RFC 8489.
        ("3fff", 0xFFF, MessageClass.ERROR),
        ("3eef", 0xFFF, MessageClass.REQUEST),
        ("0020", 0x010, MessageClass.REQUEST),
    ],
)
def test_type_holds_method_and_class(kind: str, method: int, message_class: MessageClass) -> None:
    message = stun.parse(message_of("", kind))
    assert message.method == method
    assert message.message_class is message_class
    built = stun.build(method, message_class, TRANSACTION_ID, fingerprint=False)
    assert built == message_of("", kind)


def test_empty_message() -> None:
    message = stun.parse(HEADER)
    assert message.attributes == ()
    assert message.ignored == ()
    assert message.transaction_id == TRANSACTION_ID
    assert message.raw == HEADER
    assert message.has_magic_cookie
    assert not message.truncated
    assert not message.has_integrity
    assert message.error is None
    assert message.data is None
    assert message.xor_mapped_address is None
    assert message.xor_peer_addresses == []
    assert repr(message) == "<Binding request b7e7a701bc34d686fa87dfae>"


@pytest.mark.parametrize("size", range(20))
def test_header_cut_short(size: int) -> None:
    error = fault(HEADER[:size])
    assert error.offset == size
    assert stun.decode(HEADER[:size])[0] is None
    assert not stun.looks_like_stun(HEADER[:size])


@pytest.mark.parametrize("first", [0x40, 0x80, 0xC0, 0xFF])
def test_first_two_bits(first: int) -> None:
    data = bytes([first]) + HEADER[1:]
    assert fault(data).offset == 0
    assert stun.decode(data)[0] is None
    assert not stun.looks_like_stun(data)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_length_is_a_multiple_of_four(length: int) -> None:
    data = b"\0\1\0" + bytes([length]) + HEADER[4:] + bytes(length)
    assert fault(data).offset == 2
    message, _ = stun.decode(data)
    assert message is not None
    assert not stun.looks_like_stun(data)


def test_trailing_bytes() -> None:
    data = SAMPLE_REQUEST + b"\0\0"
    error = fault(data)
    assert error.offset == len(SAMPLE_REQUEST)
    assert "2 bytes after" in error.message
    message, problems = stun.decode(data)
    assert message == stun.parse(SAMPLE_REQUEST)
    assert len(problems) == 1
    assert stun.looks_like_stun(data)


def test_other_kinds_of_bytes() -> None:
    expected = stun.parse(SAMPLE_REQUEST)
    for data in (bytearray(SAMPLE_REQUEST), memoryview(SAMPLE_REQUEST)):
        assert stun.parse(data) == expected
        assert stun.decode(data) == (expected, ())
        assert stun.looks_like_stun(data)


# --- without the cookie


def test_message_of_rfc_3489() -> None:
    # A Binding request with CHANGE-REQUEST, and its response with the four addresses of then.
    request = bytes.fromhex("00010008 00112233445566778899aabbccddeeff 00030004 00000006")
    response = bytes.fromhex(
        "01010024 00112233445566778899aabbccddeeff"
        "00010008 00010d96 c0000201 00040008 00010d96 c6336401 00050008 00010d97 c6336402"
    )
    assert fault(request).offset == 4
    message, problems = stun.decode(request)
    assert message is not None
    assert "RFC 3489" in problems[0].message
    assert len(problems) == 1
    assert not message.has_magic_cookie
    assert message.get(AttributeType.CHANGE_REQUEST) == (True, True)
    answer, _ = stun.decode(response)
    assert answer is not None
    assert answer.xor_mapped_address == Address("192.0.2.1", 3478)
    assert answer.get(AttributeType.SOURCE_ADDRESS) == Address("198.51.100.1", 3478)
    assert answer.get(AttributeType.CHANGED_ADDRESS) == Address("198.51.100.2", 3479)


def test_xor_address_before_the_cookie_uses_the_transaction_id() -> None:
    # Drafts of RFC 5389 and [MS-TURN]: 0x8020, XORed with the first 32 bits after the length.
    data = bytes.fromhex("0101000c 00112233445566778899aabbccddeeff 80200008 00010d87 c0112032")
    message, _ = stun.decode(data)
    assert message is not None
    assert message.xor_mapped_address == Address("192.0.2.1", 0x0D96)


@pytest.mark.parametrize(
    "data",
    [
        "00010001 00112233445566778899aabbccddeeff 00",  # length no multiple of 4
        "00010004 00112233445566778899aabbccddeeff",  # cut short
        "00010000 00112233445566778899aabbccddeeff 00000000",  # bytes after the end
        "00010004 00112233445566778899aabbccddeeff 00010008",  # an attribute beyond the end
        "3fff0000 00112233445566778899aabbccddeeff",  # a method of nobody
    ],
)
def test_without_cookie_all_else_must_fit(data: str) -> None:
    message, problems = stun.decode(bytes.fromhex(data))
    assert message is None
    assert problems[0].offset == 4


# --- attributes


def test_unknown_attributes_are_kept_in_order() -> None:
    data = message_of("7777 0003 414243ff  8888 0000  00240004 00000001  7777 0001 5a000000")
    message = stun.parse(data)
    assert message.attributes == (
        RawAttribute(0x7777, b"ABC", 20),
        RawAttribute(0x8888, b"", 28),
        RawAttribute(0x0024, b"\0\0\0\1", 32),
        RawAttribute(0x7777, b"Z", 40),
    )
    assert message.get(0x7777) == b"ABC"
    assert message.get_all(0x7777) == [b"ABC", b"Z"]
    assert message.get(0x8888) == b""
    assert message.has(0x8888)
    assert message.get(0x9999) is None
    assert message.get_all(0x9999) == []
    assert not message.has(0x9999)
    assert message.span(0x7777) == (24, 3)
    assert message.span(0x9999) is None
    assert repr(message).endswith(" 0x7777 0x8888 PRIORITY 0x7777>")


def test_first_occurrence_counts() -> None:
    message = stun.parse(message_of("00240004 00000001 00240004 00000002"))
    assert message.priority == 1
    assert message.get_all(AttributeType.PRIORITY) == [1, 2]


def test_padding_does_not_count() -> None:
    zeros = message_of("0006 0001 41000000")
    others = message_of("0006 0001 41ffffff")
    assert stun.parse(zeros) == stun.parse(others)
    assert hash(stun.parse(zeros)) == hash(stun.parse(others))
    assert stun.parse(zeros) != stun.parse(message_of("0006 0001 42000000"))
    assert stun.parse(zeros) != zeros


def test_attribute_beyond_the_end() -> None:
    data = message_of("00240004 00000001  7777 0008 41424344")
    error = fault(data)
    assert error.offset == 32
    assert "4 of 8 bytes" in error.message
    message, problems = stun.decode(data)
    assert message is not None
    assert len(problems) == 1
    assert message.truncated
    assert message.priority == 1
    assert message.attributes[-1] == RawAttribute(0x7777, b"ABCD", 28)


def test_message_cut_inside_data_keeps_what_is_there() -> None:
    # What a capture with a short snap length leaves of a Send indication.
    full = stun.build(
        Method.SEND,
        MessageClass.INDICATION,
        TRANSACTION_ID,
        [
            (AttributeType.XOR_PEER_ADDRESS, ("192.0.2.7", 5004)),
            (AttributeType.DATA, b"\x80\x60" + bytes(200)),
        ],
    )
    message, problems = stun.decode(full[:60])
    assert message is not None
    assert len(problems) == 2
    assert message.truncated
    assert message.xor_peer_address == Address("192.0.2.7", 5004)
    assert message.data == b"\x80\x60" + bytes(22)
    assert stun.looks_like_stun(full[:60])


def test_message_cut_inside_text_does_not_mislead() -> None:
    message, problems = stun.decode(SAMPLE_REQUEST[:68])
    assert message is not None
    assert [problem.offset for problem in problems] == [68, 64]
    assert "USERNAME cut short: 4 of 9 bytes" in problems[1].message
    assert message.username is None
    assert message.attributes[-1].value == b"evtj"
    assert message.controlled == 0x932FF9B151263B36


def test_every_cut_of_a_message_is_read_up_to_the_cut() -> None:
    whole = stun.parse(SAMPLE_REQUEST)
    for size in range(20, len(SAMPLE_REQUEST)):
        message, problems = stun.decode(SAMPLE_REQUEST[:size])
        assert message is not None
        assert problems
        complete = [item for item in whole.attributes if item.offset + 4 + len(item.value) <= size]
        assert list(message.attributes[: len(complete)]) == complete
        assert len(message.attributes) <= len(complete) + 1


def test_truncated_says_whether_the_last_attribute_is_cut() -> None:
    header_cut, _ = stun.decode(message_of("00240004 00000001")[:-6])
    value_cut, _ = stun.decode(message_of("00240004 00000001")[:-2])
    between, _ = stun.decode(message_of("00240004 00000001 00250000")[:-4])
    assert header_cut is not None
    assert value_cut is not None
    assert between is not None
    assert (header_cut.truncated, value_cut.truncated, between.truncated) == (True, True, False)
    assert value_cut.priority is None
    assert between.priority == 1


@pytest.mark.parametrize("after", ["80220004 41424344", "80280004 00000000"])
def test_fingerprint_is_last(after: str) -> None:
    error = fault(message_of("80280004 00000000" + after))
    assert error.offset == 28
    assert "after FINGERPRINT" in error.message


def test_attributes_after_the_integrity_are_ignored() -> None:
    # RFC 8489, 9: all but MESSAGE-INTEGRITY-SHA256 and FINGERPRINT.
    unsigned = "00240004 00000002 80220001 41000000 00080014" + "11" * 20
    data = message_of(
        "00240004 00000001 00080014"
        + "00" * 20
        + unsigned
        + "001c0010"
        + "22" * 16
        + "80280004 00000000"
    )
    message = stun.parse(data)
    assert message.priority == 1
    assert message.get_all(AttributeType.PRIORITY) == [1]
    assert message.software is None
    assert not message.has(AttributeType.SOFTWARE)
    assert message.get(AttributeType.MESSAGE_INTEGRITY) == bytes(20)
    assert message.get(AttributeType.MESSAGE_INTEGRITY_SHA256) == b"\x22" * 16
    assert message.get(AttributeType.FINGERPRINT) == 0
    assert [item.type for item in message.ignored] == [0x0024, 0x8022, 0x0008]
    assert [item.type for item in message.attributes] == [
        0x0024, 0x0008, 0x0024, 0x8022, 0x0008, 0x001C, 0x8028,
    ]  # fmt: skip


def test_attributes_after_sha256_alone_are_ignored() -> None:
    data = message_of("001c0010" + "22" * 16 + "80220001 41000000 80280004 00000000")
    message = stun.parse(data)
    assert message.software is None
    assert [item.type for item in message.ignored] == [0x8022]


def test_attributes_between_both_integrities() -> None:
    # With MESSAGE-INTEGRITY present it is the limit, wherever MESSAGE-INTEGRITY-SHA256 stands.
    data = message_of(
        "001c0010" + "22" * 16 + "80220001 41000000 00080014" + "00" * 20 + "00240004 00000001"
    )
    message = stun.parse(data)
    assert message.software == "A"
    assert message.priority is None


def test_tolerant_reading_ignores_them_too() -> None:
    data = message_of("00080014" + "00" * 20 + "80220001 41000000") + b"?"
    message, _ = stun.decode(data)
    assert message is not None
    assert message.software is None


def test_problems_are_bounded() -> None:
    message, problems = stun.decode(message_of("00240000" * 16000))
    assert message is not None
    assert len(message.attributes) == 16000
    assert 1 < len(problems) <= 50


def test_messages_survive_pickling_and_copying() -> None:
    message = stun.parse(SAMPLE_RESPONSE_V4)
    for other in (pickle.loads(pickle.dumps(message)), copy.deepcopy(message)):
        assert other == message
        assert other.xor_mapped_address == Address("192.0.2.1", 32853)


def test_what_people_ask_of_turn() -> None:
    data = stun.build(
        Method.ALLOCATE,
        MessageClass.SUCCESS,
        TRANSACTION_ID,
        [
            (AttributeType.XOR_RELAYED_ADDRESS, ("192.0.2.15", 49152)),
            (AttributeType.XOR_MAPPED_ADDRESS, ("203.0.113.9", 40000)),
            (AttributeType.LIFETIME, 600),
            (AttributeType.CHANNEL_NUMBER, 0x4000),
            (AttributeType.REALM, "example.org"),
            (AttributeType.NONCE, b"n"),
            (AttributeType.ICE_CONTROLLING, 7),
        ],
    )
    message = stun.parse(data)
    assert message.xor_relayed_address == Address("192.0.2.15", 49152)
    assert message.xor_mapped_address == Address("203.0.113.9", 40000)
    assert (message.lifetime, message.channel_number) == (600, 0x4000)
    assert (message.realm, message.nonce) == ("example.org", b"n")
    assert (message.controlling, message.controlled) == (7, None)


# --- looking like STUN


def test_looks_like_stun() -> None:
    assert stun.looks_like_stun(HEADER)
    assert stun.looks_like_stun(SAMPLE_REQUEST)
    assert stun.looks_like_stun(SAMPLE_REQUEST[:40])
    assert not stun.looks_like_stun(HEADER[:4] + b"\x21\x12\xa4\x43" + HEADER[8:])
    assert not stun.looks_like_stun(b"\x16\xfe\xfd" + bytes(40))
    assert not stun.looks_like_stun(b"")


# --- building


def test_build_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        stun.build(1, 0, b"short")
    for method, message_class in ((-1, 0), (0x1000, 0), (1, 4), (1, -1)):
        with pytest.raises(ValueError, match="out of range"):
            stun.build(method, message_class, TRANSACTION_ID)
    with pytest.raises(ValueError, match="do not fit"):
        stun.build(1, 0, TRANSACTION_ID, [(AttributeType.DATA, bytes(65500))])


def test_build_fills_a_message_to_the_brim() -> None:
    data = stun.build(
        1, 0, TRANSACTION_ID, [(0x0013, bytes(0xFFFC - 68 - 4))], key=b"k", key_sha256=b"k"
    )
    assert data[2:4] == b"\xff\xfc"
    assert stun.verify_fingerprint(stun.parse(data)) is True


def test_build_signs_in_the_order_of_the_standard() -> None:
    data = stun.build(1, 0, TRANSACTION_ID, [(0x0006, "a:b")], key=b"k", key_sha256=b"k")
    kinds = [attribute.type for attribute in stun.parse(data).attributes]
    assert kinds == [0x0006, 0x0008, 0x001C, 0x8028]
