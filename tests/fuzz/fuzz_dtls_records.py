"""Records: nothing raises, strict refuses what tolerant complains of, the rest is written back."""

from rtckit.core.errors import ParseError
from rtckit.wire.dtls import build_records, decode_records, parse_records

SEEDS: list[bytes] = [
    # A handshake record and an alert, in the clear.
    bytes.fromhex("16 fefd 0000 000000000005 000c 0e0000000004000000000000"),
    bytes.fromhex("15 fefd 0000 000000000006 0002 0228"),
    # ChangeCipherSpec and what follows it, in one datagram.
    bytes.fromhex("14 fefd 0000 000000000007 0001 01 16 fefd 0001 000000000000 0004 01020304"),
    # A connection id of four bytes (RFC 9146).
    bytes.fromhex("19 fefd 0001 000000000001 c0ffee00 0005 0102030405"),
    # DTLS 1.3: the shortest header, the longest, and two records in a datagram.
    bytes.fromhex("22 9a") + bytes(range(16)),
    bytes.fromhex("3f aabbccdd 1234 0010") + bytes(range(16)),
    bytes.fromhex("2e 0001 0012") + bytes(18) + bytes.fromhex("2b 0002") + bytes(40),
]


def check(data: bytes) -> None:
    """The law of the record codec, without connection ids, without length, and with four bytes."""
    for connection_id_length in (None, 0, 4):
        records, problems = decode_records(data, connection_id_length)
        assert sum(len(record.fragment) for record in records) <= len(data)
        try:
            parsed = parse_records(data, connection_id_length)
        except ParseError as error:
            offset = error.offset
            assert problems
            assert offset is not None
            assert 0 <= offset <= len(data)
        else:
            assert not problems
            assert parsed == records
            assert build_records(parsed) == data
