"""AV1: profile, level and tier, which each end says for itself (AV1 RTP specification, 7.2)."""

from collections.abc import Mapping

from rtckit.jsep.matching.outcome import Match
from rtckit.sdp.codec_parameters import Av1Parameters, av1_parameters

__all__ = ["configuration", "match", "sent_at"]

_REFS = ("AV1 RTP Payload Format, 7.2.3",)


def configuration(parameters: Mapping[str, str | None]) -> tuple[object, ...]:
    """The profile: what tells several AV1 formats of one section apart.

    The specification lets the ends differ in all of profile, level and tier (7.2.3); a peer that
    lists AV1 more than once does so for its profiles.
    """
    return (av1_parameters(parameters).profile,)


def sent_at(received: Mapping[str, str | None], own: Mapping[str, str | None]) -> Av1Parameters:
    """What is sent at most to who declared ``received``: never above that (7.2.3)."""
    theirs, ours = av1_parameters(received), av1_parameters(own)
    level = min(theirs, ours, key=lambda item: item.level_idx)
    profile = min(theirs, ours, key=lambda item: item.profile)
    return Av1Parameters(
        profile.profile,
        profile.profile_name,
        level.level_idx,
        level.level,
        min(theirs.tier, ours.tier),
    )


def match(offered: Mapping[str, str | None], own: Mapping[str, str | None]) -> Match:
    """Take it and declare what one receives oneself; neither end sends more than the other's."""
    sent = sent_at(offered, own)
    why = f"sent at profile {sent.profile}, level {sent.level}, tier {sent.tier} at most"
    return Match(True, tuple(own.items()), why, _REFS)
