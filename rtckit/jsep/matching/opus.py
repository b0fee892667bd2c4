"""Opus: parameters that each end says for itself (RFC 7587, 7.1)."""

from collections.abc import Mapping

from rtckit.jsep.matching.outcome import Match

__all__ = ["match", "refuse_encoding"]

_REFS = ("RFC 7587, 7.1",)


def refuse_encoding(clock_rate: int, channels: int | None) -> str | None:
    """Why an rtpmap of Opus is none, or None: it is always ``opus/48000/2`` (RFC 7587, 7)."""
    if clock_rate != 48000 or channels != 2:
        return f"Opus is always written opus/48000/2, not opus/{clock_rate}/{channels or 1}"
    return None


def match(offered: Mapping[str, str | None], own: Mapping[str, str | None]) -> Match:
    """Take it: nothing in an offer binds the answer, and unknown parameters do not come back."""
    asked = [
        name
        for name in ("stereo", "usedtx", "cbr", "useinbandfec", "maxaveragebitrate")
        if offered.get(name) not in (None, "0")
    ]
    why = f"sent with the peer's {', '.join(asked)}" if asked else "nothing to agree on"
    return Match(True, tuple(own.items()), why, _REFS)
