"""Handshake fragments against the layout of RFC 6347, 4.2.2, worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.dtls import (
    HandshakeFragment,
    HandshakeMessage,
    build_handshake,
    decode_handshake,
    parse_handshake,
    split_message,
)
from tests.strategies.dtls import fragments, messages

# ServerHelloDone (14), length 0, message_seq 4, fragment 0 to 0.
DONE = bytes.fromhex("0e 000000 0004 000000 000000")
# Finished (20) of 12 bytes, message_seq 2, its bytes 4 to 7.
PART = bytes.fromhex("14 00000c 0002 000004 000003 aabbcc")


def test_an_empty_message() -> None:
    assert parse_handshake(DONE) == (HandshakeFragment(14, 0, 4, 0, b""),)
    assert parse_handshake(DONE)[0].whole


def test_a_fragment() -> None:
    (fragment,) = parse_handshake(PART)
    assert fragment == HandshakeFragment(20, 12, 2, 4, b"\xaa\xbb\xcc")
    assert fragment.end == 7
    assert not fragment.whole


def test_several_messages_in_a_record() -> None:
    first, second, third = parse_handshake(PART + DONE + PART)
    assert (first.offset, second.offset, third.offset) == (0, 15, 27)
    assert first == third


def test_a_fragment_beyond_its_message_is_left_out_and_the_next_one_read() -> None:
    # 12 bytes long, but bytes 10 to 13.
    bad = bytes.fromhex("14 00000c 0002 00000a 000003 aabbcc")
    found, problems = decode_handshake(bad + DONE)
    assert found == (HandshakeFragment(14, 0, 4, 0, b""),)
    assert "ends at byte 13" in problems[0].message
    with pytest.raises(ParseError, match="a fragment within 12 bytes"):
        parse_handshake(bad + DONE)


@pytest.mark.parametrize("cut", range(1, len(PART)))
def test_a_record_cut_anywhere(cut: int) -> None:
    found, problems = decode_handshake(DONE + PART[:cut])
    assert found[0].msg_type == 14
    assert len(problems) == 1
    if cut >= 12:
        assert found[1].body == PART[12:cut]
        assert found[1].missing == len(PART) - cut
    with pytest.raises(ParseError):
        parse_handshake(DONE + PART[:cut])


def test_an_empty_record_is_no_handshake() -> None:
    with pytest.raises(ParseError, match="empty"):
        parse_handshake(b"")


@pytest.mark.parametrize(
    "fragment",
    [
        HandshakeFragment(1, 2, 0, 0, b"abc"),
        HandshakeFragment(1, 3, 0, 1, b"abc"),
        HandshakeFragment(1, 3, 0, -1, b"abc"),
        HandshakeFragment(1, 2**24, 0, 0, b"abc"),
        HandshakeFragment(256, 3, 0, 0, b"abc"),
        HandshakeFragment(1, 3, 2**16, 0, b"abc"),
        HandshakeFragment(1, 4, 0, 0, b"abc", missing=1),
    ],
)
def test_what_does_not_fit_is_not_built(fragment: HandshakeFragment) -> None:
    with pytest.raises(ValueError):
        build_handshake([fragment])


def test_a_record_of_no_fragments_is_not_built() -> None:
    with pytest.raises(ValueError, match="at least one fragment"):
        build_handshake([])


def test_a_message_splits_into_adjoining_ranges() -> None:
    message = HandshakeMessage(11, 1, b"abcdefg")
    parts = split_message(message, 3)
    assert [(part.fragment_offset, part.body) for part in parts] == [
        (0, b"abc"),
        (3, b"def"),
        (6, b"g"),
    ]
    assert {(part.msg_type, part.length, part.message_seq) for part in parts} == {(11, 7, 1)}
    assert len(split_message(HandshakeMessage(14, 1, b""), 3)) == 1
    with pytest.raises(ValueError, match="at least one byte"):
        split_message(message, 0)


@given(st.lists(fragments(), min_size=1, max_size=5).map(tuple))
def test_reading_what_was_written(written: tuple[HandshakeFragment, ...]) -> None:
    data = build_handshake(written)
    assert parse_handshake(data) == written
    assert build_handshake(parse_handshake(data)) == data


@given(messages(), st.integers(1, 100))
def test_a_split_message_is_all_there(message: HandshakeMessage, longest: int) -> None:
    parts = split_message(message, longest)
    assert b"".join(part.body for part in parts) == message.body
    assert parse_handshake(build_handshake(parts)) == parts


@given(st.binary(max_size=120))
def test_strict_and_tolerant_agree_on_any_bytes(data: bytes) -> None:
    _, problems = decode_handshake(data)
    if problems:
        with pytest.raises(ParseError):
            parse_handshake(data)
    else:
        assert build_handshake(parse_handshake(data)) == data
