"""Rules for what maps payload types: ``rtpmap`` and ``fmtp`` lines (RFC 8866, 6.6 and 6.15)."""

import re
from collections.abc import Iterator

from rtckit.core.errors import ParseError
from rtckit.core.findings import Location, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.sdp.lines import Attribute, read_integer
from rtckit.sdp.rtp import STATIC_PAYLOAD_TYPES, parse_rtpmap

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_RTPMAP = re.compile(r"(\d{1,3}) ([^ \t/]+)/([1-9]\d{0,9})(?:/[1-9]\d{0,9})?[ \t]*", re.ASCII)
# As their payload formats spell them; what is compared is not the case.
_SPELLINGS = (
    *("opus", "PCMU", "PCMA", "G722", "CN", "telephone-event", "red", "ulpfec", "flexfec-03"),
    *("VP8", "VP9", "H264", "H265", "AV1", "rtx"),
)
_SPELLING = {name.lower(): name for name in _SPELLINGS}


@rule(
    "SDP036",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.14", "RFC 8866, 6.6", "RFC 3551, 6"),
    subject="sdp",
    levels={"chromium": WARNING, "firefox": WARNING},
)
def rtpmap_missing(description: LintedDescription) -> Iterator[Hit]:
    """Every payload type without a fixed meaning must have an `a=rtpmap`.

    Why: without it no one knows the codec. aiortc refuses the description, browsers drop the
        payload type, and Chromium refuses it when an fmtp or rtcp-fb line for it is left. It
        happens when a script removes a codec's lines and forgets its number in the `m=` line.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96 97
        a=rtpmap:96 VP8/90000
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
    Fix: remove the number from the `m=` line too, or write its rtpmap.
    """
    mapped = {media.first_line: formats for media, formats in description.by_format("rtpmap")}
    for media in description.rtp_media:
        known = mapped.get(media.first_line, {})
        for payload_type in media.media_line.formats:
            if payload_type in known or payload_type in STATIC_PAYLOAD_TYPES:
                continue
            if read_integer(payload_type, 127) is not None:
                refused = description.profile == "chromium" and _has_lines(
                    description, media.first_line, payload_type
                )
                yield Hit(
                    f"payload type {payload_type} has no a=rtpmap",
                    description.at_format(media, payload_type),
                    severity=ERROR if refused else None,
                )


def _has_lines(description: LintedDescription, first_line: int, payload_type: str) -> bool:
    """Whether a section has parameters or feedback for a payload type."""
    return any(
        media.first_line == first_line and payload_type in formats
        for name in ("fmtp", "rtcp-fb")
        for media, formats in description.by_format(name)
    )


@rule(
    "SDP037",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 6.6",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def rtpmap_repeated(description: LintedDescription) -> Iterator[Hit]:
    """A payload type must have one `a=rtpmap`.

    Why: two that differ give one number two codecs. Chromium refuses them; Firefox and aiortc take
        one, and the other end perhaps the other.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtpmap:96 VP9/90000
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96 98
        a=rtpmap:96 VP8/90000
        a=rtpmap:98 VP9/90000
    Fix: remove one, or give it a payload type of its own.
    """
    for _, formats in description.by_format("rtpmap"):
        for payload_type, lines in formats.items():
            if len(lines) == 1:
                continue
            first = lines[0]
            for again in lines[1:]:
                same = again.value == first.value
                how = "the same" if same else "another"
                yield Hit(
                    f"{how} rtpmap for payload type {payload_type[:20]} (first: line {first.line})",
                    description.at_value(again),
                    severity=WARNING if same else None,
                )


@rule(
    "SDP038",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 6.6",),
    subject="sdp",
)
def rtpmap_unlisted(description: LintedDescription) -> Iterator[Hit]:
    """An `a=rtpmap` should be for a payload type of the `m=` line.

    Why: the codec is not offered, whatever its rtpmap says. With feedback or parameters for it
        Chromium refuses the description.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtpmap:98 VP9/90000
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96 98
        a=rtpmap:96 VP8/90000
        a=rtpmap:98 VP9/90000
    Fix: add the number to the `m=` line, or remove all lines for it.
    """
    for media, formats in description.by_format("rtpmap"):
        if not formats.keys() <= set(media.media_line.formats):
            for payload_type, lines in formats.items():
                if payload_type not in media.media_line.formats and payload_type:
                    yield Hit(
                        f"rtpmap for payload type {payload_type[:20]}, which the m= line lacks",
                        description.at_word(lines[0], 0),
                    )


@rule(
    "SDP039",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 3551, 6",),
    subject="sdp",
    levels={"chromium": ERROR},
)
def static_payload_type(description: LintedDescription) -> Iterator[Hit]:
    """A payload type with a fixed meaning should not get another.

    Why: 0 is PCMU, 8 is PCMA and so on, with or without an rtpmap. Chromium refuses another codec
        under such a number; others read it as they like.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtpmap:0 opus/48000/2
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtpmap:0 PCMU/8000
    Fix: use a number from 96 to 127.
    """
    for media, formats in description.by_format("rtpmap"):
        if not media.is_rtp:
            continue
        for payload_type in formats.keys() & STATIC_PAYLOAD_TYPES.keys():
            attribute = formats[payload_type][0]
            found = _RTPMAP.fullmatch(attribute.value or "")
            static = STATIC_PAYLOAD_TYPES[payload_type]
            if found and (found[2].upper() != static.name.upper() or int(found[3]) != static[1]):
                yield Hit(
                    f"payload type {payload_type} is {static.name}/{static.clock_rate}, not "
                    f"{found[2][:20]}/{found[3]}",
                    description.at_word(attribute, 1),
                )


@rule(
    "SDP040",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 6.6",),
    subject="sdp",
    levels={"firefox": WARNING},
)
def rtpmap_form(description: LintedDescription) -> Iterator[Hit]:
    """An `a=rtpmap` must be `<payload type> <name>/<clock rate>[/<channels>]`.

    Why: a codec that cannot be read is not offered, or the description is refused.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
    Fix: write the clock rate of the payload format: 90000 for video, 48000/2 for opus.
    """
    found = description.find_all("rtpmap")
    # Of a conference's thousands few differ.
    odd = {
        value for value in {item.value or "" for _, item in found} if not _RTPMAP.fullmatch(value)
    }
    for attribute in [item for _, item in found if odd and (item.value or "") in odd]:
        value = attribute.value or ""
        if value != value.lstrip(" \t") or "  " in value or "\t" in value:
            continue  # SDP011, SDP019
        start = attribute.value_span.column
        try:
            parse_rtpmap(value, attribute.line, start)
        except ParseError as error:
            yield Hit(
                f"{error.message} (expected {error.expected})",
                _to_end(description, attribute, error.column or start),
            )


def _to_end(description: LintedDescription, attribute: Attribute, column: int) -> Location:
    """From a column to the end of an attribute's line."""
    end = max(attribute.span.end_column, column + 1)
    return Location(description.file, attribute.line, column, end)


@rule(
    "SDP041",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 6.15",),
    subject="sdp",
)
def fmtp_unlisted(description: LintedDescription) -> Iterator[Hit]:
    """An `a=fmtp` should be for a format of the `m=` line, and be the only one for it.

    Why: Chromium and aiortc refuse parameters for a format that is not there. Of two lines for one
        format some receivers take the first, some the last, some both.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=fmtp:98 profile-id=0
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 98
        a=rtpmap:98 VP9/90000
        a=fmtp:98 profile-id=0
    Fix: remove the line with the codec it was for, or join the two lines with `;`.
    """
    for media, formats in description.by_format("fmtp"):
        listed = media.media_line.formats
        for name, lines in formats.items():
            if name and name not in listed:
                place = description.at_word(lines[0], 0)
                refused = description.profile in ("chromium", "aiortc")
                yield Hit(
                    f"fmtp for format {name[:20]}, which the m= line lacks",
                    place,
                    severity=ERROR if refused else None,
                )
            for again in lines[1:]:
                yield Hit(
                    f"a second fmtp for format {name[:20]} (first: line {lines[0].line})",
                    description.at_value(again),
                )


@rule(
    "SDP042",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 6.15",),
    subject="sdp",
    levels={"firefox": WARNING},
)
def fmtp_empty(description: LintedDescription) -> Iterator[Hit]:
    """An `a=fmtp` must have parameters.

    Why: Chromium and aiortc refuse a line without. Scripts leave one behind when they take the last
        parameter away.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 opus/48000/2
        a=fmtp:111
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 opus/48000/2
        a=fmtp:111 useinbandfec=1
    Fix: remove the line.
    """
    for _, formats in description.by_format("fmtp"):
        for lines in formats.values():
            for attribute in lines:
                if not (attribute.value or "").strip(" \t").partition(" ")[2]:
                    yield Hit("fmtp without parameters", description.at(attribute.span))


@rule(
    "SDP051",
    INFO,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.14",),
    subject="sdp",
)
def encoding_name_case(description: LintedDescription) -> Iterator[Hit]:
    """Encoding names compare without case, so the usual spelling is kinder to scripts.

    Why: every receiver must take `vp8` for `VP8`, and browsers do. Scripts that look for
        `VP8/90000` in the text do not, and then change nothing.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 vp8/90000
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
    Fix: spell it as its payload format does.
    """
    found = description.find_all("rtpmap")
    odd: dict[str, tuple[str, str]] = {}
    for value in {item.value or "" for _, item in found}:
        name = value.partition(" ")[2].partition("/")[0]
        usual = _SPELLING.get(name.lower(), name)
        if usual != name:
            odd[value] = (name, usual)
    for attribute in [item for _, item in found if odd and item.value in odd]:
        name, usual = odd[attribute.value or ""]
        yield Hit(
            f"encoding name {name[:20]}, usually {usual}",
            description.at_text(attribute, name),
        )
