"""Codec parameters, against the tables and examples of their payload formats."""

import pytest

from rtckit.core.errors import ParseError
from rtckit.sdp import parse
from rtckit.sdp.codec_parameters import (
    av1_parameters,
    h264_parameters,
    h265_parameters,
    opus_parameters,
    parse_profile_level_id,
    vp9_parameters,
)
from rtckit.sdp.rtp import parse_format_parameters
from tests.sdp.descriptions import CHROMIUM_OFFER


@pytest.mark.parametrize(
    ("text", "profile", "level"),
    [
        # RFC 6184, 8.1, table 5; its example 42A01E (8.2); the ids of browsers
        ("42e01f", "Constrained Baseline", "3.1"),
        ("4de00a", "Constrained Baseline", "1"),
        ("58C00A", "Constrained Baseline", "1"),
        ("42001f", "Baseline", "3.1"),
        ("42A01E", "Baseline", "3"),
        ("58800a", "Baseline", "1"),
        ("4d001f", "Main", "3.1"),
        ("58001f", "Extended", "3.1"),
        ("64001f", "High", "3.1"),
        ("640c1f", "Constrained High", "3.1"),
        ("6e0034", "High 10", "5.2"),
        ("7a1029", "High 4:2:2 Intra", "4.1"),
        ("f4001f", "High 4:4:4 Predictive", "3.1"),
        ("2c1028", "CAVLC 4:4:4 Intra", "4"),
        # level 11 with constraint_set3 is 1b for the three older profiles alone
        ("42100b", "Baseline", "1b"),
        ("42000b", "Baseline", "1.1"),
        ("64000b", "High", "1.1"),
        ("640009", "High", "1b"),
        ("ff001f", None, "3.1"),
        ("42e0ff", "Constrained Baseline", None),
    ],
)
def test_profile_level_ids(text: str, profile: str | None, level: str | None) -> None:
    found = parse_profile_level_id(text)
    assert (found.level, str(found).partition(",")[0]) == (
        level,
        found.profile or "unknown profile",
    )
    assert found.profile == profile


@pytest.mark.parametrize("text", ["", "42e01", "42e01g", "42e01f0", " 42e01f", "4\u0662e01f"])
def test_what_is_no_profile_level_id(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_profile_level_id(text, 7, 30)
    assert (caught.value.line, caught.value.column) == (7, 30)


def test_h264_of_a_browser_and_by_default() -> None:
    codec = parse(CHROMIUM_OFFER).media[1].find_codec("102")
    assert codec is not None
    found = h264_parameters(codec.fmtp)
    assert (found.profile_level_id.profile, found.profile_level_id.level) == ("Baseline", "3.1")
    assert (found.packetization_mode, found.level_asymmetry_allowed) == (1, True)
    bare = h264_parameters({})
    assert str(bare.profile_level_id) == "Baseline, level 1"
    assert (bare.packetization_mode, bare.level_asymmetry_allowed) == (0, False)


def test_h265_levels_are_thirtieths() -> None:
    # RFC 7798, 7.1
    assert h265_parameters({}) == (1, 0, 93, "3.1")
    fmtp = parse_format_parameters("level-id=180;profile-id=2;tier-flag=1;tx-mode=SRST")
    assert h265_parameters(fmtp) == (2, 1, 180, "6")


def test_vp9_and_av1() -> None:
    # RFC 9628, 6; the AV1 examples are those of 7.2.4 of its payload format
    assert vp9_parameters({}) == (0, None, None)
    assert vp9_parameters(parse_format_parameters("max-fr=30; max-fs=3600; profile-id=2")) == (
        2,
        30,
        3600,
    )
    assert av1_parameters({}) == (0, "Main", 5, "3.1", 0)
    assert av1_parameters(parse_format_parameters("profile=2; level-idx=8; tier=1")) == (
        2,
        "Professional",
        8,
        "4.0",
        1,
    )
    assert av1_parameters({"level-idx": "31"}).level == "maximum"
    assert av1_parameters({"profile": "3", "level-idx": "x"})[:3] == (3, None, 5)


def test_opus() -> None:
    # RFC 7587, 7, example 2
    fmtp = parse_format_parameters(
        "maxplaybackrate=16000; sprop-maxcapturerate=16000; "
        "maxaveragebitrate=20000; stereo=1; useinbandfec=1; usedtx=0"
    )
    assert opus_parameters(fmtp) == (16000, 20000, True, False, False, True, False)
    assert opus_parameters({}) == (48000, None, False, False, False, False, False)
    # 6.1: bitrates outside 6000 to 510000 should be ignored
    assert opus_parameters({"maxaveragebitrate": "5999"}).max_average_bitrate is None
    assert opus_parameters({"maxaveragebitrate": "510000"}).max_average_bitrate == 510_000
