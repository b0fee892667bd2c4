"""A STUN server that gets any bytes: it never raises, and never answers at greater length."""

from rtckit.core.address import Address
from rtckit.live.stun_responder import Responder
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType, MessageClass, Method

_ADDRESSES = tuple(Address(ip, port) for ip in ("192.0.2.1", "192.0.2.2") for port in (3478, 3479))
_SOURCE = Address("198.51.100.7", 40000)

SEEDS: list[bytes] = [
    stun.build(Method.BINDING, MessageClass.REQUEST, bytes(range(12)), attributes)
    for attributes in (
        [],
        [(AttributeType.CHANGE_REQUEST, (True, False))],
        [(AttributeType.RESPONSE_PORT, 77)],
        [(AttributeType.PADDING, bytes(40))],
        [(0x7777, b"unknown")],
    )
] + [b"\0\1\0\0" + bytes(range(16))]


def check(data: bytes) -> None:
    """An answer goes to whole Binding requests only, from an address of the server's own."""
    reply = Responder(_ADDRESSES).answer(data, _SOURCE, _ADDRESSES[0], 0.0)
    if reply is None:
        return
    assert data[:2] == b"\0\1"
    assert reply.to.ip == _SOURCE.ip
    assert reply.source in _ADDRESSES
    assert len(reply.data) <= len(data) + 48
    message, _ = stun.decode(reply.data)
    assert message is not None
    assert message.raw[8:20] == data[8:20]
