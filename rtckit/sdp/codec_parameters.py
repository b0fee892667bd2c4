"""What ``a=fmtp`` says for the codecs of WebRTC, with the defaults of their payload formats.

Each function takes the parameters of a codec (``codec.fmtp``) or one value of them, and returns
what holds, defaults included. A value that is no value counts as not said, as receivers take it;
only :func:`parse_profile_level_id` is strict and raises :class:`~rtckit.core.errors.ParseError`.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from rtckit.core.errors import ParseError
from rtckit.sdp.lines import read_integer

__all__ = [
    "Av1Parameters",
    "H264Parameters",
    "H265Parameters",
    "OpusParameters",
    "ProfileLevelId",
    "Vp9Parameters",
    "av1_parameters",
    "h264_parameters",
    "h265_parameters",
    "opus_parameters",
    "parse_profile_level_id",
    "vp9_parameters",
]

_HEX = re.compile(r"[0-9A-Fa-f]{6}")
_PROFILES = (
    # profile_idc, bits of profile-iop that count, their values, name (RFC 6184, 8.1, table 5)
    (0x42, 0b01001111, 0b01000000, "Constrained Baseline"),
    (0x4D, 0b10001111, 0b10000000, "Constrained Baseline"),
    (0x58, 0b11001111, 0b11000000, "Constrained Baseline"),
    (0x42, 0b01001111, 0b00000000, "Baseline"),
    (0x58, 0b11001111, 0b10000000, "Baseline"),
    (0x4D, 0b10101111, 0b00000000, "Main"),
    (0x58, 0b11001111, 0b00000000, "Extended"),
    (0x64, 0b11111111, 0b00000000, "High"),
    # Not in the table but in every browser: High without interlaced and B slices (H.264, A.2.4.2).
    (0x64, 0b11111111, 0b00001100, "Constrained High"),
    (0x6E, 0b11111111, 0b00000000, "High 10"),
    (0x7A, 0b11111111, 0b00000000, "High 4:2:2"),
    (0xF4, 0b11111111, 0b00000000, "High 4:4:4 Predictive"),
    (0x6E, 0b11111111, 0b00010000, "High 10 Intra"),
    (0x7A, 0b11111111, 0b00010000, "High 4:2:2 Intra"),
    (0xF4, 0b11111111, 0b00010000, "High 4:4:4 Intra"),
    (0x2C, 0b11111111, 0b00010000, "CAVLC 4:4:4 Intra"),
)
_H264_LEVELS = frozenset(
    (9, 10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62)
)
_AV1_PROFILES = ("Main", "High", "Professional")
_OPUS_LEAST_BITRATE, _OPUS_MOST_BITRATE = 6000, 510_000


class ProfileLevelId(NamedTuple):
    """``profile-level-id`` of H.264 (RFC 6184, 8.1).

    ``profile`` is a name of table 5 there (or ``Constrained High``), None for another combination;
    ``level`` is ``3.1``, ``1b``... or None where the byte is no level.
    """

    profile_idc: int
    constraints: int
    level_idc: int
    profile: str | None
    level: str | None

    def __str__(self) -> str:
        return f"{self.profile or 'unknown profile'}, level {self.level or '?'}"


class H264Parameters(NamedTuple):
    """H.264 (RFC 6184, 8.1)."""

    profile_level_id: ProfileLevelId
    packetization_mode: int
    level_asymmetry_allowed: bool


class H265Parameters(NamedTuple):
    """H.265 (RFC 7798, 7.1); ``level`` is ``3.1``, ``4``..."""

    profile_id: int
    tier_flag: int
    level_id: int
    level: str


class Vp9Parameters(NamedTuple):
    """VP9 (RFC 9628, 6): frame rate and macroblocks a frame where they are limited."""

    profile_id: int
    max_frame_rate: int | None
    max_frame_size: int | None


class Av1Parameters(NamedTuple):
    """AV1 (RTP Payload Format For AV1, 7.2): ``level`` is ``3.1``... or ``maximum``."""

    profile: int
    profile_name: str | None
    level_idx: int
    level: str
    tier: int


class OpusParameters(NamedTuple):
    """Opus (RFC 7587, 6.1): rates in hertz and bits a second.

    ``max_average_bitrate`` is None when not said or not from 6000 to 510000.
    """

    max_playback_rate: int
    max_average_bitrate: int | None
    stereo: bool
    sends_stereo: bool
    cbr: bool
    inband_fec: bool
    dtx: bool


def parse_profile_level_id(text: str, line: int = 1, column: int = 1) -> ProfileLevelId:
    """Read the six hexadecimal digits of an H.264 ``profile-level-id``."""
    if not _HEX.fullmatch(text):
        raise ParseError(
            f"profile-level-id {text[:40]!r}",
            line=line,
            column=column,
            expected="six hexadecimal digits",
        )
    profile_idc, constraints, level_idc = bytes.fromhex(text)
    profile = next(
        (
            name
            for idc, mask, bits, name in _PROFILES
            if idc == profile_idc and constraints & mask == bits
        ),
        None,
    )
    level = None
    if level_idc in _H264_LEVELS:
        major, minor = divmod(level_idc, 10)
        level = f"{major}.{minor}" if minor else f"{major}"
        older = profile_idc in (0x42, 0x4D, 0x58)
        if level_idc == 9 or (level_idc == 11 and older and constraints & 0b00010000):
            level = "1b"
    return ProfileLevelId(profile_idc, constraints, level_idc, profile, level)


def h264_parameters(fmtp: Mapping[str, str | None]) -> H264Parameters:
    """The H.264 parameters that hold; without a readable profile-level-id, Baseline level 1."""
    text = fmtp.get("profile-level-id") or ""
    profile = parse_profile_level_id(text if _HEX.fullmatch(text) else "42000a")
    mode = _number(fmtp, "packetization-mode", 0, 2)
    return H264Parameters(profile, mode, _flag(fmtp, "level-asymmetry-allowed"))


def h265_parameters(fmtp: Mapping[str, str | None]) -> H265Parameters:
    """The H.265 parameters that hold; without any, Main profile, main tier, level 3.1."""
    level_id = _number(fmtp, "level-id", 93, 255)
    # The level is a thirtieth of it.
    level = f"{level_id / 30:.1f}".removesuffix(".0")
    return H265Parameters(
        _number(fmtp, "profile-id", 1, 31), _number(fmtp, "tier-flag", 0, 1), level_id, level
    )


def vp9_parameters(fmtp: Mapping[str, str | None]) -> Vp9Parameters:
    """The VP9 parameters that hold; profile 0 without a profile-id."""
    rate, size = (read_integer(fmtp.get(name) or "") for name in ("max-fr", "max-fs"))
    return Vp9Parameters(_number(fmtp, "profile-id", 0, 3), rate, size)


def av1_parameters(fmtp: Mapping[str, str | None]) -> Av1Parameters:
    """The AV1 parameters that hold; without any, Main profile, level 3.1, tier 0."""
    profile = _number(fmtp, "profile", 0, 7)
    level_idx = _number(fmtp, "level-idx", 5, 31)
    level = "maximum" if level_idx == 31 else f"{2 + (level_idx >> 2)}.{level_idx & 3}"
    name = _AV1_PROFILES[profile] if profile < len(_AV1_PROFILES) else None
    return Av1Parameters(profile, name, level_idx, level, _number(fmtp, "tier", 0, 1))


def opus_parameters(fmtp: Mapping[str, str | None]) -> OpusParameters:
    """The Opus parameters that hold; without any: 48 kHz, mono, variable rate, no FEC, no DTX."""
    bitrate = read_integer(fmtp.get("maxaveragebitrate") or "")
    if bitrate is not None and not _OPUS_LEAST_BITRATE <= bitrate <= _OPUS_MOST_BITRATE:
        bitrate = None
    return OpusParameters(
        _number(fmtp, "maxplaybackrate", 48000, 48000),
        bitrate,
        _flag(fmtp, "stereo"),
        _flag(fmtp, "sprop-stereo"),
        _flag(fmtp, "cbr"),
        _flag(fmtp, "useinbandfec"),
        _flag(fmtp, "usedtx"),
    )


def _number(fmtp: Mapping[str, str | None], name: str, default: int, maximum: int) -> int:
    number = read_integer(fmtp.get(name) or "", maximum)
    return default if number is None else number


def _flag(fmtp: Mapping[str, str | None], name: str) -> bool:
    return fmtp.get(name) == "1"
