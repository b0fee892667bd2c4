"""Rules for RTP header extensions (RFC 8285)."""

import re
from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import extensions
from rtckit.sdp.lines import Span
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import ExtMap

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_LARGEST_ONE_BYTE = 14
_LARGEST_TWO_BYTE = 255
_APPLICATION_BITS = 256
_FIRST_EXTENDED, _LAST_EXTENDED = 4096, 4351
_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[!#-;=?-Z\[\]_a-z~]+")
_ENCRYPT = "urn:ietf:params:rtp-hdrext:encrypt"
# What a section may send or receive, and what one of its extensions may.
_SENDS = ("sendrecv", "sendonly")
_RECEIVES = ("sendrecv", "recvonly")


def _id_span(extension: ExtMap) -> Span:
    line, column, _ = extension.span
    return Span(line, column, column + len(str(extension.id)))


def _uri_span(extension: ExtMap, value: str) -> Span:
    line, column, _ = extension.span
    start = value.find(extension.uri)
    if start < 0:
        return extension.span
    return Span(line, column + start, column + start + len(extension.uri))


@rule(
    "RTP021",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 5", "RFC 8285, 4.3"),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def extension_id(description: LintedDescription) -> Iterator[Hit]:
    """The id of a header extension must be from 1 to 255.

    Why: 0 is padding in the packet, and there is no room for more than a byte. 256 is not an
        element but four bits of the two-byte form, which no browser uses. Chromium and Firefox
        refuse the description.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:0 urn:ietf:params:rtp-hdrext:sdes:mid
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
    Fix: use a free id from 1 to 14.
    """
    for _, entries in extensions(description):
        for extension in entries:
            number = extension.id
            if 0 < number <= _LARGEST_TWO_BYTE or _FIRST_EXTENDED <= number <= _LAST_EXTENDED:
                continue
            lenient = number == _APPLICATION_BITS and description.profile == "rfc"
            yield Hit(
                f"extension id {number}",
                description.at(_id_span(extension)),
                severity=INFO if lenient else None,
            )


@rule(
    "RTP022",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 7",),
    subject="sdp",
    levels={"rfc": INFO, "chromium": ERROR, "firefox": ERROR},
)
def extended_extension_id(description: LintedDescription) -> Iterator[Hit]:
    """Ids from 4096 to 4351 should not be used.

    Why: they are for offering more extensions than there are ids, or alternatives, and are no ids
        of packets. No browser understands them: Chromium and Firefox refuse the description.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:4096 urn:ietf:params:rtp-hdrext:sdes:mid
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
    Fix: offer the extensions that matter with ids from 1 to 14.
    """
    for _, entries in extensions(description):
        for extension in entries:
            if _FIRST_EXTENDED <= extension.id <= _LAST_EXTENDED:
                yield Hit(
                    f"extension id {extension.id} cannot stand in a packet",
                    description.at(_id_span(extension)),
                )


@rule(
    "RTP023",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 5",),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def extension_id_repeated(description: LintedDescription) -> Iterator[Hit]:
    """An extension id must be used once in a section.

    Why: the receiver could not know which of the two an element is. Both browsers refuse it;
        Firefox also refuses the same line twice.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level
    Fix: give the second extension a free id.
    """
    twice = None if description.profile == "firefox" else WARNING
    for _, entries in extensions(description):
        seen: dict[int, ExtMap] = {}
        for extension in entries:
            first = seen.setdefault(extension.id, extension)
            if first is not extension and extension.id < _FIRST_EXTENDED:
                yield Hit(
                    f"extension id {extension.id} is that of {first.uri[:80]} "
                    f"(line {first.span.line})",
                    description.at(_id_span(extension)),
                    severity=twice if first.uri == extension.uri else None,
                )


@rule(
    "RTP024",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 5",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def extensions_at_both_levels(description: LintedDescription) -> Iterator[Hit]:
    """Header extensions must be either the session's or the sections'.

    Why: whether a section adds to the session's extensions or replaces them is not defined.
        Chromium refuses the mixture.
    Fires on:
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level
    Fix: move the session's extensions into each section.
    """
    if not description.session.has("extmap"):
        return
    for _, attribute in description.find_in_media("extmap"):
        yield Hit(
            "an extension of a section, where the session has extensions too",
            description.at(attribute.span),
        )
        return


@rule(
    "RTP025",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 4.2", "RFC 8285, 6"),
    subject="sdp",
    levels={"firefox": ERROR},
)
def extension_id_beyond_one_byte(description: LintedDescription) -> Iterator[Hit]:
    """An extension id above 14 needs the two-byte form, and `a=extmap-allow-mixed`.

    Why: the usual one-byte form has four bits for the id, and 15 is reserved. Firefox refuses ids
        from 15 on.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:15 urn:ietf:params:rtp-hdrext:sdes:mid
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:14 urn:ietf:params:rtp-hdrext:sdes:mid
    Fix: use ids from 1 to 14; with more extensions than that, add a=extmap-allow-mixed.
    """
    for section, entries in extensions(description):
        if section.extmap_allow_mixed and description.profile != "firefox":
            continue
        for extension in entries:
            if _LARGEST_ONE_BYTE < extension.id <= _LARGEST_TWO_BYTE:
                yield Hit(
                    f"extension id {extension.id} does not fit the one-byte form",
                    description.at(_id_span(extension)),
                )


@rule(
    "RTP026",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 5",),
    subject="sdp",
)
def extension_uri(description: LintedDescription) -> Iterator[Hit]:
    """An extension must be named by an absolute URI.

    Why: the URI is all that says what the bytes mean. What is no URI is known to nobody, and
        Chromium refuses an encrypted extension of an encrypted one.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 ssrc-audio-level
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
    Fix: write the whole URI, as its specification has it.
    """
    known: dict[tuple[str, str], str | None] = {}
    for section, entries in extensions(description):
        for extension in entries:
            key = (extension.uri, extension.attributes)
            if key not in known:
                known[key] = _uri_fault(*key)
            fault = known[key]
            if fault is not None:
                line = extension.span.line
                value = description.lines[line - 1][extension.span.column - 1 :]
                yield Hit(
                    f"{fault} {extension.uri[:80]!r}",
                    description.at(_uri_span(extension, value)),
                    severity=INFO if section is description.session else None,
                )


def _uri_fault(uri: str, attributes: str) -> str | None:
    if not _ABSOLUTE_URI.fullmatch(uri):
        return "no absolute URI:"
    if uri == _ENCRYPT:
        inner = attributes.partition(" ")[0]
        if inner == _ENCRYPT:
            return "encryption twice:"
        if not _ABSOLUTE_URI.fullmatch(inner):
            return "no extension to encrypt after"
    return None


@rule(
    "RTP011",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 7",),
    subject="sdp",
    levels={"rfc": WARNING},
)
def extension_direction(description: LintedDescription) -> Iterator[Hit]:
    """The direction of an extension must fit that of its section.

    Why: an extension that is only sent, in a section that only receives, is never there. By
        the standard it is an error; Firefox writes it when a call is put on hold.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=recvonly
        a=extmap:1/sendonly urn:ietf:params:rtp-hdrext:sdes:mid
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=sendrecv
        a=extmap:1/sendonly urn:ietf:params:rtp-hdrext:sdes:mid
    Fix: give it the direction of the section, or leave the direction out.
    """
    for section, entries in extensions(description):
        if not isinstance(section, MediaSection) or section.direction == "inactive":
            continue
        for extension in entries:
            own = extension.direction
            if own is None or own in ("inactive", "sendrecv"):
                continue
            allowed = _SENDS if own == "sendonly" else _RECEIVES
            if section.direction not in allowed:
                yield Hit(
                    f"a {own} extension in a {section.direction} section",
                    description.at(extension.span),
                )


@rule(
    "RTP012",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 5",),
    subject="sdp",
)
def extension_repeated(description: LintedDescription) -> Iterator[Hit]:
    """An extension must stand once in a section.

    Why: with two ids for one URI each end may use the other one, and read nothing.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
        a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
    Fix: remove one of the lines.
    """
    for _, entries in extensions(description):
        seen: dict[tuple[str, str], ExtMap] = {}
        for extension in entries:
            first = seen.setdefault((extension.uri, extension.attributes), extension)
            # The same line twice is RTP023.
            if first.id != extension.id:
                yield Hit(
                    f"{extension.uri[:80]} again (line {first.span.line})",
                    description.at(extension.span),
                )


@rule(
    "RTP013",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 8",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def extension_syntax(description: LintedDescription) -> Iterator[Hit]:
    """`a=extmap` must be an id, perhaps a direction, and a URI.

    Why: Chromium refuses the description when it cannot read the line; Firefox leaves the extension
        out.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:mid urn:ietf:params:rtp-hdrext:sdes:mid
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1/sendrecv urn:ietf:params:rtp-hdrext:sdes:mid
    Fix: write `a=extmap:<id> <URI>`.
    """
    for section, entries in extensions(description):
        lines = section.find_all("extmap")
        if len(lines) == len(entries):
            continue
        readable = {extension.span.line for extension in entries}
        for attribute in lines:
            if attribute.line not in readable and attribute.value:
                yield Hit(
                    f"extmap {attribute.value[:40]!r} cannot be read",
                    description.at_value(attribute),
                )
