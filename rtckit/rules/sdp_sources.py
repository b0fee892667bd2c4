"""Rules for the RTP sources that a description names (RFC 5576)."""

from collections.abc import Iterator
from typing import NamedTuple

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import Word, shared, words_of
from rtckit.sdp.lines import Attribute, read_integer
from rtckit.sdp.media import MediaSection

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_MAXIMUM_SSRC = 0xFFFF_FFFF


class _Source(NamedTuple):
    """A source of a section: its number, its line, and the names of its attributes."""

    media: MediaSection
    ssrc: str
    attribute: Attribute
    names: set[str]


@shared
def _sources(description: LintedDescription) -> list[_Source]:
    """The sources of each section that is not rejected, each once, with its first line."""
    found: list[_Source] = []
    for media in description.rtp_media:
        if not media.has("ssrc"):
            continue
        sources: dict[str, _Source] = {}
        for attribute in media.find_all("ssrc"):
            ssrc, _, rest = (attribute.value or "").strip(" \t").partition(" ")
            source = sources.get(ssrc)
            if source is None:
                source = sources[ssrc] = _Source(media, ssrc, attribute, set())
            source.names.add(rest.partition(":")[0])
        found += sources.values()
    return found


def _number(source: _Source) -> Word:
    """The place of a source's number; there is one in each line with a value."""
    return words_of(source.attribute)[0]


@rule(
    "RTP031",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 5576, 4.1",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def ssrc_range(description: LintedDescription) -> Iterator[Hit]:
    """An SSRC must be a decimal number from 1 to 4294967295.

    Why: it is a 32-bit field of every packet. Chromium refuses what is greater or no number; 0 is
        "none" to many programs, and such a source is lost.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ssrc:4294967296 cname:c
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ssrc:4294967295 cname:c
    Fix: write the SSRC as the unsigned decimal number that the packets have.
    """
    for source in _sources(description):
        number = read_integer(source.ssrc, _MAXIMUM_SSRC)
        if number is None and source.ssrc:
            yield Hit(f"{source.ssrc[:40]!r} is no SSRC", description.at(_number(source).span))
        elif number == 0:
            yield Hit("SSRC 0", description.at(_number(source).span), severity=WARNING)


@rule(
    "RTP032",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 5576, 4.1",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def ssrc_syntax(description: LintedDescription) -> Iterator[Hit]:
    """`a=ssrc` must have an attribute after the number, and should have a value.

    Why: the line gives one property of the source. Chromium refuses the description where there is
        none, and where the property has no value, though the standard allows that.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ssrc:1001
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ssrc:1001 cname:user
    Fix: write `a=ssrc:<number> <attribute>:<value>`.
    """
    for media, attribute in description.find_in_media("ssrc"):
        value = (attribute.value or "").strip(" \t")
        _, space, rest = value.partition(" ")
        if ":" in rest and rest[0] != ":":
            continue
        if media.rejected or not value:
            continue
        if not space or not rest.strip(" \t") or rest[0] == ":":
            yield Hit("ssrc without an attribute", description.at_value(attribute))
        elif description.profile != "rfc":
            yield Hit(
                f"the source attribute {rest[:40]!r} has no value",
                description.at_value(attribute),
                severity=None if description.profile == "chromium" else WARNING,
            )


@rule(
    "RTP033",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 5576, 4.1", "RFC 5576, 6.1"),
    subject="sdp",
)
def cname_missing(description: LintedDescription) -> Iterator[Hit]:
    """Each source that is named should have a cname.

    Why: the cname says which sources share a clock. Without it lips and voice are not kept in step
        until the first RTCP report.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ssrc:1001 msid:s t
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ssrc:1001 cname:user
        a=ssrc:1001 msid:s t
    Fix: add `a=ssrc:<number> cname:<name>`, the same name for all sources of one end.
    """
    for source in _sources(description):
        if "cname" not in source.names and source.ssrc:
            yield Hit(
                f"source {source.ssrc[:20]} has no cname", description.at(_number(source).span)
            )


@rule(
    "RTP034",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 5576, 4.2",),
    subject="sdp",
    levels={"rfc": ERROR, "chromium": ERROR},
)
def group_member_unknown(description: LintedDescription) -> Iterator[Hit]:
    """The sources of a group should have lines of their own in the section.

    Why: a source without an `a=ssrc` line is unknown. Chromium refuses a retransmission whose
        media it does not know.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=ssrc-group:FID 2001 2002
        a=ssrc:2001 cname:c
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=ssrc-group:FID 2001 2002
        a=ssrc:2001 cname:c
        a=ssrc:2002 cname:c
    Fix: add an a=ssrc line with the cname for each member, or remove the group.
    """
    section, known = -1, set[str]()
    for media, attribute in description.find_in_media("ssrc-group"):
        if media.rejected:
            continue
        if media.index != section:
            section = media.index
            known = {(item.value or "").partition(" ")[0] for item in media.find_all("ssrc")}
        for word in words_of(attribute)[1:]:
            if word.text not in known:
                yield Hit(
                    f"source {word.text[:20]} of the group has no line",
                    description.at(word.span),
                )


@rule(
    "RTP035",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 5576, 4.2",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def group_size(description: LintedDescription) -> Iterator[Hit]:
    """A group of FID or FEC-FR must have two different sources.

    Why: the second one repeats or protects the first. Chromium refuses any other number, and a
        source that is listed twice.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=ssrc-group:FID 2001
        a=ssrc:2001 cname:c
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=ssrc-group:FID 2001 2002
        a=ssrc:2001 cname:c
        a=ssrc:2002 cname:c
    Fix: write one group for each pair of media and retransmission.
    """
    for media, attribute in description.find_in_media("ssrc-group"):
        words = words_of(attribute)
        if media.rejected or not words:
            continue
        semantics, members = words[0].text, words[1:]
        place = description.at_value(attribute)
        if semantics in ("FID", "FEC-FR") and len(members) != 2:
            yield Hit(f"{semantics} of {len(members)} sources instead of 2", place)
        elif not members:
            yield Hit("a group of no sources", place)
        seen: set[str] = set()
        for word in members:
            if read_integer(word.text, _MAXIMUM_SSRC) is None:
                yield Hit(f"{word.text[:20]!r} is no SSRC", description.at(word.span))
            elif word.text in seen:
                yield Hit(f"source {word.text[:20]} twice in a group", description.at(word.span))
            seen.add(word.text)


@rule(
    "RTP036",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 8834, 4.9",),
    subject="sdp",
)
def cnames_of_a_stream(description: LintedDescription) -> Iterator[Hit]:
    """The sources of one stream should have one cname.

    Why: sources with different cnames have different clocks, and cannot be played in step; a WebRTC
        endpoint uses one cname for everything it sends.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s1 t1
        a=ssrc:1001 cname:one
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=msid:s1 t2
        a=ssrc:1002 cname:two
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=msid:s1 t1
        a=ssrc:1001 cname:one
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=msid:s1 t2
        a=ssrc:1002 cname:one
    Fix: use one cname for all sources of an end.
    """
    if not description.has("ssrc"):
        return
    first: dict[str, tuple[str, int]] = {}
    for media in description.rtp_media:
        if not media.has("ssrc") or not media.has("msid"):
            continue
        cname = next((found["cname"] for found in media.ssrcs.values() if "cname" in found), None)
        for msid in media.msids if cname is not None else ():
            if msid.stream == "-" or cname is None:
                continue
            other, index = first.setdefault(msid.stream, (cname, media.index))
            if other != cname:
                yield Hit(
                    f"stream {msid.stream[:40]!r} has another cname here than in media section "
                    f"{index}",
                    description.at(msid.span),
                )
                break
