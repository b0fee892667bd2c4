"""Which of a peer's codecs aiortc takes, under which number, and in which order."""

import re
from collections.abc import Iterable, Sequence

from rtckit.jsep.stacks.aiortc.records import CodecLine

__all__ = [
    "DYNAMIC",
    "common_codecs",
    "h264_profile",
    "is_compatible",
    "match_codecs",
    "preferred_codecs",
]

DYNAMIC = range(96, 128)
"""The numbers aiortc takes from a peer; a codec under another keeps its own number."""

_HEX = re.compile(r"[0-9a-f]{6}", re.IGNORECASE)
_LEVELS = {10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52}
# RFC 6184, 8.1, table 5: profile_idc, mask and value of profile_iop. The other profiles aiortc
# can name never equal its own two.
_PROFILES = (
    (0x42, 0x4F, 0x40, "constrained baseline"),
    (0x4D, 0x8F, 0x80, "constrained baseline"),
    (0x58, 0xCF, 0xC0, "constrained baseline"),
    (0x42, 0x4F, 0x00, "baseline"),
    (0x58, 0xCF, 0x80, "baseline"),
    (0x4D, 0xAF, 0x00, "main"),
    (0x64, 0xFF, 0x00, "high"),
    (0x64, 0xFF, 0x0C, "constrained high"),
    (0xF4, 0xFF, 0x00, "predictive high 4:4:4"),
)


def common_codecs(own: Sequence[CodecLine], offered: Iterable[CodecLine]) -> list[CodecLine]:
    """The codecs of both, in the peer's order; see `match_codecs`."""
    return [taken for _, taken in match_codecs(own, offered) if taken is not None]


def match_codecs(
    own: Sequence[CodecLine], offered: Iterable[CodecLine]
) -> list[tuple[CodecLine, CodecLine | None]]:
    """Each codec of a peer with what aiortc takes for it, which has aiortc's own parameters.

    A payload type in the static or unassigned range is not taken over: the codec is then written
    under aiortc's own number, which may collide with another codec's.

    Raises:
        TypeError: a ``packetization-mode`` without a value.
    """
    matched: list[tuple[CodecLine, CodecLine | None]] = []
    bases: dict[int, CodecLine] = {}
    for codec in offered:
        if codec.is_rtx:
            apt = codec.parameters.get("apt")
            base = bases.get(apt) if isinstance(apt, int) else None
            repeats = base is not None and base.clock_rate == codec.clock_rate
            matched.append((codec, codec.copy() if repeats else None))
            continue
        match = next((item for item in own if is_compatible(item, codec)), None)
        if match is None:
            matched.append((codec, None))
            continue
        taken = match.copy()
        if codec.payload_type in DYNAMIC:
            taken.payload_type = codec.payload_type
        taken.feedback = [item for item in taken.feedback if item in codec.feedback]
        matched.append((codec, taken))
        bases[taken.payload_type] = taken
    return matched


def preferred_codecs(codecs: list[CodecLine], preferred: Sequence[CodecLine]) -> list[CodecLine]:
    """The codecs a page prefers, in its order; all of them where it named none.

    Raises:
        KeyError: a retransmission codec without ``apt``.
    """
    if not preferred:
        return codecs
    repeats = [codec for codec in codecs if codec.is_rtx]
    with_repeats = any(codec.is_rtx for codec in preferred)
    chosen = []
    for wanted in preferred:
        if wanted.is_rtx:
            continue
        for codec in codecs:
            if codec.name.lower() == wanted.name.lower() and codec.parameters == wanted.parameters:
                chosen.append(codec)
                if with_repeats:
                    number = codec.payload_type
                    repeat = (item for item in repeats if item.parameters["apt"] == number)
                    chosen.extend(item for item in [next(repeat, None)] if item is not None)
                break
    return chosen


def is_compatible(own: CodecLine, offered: CodecLine) -> bool:
    """Whether aiortc takes two codecs for the same; it does not look at the channels.

    Raises:
        TypeError: a ``packetization-mode`` without a value.
    """
    if own.name.lower() != offered.name.lower() or own.clock_rate != offered.clock_rate:
        return False
    if own.name.lower() != "h264":
        return True
    try:
        return _packetization(own) == _packetization(offered) and (
            h264_profile(own) == h264_profile(offered)
        )
    except ValueError:
        return False


def _packetization(codec: CodecLine) -> int:
    mode = codec.parameters.get("packetization-mode", "0")
    if mode is None:
        raise TypeError(
            "int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"
        )
    return int(mode)


def h264_profile(codec: CodecLine) -> str:
    """The name of an H264 codec's profile; Constrained Baseline where none is given.

    Raises:
        ValueError: no six hexadecimal digits, or a level or profile aiortc does not know.
    """
    text = str(codec.parameters.get("profile-level-id", "42E01F"))
    if _HEX.match(text) is None:
        raise ValueError("Expected a 6 character hexadecimal string")
    idc, constraints, level = (int(text[at : at + 2], 16) for at in (0, 2, 4))
    if level not in _LEVELS:
        raise ValueError(f"{level} is not a valid H264Level")
    for known, mask, value, name in _PROFILES:
        if idc == known and constraints & mask == value:
            return name
    raise ValueError(f"Unrecognized profile_iop = {constraints}, profile_idc = {idc}")
