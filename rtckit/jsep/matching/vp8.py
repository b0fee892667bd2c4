"""VP8: limits of the receiver, and nothing to agree on (RFC 7741, 6)."""

from collections.abc import Mapping

from rtckit.jsep.matching.outcome import Match

__all__ = ["match"]


def match(offered: Mapping[str, str | None], own: Mapping[str, str | None]) -> Match:
    """Take it: ``max-fr`` and ``max-fs`` are what each end can receive (RFC 7741, 6.1)."""
    limits = [name for name in ("max-fr", "max-fs") if offered.get(name)]
    why = f"sent within the peer's {' and '.join(limits)}" if limits else "nothing to agree on"
    return Match(True, tuple(own.items()), why, ("RFC 7741, 6.2.2",))
