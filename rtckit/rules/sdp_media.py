"""Rules for ``m=`` lines (RFC 8866, 5.14)."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.sdp.lines import read_integer

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_KINDS = ("audio", "video", "text", "application", "message", "image")
_WEBRTC_KINDS = ("audio", "video", "application")


@rule(
    "SDP030",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.14",),
    subject="sdp",
    levels={"firefox": ERROR, "aiortc": ERROR},
)
def media_kind(description: LintedDescription) -> Iterator[Hit]:
    """A media section should be audio, video or application.

    Why: WebRTC has no other. Chromium answers a section of another kind with port 0; Firefox and
        aiortc refuse the whole offer.
    Fires on:
        m=text 9 RTP/AVP 98
    Silent on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
    Fix: remove the section before the description goes to a WebRTC end.
    """
    for media in description.media:
        kind = media.kind
        if kind in _WEBRTC_KINDS or not kind:
            continue
        known = kind in _KINDS
        what = f"media type {kind[:20]!r} is not of WebRTC"
        if not known:
            hint = f", meant {kind.lower()}?" if kind.lower() in _KINDS else ""
            what = f"unknown media type {kind[:20]!r}{hint}"
        yield Hit(what, description.at_word(media, 0))


@rule(
    "SDP031",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.14",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def media_port(description: LintedDescription) -> Iterator[Hit]:
    """The port must be a number from 0 to 65535.

    Why: it is 0 to reject a section and 9 until ICE has an address, but a number always. Browsers
        refuse anything else, or take the section for rejected.
    Fires on:
        m=audio 65536 UDP/TLS/RTP/SAVPF 0
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: write 9, or 0 to reject the section.
    """
    for media in description.media:
        line = media.media_line
        if line.port is None and line.protocol:
            text = description.lines[media.first_line - 1].split()
            shown = text[1][:20] if len(text) > 1 else ""
            yield Hit(f"port {shown!r} is not 0 to 65535", description.at_word(media, 1))


@rule(
    "SDP032",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.14",),
    subject="sdp",
    levels={"chromium": ERROR, "aiortc": ERROR},
)
def port_count(description: LintedDescription) -> Iterator[Hit]:
    """A port should stand without a number of ports.

    Why: `49170/2` reserves ports for layers of a multicast. It has no meaning with ICE; Chromium
        and aiortc refuse the description.
    Fires on:
        m=audio 49170/2 UDP/TLS/RTP/SAVPF 0
    Silent on:
        m=audio 49170 UDP/TLS/RTP/SAVPF 0
    Fix: remove the slash and the number.
    """
    for media in description.media:
        if media.media_line.ports is not None:
            yield Hit("a number of ports", description.at_word(media, 1))


@rule(
    "SDP033",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.14", "RFC 3264, 6"),
    subject="sdp",
)
def media_fields(description: LintedDescription) -> Iterator[Hit]:
    """An `m=` line must have a kind, a port, a protocol and at least one format.

    Why: a section without a format negotiates nothing. Also one that is rejected keeps a format:
        the grammar asks for it, and Chromium and aiortc refuse a line without.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: write the payload types, or `webrtc-datachannel` for data; to reject a section keep its
        formats and set the port to 0.
    """
    for media in description.media:
        line = media.media_line
        if not line.formats:
            have = [bool(line.kind), line.port is not None or bool(line.protocol)]
            missing = "format"
            if not line.protocol:
                missing = "protocol" if all(have) else "port" if line.kind else "kind"
            yield Hit(f"m= line without a {missing}", description.at_line(media))


@rule(
    "SDP034",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.14", "RFC 8866, 6.6"),
    subject="sdp",
    levels={"firefox": WARNING},
)
def payload_type_range(description: LintedDescription) -> Iterator[Hit]:
    """A payload type must be a number from 0 to 127.

    Why: it has 7 bits in RTP. Browsers and aiortc refuse the description.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 128
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 127
    Fix: take a free number from 96 to 127, or from 35 to 63.
    """
    for media in description.media:
        if not media.is_rtp:
            continue
        for payload_type in media.media_line.formats:
            number = read_integer(payload_type)
            if number is None or number > 127:
                if payload_type == "*" and media.rejected:
                    continue
                place = description.at_format(media, payload_type)
                yield Hit(
                    f"payload type {payload_type[:20]!r} is not 0 to 127",
                    place,
                    # Firefox passes over what is no number.
                    severity=None if number is None else ERROR,
                )


@rule(
    "SDP035",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8866, 5.14",),
    subject="sdp",
)
def payload_type_repeated(description: LintedDescription) -> Iterator[Hit]:
    """A payload type should be listed once.

    Why: the order of the list is the order of preference, so the same number twice says two things.
        Receivers keep the first.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0 8 0
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0 8
    Fix: remove the second.
    """
    for media in description.media:
        formats = media.media_line.formats
        if len(set(formats)) == len(formats):
            continue
        seen: set[str] = set()
        for index, name in enumerate(formats):
            if name in seen:
                place = description.at_word(media, 3 + index)
                yield Hit(f"format {name[:20]} again", place)
            seen.add(name)
