"""H.264: profiles, levels and packetization modes (RFC 6184, 8.1 and 8.2.2)."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from rtckit.jsep.matching.outcome import Match, Parameters, number_of
from rtckit.sdp.codec_parameters import ProfileLevelId, h264_parameters, parse_profile_level_id

__all__ = [
    "DEFAULT_PROFILE_LEVEL_ID",
    "Levels",
    "build_profile_level_id",
    "configuration",
    "levels_in_use",
    "match",
]

DEFAULT_PROFILE_LEVEL_ID = "42000a"
"""Baseline, level 1: what holds without a profile-level-id (RFC 6184, 8.1)."""

_REFS = ("RFC 6184, 8.2.2",)
_DIGITS = re.compile(r"[0-9A-Fa-f]{6}")
# Baseline, Main and Extended say level 1b with a bit; the others with level_idc 9 (RFC 6184, 8.1).
_SET3_PROFILES = (0x42, 0x4D, 0x58)
_SET3 = 0b0001_0000
# Between level 1 (10) and level 1.1 (11), in tenths.
_LEVEL_1B = 10.5


class Levels(NamedTuple):
    """The levels to send at, as ``3.1``: from the offerer to the answerer, and back."""

    to_answerer: str
    to_offerer: str


def configuration(parameters: Mapping[str, str | None]) -> tuple[object, ...]:
    """What the two ends must agree on: the sub-profile and the packetization mode.

    Equal sub-profiles are those of RFC 6184, 8.1, table 5, whatever their profile_idc; of
    combinations that are not in the table only the same bits are equal. The level is no part of
    it (RFC 6184, 8.2.2). What cannot be read equals only itself.
    """
    held = h264_parameters(parameters)
    mode: object = held.packetization_mode
    text = parameters.get("packetization-mode")
    if text is not None and number_of(text, -1, 2) < 0:
        mode = ("unreadable", text)
    profile = parameters.get("profile-level-id")
    if profile is not None and not _DIGITS.fullmatch(profile):
        return (("unreadable", profile), mode)
    return (_sub_profile(held.profile_level_id), mode)


def _sub_profile(profile: ProfileLevelId) -> object:
    if profile.profile is not None:
        return profile.profile
    constraints = profile.constraints
    if profile.profile_idc in _SET3_PROFILES and profile.level_idc == 11:
        constraints &= ~_SET3  # Here the bit belongs to the level.
    return (profile.profile_idc, constraints)


def level_rank(profile: ProfileLevelId) -> float:
    """The level in tenths: 31 for level 3.1, and 10.5 for 1b, which is between 1 and 1.1."""
    return _LEVEL_1B if profile.level == "1b" else float(profile.level_idc)


def build_profile_level_id(profile: ProfileLevelId, level: ProfileLevelId) -> str:
    """The six digits with the sub-profile of one and the level of the other (RFC 6184, 8.1)."""
    constraints, level_idc = profile.constraints, level.level_idc
    if level.level == "1b":
        level_idc = 11 if profile.profile_idc in _SET3_PROFILES else 9
    if profile.profile_idc in _SET3_PROFILES:
        constraints &= ~_SET3
        if level.level == "1b":
            constraints |= _SET3
    return f"{profile.profile_idc:02x}{constraints:02x}{level_idc:02x}"


def _highest(parameters: Mapping[str, str | None], default: ProfileLevelId) -> ProfileLevelId:
    """The highest level received: ``max-recv-level`` where it is above the default level."""
    text = parameters.get("max-recv-level") or ""
    if len(text) != 4 or not all(digit in "0123456789abcdefABCDEF" for digit in text):
        return default
    said = parse_profile_level_id(f"{default.profile_idc:02x}{text}")
    return said if level_rank(said) > level_rank(default) else default


def levels_in_use(offered: Mapping[str, str | None], answered: Mapping[str, str | None]) -> Levels:
    """The levels to send at after this offer and answer (RFC 6184, 8.2.2).

    With ``level-asymmetry-allowed=1`` in both, each sends what the other receives at most; else
    both send the lower of the two default levels.
    """
    one, other = h264_parameters(offered), h264_parameters(answered)
    if one.level_asymmetry_allowed and other.level_asymmetry_allowed:
        to_answerer = _highest(answered, other.profile_level_id)
        to_offerer = _highest(offered, one.profile_level_id)
    else:
        both = (one.profile_level_id, other.profile_level_id)
        to_answerer = to_offerer = min(both, key=level_rank)
    return Levels(to_answerer.level or "?", to_offerer.level or "?")


def match(offered: Mapping[str, str | None], own: Mapping[str, str | None]) -> Match:
    """Compare configurations and choose the level of the answer (RFC 6184, 8.2.2).

    The answer keeps profile and packetization mode as offered. Its level is one's own where both
    allow asymmetry, else the lower of the two.
    """
    theirs, ours = h264_parameters(offered), h264_parameters(own)
    asked, known = configuration(offered), configuration(own)
    for item in (*asked, *known):
        if isinstance(item, tuple) and item[0] == "unreadable":
            return Match(False, (), f"{item[1][:20]!r} cannot be read", ("RFC 6184, 8.1",))
    if asked[1] != known[1]:
        why = f"packetization-mode {asked[1]} was offered, {known[1]} is supported"
        return Match(False, (), why, _REFS)
    if asked != known:
        shown = asked[0] if isinstance(asked[0], str) else "an unknown profile"
        mine = known[0] if isinstance(known[0], str) else "another profile"
        return Match(False, (), f"{shown[:40]} was offered, {mine} is supported", _REFS)
    asymmetric = theirs.level_asymmetry_allowed and ours.level_asymmetry_allowed
    lower = min((ours.profile_level_id, theirs.profile_level_id), key=level_rank)
    level = ours.profile_level_id if asymmetric else lower
    parameters = _answer(own, theirs.profile_level_id, level, asymmetric)
    profile = theirs.profile_level_id.profile or "the same profile"
    why = f"{profile}, packetization-mode {theirs.packetization_mode}, level {level.level or '?'}"
    if asymmetric:
        why += ", levels may differ"
    elif level is not ours.profile_level_id:
        why += " as offered, for levels must not differ"
    return Match(True, parameters, why, _REFS)


def _answer(
    own: Mapping[str, str | None],
    offered: ProfileLevelId,
    level: ProfileLevelId,
    asymmetric: bool,
) -> Parameters:
    """One's own parameters with the profile that was offered and the level that holds."""
    parameters: dict[str, str | None] = dict(own.items())
    parameters.pop("level-asymmetry-allowed", None)
    answer: dict[str, str | None] = {}
    if asymmetric:
        answer["level-asymmetry-allowed"] = "1"
    else:
        # Only with asymmetry may more be received than the default level says.
        parameters.pop("max-recv-level", None)
    mode = number_of(own.get("packetization-mode"), 0, 2)
    if parameters.pop("packetization-mode", None) is not None or mode:
        answer["packetization-mode"] = str(mode)
    parameters.pop("profile-level-id", None)
    answer["profile-level-id"] = build_profile_level_id(offered, level)
    answer.update(parameters)
    return tuple(answer.items())
