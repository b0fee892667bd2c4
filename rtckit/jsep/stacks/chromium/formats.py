"""The codecs Chromium decodes, and whether a codec of a description is one of them.

A build with H264 from ffmpeg and openh264 and no hardware decoders; H265 is hardware's only.
"""

import re

from rtckit.jsep.stacks.chromium.description import AUDIO, Codec

_AUDIO = {("opus", 48000, 2), ("g722", 8000, 1), ("pcmu", 8000, 1), ("pcma", 8000, 1)}
_AUDIO_SPECIAL = ("cn", "telephone-event", "red")
RESILIENCY = ("rtx", "red", "ulpfec", "flexfec-03")
"""The codecs that repeat or protect others."""
_VP9_PROFILES = ("0", "2")
_AV1_PROFILES = ("0",)
_H264_PROFILES = ("baseline", "constrained baseline", "main")
_H264_LEVELS = {9, 10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52}
_PROFILE_LEVEL = re.compile(r"[0-9A-Fa-f]{6}\Z")


def h264_profile(profile_level_id: str) -> str | None:
    """Return the profile a profile-level-id means (RFC 6184, 8.1, table 5); None for none known."""
    if not _PROFILE_LEVEL.match(profile_level_id):
        return None
    idc, iop, level = bytes.fromhex(profile_level_id)
    if level not in _H264_LEVELS or (iop & 0x0F and (idc, iop) != (0x64, 0x0C)):
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


def is_decodable(codec: Codec, kind: str) -> bool:
    """Whether a media codec can be received; levels and most parameters do not count."""
    key = codec.key
    if kind == AUDIO:
        if key == "opus" and codec.parameters.get("stereo", "0") not in ("0", "1"):
            return False
        return key in _AUDIO_SPECIAL or (key, codec.clock_rate, codec.channels) in _AUDIO
    if key == "vp9":
        return codec.parameters.get("profile-id", "0") in _VP9_PROFILES
    if key == "av1":
        return codec.parameters.get("profile", "0") in _AV1_PROFILES
    if key == "h264":
        profile = h264_profile(codec.parameters.get("profile-level-id", "42e01f"))
        mode = codec.parameters.get("packetization-mode", "0")
        return profile in _H264_PROFILES and mode in ("0", "1")
    return key == "vp8"


def is_usable(codec: Codec, kind: str) -> bool:
    """Whether a codec alone keeps a section from being rejected in an answer."""
    return codec.key not in RESILIENCY and codec.key != "cn" and is_decodable(codec, kind)
