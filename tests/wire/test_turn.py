"""ChannelData (RFC 8656, 12.4). Bytes worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.turn import (
    ChannelData,
    build_channel_data,
    decode_channel_data,
    parse_channel_data,
)
from tests.fuzz.fuzz_channel_data import SEEDS, check
from tests.fuzz.mutations import mutations

CHANNELS = st.integers(0x4000, 0x4FFF)


def test_layout() -> None:
    data = bytes.fromhex("40010003 616263")
    assert parse_channel_data(data) == ChannelData(0x4001, b"abc")
    assert build_channel_data(ChannelData(0x4001, b"abc")) == data
    assert build_channel_data(ChannelData(0x4001, b"abc"), pad=True) == data + b"\0"


def test_no_data_is_data() -> None:
    # "Note that 0 is a valid length" (RFC 8656, 12.4).
    assert parse_channel_data(bytes.fromhex("4fff0000")) == ChannelData(0x4FFF, b"")
    assert build_channel_data(ChannelData(0x4FFF, b""), pad=True) == bytes.fromhex("4fff0000")


@pytest.mark.parametrize("padding", [b"\0\0\0", b"\xff\xff\xff"])
def test_padding_is_allowed_over_udp_too(padding: bytes) -> None:
    assert parse_channel_data(bytes.fromhex("40000005 6162636465") + padding).data == b"abcde"


@pytest.mark.parametrize("extra", [1, 2, 4, 7])
def test_other_trailing_bytes(extra: int) -> None:
    data = bytes.fromhex("40000005 6162636465") + bytes(extra)
    channel_data, problems = decode_channel_data(data)
    assert channel_data == ChannelData(0x4000, b"abcde")
    assert problems[0].offset == 9
    with pytest.raises(ParseError, match=f"{extra} bytes after the data"):
        parse_channel_data(data)


def test_cut_short() -> None:
    data = bytes.fromhex("40000005 6162")
    channel_data, problems = decode_channel_data(data)
    assert channel_data == ChannelData(0x4000, b"ab")
    assert "2 of 5 bytes" in problems[0].message
    with pytest.raises(ParseError, match="cut short"):
        parse_channel_data(data)


@pytest.mark.parametrize("size", range(4))
def test_header_cut_short(size: int) -> None:
    channel_data, problems = decode_channel_data(bytes.fromhex("40000000")[:size])
    assert channel_data is None
    assert problems[0].offset == size


@pytest.mark.parametrize("number", [0x5000, 0x6ABC, 0x7FFF])
def test_numbers_of_rfc_5766(number: int) -> None:
    data = number.to_bytes(2, "big") + b"\0\1x"
    channel_data, problems = decode_channel_data(data)
    assert channel_data == ChannelData(number, b"x")
    assert "RFC 5766" in problems[0].message
    with pytest.raises(ParseError):
        parse_channel_data(data)
    assert build_channel_data(ChannelData(number, b"x")) == data


@pytest.mark.parametrize("number", [0x0000, 0x3FFF, 0x8000, 0xFFFF])
def test_numbers_of_nobody(number: int) -> None:
    data = number.to_bytes(2, "big") + b"\0\1x"
    assert decode_channel_data(data)[0] is None
    with pytest.raises(ParseError):
        parse_channel_data(data)
    with pytest.raises(ValueError, match="no channel number"):
        build_channel_data(ChannelData(number, b"x"))


def test_too_much_data() -> None:
    assert len(build_channel_data(ChannelData(0x4000, bytes(0xFFFF)))) == 0x10003
    with pytest.raises(ValueError, match="do not fit"):
        build_channel_data(ChannelData(0x4000, bytes(0x10000)))


@given(CHANNELS, st.binary(max_size=300), st.booleans())
def test_round_trip(channel: int, data: bytes, pad: bool) -> None:
    built = build_channel_data(ChannelData(channel, data), pad=pad)
    assert parse_channel_data(built) == ChannelData(channel, data)
    assert parse_channel_data(memoryview(built)) == ChannelData(channel, data)
    assert not (pad and len(built) % 4)


@given(st.binary(max_size=40))
def test_any_bytes(data: bytes) -> None:
    check(data)


@given(CHANNELS, st.integers(0, 50), st.binary(max_size=40))
def test_any_bytes_after_a_header(channel: int, length: int, data: bytes) -> None:
    check(channel.to_bytes(2, "big") + length.to_bytes(2, "big") + data)


def test_mutated_messages() -> None:
    for data in mutations(SEEDS, 10_000, seed=8656):
        check(data)
