"""Header extension elements against RFC 8285, 4, by hand, and against aiortc."""

import pytest
from aiortc.rtp import pack_header_extensions, unpack_header_extensions
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.rtp_extensions import (
    ONE_BYTE,
    TWO_BYTE,
    ExtensionElement,
    appbits,
    build_extensions,
    decode_extensions,
    is_one_byte,
    is_two_byte,
    parse_extensions,
    profile_for,
)
from tests.fuzz.mutations import mutations
from tests.strategies.rtp import one_byte_elements, two_byte_elements, two_byte_profiles

# The figure of RFC 8285, 4.2: L=0, L=1, two bytes of padding, L=3; ids 1, 2, 3.
ONE_BYTE_FIGURE = bytes.fromhex("10aa 21bbbb 0000 33cccccccc")
# The figure of RFC 8285, 4.3: L=0, L=1, a byte of padding, L=4; ids 1, 2, 3.
TWO_BYTE_FIGURE = bytes.fromhex("0100 0201bb 00 0304cccccccc")


def test_one_byte_figure() -> None:
    assert parse_extensions(ONE_BYTE, ONE_BYTE_FIGURE) == (
        (1, b"\xaa"),
        (2, b"\xbb\xbb"),
        (3, b"\xcc" * 4),
    )


@pytest.mark.parametrize("profile", range(0x1000, 0x1010))
def test_two_byte_figure(profile: int) -> None:
    assert parse_extensions(profile, TWO_BYTE_FIGURE) == (
        (1, b""),
        (2, b"\xbb"),
        (3, b"\xcc" * 4),
    )
    assert appbits(profile) == profile & 0xF


def test_forms() -> None:
    assert is_one_byte(0xBEDE)
    assert not is_one_byte(0x1000)
    assert is_two_byte(0x100F)
    assert not is_two_byte(0x1010)
    assert appbits(0xBEDE) is None


@pytest.mark.parametrize(
    ("elements", "profile"),
    [
        ([], ONE_BYTE),
        ([(14, bytes(16))], ONE_BYTE),
        ([(1, b"x"), (15, b"x")], TWO_BYTE),
        ([(1, b"")], TWO_BYTE),
        ([(1, bytes(17))], TWO_BYTE),
    ],
)
def test_shortest_form(elements: list[tuple[int, bytes]], profile: int) -> None:
    assert profile_for(elements) == profile
    assert parse_extensions(profile, build_extensions(profile, elements)) == tuple(elements)


@pytest.mark.parametrize(
    ("profile", "data", "offset", "kept"),
    [
        # RFC 8285, 4.2: all stops at id 15, even where the length would lead on to id 2.
        (ONE_BYTE, "10aa f0bb 20cc 0000", 2, [(1, b"\xaa")]),
        # RFC 8285, 4.1.2: and at id 0 with a length.
        (ONE_BYTE, "10aa 01bbbb 20cc 00", 2, [(1, b"\xaa")]),
        (ONE_BYTE, "10aa 0023bbbb", 4, [(1, b"\xaa")]),
        (TWO_BYTE, "0101aa 0205bb 0000", 5, [(1, b"\xaa")]),
        (TWO_BYTE, "0101aa 02", 3, [(1, b"\xaa")]),
        (0xC0DE, "10aa0000", 0, []),
        (0xABCD, "10aa0000", 0, []),
    ],
)
def test_where_reading_stops(
    profile: int, data: str, offset: int, kept: list[tuple[int, bytes]]
) -> None:
    elements, problems = decode_extensions(profile, bytes.fromhex(data))
    assert list(elements) == kept
    assert [problem.offset for problem in problems] == [offset]
    with pytest.raises(ParseError) as caught:
        parse_extensions(profile, bytes.fromhex(data))
    assert caught.value.offset == offset


def test_building_by_hand() -> None:
    # Id 3, two bytes: 3 << 4 | 1; then zeros up to the word.
    assert build_extensions(ONE_BYTE, [(3, b"\x12\x34")]).hex() == "31123400"
    assert build_extensions(TWO_BYTE, [(3, b"\x12\x34"), (200, b"")]).hex() == "03021234c8000000"


@pytest.mark.parametrize(
    ("profile", "element"),
    [
        (ONE_BYTE, (15, b"x")),
        (ONE_BYTE, (0, b"x")),
        (ONE_BYTE, (1, b"")),
        (ONE_BYTE, (1, bytes(17))),
        (TWO_BYTE, (256, b"")),
        (TWO_BYTE, (0, b"")),
        (TWO_BYTE, (1, bytes(256))),
        (0xC0DE, (1, b"x")),
    ],
)
def test_what_does_not_fit_is_not_built(profile: int, element: tuple[int, bytes]) -> None:
    with pytest.raises(ValueError):
        build_extensions(profile, [element])


@given(one_byte_elements)
def test_one_byte_round_trip(elements: list[ExtensionElement]) -> None:
    data = build_extensions(ONE_BYTE, elements)
    assert len(data) % 4 == 0
    assert parse_extensions(ONE_BYTE, data) == tuple(elements)
    assert decode_extensions(ONE_BYTE, data) == (tuple(elements), ())
    assert build_extensions(ONE_BYTE, parse_extensions(ONE_BYTE, data)) == data


@given(two_byte_profiles, two_byte_elements)
def test_two_byte_round_trip(profile: int, elements: list[ExtensionElement]) -> None:
    data = build_extensions(profile, elements)
    assert len(data) % 4 == 0
    assert parse_extensions(profile, data) == tuple(elements)
    assert decode_extensions(profile, data) == (tuple(elements), ())
    assert build_extensions(profile, parse_extensions(profile, data)) == data


@given(st.one_of(one_byte_elements, two_byte_elements).filter(bool))
def test_aiortc_agrees(elements: list[ExtensionElement]) -> None:
    profile, data = pack_header_extensions([(element.id, element.value) for element in elements])
    assert profile == profile_for(elements)
    assert data == build_extensions(profile, elements)
    assert unpack_header_extensions(profile, data) == list(parse_extensions(profile, data))


def _check(profile: int, data: bytes) -> None:
    elements, problems = decode_extensions(profile, data)
    if problems:
        with pytest.raises(ParseError) as caught:
            parse_extensions(profile, data)
        assert caught.value.offset == problems[0].offset
        return
    assert parse_extensions(profile, data) == elements
    assert parse_extensions(profile, build_extensions(profile, elements)) == elements


@given(st.sampled_from([ONE_BYTE, TWO_BYTE, 0xC2DE, 7]), st.binary(max_size=80))
def test_any_bytes(profile: int, data: bytes) -> None:
    _check(profile, data)


def test_mutated_extensions() -> None:
    for number, data in enumerate(mutations([ONE_BYTE_FIGURE, TWO_BYTE_FIGURE], 10_000, seed=8285)):
        _check((ONE_BYTE, TWO_BYTE)[number % 2], data)
