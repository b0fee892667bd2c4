"""What the descriptions promise: which end sends what in which section (RFC 3264, 6.1)."""

from collections.abc import Iterator
from dataclasses import dataclass

from rtckit.analysis.signalling import Description, Signalling
from rtckit.sdp import MediaSection

__all__ = ["PlannedMedia", "planned_data", "planned_media"]

_SENDS = frozenset({"sendrecv", "sendonly"})
_RECEIVES = frozenset({"sendrecv", "recvonly"})


@dataclass(frozen=True, slots=True)
class PlannedMedia:
    """One direction of an accepted audio or video section."""

    index: int
    mid: str | None
    kind: str
    sender: str
    description: Description
    section: MediaSection


def _accepted(
    signalling: Signalling,
) -> Iterator[tuple[int, Description, MediaSection, Description, MediaSection]]:
    offer, answer = signalling.offer, signalling.answer
    if offer is None or answer is None:
        return
    pairs = zip(offer.document.media, answer.document.media, strict=False)
    for index, (offered, answered) in enumerate(pairs):
        if not answered.rejected and not offered.rejected:
            yield index, offer, offered, answer, answered


def planned_media(signalling: Signalling) -> Iterator[PlannedMedia]:
    """Each direction that offer and answer agree on; nothing without both."""
    for index, offer, offered, answer, answered in _accepted(signalling):
        if offered.kind not in ("audio", "video"):
            continue
        for sender, mine, description, theirs in (
            (offer.sender, offered, offer, answered),
            (answer.sender, answered, answer, offered),
        ):
            if sender and mine.direction in _SENDS and theirs.direction in _RECEIVES:
                yield PlannedMedia(index, mine.mid, mine.kind, sender, description, mine)


def planned_data(signalling: Signalling) -> bool:
    """Whether a data channel section was accepted."""
    return any(
        offered.kind == "application" and "SCTP" in offered.protocol.upper()
        for _, _, offered, _, _ in _accepted(signalling)
    )
