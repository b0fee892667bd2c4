"""Formats within a codec: profiles and modes, and which of them Chromium decodes.

A build with H264 from ffmpeg and openh264 and no hardware decoders; H265 is hardware's only.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from rtckit.jsep.stacks.chromium.description import AUDIO, Codec
from rtckit.jsep.stacks.chromium.lexer import to_int

_AUDIO = {("opus", 48000, 2), ("g722", 8000, 1), ("pcmu", 8000, 1), ("pcma", 8000, 1)}
_AUDIO_SPECIAL = ("cn", "telephone-event", "red")
RESILIENCY = ("rtx", "red", "ulpfec", "flexfec-03")
"""The codecs that repeat or protect others."""
_H264_DECODED = ("baseline", "constrained baseline", "main", "high 444")
_H264_LEVELS = frozenset((10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52))
_LEVEL_1B = 10.5
"""Level 1b, above 1 and below 1.1."""
_CONSTRAINT_SET_3 = 0x10
_PROFILE_LEVEL = re.compile(r"[0-9A-Fa-f]{6}\Z")
_H264_PREFIXES = {
    "constrained baseline": "42e0",
    "baseline": "4200",
    "main": "4d00",
    "constrained high": "640c",
    "high": "6400",
    "high 444": "f400",
}
_H264_1B = {"constrained baseline": "42f00b", "baseline": "42100b", "main": "4d100b"}


@dataclass(frozen=True, slots=True)
class H264Format:
    """A profile and level of H264; the level is ten times its name, 10.5 for 1b."""

    profile: str
    level: float

    def with_level(self, level: float) -> str | None:
        """Return the profile-level-id of this profile at a level; None if there is none."""
        if level == _LEVEL_1B:
            return _H264_1B.get(self.profile)
        return f"{_H264_PREFIXES[self.profile]}{int(level):02x}"


@lru_cache(maxsize=1024)
def parse_profile_level_id(text: str) -> H264Format | None:
    """Return what a profile-level-id means (RFC 6184, 8.1, table 5); None for nothing known."""
    if not _PROFILE_LEVEL.match(text):
        return None
    idc, iop, level_idc = bytes.fromhex(text)
    if level_idc not in _H264_LEVELS:
        return None
    profile = _h264_profile(idc, iop)
    if profile is None:
        return None
    is_1b = level_idc == 11 and iop & _CONSTRAINT_SET_3
    return H264Format(profile, _LEVEL_1B if is_1b else level_idc)


def _h264_profile(idc: int, iop: int) -> str | None:
    if iop & 0x0F and (idc, iop) != (0x64, 0x0C):
        return None
    if (idc == 0x42 and iop & 0x40) or (idc == 0x4D and iop & 0x80):
        return "constrained baseline"
    if idc == 0x58 and iop & 0x80:
        return "constrained baseline" if iop & 0x40 else "baseline"
    if idc == 0x42:
        return "baseline"
    if idc == 0x4D and not iop & 0x20:
        return "main"
    return {(0x64, 0): "high", (0x64, 0x0C): "constrained high", (0xF4, 0): "high 444"}.get(
        (idc, iop)
    )


def h264_format(codec: Codec) -> H264Format | None:
    """Return the profile and level of an H264 codec; constrained baseline 3.1 if not given."""
    return parse_profile_level_id(codec.parameters.get("profile-level-id", "42e01f"))


def is_same_format(one: Codec, other: Codec) -> bool:
    """Whether the parameters of two video codecs mean the same format; levels do not count."""
    keys = (one.key, other.key)
    mine, theirs = one.parameters, other.parameters
    if "h264" in keys:
        first, second = h264_format(one), h264_format(other)
        return (
            first is not None
            and second is not None
            and first.profile == second.profile
            and mine.get("packetization-mode", "0") == theirs.get("packetization-mode", "0")
        )
    if "vp9" in keys:
        profile = _profile(mine, "profile-id", 3)
        return profile is not None and profile == _profile(theirs, "profile-id", 3)
    if "av1" in keys:
        profile = _profile(mine, "profile", 2)
        return profile is not None and profile == _profile(theirs, "profile", 2)
    return True


def _profile(parameters: dict[str, str], name: str, highest: int) -> int | None:
    """Return a profile given by number, 0 where none is given; None for one unknown."""
    return to_int(parameters.get(name, "0"), 0, highest)


def is_decodable(codec: Codec, kind: str) -> bool:
    """Whether a media codec can be received; levels and most parameters do not count."""
    key = codec.key
    if kind == AUDIO:
        if key == "opus" and codec.parameters.get("stereo", "0") not in ("0", "1"):
            return False
        return key in _AUDIO_SPECIAL or (key, codec.clock_rate, codec.channels) in _AUDIO
    if key == "vp9":
        return _profile(codec.parameters, "profile-id", 3) is not None
    if key == "av1":
        return _profile(codec.parameters, "profile", 1) is not None
    if key == "h264":
        own = h264_format(codec)
        mode = codec.parameters.get("packetization-mode", "0")
        return own is not None and own.profile in _H264_DECODED and mode in ("0", "1")
    return key == "vp8"
