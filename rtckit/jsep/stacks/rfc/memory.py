"""What the descriptions of a session so far have settled, whoever wrote them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rtckit.jsep.matching.extensions import ExtensionIds
from rtckit.jsep.matching.formats import (
    Configuration,
    MediaFormat,
    Parameters,
    configuration_among,
)
from rtckit.jsep.matching.payload_types import PayloadTypes
from rtckit.jsep.stacks.rfc.rereading import extmap_of, formats_of
from rtckit.sdp.document import Document
from rtckit.sdp.media import MediaSection

__all__ = ["Agreement", "Memory", "number_formats", "transport_facts"]


def transport_facts(media: MediaSection) -> tuple[str | None, frozenset[str]]:
    """What names a DTLS association at one end: ``tls-id`` and fingerprints (RFC 8842, 3.1)."""
    prints = frozenset(f"{item.hash_function} {item.value}" for item in media.fingerprints)
    return media.tls_id, prints


@dataclass(frozen=True, slots=True)
class Agreement:
    """The last completed exchange.

    Attributes:
        local: this side's description.
        remote: the other side's.
        answer: whichever of the two was the answer.
        is_offerer: whether this side made the offer.
    """

    local: Document
    remote: Document
    answer: Document
    is_offerer: bool

    def section(self, document: Document, index: int, mid: str | None) -> MediaSection | None:
        """The section of an index if it is in use and was not another one then."""
        if index >= len(document.media):
            return None
        media = document.media[index]
        if media.rejected or (mid and media.mid is not None and media.mid != mid):
            return None
        return media

    def bundles(self) -> list[tuple[str, ...]]:
        """The groups that were negotiated: those of the answer."""
        return [group.mids for group in self.answer.groups if group.semantics == "BUNDLE"]


@dataclass(slots=True)
class Memory:
    """Payload types and extension ids of all descriptions seen; they never change their meaning.

    What was learnt from a description stays even when that is rolled back: a number that once had
    a meaning is avoided for another one, unless an answer gave it that.
    """

    numbers: PayloadTypes = field(default_factory=PayloadTypes)
    ids: ExtensionIds = field(default_factory=ExtensionIds)

    def learn(self, document: Document) -> None:
        """Take in the numbers and ids of a description."""
        for media in document.media:
            if media.rejected or not media.is_rtp:
                continue
            self.numbers.bind(formats_of(media))
            self.ids.bind_all(extmap_of(media))

    def settle(self, answer: Document) -> None:
        """Hold to the ids of an answer: of two offers that crossed one comes to nothing."""
        for media in answer.media:
            if not media.rejected and media.is_rtp:
                for extension in extmap_of(media):
                    self.ids.settle(extension.id, (extension.uri, extension.attributes))


def number_formats(
    own: Sequence[MediaFormat],
    numbers: PayloadTypes,
    taken: Iterable[int] = (),
    fixed: Mapping[int, int] | None = None,
    prior: Mapping[Configuration, int] | None = None,
) -> dict[int, MediaFormat]:
    """One's own formats with the payload types they have in this session.

    Args:
        own: the formats of a section; each refers to the others by their own numbers.
        numbers: what numbers stand for so far.
        taken: the numbers that the section has given away.
        fixed: the number of a format where it is settled, by its own one.
        prior: the numbers that the section had, by what they stood for.

    The result is by own number, in the order of ``own``. A format for which no number is left is
    left out, and what repeats or carries it as well.
    """
    chosen = dict(fixed or {})
    used = set(taken) | set(chosen.values())
    found: dict[int, MediaFormat] = {}
    by_number: dict[int, MediaFormat] = {}
    # What an rtx stands for contains the number it repeats: that is chosen first.
    for item in sorted(own, key=_depends):
        fmtp = _renumbered(item, chosen)
        if fmtp is None:
            continue
        made = item if fmtp == item.fmtp else _with(item, item.payload_type, fmtp)
        number = chosen.get(item.payload_type)
        if number is None:
            key = configuration_among(made, by_number)
            number = (prior or {}).get(key)
            if number is None or number in used:
                number = numbers.choose(key, item.payload_type, used)
            if number is None:
                continue
            chosen[item.payload_type] = number
            used.add(number)
        if number != made.payload_type:
            made = _with(made, number, fmtp)
        by_number.setdefault(number, made)
        found[item.payload_type] = made
    return {
        item.payload_type: found[item.payload_type] for item in own if item.payload_type in found
    }


@lru_cache(maxsize=1024)
def _with(item: MediaFormat, number: int, fmtp: Parameters) -> MediaFormat:
    return replace(item, payload_type=number, fmtp=fmtp)


def _depends(item: MediaFormat) -> int:
    name = item.identity[0]
    return 2 if name == "rtx" else int(name == "red")


def _renumbered(
    item: MediaFormat, chosen: Mapping[int, int]
) -> tuple[tuple[str, str | None], ...] | None:
    """The parameters with the numbers that were chosen; None if one of them was not."""
    name = item.identity[0]
    if name == "rtx":
        number = None if item.apt is None else chosen.get(item.apt)
        if number is None:
            return None
        return tuple(
            (key, str(number) if key.lower() == "apt" else value) for key, value in item.fmtp
        )
    if name == "red" and item.carried:
        carried = [chosen.get(int(part)) if part.isdecimal() else None for part in item.carried]
        if None in carried:
            return None
        return (("/".join(str(number) for number in carried), None),)
    return item.fmtp
