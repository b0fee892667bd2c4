"""The codec's laws over valid, random and damaged messages, and aioice as an independent reader."""

from typing import Any

from aioice import stun as aioice
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.address import Address
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType as T
from rtckit.wire.stun import MessageClass, Method
from tests.fuzz.fuzz_stun import check
from tests.fuzz.mutations import mutations
from tests.strategies.stun import (
    KEYS,
    MESSAGES,
    SEEDS,
    TRANSACTION_IDS,
    UNKNOWN,
    VALUES,
    MessageParts,
)


@given(MESSAGES)
def test_parse_of_build(parts: MessageParts) -> None:
    message = stun.parse(stun.build(*parts))
    assert message.method == parts.method
    assert message.message_class is parts.message_class
    assert message.transaction_id == parts.transaction_id
    assert [item.type for item in message.attributes[:-1]] == [kind for kind, _ in parts.attributes]
    assert message.ignored == ()
    values: dict[int, list[Any]] = {}
    for kind, value in parts.attributes:
        values.setdefault(kind, []).append(value)
    for kind, expected in values.items():
        assert message.get(kind) == expected[0]
        assert message.get_all(kind) == expected


@given(MESSAGES)
def test_build_of_parse(parts: MessageParts) -> None:
    data = stun.build(*parts)
    message = stun.parse(data)
    again = stun.build(
        message.method,
        message.message_class,
        message.transaction_id,
        [(item.type, item.value) for item in message.attributes],
        fingerprint=False,
    )
    assert again == data


@given(st.binary(max_size=120))
def test_any_bytes(data: bytes) -> None:
    check(data)


@given(
    st.integers(0, 0x3FFF),
    TRANSACTION_IDS,
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from(sorted(map(int, T))), UNKNOWN),
            st.binary(max_size=40),
            st.one_of(st.none(), st.integers(0, 50)),
        ),
        max_size=6,
    ),
    st.binary(max_size=5),
)
def test_any_attributes_behind_a_right_header(
    kind: int,
    transaction_id: bytes,
    attributes: list[tuple[int, bytes, int | None]],
    trailer: bytes,
) -> None:
    """Random values, sometimes with a length that lies, sometimes with something after them."""
    body = b""
    for number, value, length in attributes:
        said = len(value) if length is None else length
        body += number.to_bytes(2, "big") + said.to_bytes(2, "big") + value + bytes(-len(value) & 3)
    head = kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + bytes.fromhex("2112a442")
    check(head + transaction_id + body + trailer)


@given(st.sampled_from(SEEDS), st.data())
def test_every_cut(seed: bytes, data: st.DataObject) -> None:
    check(seed[: data.draw(st.integers(0, len(seed)))])


def test_mutated_messages() -> None:
    for data in mutations(SEEDS, 10_000, seed=8489):
        check(data)


def test_headers_of_attributes_remembered_are_bounded() -> None:
    from rtckit.wire.stun import reader

    for kind in range(5000):
        stun.parse(stun.build(1, 0, bytes(12), [(0x9000 + kind, b"")], fingerprint=False))
    assert len(reader._shapes) <= 4096


# --- aioice as an independent reader and writer

_AIOICE: dict[str, int] = {name: kind for kind, name, _, _ in aioice.ATTRIBUTES}
_AIOICE_PLAIN = {
    kind: name for name, kind in _AIOICE.items() if name not in ("MESSAGE-INTEGRITY", "FINGERPRINT")
}
_CLASSES = {
    MessageClass.REQUEST: aioice.Class.REQUEST,
    MessageClass.INDICATION: aioice.Class.INDICATION,
    MessageClass.SUCCESS: aioice.Class.RESPONSE,
    MessageClass.ERROR: aioice.Class.ERROR,
}

# aioice holds one value for each attribute, and some in another form than rtckit.
_AIOICE_ATTRIBUTES = st.lists(
    st.sampled_from(sorted(_AIOICE_PLAIN)).flatmap(
        lambda kind: st.tuples(st.just(kind), VALUES[kind])
    ),
    max_size=6,
    unique_by=lambda item: item[0],
)


def _as_aioice(kind: int, value: Any) -> Any:
    if kind == T.CHANGE_REQUEST:
        return value[0] << 2 | value[1] << 1
    if kind == T.REQUESTED_TRANSPORT:
        return value << 24
    if kind == T.USE_CANDIDATE:
        return None
    return tuple(value) if isinstance(value, tuple) else value


@given(
    st.sampled_from(list(aioice.Method)),
    st.sampled_from(MessageClass),
    TRANSACTION_IDS,
    _AIOICE_ATTRIBUTES,
    KEYS,
)
def test_aioice_reads_what_rtckit_writes(
    method: aioice.Method,
    message_class: MessageClass,
    transaction_id: bytes,
    attributes: list[tuple[int, Any]],
    key: bytes,
) -> None:
    data = stun.build(method, message_class, transaction_id, attributes, key=key)
    theirs = aioice.parse_message(data)
    assert theirs.message_method == method
    assert theirs.message_class == _CLASSES[message_class]
    assert theirs.transaction_id == transaction_id
    assert theirs.check_message_integrity(key)
    for kind, value in attributes:
        assert theirs.attributes[_AIOICE_PLAIN[kind]] == _as_aioice(kind, value)


@given(
    st.sampled_from(list(aioice.Method)),
    st.sampled_from(MessageClass),
    TRANSACTION_IDS,
    _AIOICE_ATTRIBUTES,
    KEYS,
)
def test_rtckit_reads_what_aioice_writes(
    method: aioice.Method,
    message_class: MessageClass,
    transaction_id: bytes,
    attributes: list[tuple[int, Any]],
    key: bytes,
) -> None:
    theirs = aioice.Message(
        method,
        _CLASSES[message_class],
        transaction_id,
        {_AIOICE_PLAIN[kind]: _as_aioice(kind, value) for kind, value in attributes},
    )
    theirs.add_message_integrity(key)
    data = bytes(theirs)
    message = stun.parse(data)
    assert message.method == method
    assert message.message_class is message_class
    assert stun.verify_integrity(message, key) is True
    assert stun.verify_fingerprint(message) is True
    for kind, value in attributes:
        assert message.get(kind) == value
    assert stun.build(method, message_class, transaction_id, attributes, key=key) == data


def test_what_aioice_cannot_read() -> None:
    # GOOG_PING, an unknown attribute, a repeated one: all are in real captures.
    data = stun.build(
        Method.GOOG_PING,
        MessageClass.REQUEST,
        bytes(12),
        [(0x7777, b"?"), (T.XOR_PEER_ADDRESS, ("192.0.2.1", 1)), (T.XOR_PEER_ADDRESS, ("::1", 2))],
    )
    message = stun.parse(data)
    assert message.get(0x7777) == b"?"
    assert message.xor_peer_addresses == [Address("192.0.2.1", 1), Address("::1", 2)]
