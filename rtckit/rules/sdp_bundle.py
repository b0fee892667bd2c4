"""Rules for mids, groups and BUNDLE (RFC 5888, RFC 9143)."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import TOKEN, Bundle, bundle_by_section, bundles, words_of

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_SEMANTICS = frozenset(["LS", "FID", "SRF", "ANAT", "FEC", "FEC-FR", "CS", "DDP", "DUP", "BUNDLE"])
_MAXIMUM_MID = 16
# Transport and identical attributes, which hold for a whole group (RFC 8859, 15.2.2).
_TAGGED_ONLY = (
    "ice-ufrag",
    "ice-pwd",
    "fingerprint",
    "setup",
    "candidate",
    "rtcp-mux",
    "rtcp-rsize",
)


@rule(
    "BUNDLE001",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 5888, 4",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def mid_repeated(description: LintedDescription) -> Iterator[Hit]:
    """Each media section must have a mid of its own.

    Why: groups, candidates and RTP packets name their section by its mid. With two sections of one
        name Chromium refuses the description; Firefox answers with the name twice, or fails.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:0
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: give the second section another mid, and name it in the BUNDLE group.
    """
    seen: dict[str, int] = {}
    for media in description.media:
        mid = media.mid
        if mid is None:
            continue
        attribute = media.find("mid")
        if mid in seen and attribute is not None:
            yield Hit(
                f"mid {mid[:40]!r} is that of media section {seen[mid]}",
                description.at_value(attribute),
            )
        seen.setdefault(mid, media.index)


@rule(
    "BUNDLE002",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 5888, 6", "RFC 9143, 7.2"),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def mid_missing(description: LintedDescription) -> Iterator[Hit]:
    """Where sections are grouped, every media section needs a mid.

    Why: with one section unnamed no grouping may be done at all; Chromium gives the section a name
        itself, which may be that of another one, and then refuses the description.
    Fires on:
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
    Silent on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: add a=mid to the section.
    """
    if not any(len(words_of(item)) > 1 for item in description.session.find_all("group")):
        return
    for media in description.media:
        if media.mid is None:
            yield Hit(
                f"media section {media.index} has no mid, and there is a group",
                description.at_line(media),
                severity=WARNING if media.rejected else None,
            )


@rule(
    "BUNDLE003",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 9143, 15.2", "RFC 8285, 4.2"),
    subject="sdp",
    levels={"chromium": ERROR, "firefox": ERROR},
)
def mid_too_long(description: LintedDescription) -> Iterator[Hit]:
    """A mid should have no more than 16 bytes.

    Why: the mid travels in an RTP header extension, and an element with a one-byte header holds 16
        bytes. Chromium and Firefox refuse longer mids.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:microphone-number-1
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:microphone-01
    Fix: use a short mid, such as the number of the section.
    """
    for media, attribute in description.find_in_media("mid"):
        size = len((media.mid or "").encode("utf-8", "replace"))
        if size > _MAXIMUM_MID and attribute == media.find("mid"):
            yield Hit(f"a mid of {size} bytes", description.at_value(attribute))


@rule(
    "BUNDLE004",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 5888, 4",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def mid_no_token(description: LintedDescription) -> Iterator[Hit]:
    """A mid must be a token.

    Why: with a slash, a quote or a space in it the mid cannot be listed in a group; Chromium cannot
        parse the group line then.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:audio/1
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:audio-1
    Fix: use letters, digits, `-`, `_` and `.`.
    """
    for _, attribute in description.find_in_media("mid"):
        value = (attribute.value or "").rstrip(" \t")
        if value and not TOKEN.fullmatch(value):
            yield Hit(f"mid {value[:40]!r} is no token", description.at_value(attribute))


@rule(
    "BUNDLE005",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 5888, 6", "RFC 9143, 7.2"),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def bundle_of_unknown_mid(description: LintedDescription) -> Iterator[Hit]:
    """A BUNDLE group must list only mids that exist.

    Why: Chromium refuses the description; Firefox takes it and fails when it sets its own answer.
    Fires on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Silent on:
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Fix: take the mid out of the group, or give it to the section that is meant.
    """
    for bundle in bundles(description):
        for mid in bundle.mids:
            if description.document.find_media(mid.text) is None:
                yield Hit(
                    f"no media section has the mid {mid.text[:40]!r}", description.at(mid.span)
                )


@rule(
    "BUNDLE006",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9143, 5",),
    subject="sdp",
)
def mid_in_two_bundles(description: LintedDescription) -> Iterator[Hit]:
    """A media section must stand in one BUNDLE group, and once.

    Why: a section has one transport. Both browsers refuse a section in two groups, and Firefox one
        that is listed twice in the same group.
    Fires on:
        a=group:BUNDLE 0 1
        a=group:BUNDLE 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Silent on:
        a=group:BUNDLE 0
        a=group:BUNDLE 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: list each mid in one group, once.
    """
    seen: dict[str, Bundle] = {}
    for bundle in bundles(description):
        for mid in bundle.mids:
            first = seen.setdefault(mid.text, bundle)
            if first is not bundle:
                yield Hit(
                    f"mid {mid.text[:40]!r} is in the BUNDLE group of line "
                    f"{first.attribute.line} already",
                    description.at(mid.span),
                )
        once: set[str] = set()
        for mid in bundle.mids:
            if mid.text in once:
                yield Hit(
                    f"mid {mid.text[:40]!r} is listed twice in this BUNDLE group",
                    description.at(mid.span),
                    severity=None if description.profile == "firefox" else WARNING,
                )
            once.add(mid.text)


@rule(
    "BUNDLE007",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9143, 7.2.1", "RFC 9143, 7.3.1"),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def bundle_tag_refused(description: LintedDescription) -> Iterator[Hit]:
    """The first section of a BUNDLE group must not have port 0.

    Why: its address, ICE and DTLS lines are those of the whole group. Firefox refuses such an offer
        and both browsers such an answer; in an answer the group then has no transport.
    Fires on:
        a=group:BUNDLE 0 1
        m=audio 0 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Silent on:
        a=group:BUNDLE 1
        m=audio 0 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: list first a section that is in use, and take rejected ones out of the group.
    """
    accepted = description.profile == "chromium" and description.is_offer
    for bundle in bundles(description):
        if bundle.tag is not None and bundle.tag.port == 0:
            why = "bundle-only" if bundle.tag.bundle_only else "rejected"
            yield Hit(
                f"the first section of the group, {bundle.mids[0].text[:40]!r}, is {why}",
                description.at(bundle.mids[0].span),
                severity=WARNING if accepted else None,
            )


@rule(
    "BUNDLE008",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 9143, 7.3.3", "RFC 9143, 7.5.3"),
    subject="sdp",
)
def rejected_section_bundled(description: LintedDescription) -> Iterator[Hit]:
    """A rejected section should not stand in a BUNDLE group.

    Why: the zero port says that the section is off, its place in the group that it is in use. The
        browsers go by the port, gateways not always.
    Fires on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 0 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Silent on:
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 0 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: take the mid out of the group.
    """
    for bundle in bundles(description):
        for mid in bundle.mids[1:]:
            media = description.document.find_media(mid.text)
            if media is not None and media.rejected:
                yield Hit(
                    f"section {mid.text[:40]!r} is rejected (port 0), yet in the group",
                    description.at(mid.span),
                )


@rule(
    "BUNDLE009",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9143, 6", "RFC 9143, 7.3.3"),
    subject="sdp",
)
def bundle_only_misplaced(description: LintedDescription) -> Iterator[Hit]:
    """`a=bundle-only` belongs to bundled sections of an offer that have port 0.

    Why: it says that the zero port is no rejection because the section shares another one's
        transport. Outside a group it is to be discarded, and the section counts as rejected.
    Fires on:
        m=audio 0 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=bundle-only
    Silent on:
        a=group:BUNDLE 1 0
        m=audio 0 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=bundle-only
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: put the section into a BUNDLE group, not as the first; in an answer leave the line out.
    """
    for media, attribute in description.find_in_media("bundle-only"):
        place = description.at(attribute.span)
        if description.is_answer:
            yield Hit("bundle-only in an answer", place, severity=WARNING)
        elif media.index not in bundle_by_section(description):
            yield Hit(
                "bundle-only in a section of no BUNDLE group",
                place,
                severity=None if media.port == 0 else WARNING,
            )
        elif media.port != 0:
            yield Hit(f"bundle-only in a section with port {media.port}", place, severity=WARNING)


@rule(
    "BUNDLE015",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9143, 9.3", "RFC 9429, 5.8.3"),
    subject="sdp",
)
def bundled_without_rtcp_mux(description: LintedDescription) -> Iterator[Hit]:
    """Bundled RTP sections must multiplex RTCP.

    Why: a bundle has one port, so RTCP cannot have another. Both browsers and aiortc refuse a
        bundled section without `a=rtcp-mux`, even where the first section of the group has it.
    Fires on:
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Silent on:
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=rtcp-mux
    Fix: add a=rtcp-mux to the section.
    """
    for bundle in bundles(description):
        # By the letter the attribute may stand in the tagged section alone (RFC 9143, 7.1.3).
        told = description.profile == "rfc" and bundle.tag is not None and bundle.tag.rtcp_mux
        for media in bundle.members:
            if media.is_rtp and not media.rtcp_mux and not media.bundle_only and not told:
                yield Hit(
                    f"bundled section {(media.mid or '')[:40]!r} has no rtcp-mux",
                    description.at_line(media),
                )


@rule(
    "BUNDLE016",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 9143, 7.1.3", "RFC 8859, 15.2.2"),
    subject="sdp",
    levels={"jsep": None, "chromium": None, "firefox": None, "aiortc": None},
)
def transport_repeated(description: LintedDescription) -> Iterator[Hit]:
    """In an answer only the first bundled section should describe the transport.

    Why: they hold for the whole group. By the letter no other section may repeat them; every
        browser does, and reads those of the first section.
    Fires on:
        == answer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:abcd
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ice-ufrag:abcd
    Silent on:
        == answer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:abcd
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: nothing has to be done; a writer that follows RFC 9143 leaves the lines out.
    """
    if not description.is_answer:
        return
    for bundle in bundles(description):
        for media in bundle.members:
            if media is bundle.tag:
                continue
            found = [name for name in _TAGGED_ONLY if media.has(name)]
            attribute = media.find(found[0]) if found else None
            if attribute is not None:
                yield Hit(
                    f"bundled section {(media.mid or '')[:40]!r} repeats {', '.join(found)}",
                    description.at_line(attribute),
                )


@rule(
    "BUNDLE021",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 5888, 5", "RFC 8859, 15.2.4"),
    subject="sdp",
)
def group_unknown(description: LintedDescription) -> Iterator[Hit]:
    """The semantics of a group should be known.

    Why: a group of unknown semantics is ignored. Semantics are written in capitals: `bundle` is
        not BUNDLE, and the sections then have a transport each.
    Fires on:
        a=group:bundle 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Silent on:
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Fix: use a registered name: BUNDLE, LS, FID, SRF, ANAT, FEC, FEC-FR, CS, DDP, DUP.
    """
    for attribute in description.session.find_all("group"):
        words = words_of(attribute)
        if words and words[0].text not in _SEMANTICS:
            mistyped = words[0].text.upper() in _SEMANTICS
            yield Hit(
                f"a group of unknown semantics {words[0].text[:40]!r}",
                description.at(words[0].span),
                severity=WARNING if mistyped else None,
            )


@rule(
    "BUNDLE022",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 5888, 6",),
    subject="sdp",
)
def group_of_unknown_mid(description: LintedDescription) -> Iterator[Hit]:
    """A group should list only mids that exist.

    Why: a group with a mid that no section has is to be ignored as a whole: an LS group then
        synchronises nothing.
    Fires on:
        a=group:LS 0 9
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Silent on:
        a=group:LS 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Fix: take the mid out of the group.
    """
    for attribute in description.session.find_all("group"):
        words = words_of(attribute)
        if not words or words[0].text == "BUNDLE":
            continue
        for mid in words[1:]:
            if description.document.find_media(mid.text) is None:
                yield Hit(
                    f"no media section has the mid {mid.text[:40]!r}", description.at(mid.span)
                )
