"""Valid STUN messages and values, and the standard's own messages as seeds."""

from typing import Any, NamedTuple

from hypothesis import strategies as st

from rtckit.core.address import Address
from rtckit.wire.stun import AttributeType as T
from rtckit.wire.stun import (
    MessageClass,
    Method,
    PasswordAlgorithm,
    build,
)

U8 = st.integers(0, 0xFF)
U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)
U64 = st.integers(0, 2**64 - 1)

TRANSACTION_IDS = st.binary(min_size=12, max_size=12)

ADDRESSES = st.builds(Address, st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str), U16)

# Any text that UTF-8 can carry: no lone surrogates. 190 characters fill at most 760 bytes.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=190)

CODES = st.integers(300, 699)
ALGORITHMS = st.builds(PasswordAlgorithm, U16, st.binary(max_size=9))

VALUES: dict[int, st.SearchStrategy[Any]] = {
    T.MAPPED_ADDRESS: ADDRESSES,
    T.RESPONSE_ADDRESS: ADDRESSES,
    T.CHANGE_REQUEST: st.tuples(st.booleans(), st.booleans()),
    T.SOURCE_ADDRESS: ADDRESSES,
    T.CHANGED_ADDRESS: ADDRESSES,
    T.USERNAME: TEXTS,
    T.ERROR_CODE: st.tuples(CODES, TEXTS),
    T.UNKNOWN_ATTRIBUTES: st.lists(U16, max_size=9).map(tuple),
    T.REFLECTED_FROM: ADDRESSES,
    T.CHANNEL_NUMBER: U16,
    T.LIFETIME: U32,
    T.BANDWIDTH: U32,
    T.XOR_PEER_ADDRESS: ADDRESSES,
    T.DATA: st.binary(max_size=64),
    T.REALM: TEXTS,
    T.NONCE: st.binary(max_size=80),
    T.XOR_RELAYED_ADDRESS: ADDRESSES,
    T.REQUESTED_ADDRESS_FAMILY: U8,
    T.EVEN_PORT: st.booleans(),
    T.REQUESTED_TRANSPORT: U8,
    T.DONT_FRAGMENT: st.just(True),
    T.ACCESS_TOKEN: st.tuples(st.binary(max_size=12), st.binary(max_size=40)),
    T.PASSWORD_ALGORITHM: ALGORITHMS,
    T.USERHASH: st.binary(min_size=32, max_size=32),
    T.XOR_MAPPED_ADDRESS: ADDRESSES,
    T.RESERVATION_TOKEN: st.binary(min_size=8, max_size=8),
    T.PRIORITY: U32,
    T.USE_CANDIDATE: st.just(True),
    T.PADDING: st.binary(max_size=64),
    T.RESPONSE_PORT: U16,
    T.CONNECTION_ID: U32,
    T.ADDITIONAL_ADDRESS_FAMILY: U8,
    T.ADDRESS_ERROR_CODE: st.tuples(U8, CODES, TEXTS),
    T.PASSWORD_ALGORITHMS: st.lists(ALGORITHMS, max_size=3).map(tuple),
    T.ALTERNATE_DOMAIN: st.text(st.characters(codec="ascii"), max_size=255),
    T.ICMP: st.tuples(U8, U8, U32),
    T.MS_VERSION: U32,
    T.MS_XOR_MAPPED_ADDRESS: ADDRESSES,
    T.SOFTWARE: TEXTS,
    T.ALTERNATE_SERVER: ADDRESSES,
    T.TRANSACTION_TRANSMIT_COUNTER: st.tuples(U8, U8),
    T.CACHE_TIMEOUT: U32,
    T.ICE_CONTROLLED: U64,
    T.ICE_CONTROLLING: U64,
    T.RESPONSE_ORIGIN: ADDRESSES,
    T.OTHER_ADDRESS: ADDRESSES,
    T.ECN_CHECK: st.tuples(st.booleans(), st.integers(0, 3)),
    T.THIRD_PARTY_AUTHORIZATION: TEXTS,
    T.ORIGIN: TEXTS,
    T.MOBILITY_TICKET: st.binary(max_size=40),
    T.MS_SEQUENCE_NUMBER: st.tuples(st.binary(min_size=20, max_size=20), U32),
    T.CANDIDATE_IDENTIFIER: TEXTS,
    T.MS_SERVICE_QUALITY: st.tuples(U16, U16),
    T.MS_IMPLEMENTATION_VERSION: U32,
    T.GOOG_NOMINATION: U32,
    T.GOOG_NETWORK_INFO: st.tuples(U16, U16),
    T.GOOG_LAST_ICE_CHECK_RECEIVED: TRANSACTION_IDS,
    T.GOOG_MISC_INFO: st.lists(U16, max_size=4).map(tuple),
    T.GOOG_DELTA_ACK: U64,
    T.DTLS_IN_STUN: st.binary(max_size=64),
    T.DTLS_IN_STUN_ACKNOWLEDGEMENT: st.lists(U32, max_size=4).map(tuple),
    T.GOOG_RETRANSMIT_COUNT: U32,
}
"""What each attribute may hold, as :meth:`Message.get` returns it."""

UNKNOWN = st.integers(0, 0xFFFF).filter(lambda kind: kind not in set(map(int, T)))

ATTRIBUTES = st.one_of(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda kind: st.tuples(st.just(int(kind)), VALUES[kind])
    ),
    st.tuples(UNKNOWN, st.binary(max_size=32)),
)


class MessageParts(NamedTuple):
    """The arguments of :func:`rtckit.wire.stun.build`, in its order."""

    method: int
    message_class: MessageClass
    transaction_id: bytes
    attributes: list[tuple[int, Any]]


MESSAGES = st.builds(
    MessageParts,
    st.integers(0, 0xFFF),
    st.sampled_from(MessageClass),
    TRANSACTION_IDS,
    st.lists(ATTRIBUTES, max_size=8),
)

KEYS = st.binary(min_size=1, max_size=100)

# RFC 5769, 2.1 to 2.4.
SAMPLE_REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)
SAMPLE_RESPONSE_V4 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)
SAMPLE_RESPONSE_V6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
)
SAMPLE_LONG_TERM = bytes.fromhex(
    "000100602112a44278ad3433c6ad72c029da412e"
    "00060012e3839ee38388e383aae38383e382afe382b90000"
    "0015001c662f2f3439396b39353464364f4c33346f4c394653547679363473"
    "410014000b6578616d706c652e6f726700"
    "00080014f67024656dd64a3e02b8e0712e85c9a28ca89666"
)

# RFC 8489, B.1 as erratum 6268 corrects it: PASSWORD-ALGORITHM before the integrity.
SAMPLE_SHA256 = bytes.fromhex(
    "000100902112a44278ad3433c6ad72c029da412e"
    "001e00204a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704"
    "001500296f624d61744a6f7332414141"
    "43662f2f3439396b39353464364f4c33346f4c39465354767936347341000000"
    "0014000b6578616d706c652e6f726700"
    "001d000400020000"
    "001c0020b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65"
)

TRANSACTION_ID = bytes.fromhex("b7e7a701bc34d686fa87dfae")


def _one_of_each() -> bytes:
    """A message with nearly every attribute, for mutations."""
    return build(
        Method.ALLOCATE,
        MessageClass.SUCCESS,
        TRANSACTION_ID,
        [
            (T.ERROR_CODE, (438, "Stale Nonce")),
            (T.UNKNOWN_ATTRIBUTES, (1, 2, 0x7777)),
            (T.XOR_PEER_ADDRESS, ("2001:db8::1", 9)),
            (T.XOR_RELAYED_ADDRESS, ("192.0.2.1", 49152)),
            (T.EVEN_PORT, True),
            (T.ADDRESS_ERROR_CODE, (2, 440, "no v6")),
            (T.PASSWORD_ALGORITHMS, ((2, b""), (1, b"x"))),
            (T.ACCESS_TOKEN, (b"nonce", b"block")),
            (T.ALTERNATE_DOMAIN, "example.org"),
            (T.ICMP, (3, 4, 1400)),
            (T.GOOG_NETWORK_INFO, (1, 10)),
            (T.GOOG_MISC_INFO, (1,)),
            (T.DTLS_IN_STUN_ACKNOWLEDGEMENT, (0xDEADBEEF,)),
            (T.MS_SEQUENCE_NUMBER, (bytes(20), 7)),
            (T.RESPONSE_PORT, 3478),
            (0x7777, b"unknown"),
            (T.SOFTWARE, "None of your business"),
            (T.LIFETIME, 600),
        ],
        key=b"key",
        key_sha256=b"key",
    )


SEEDS = [
    SAMPLE_REQUEST,
    SAMPLE_RESPONSE_V4,
    SAMPLE_RESPONSE_V6,
    SAMPLE_LONG_TERM,
    SAMPLE_SHA256,
    _one_of_each(),
    build(
        Method.SEND,
        MessageClass.INDICATION,
        TRANSACTION_ID,
        [(T.XOR_PEER_ADDRESS, ("203.0.113.7", 5004)), (T.DATA, b"\x80\x60payload")],
    ),
    # A Binding request of RFC 3489: no cookie, CHANGE-REQUEST.
    bytes.fromhex("00010008 00112233445566778899aabbccddeeff 00030004 00000006"),
    build(Method.GOOG_PING, MessageClass.REQUEST, TRANSACTION_ID, fingerprint=False),
]
"""Messages to damage."""
