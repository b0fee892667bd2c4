"""What the rules about pairs and negotiations read: equal formats, and what was agreed before.

A payload type is a number of one description; :func:`format_of` says what it stands for, so that
two descriptions can be compared.
"""

from collections.abc import Iterator
from typing import NamedTuple

from rtckit.core.findings import Location
from rtckit.rules.lint import LintedDescription, OfferAnswer, Sequence
from rtckit.rules.sdp_h264 import h264_profile
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import Codec, ExtMap
from rtckit.sdp.section import Section

__all__ = [
    "Format",
    "Step",
    "associations",
    "bundled",
    "extensions_of",
    "format_of",
    "formats_of",
    "is_closed",
    "label",
    "named",
    "place_of",
    "rtp_pairs",
    "section_at",
    "steps",
    "transport",
]

# Parameters that choose a configuration of the codec, with their defaults (RFC 9628, 6; RFC 7798,
# 7.1; the AV1 RTP specification, 7.2).
_DEFAULTS = {
    "vp9": (("profile-id", "0"),),
    "av1": (("profile", "0"),),
    "h265": (("profile-id", "1"), ("tier-flag", "0"), ("tx-mode", "SRST")),
}


class Format(NamedTuple):
    """What a payload type stands for.

    Two formats with the same ``key`` can take each other's packets. ``text`` is the format as
    people say it; ``name`` is the codec's name in lower case.
    """

    key: tuple[object, ...]
    text: str
    name: str
    codec: Codec


class Step(NamedTuple):
    """One description of a negotiation and what came before it.

    ``previous`` is the description that the same end wrote before; ``agreed`` the last exchange
    that was completed before this description; ``own`` this end's description in it, ``peer`` the
    other's; ``offer`` what an answer answers, and None for an offer.
    """

    description: LintedDescription
    author: int
    previous: LintedDescription | None
    agreed: OfferAnswer | None
    own: LintedDescription | None
    peer: LintedDescription | None
    offer: LintedDescription | None


def named(media: MediaSection) -> str:
    """A section as messages name it."""
    mid = f", mid {media.mid[:20]!r}" if media.mid is not None else ""
    return f"section {media.index} ({media.kind[:20] or '?'}{mid})"


def label(description: LintedDescription) -> str:
    """A description as messages name it: its file, or its place among those linted."""
    return description.file or f"{description.type or 'description'} {description.index + 1}"


def place_of(description: LintedDescription, section: Section, name: str) -> Location:
    """The value of the attribute that holds for a section: its own, or that of the session level.

    The section's first line where there is neither.
    """
    attribute = section.find(name) or description.session.find(name)
    return description.at_line(section) if attribute is None else description.at_value(attribute)


def transport(description: LintedDescription, media: MediaSection) -> MediaSection:
    """The section whose ICE and DTLS lines hold for ``media``."""
    return description.document.transport_of(media)


def bundled(description: LintedDescription) -> dict[str, int]:
    """The BUNDLE group of each mid in one, by the group's place among the BUNDLE groups."""
    found: dict[str, int] = {}
    groups = [group for group in description.document.groups if group.semantics == "BUNDLE"]
    for index, group in enumerate(groups):
        for mid in group.mids:
            found.setdefault(mid, index)
    return found


def _configuration(codec: Codec, name: str) -> tuple[tuple[object, ...], str]:
    """The parameters without which two formats of one codec differ, as a key and as words."""
    if name == "h264":
        # libwebrtc takes a missing profile for constrained baseline; RFC 6184 for baseline.
        text = codec.fmtp.get("profile-level-id") or "42e01f"
        profile = h264_profile(text) or text[:6].lower()
        mode = codec.fmtp.get("packetization-mode") or "0"
        return (profile, mode), f" ({profile}, packetization-mode {mode[:8]})"
    if name not in _DEFAULTS:
        return (), ""
    values = tuple((codec.fmtp.get(key) or default) for key, default in _DEFAULTS[name])
    shown = ", ".join(
        f"{key} {value[:8]}" for (key, _), value in zip(_DEFAULTS[name], values, strict=True)
    )
    return values, f" ({shown})"


def format_of(media: MediaSection, codec: Codec) -> Format:
    """What a codec of a section is, whatever its payload type."""
    name = codec.name.lower()
    if name == "rtx":
        repaired = media.find_codec(codec.apt) if codec.apt else None
        if repaired is None or repaired.name.lower() == "rtx":
            return Format((name, codec.clock_rate), str(codec)[:40], name, codec)
        inner = format_of(media, repaired)
        return Format(
            (name, codec.clock_rate, *inner.key),
            f"rtx/{codec.clock_rate} for {inner.text}",
            name,
            codec,
        )
    configuration, words = _configuration(codec, name)
    channels = (codec.channels or 1) if media.kind == "audio" else None
    key = (name, codec.clock_rate, channels, *configuration)
    return Format(key, f"{str(codec)[:40]}{words}", name, codec)


def formats_of(media: MediaSection) -> dict[str, Format]:
    """The formats of a section by payload type, in the order of its media line."""
    kept = media.__dict__
    key = "jsep_index.formats"
    if key not in kept:
        kept[key] = {codec.payload_type: format_of(media, codec) for codec in media.codecs}
    found: dict[str, Format] = kept[key]
    return found


def extensions_of(media: MediaSection) -> dict[str, ExtMap]:
    """The header extensions that hold for a section, by URI; the first of each counts."""
    found: dict[str, ExtMap] = {}
    for extension in media.extmap:
        found.setdefault(extension.uri, extension)
    return found


def rtp_pairs(pair: OfferAnswer) -> list[tuple[MediaSection, MediaSection]]:
    """The accepted sections over RTP, with what they answer."""
    return [
        (offered, answered)
        for offered, answered in pair.accepted
        if offered.is_rtp and answered.is_rtp and offered.kind == answered.kind
    ]


def is_closed(exchange: OfferAnswer | None, index: int) -> bool:
    """Whether the section was rejected or stopped when it was last negotiated."""
    if exchange is None:
        return False
    return any(
        index < len(description.media) and description.media[index].rejected
        for description in (exchange.offer, exchange.answer)
    )


def steps(sequence: Sequence) -> list[Step]:
    """Each description of a negotiation with what came before it."""
    kept = sequence.__dict__
    if "jsep_index.steps" not in kept:
        kept["jsep_index.steps"] = list(_steps(sequence))
    found: list[Step] = kept["jsep_index.steps"]
    return found


def _steps(sequence: Sequence) -> Iterator[Step]:
    last: dict[int, LintedDescription] = {}
    open_offer: tuple[int, LintedDescription] | None = None
    agreed: OfferAnswer | None = None
    agreed_by: dict[int, LintedDescription] = {}
    for author, description in zip(sequence.authors, sequence.descriptions, strict=True):
        yield Step(
            description,
            author,
            last.get(author),
            agreed,
            agreed_by.get(author),
            agreed_by.get(1 - author) if author in (0, 1) else None,
            open_offer[1] if open_offer is not None and description.is_answer else None,
        )
        last[author] = description
        if description.is_offer:
            open_offer = (author, description)
        elif description.type == "answer" and open_offer is not None:
            agreed = OfferAnswer(open_offer[1], description)
            agreed_by = {open_offer[0]: open_offer[1], author: description}
            open_offer = None


def associations(
    sequence: Sequence,
) -> Iterator[tuple[LintedDescription, LintedDescription, MediaSection, MediaSection]]:
    """The sections that an end described before and describes again."""
    for before, after in sequence.successions:
        for old, new in zip(before.media, after.media, strict=False):
            if not (old.rejected or new.rejected) and old.mid == new.mid:
                yield before, after, old, new


def section_at(description: LintedDescription | None, index: int) -> MediaSection | None:
    """The section of this index that is in use, or None."""
    if description is None or index >= len(description.media):
        return None
    media = description.media[index]
    return None if media.rejected else media
