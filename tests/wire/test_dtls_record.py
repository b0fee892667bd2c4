"""DTLS records against layouts worked out by hand: RFC 6347, 4.1; RFC 9146, 4; RFC 9147, 4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.dtls import (
    Record,
    build_record,
    build_records,
    decode_records,
    parse_records,
)
from tests.strategies.dtls import datagrams

# type 22, version fe fd, epoch 0, sequence number 5, length 3.
PLAINTEXT = bytes.fromhex("16 fefd 0000 000000000005 0003 aabbcc")
# type 23, version fe fd, epoch 1, sequence number 2^47 + 1, length 2.
ENCRYPTED = bytes.fromhex("17 fefd 0001 800000000001 0002 0102")
SIXTEEN = bytes(range(16))


def test_a_plaintext_record() -> None:
    (record,) = parse_records(PLAINTEXT)
    assert record == Record(22, 0xFEFD, 0, 5, b"\xaa\xbb\xcc")
    assert not record.encrypted
    assert not record.unified
    assert record.offset == 0


def test_an_epoch_above_zero_is_encrypted() -> None:
    (record,) = parse_records(ENCRYPTED)
    assert (record.content_type, record.epoch, record.sequence) == (23, 1, 2**47 + 1)
    assert record.encrypted


def test_several_records_in_a_datagram() -> None:
    first, second = parse_records(PLAINTEXT + ENCRYPTED)
    assert (first.offset, second.offset) == (0, 16)
    assert (first.content_type, second.content_type) == (22, 23)


def test_the_version_of_an_initial_client_hello_may_be_1_0() -> None:
    (record,) = parse_records(bytes.fromhex("16 feff 0000 000000000000 0001 00"))
    assert record.version == 0xFEFF


def test_a_connection_id_record() -> None:
    # RFC 9146, figure 3: the id stands between the sequence number and the length.
    data = bytes.fromhex("19 fefd 0001 000000000007 c0ffee 0002 0102")
    (record,) = parse_records(data, connection_id_length=3)
    assert record.connection_id == b"\xc0\xff\xee"
    assert (record.epoch, record.sequence, record.fragment) == (1, 7, b"\x01\x02")
    assert record.encrypted


@pytest.mark.parametrize(
    ("length", "message"), [(None, "unknown length"), (0, "where none was agreed")]
)
def test_a_connection_id_that_was_not_announced(length: int | None, message: str) -> None:
    data = bytes.fromhex("19 fefd 0001 000000000007 c0ffee 0002 0102")
    with pytest.raises(ParseError, match=message):
        parse_records(data, length)
    (record,), _ = decode_records(data, length)
    assert (record.epoch, record.sequence) == (1, 7)
    assert record.fragment == bytes.fromhex("c0ffee 0002 0102")


# The first bytes, bit by bit (RFC 9147, figure 3): 0 0 1 C S L E E.
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # 0b001_0_0_0_10: the shortest header of figure 4.
        ("22 9a", Record(None, None, 2, 0x9A, SIXTEEN, b"", 1, False)),
        # 0b001_0_1_0_11: a sequence number of 16 bits.
        ("2b 1234", Record(None, None, 3, 0x1234, SIXTEEN, b"", 2, False)),
        # 0b001_0_0_1_01: a length.
        ("25 9a 0010", Record(None, None, 1, 0x9A, SIXTEEN, b"", 1, True)),
        # 0b001_0_1_1_00: both.
        ("2c 1234 0010", Record(None, None, 0, 0x1234, SIXTEEN, b"", 2, True)),
        # 0b001_1_1_1_11: the full header of figure 4, with a connection id of 4 bytes.
        ("3f aabbccdd 1234 0010", Record(None, None, 3, 0x1234, SIXTEEN, b"\xaa\xbb\xcc\xdd", 2)),
        # 0b001_1_0_0_10: a connection id and nothing else.
        ("32 aabbccdd 9a", Record(None, None, 2, 0x9A, SIXTEEN, b"\xaa\xbb\xcc\xdd", 1, False)),
    ],
)
def test_the_unified_header(data: str, expected: Record) -> None:
    datagram = bytes.fromhex(data) + SIXTEEN
    (record,) = parse_records(datagram, connection_id_length=4)
    assert record == expected
    assert record.unified
    assert record.encrypted
    assert build_record(record) == datagram


def test_a_unified_record_without_length_takes_the_rest() -> None:
    datagram = PLAINTEXT + bytes.fromhex("22 9a") + PLAINTEXT + ENCRYPTED
    plain, unified = parse_records(datagram)
    assert plain.content_type == 22
    assert unified.fragment == PLAINTEXT + ENCRYPTED
    assert unified.offset == len(PLAINTEXT)


def test_unified_records_with_length_share_a_datagram_with_plaintext() -> None:
    # A DTLS 1.3 server's first flight: ServerHello in the clear, the rest in epoch 2.
    unified = bytes.fromhex("2e 0001 0010") + SIXTEEN
    first, second, third = parse_records(PLAINTEXT + unified + unified)
    assert (first.epoch, second.epoch, third.epoch) == (0, 2, 2)
    assert third.offset == 16 + 21


def test_a_connection_id_nobody_announced_hides_the_rest() -> None:
    datagram = bytes.fromhex("3e") + SIXTEEN
    (record,), problems = decode_records(datagram)
    assert record.fragment == SIXTEEN
    assert "unknown length" in problems[0].message
    assert problems[0].offset == 1


@pytest.mark.parametrize("cut", range(1, len(ENCRYPTED)))
def test_a_datagram_cut_anywhere_keeps_what_came_before(cut: int) -> None:
    records, problems = decode_records(PLAINTEXT + ENCRYPTED[:cut])
    assert records[0].content_type == 22
    assert problems
    assert problems[0].offset is not None
    assert problems[0].offset >= len(PLAINTEXT)
    with pytest.raises(ParseError):
        parse_records(PLAINTEXT + ENCRYPTED[:cut])
    if cut >= 13:
        assert records[1].fragment == ENCRYPTED[13:cut]
        assert records[1].missing == len(ENCRYPTED) - cut


def test_a_record_cut_in_its_connection_id() -> None:
    data = bytes.fromhex("19 fefd 0001 000000000007 c0ffee 00")
    records, problems = decode_records(PLAINTEXT + data, 3)
    assert [record.content_type for record in records] == [22]
    assert problems[0].message == "record header cut short in its connection id"
    assert problems[0].offset == len(PLAINTEXT) + 11
    with pytest.raises(ParseError, match="unified header cut short: 3 of 7 bytes"):
        parse_records(bytes.fromhex("36 c0ff"), 3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "empty"),
        ("00 fefd 0000 000000000000 0001 00", "starts with 0x00"),
        ("40 fefd 0000 000000000000 0001 00", "starts with 0x40"),
        ("1b fefd 0000 000000000000 0001 00", "starts with 0x1b"),
        ("16 0303 0000 000000000000 0001 00", "0x0303 is no version"),
        ("16 fefd 0000 000000000000 0000", "empty record of handshake"),
        ("15 fefd 0000 000000000000 0000", "empty record of alert"),
        ("22 00 0102", "2 bytes cannot be a DTLS 1.3 ciphertext"),
        ("2f 00", "unified header cut short"),
    ],
)
def test_what_is_no_datagram_of_dtls(data: str, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parse_records(bytes.fromhex(data))


def test_a_record_longer_than_allowed() -> None:
    header = bytes.fromhex("16 fefd 0000 000000000000 4001")
    records, problems = decode_records(header + bytes(0x4001))
    assert len(records[0].fragment) == 0x4001
    assert "at most 16384 bytes" in str(problems[0])
    # Encrypted, it may have grown by 2048 bytes (RFC 5246, 6.2.3).
    header = bytes.fromhex("17 fefd 0001 000000000000 4800")
    assert parse_records(header + bytes(0x4800))


@pytest.mark.parametrize(
    "record",
    [
        Record(22, 0xFEFD, 0, 0, b""),
        Record(22, 0x0303, 0, 0, b"a"),
        Record(22, None, 0, 0, b"a"),
        Record(19, 0xFEFD, 0, 0, b"a"),
        Record(22, 0xFEFD, 2**16, 0, b"a"),
        Record(22, 0xFEFD, 0, 2**48, b"a"),
        Record(22, 0xFEFD, 0, 0, bytes(2**14 + 1)),
        Record(22, 0xFEFD, 0, 0, b"a", missing=1),
        Record(22, 0xFEFD, 0, 0, b"a", b"id"),
        Record(25, 0xFEFD, 1, 0, b"a"),
        Record(25, 0xFEFD, 1, 0, b"a", bytes(256)),
        Record(22, 0xFEFD, 0, 0, b"a", explicit_length=False),
        Record(None, None, 4, 0, SIXTEEN, b"", 1),
        Record(None, None, 0, 256, SIXTEEN, b"", 1),
        Record(None, None, 0, 0, SIXTEEN, b"", 6),
        Record(None, None, 0, 0, SIXTEEN[1:], b"", 1),
    ],
)
def test_what_no_record_can_hold_is_not_built(record: Record) -> None:
    with pytest.raises(ValueError):
        build_record(record)


def test_a_record_without_length_must_come_last() -> None:
    unified = Record(None, None, 2, 1, SIXTEEN, b"", 1, explicit_length=False)
    plain = Record(21, 0xFEFD, 0, 0, b"\x02\x28")
    assert build_records([plain, unified]) == build_record(plain) + build_record(unified)
    with pytest.raises(ValueError, match="ends its datagram"):
        build_records([unified, plain])
    with pytest.raises(ValueError, match="at least one record"):
        build_records([])


def test_a_connection_id_length_is_a_byte() -> None:
    with pytest.raises(ValueError, match="0 to 255"):
        decode_records(PLAINTEXT, -1)


@given(datagrams())
def test_reading_what_was_written(case: tuple[tuple[Record, ...], int | None]) -> None:
    records, connection_id_length = case
    datagram = build_records(records)
    read = parse_records(datagram, connection_id_length)
    assert read == records
    assert build_records(read) == datagram
    for record in read:
        end = record.offset + len(build_record(record))
        assert datagram[record.offset : end] == build_record(record)


@given(st.binary(max_size=120), st.none() | st.integers(0, 255))
def test_strict_and_tolerant_agree_on_any_bytes(data: bytes, length: int | None) -> None:
    records, problems = decode_records(data, length)
    assert sum(len(record.fragment) for record in records) <= len(data)
    if problems:
        with pytest.raises(ParseError):
            parse_records(data, length)
    else:
        assert build_records(parse_records(data, length)) == data
