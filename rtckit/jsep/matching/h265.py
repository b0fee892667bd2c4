"""H.265: profile, tier, level and transmission mode (RFC 7798, 7.1 and 7.2.2)."""

from collections.abc import Mapping

from rtckit.jsep.matching.outcome import Match, number_of, without_parameter

__all__ = ["configuration", "match"]

_REFS = ("RFC 7798, 7.2.2",)
_DEFAULT_LEVEL = 93
_NAMES = (
    "profile-space",
    "profile-id",
    "tier-flag",
    "interop-constraints",
    "profile-compatibility-indicator",
    "tx-mode",
)
_MODES = ("SRST", "MRST", "MRMT")


def configuration(parameters: Mapping[str, str | None]) -> tuple[object, ...]:
    """What the two ends must agree on, defaults included; all of it but the level.

    Without parameters: Main profile of space 0, main tier, frames only and progressive, one RTP
    stream (RFC 7798, 7.1). The compatibility indicator defaults to the bit of the profile alone.
    """
    profile = number_of(parameters.get("profile-id"), 1, 31)
    return (
        number_of(parameters.get("profile-space"), 0, 3),
        profile,
        number_of(parameters.get("tier-flag"), 0, 1),
        _hexadecimal(parameters.get("interop-constraints"), 12, 0xB000_0000_0000),
        _hexadecimal(parameters.get("profile-compatibility-indicator"), 8, 1 << (31 - profile)),
        (parameters.get("tx-mode") or "SRST").upper(),
    )


def _hexadecimal(text: str | None, length: int, default: int) -> int:
    if text is None or len(text) != length:
        return default
    try:
        return int(text, 16)
    except ValueError:
        return default


def level_id(parameters: Mapping[str, str | None]) -> int:
    """The level times 30; 93 is level 3.1, which holds without a level-id (RFC 7798, 7.1)."""
    return number_of(parameters.get("level-id"), _DEFAULT_LEVEL, 255)


def match(offered: Mapping[str, str | None], own: Mapping[str, str | None]) -> Match:
    """Compare configurations; the level of the answer is not above that of the offer."""
    theirs, ours = configuration(offered), configuration(own)
    for name, asked, known in zip(_NAMES, theirs, ours, strict=True):
        if asked != known:
            shown = (f"{item:x}" if name in _NAMES[3:5] else str(item) for item in (asked, known))
            why = f"{name} {next(shown)} was offered, {next(shown)} is supported"
            return Match(False, (), why[:120], _REFS)
    level = min(level_id(offered), level_id(own))
    # What names the configuration stays as it was written in the offer.
    answer: dict[str, str | None] = {
        name: offered.get(name) for name in _NAMES if offered.get(name) is not None
    }
    if level != _DEFAULT_LEVEL or own.get("level-id") or offered.get("level-id"):
        answer["level-id"] = str(level)
    rest = without_parameter(tuple(own.items()), "level-id", *_NAMES)
    why = f"profile {theirs[1]}, tier {theirs[2]}, level {level / 30:.1f}"
    return Match(True, (*answer.items(), *rest), why, _REFS)
