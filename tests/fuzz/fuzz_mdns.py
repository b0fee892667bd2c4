"""Multicast DNS messages from any bytes."""

from rtckit.core.errors import ParseError
from rtckit.wire.mdns import MdnsMessage, Question, address_record, build, decode, parse

_NAME = "1f4712db-ea17-4bcf-a596-105139dfd8bf.local"

SEEDS: list[bytes] = [
    build(MdnsMessage((Question(_NAME, 1), Question(_NAME, 28, True)))),
    build(MdnsMessage(answers=(address_record(_NAME, "192.0.2.1"),), flags=0x8400)),
    build(MdnsMessage(additionals=(address_record(_NAME, "2001:db8::1"),), flags=0x8400)),
    # Two answers, the second with a name that points into the first.
    bytes.fromhex(
        "000084000000000200000000 0161056c6f63616c00 00018001 00000078 0004 c0000201"
        "0162 c00e 00018001 00000078 0004 c0000202"
    ),
    bytes.fromhex("000000000001000000000000 c00c 00010001"),
]


def check(data: bytes) -> None:
    """Strict reading fails exactly when tolerant reading has a problem; what is read is rebuilt."""
    message, problems = decode(data)
    try:
        parsed = parse(data)
    except ParseError:
        assert problems
        assert all(problem.offset <= len(data) for problem in problems if problem.offset)
    else:
        assert not problems
        assert parsed == message
    if message is not None:
        assert parse(build(message)) == message
