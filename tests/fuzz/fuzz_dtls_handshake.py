"""Handshake records: fragments, their reassembly, and the bodies that come of it, on any bytes."""

from rtckit.core.errors import ParseError
from rtckit.wire.dtls import (
    HandshakeMessage,
    Reassembler,
    build_handshake,
    decode_body,
    decode_handshake,
    parse_handshake,
    split_message,
)
from tests.fuzz.fuzz_dtls_messages import CODECS

_HELLO = HandshakeMessage(1, 0, CODECS["client_hello"].seeds[0])
_CERTIFICATE = HandshakeMessage(11, 2, CODECS["certificate"].seeds[0])

SEEDS: list[bytes] = [
    bytes.fromhex("0e 000000 0004 000000 000000"),
    bytes.fromhex("14 00000c 0002 000004 000003 aabbcc"),
    build_handshake(split_message(_HELLO, 1000)),
    build_handshake(split_message(_HELLO, 40)),
    build_handshake(reversed(split_message(_CERTIFICATE, 25))),
    build_handshake([*split_message(_HELLO, 70), *split_message(_HELLO, 31)]),
]


def check(data: bytes) -> None:
    """The law of the fragments; reassembly and bodies never raise and never grow the input."""
    fragments, problems = decode_handshake(data)
    try:
        parsed = parse_handshake(data)
    except ParseError as error:
        offset = error.offset
        assert problems
        assert offset is not None
        assert 0 <= offset <= len(data)
    else:
        assert not problems
        assert parsed == fragments
        assert build_handshake(parsed) == data
    for capacity in (256 * 1024, 600):
        reassembler = Reassembler(capacity)
        whole = [message for one in fragments if (message := reassembler.add(one)) is not None]
        assert sum(len(message.body) for message in whole) <= len(data)
        assert reassembler.retransmissions <= len(fragments)
        for message in whole:
            decode_body(message)
