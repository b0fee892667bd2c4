"""DTMF and other telephone events (RFC 4733, 2.4 and 2.5)."""

from collections.abc import Mapping

from rtckit.jsep.matching.outcome import Match

__all__ = ["DTMF_EVENTS", "build_events", "events_of", "match", "parse_events", "sendable_events"]

DTMF_EVENTS = frozenset(range(16))
"""What is assumed where no events are listed (RFC 4733, 2.5.1.1)."""

_REFS = ("RFC 4733, 2.5.1.1",)
_MAXIMUM = 255


def parse_events(text: str) -> frozenset[int]:
    """The events of a list such as ``0-15,66,70``; what is no event is passed over."""
    found: set[int] = set()
    for part in text.split(",", 256)[:256]:
        low, dash, high = part.strip(" \t").partition("-")
        first, last = _event(low), _event(high if dash else low)
        if first is not None and last is not None:
            found.update(range(first, last + 1))
    return frozenset(found)


def _event(text: str) -> int | None:
    if not text.isascii() or not text.isdecimal() or len(text) > 3 or int(text) > _MAXIMUM:
        return None
    return int(text)


def build_events(events: frozenset[int]) -> str:
    """The list as it is written, in order, with ranges (RFC 4733, 2.4.1)."""
    parts: list[str] = []
    first: int | None = None
    for event in sorted(events):
        if first is None:
            first = event
        if event + 1 not in events:
            parts.append(str(first) if first == event else f"{first}-{event}")
            first = None
    return ",".join(parts)


def events_of(parameters: Mapping[str, str | None]) -> frozenset[int]:
    """The events a description lists, 0 to 15 without a list; ``events=`` is read as well."""
    for name, value in parameters.items():
        if value is None:
            return parse_events(name)
        if name.lower() == "events":
            return parse_events(value.strip('"'))
    return DTMF_EVENTS


def sendable_events(
    received: Mapping[str, str | None], own: Mapping[str, str | None]
) -> frozenset[int]:
    """The events that may be sent to who listed ``received`` (RFC 4733, 2.5.1.1)."""
    return events_of(received) & events_of(own)


def match(offered: Mapping[str, str | None], own: Mapping[str, str | None]) -> Match:
    """Take it; the answer lists the events that its writer receives."""
    common = build_events(sendable_events(offered, own))
    why = f"events {common} may be sent" if common else "no event in common to send"
    return Match(True, tuple(own.items()), why, _REFS)
