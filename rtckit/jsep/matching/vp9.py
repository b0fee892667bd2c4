"""VP9: the profile (RFC 9628, 6)."""

from collections.abc import Mapping

from rtckit.jsep.matching.outcome import Match, without_parameter
from rtckit.sdp.codec_parameters import vp9_parameters

__all__ = ["configuration", "match"]

_REFS = ("RFC 9628, 6.1.2",)


def configuration(parameters: Mapping[str, str | None]) -> tuple[object, ...]:
    """The profile, 0 where none is named."""
    return (vp9_parameters(parameters).profile_id,)


def match(offered: Mapping[str, str | None], own: Mapping[str, str | None]) -> Match:
    """Keep the profile or remove the format; ``max-fr`` and ``max-fs`` are one's own."""
    (asked,), (known,) = configuration(offered), configuration(own)
    if asked != known:
        why = f"profile {asked} was offered, {known} is supported"
        return Match(False, (), why, _REFS)
    rest = without_parameter(tuple(own.items()), "profile-id")
    # Written when either end wrote it: the default came late, and some take it for unknown.
    said = offered.get("profile-id") is not None or own.get("profile-id") is not None
    profile = (("profile-id", str(asked)),) if said else ()
    return Match(True, (*profile, *rest), f"profile {asked}", _REFS)
