"""Rules for H.264 (RFC 6184): profile, level and packetization mode."""

import re
from collections.abc import Iterator
from functools import lru_cache

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import codecs_by_name, parameter_place

__all__ = ["h264_level", "h264_profile"]

ERROR, WARNING, INFO = Severity

_PROFILE_LEVEL_ID = re.compile(r"[0-9A-Fa-f]{6}")
# profile_idc, the bits of profile-iop that count, their values, and the profile (RFC 6184, 8.1,
# table 5; constrained and progressive High are of the H.264 standard).
_PROFILES = (
    (0x42, 0b0100_1111, 0b0100_0000, "Constrained Baseline"),
    (0x4D, 0b1000_1111, 0b1000_0000, "Constrained Baseline"),
    (0x58, 0b1100_1111, 0b1100_0000, "Constrained Baseline"),
    (0x42, 0b0100_1111, 0b0000_0000, "Baseline"),
    (0x58, 0b1100_1111, 0b1000_0000, "Baseline"),
    (0x4D, 0b1010_1111, 0b0000_0000, "Main"),
    (0x58, 0b1100_1111, 0b0000_0000, "Extended"),
    (0x64, 0b1111_1111, 0b0000_0000, "High"),
    (0x64, 0b1111_1111, 0b0000_1000, "Progressive High"),
    (0x64, 0b1111_1111, 0b0000_1100, "Constrained High"),
    (0x6E, 0b1111_1111, 0b0000_0000, "High 10"),
    (0x7A, 0b1111_1111, 0b0000_0000, "High 4:2:2"),
    (0xF4, 0b1111_1111, 0b0000_0000, "High 4:4:4 Predictive"),
    (0x6E, 0b1111_1111, 0b0001_0000, "High 10 Intra"),
    (0x7A, 0b1111_1111, 0b0001_0000, "High 4:2:2 Intra"),
    (0xF4, 0b1111_1111, 0b0001_0000, "High 4:4:4 Intra"),
    (0x2C, 0b1111_1111, 0b0001_0000, "CAVLC 4:4:4 Intra"),
)
_LEVELS = (10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62)


@lru_cache(maxsize=256)
def h264_profile(profile_level_id: str) -> str | None:
    """The profile of a profile-level-id of six hexadecimal digits; None for an unknown one.

    Several numbers are the same profile: 42e01f, 4d801f and 58f01f are Constrained Baseline.
    """
    if not _PROFILE_LEVEL_ID.fullmatch(profile_level_id):
        return None
    number, bits = int(profile_level_id[:2], 16), int(profile_level_id[2:4], 16)
    for profile, mask, value, name in _PROFILES:
        if number == profile and bits & mask == value:
            return name
    return None


def h264_level(profile_level_id: str) -> str | None:
    """The level of a profile-level-id, as ``3.1`` or ``1b``; None for an unknown one.

    1b is level_idc 11 with constraint_set3_flag for the older profiles, 9 for the others (RFC 6184,
    8.2.2).
    """
    if not _PROFILE_LEVEL_ID.fullmatch(profile_level_id):
        return None
    profile, bits, level = bytes.fromhex(profile_level_id)
    old = profile in (0x42, 0x4D, 0x58)
    if (level == 11 and old and bits & 0x10) or (level == 9 and not old):
        return "1b"
    return f"{level // 10}.{level % 10}".removesuffix(".0") if level in _LEVELS else None


@rule(
    "CODEC001",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 6184, 8.1",),
    subject="sdp",
    levels={"chromium": WARNING, "firefox": WARNING},
)
def h264_profile_syntax(description: LintedDescription) -> Iterator[Hit]:
    """The profile-level-id of H.264 must be six hexadecimal digits.

    Why: they are three bytes of the stream: profile, constraints and level. Chromium drops a codec
        whose profile it cannot read.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=42e0
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=42e01f
    Fix: write six digits; 42e01f, Constrained Baseline of level 3.1, is what everybody has.
    """
    for media, codec in codecs_by_name(description).get("h264", ()):
        value = codec.fmtp.get("profile-level-id")
        if "profile-level-id" in codec.fmtp and not _PROFILE_LEVEL_ID.fullmatch(value or ""):
            yield Hit(
                f"profile-level-id {(value or '')[:40]!r}",
                parameter_place(description, media, codec, "profile-level-id"),
            )


@rule(
    "CODEC003",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 6184, 8.1",),
    subject="sdp",
)
def h264_profile_missing(description: LintedDescription) -> Iterator[Hit]:
    """H.264 should have a profile-level-id.

    Why: by the standard its absence means Baseline of level 1, a picture of 176 by 144. Chromium
        takes it for Constrained Baseline of level 3.1, so the ends disagree.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=42e01f
    Fix: add profile-level-id=42e01f, or the profile that is meant.
    """
    for media, codec in codecs_by_name(description).get("h264", ()):
        if "profile-level-id" not in codec.fmtp:
            yield Hit(
                f"H264 (payload type {codec.payload_type}) without a profile-level-id",
                parameter_place(description, media, codec),
            )


@rule(
    "CODEC004",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 6184, 8.1",),
    subject="sdp",
    levels={"chromium": WARNING, "firefox": WARNING},
)
def h264_packetization_mode(description: LintedDescription) -> Iterator[Hit]:
    """The packetization-mode of H.264 must be 0 or 1.

    Why: 2, the interleaved mode, is of the standard but of no browser; other numbers are of nobody.
        The codec is dropped.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=3;profile-level-id=42e01f
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=42e01f
    Fix: use packetization-mode=1; a payload type of its own for mode 0.
    """
    for media, codec in codecs_by_name(description).get("h264", ()):
        mode = codec.fmtp.get("packetization-mode")
        if "packetization-mode" not in codec.fmtp or mode in ("0", "1"):
            continue
        if mode == "2" and description.profile == "rfc":
            continue
        yield Hit(
            f"packetization-mode {(mode or '')[:40]!r}",
            parameter_place(description, media, codec, "packetization-mode"),
            severity=WARNING if mode == "2" else None,
        )


@rule(
    "CODEC026",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 6184, 8.1",),
    subject="sdp",
)
def h264_profile_unknown(description: LintedDescription) -> Iterator[Hit]:
    """The profile-level-id of H.264 should name a profile.

    Why: the first byte is the profile, and the second one its constraints, not any number: 640000
        is High, 64e000 nothing. A codec of an unknown profile matches no other.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=64e01f
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=64001f
    Fix: begin with 42e0 (Constrained Baseline), 4d00 (Main), 6400 (High) or 640c (Constrained
        High).
    """
    for media, codec in codecs_by_name(description).get("h264", ()):
        value = codec.fmtp.get("profile-level-id") or ""
        if _PROFILE_LEVEL_ID.fullmatch(value) and h264_profile(value) is None:
            yield Hit(
                f"profile-level-id {value} is of no known profile",
                parameter_place(description, media, codec, "profile-level-id"),
            )


@rule(
    "CODEC027",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 6184, 8.1", "RFC 6184, 8.2.2"),
    subject="sdp",
)
def h264_level_unknown(description: LintedDescription) -> Iterator[Hit]:
    """The last byte of a profile-level-id should be a level.

    Why: it is ten times the level, in hexadecimal: 1f is 31, level 3.1. Who writes 31 has said
        level 4.9, which there is not.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=42e031
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 102
        a=rtpmap:102 H264/90000
        a=fmtp:102 packetization-mode=1;profile-level-id=42e01f
    Fix: use 1f for level 3.1 (1280 by 720 at 30 frames a second), 28 for 4.0, 34 for 5.2.
    """
    for media, codec in codecs_by_name(description).get("h264", ()):
        value = codec.fmtp.get("profile-level-id") or ""
        if _PROFILE_LEVEL_ID.fullmatch(value) and h264_level(value) is None:
            yield Hit(
                f"profile-level-id {value}: level_idc {int(value[4:], 16)} is no level",
                parameter_place(description, media, codec, "profile-level-id"),
            )
