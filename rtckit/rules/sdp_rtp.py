"""Rules for multiplexed RTCP, payload types and RTCP feedback (RFC 5761, RFC 4585, RFC 5104)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import Word, bundle_by_section, shared, words_of
from rtckit.sdp.lines import Attribute
from rtckit.sdp.media import MediaSection

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_FEEDBACK = re.compile(
    r"transport-cc|goog-remb|goog-lntf|rrtr"
    r"|ack (?:rpsi|app(?: .*)?|ccfb)"
    r"|nack(?: (?:pli|sli|rpsi|rai|tllei|pslei|ecn|app(?: .*)?))?"
    r"|trr-int \d+"
    r"|ccm (?:fir|tmmbr(?: smaxpr=\d+)?|tstr|vbcm(?: \d+)*|pause(?: .*)?|lrr(?: .*)?)"
)


class _Feedback(NamedTuple):
    """A readable ``a=rtcp-fb`` line."""

    media: MediaSection
    attribute: Attribute
    payload_type: str
    feedback: str


@shared
def _feedback(description: LintedDescription) -> list[_Feedback]:
    found = []
    for media in description.rtp_media:
        for attribute in media.find_all("rtcp-fb") if media.has("rtcp-fb") else ():
            payload_type, _, feedback = (attribute.value or "").strip(" \t").partition(" ")
            found.append(_Feedback(media, attribute, payload_type, feedback.strip(" \t")))
    return found


def _payload_word(attribute: Attribute) -> Word:
    return words_of(attribute)[0]


@rule(
    "RTP001",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 9429, 5.8.3", "RFC 8834, 4.5"),
    subject="sdp",
    levels={"rfc": WARNING},
)
def rtcp_mux_missing(description: LintedDescription) -> Iterator[Hit]:
    """A section over RTP must multiplex RTCP.

    Why: browsers gather no second port for RTCP any more. Chromium, Firefox and aiortc refuse a
        section without `a=rtcp-mux`.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=rtcp-mux
    Fix: add a=rtcp-mux, and send RTCP to the port of RTP.
    """
    bundled = bundle_by_section(description)
    for media in description.rtp_media:
        # Bundled sections are BUNDLE015's; a bundle-only one outside a group is none.
        if media.rtcp_mux or media.rtcp_mux_only or media.port == 0 or media.index in bundled:
            continue
        yield Hit("a section over RTP without rtcp-mux", description.at_line(media))


@rule(
    "RTP002",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8858, 4.2", "RFC 9429, 5.8.3"),
    subject="sdp",
)
def rtcp_mux_only_alone(description: LintedDescription) -> Iterator[Hit]:
    """A section with `a=rtcp-mux-only` must also have `a=rtcp-mux`.

    Why: rtcp-mux-only says that nothing but multiplexing will do; rtcp-mux is what asks for it. The
        browsers and aiortc refuse the section without it.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux-only
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
        a=rtcp-mux-only
    Fix: add a=rtcp-mux.
    """
    for media, attribute in description.find_in_media("rtcp-mux-only"):
        if not media.rtcp_mux and media.is_rtp:
            yield Hit("rtcp-mux-only without rtcp-mux", description.at(attribute.span))


@rule(
    "RTP003",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 5761, 4",),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def payload_type_of_rtcp(description: LintedDescription) -> Iterator[Hit]:
    """Payload types 64 to 95 must not be used with multiplexed RTCP.

    Why: RTP and RTCP on one port are told apart by the second byte, and these numbers, with the
        marker bit, are RTCP's packet types. Both browsers refuse them.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 72
        a=rtpmap:72 opus/48000/2
        a=rtcp-mux
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=rtpmap:111 opus/48000/2
        a=rtcp-mux
    Fix: use a number from 96 to 127, or from 35 to 63 when those are spent.
    """
    for media in description.rtp_media:
        if not media.rtcp_mux:
            continue
        for text in dict.fromkeys(media.media_line.formats):
            if len(text) == 2 and "64" <= text <= "95" and text.isdigit():
                yield Hit(
                    f"payload type {text} together with rtcp-mux",
                    description.at_format(media, text),
                    severity=WARNING if media.find_codec(text) is None else None,
                )


@rule(
    "RTP004",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 5761, 4", "RFC 3551, 6"),
    subject="sdp",
    levels={"jsep": None, "chromium": None, "firefox": None, "aiortc": WARNING},
)
def payload_type_below_96(description: LintedDescription) -> Iterator[Hit]:
    """Payload types 35 to 63 are for when 96 to 127 are spent.

    Why: they are free, and Chromium uses them. A receiver of the old school takes them for static
        ones; aiortc answers with other numbers.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 35
        a=rtpmap:35 opus/48000/2
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 opus/48000/2
    Fix: nothing, unless such a receiver is at the other end; then number from 96.
    """
    for media in description.rtp_media:
        low = [
            text
            for text in dict.fromkeys(media.media_line.formats)
            if len(text) == 2 and "35" <= text <= "63" and text.isdigit()
        ]
        if low:
            more = f" and {len(low) - 1} more" if len(low) > 1 else ""
            yield Hit(f"payload type {low[0]}{more} below 96", description.at_format(media, low[0]))


@rule(
    "RTP007",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 3605, 2.1",),
    subject="sdp",
)
def rtcp_address(description: LintedDescription) -> Iterator[Hit]:
    """`a=rtcp` should be a port, and perhaps an address like that of `c=`.

    Why: without multiplexing this is where RTCP goes; a value that cannot be read leaves it to the
        next higher port.
    Fires on:
        m=audio 5000 RTP/AVP 0
        a=rtcp:192.0.2.1:5001
    Silent on:
        m=audio 5000 RTP/AVP 0
        a=rtcp:5001 IN IP4 192.0.2.1
    Fix: write `a=rtcp:<port> IN IP4 <address>`; a description with ICE does not need the line.
    """
    for media, attribute in description.find_in_media("rtcp"):
        if attribute.value and media.rtcp is None and attribute == media.find("rtcp"):
            yield Hit(
                f"rtcp {attribute.value[:40]!r} cannot be read", description.at_value(attribute)
            )


@rule(
    "RTP008",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8858, 4.3",),
    subject="sdp",
)
def rtcp_mux_only_answered(description: LintedDescription) -> Iterator[Hit]:
    """An answer must not contain `a=rtcp-mux-only`.

    Why: the attribute asks, and an answer has nothing to ask: rtcp-mux accepts.
    Fires on:
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
        a=rtcp-mux-only
    Silent on:
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
    Fix: leave rtcp-mux-only out of answers.
    """
    if description.is_answer:
        for _, attribute in description.find_in_media("rtcp-mux-only"):
            yield Hit("rtcp-mux-only in an answer", description.at(attribute.span))


@rule(
    "RTP041",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 4585, 4.2",),
    subject="sdp",
    levels={"chromium": ERROR},
)
def feedback_of_unknown_format(description: LintedDescription) -> Iterator[Hit]:
    """`a=rtcp-fb` should name a payload type of its section, or `*`.

    Why: this is what remains when a codec was taken out by hand. Chromium refuses the description,
        others ignore the line.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:98 nack
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack
    Fix: remove the line, or add the payload type to the m= line.
    """
    section, formats = -1, frozenset[str]()
    for media, attribute, payload_type, feedback in _feedback(description):
        if media.index != section:
            section, formats = media.index, frozenset((*media.media_line.formats, "*"))
        if payload_type and payload_type not in formats:
            yield Hit(
                f"payload type {payload_type[:20]} is not in the m= line",
                description.at(_payload_word(attribute).span),
            )
        elif payload_type and not feedback:
            yield Hit("rtcp-fb without a type of feedback", description.at_value(attribute))


@rule(
    "RTP042",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 4585, 4.2", "RFC 9429, 5.1.2"),
    subject="sdp",
    levels={"rfc": ERROR},
)
def feedback_without_profile(description: LintedDescription) -> Iterator[Hit]:
    """`a=rtcp-fb` belongs to the profiles AVPF and SAVPF.

    Why: other profiles have no early feedback. WebRTC endpoints go by the line and not by the
        profile; a gateway that goes by the profile sends no NACK and no PLI.
    Fires on:
        m=video 9 RTP/AVP 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack
    Fix: use UDP/TLS/RTP/SAVPF in the m= line.
    """
    section = -1
    for media, attribute, _, _ in _feedback(description):
        if media.index != section:
            section = media.index
            if not media.protocol.upper().endswith("AVPF"):
                yield Hit(
                    f"rtcp-fb in a section with the profile {media.protocol[:40]}",
                    description.at(attribute.span),
                )


@rule(
    "RTP043",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 4585, 4.2", "RFC 5104, 7.1", "RFC 8888, 6"),
    subject="sdp",
)
def feedback_unknown(description: LintedDescription) -> Iterator[Hit]:
    """The type of RTCP feedback should be known.

    Why: a receiver ignores feedback that it does not fully understand, so `nack-pli` asks for
        nothing.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack-pli
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack pli
    Fix: known are nack (alone, pli, sli, rpsi, app), ack (rpsi, app, ccfb), ccm (fir, tmmbr, tstr,
        vbcm, pause), trr-int, transport-cc and goog-remb.
    """
    known: dict[str, bool] = {}
    for _, attribute, _, feedback in _feedback(description):
        if feedback not in known:
            known[feedback] = not feedback or _FEEDBACK.fullmatch(feedback) is not None
        if not known[feedback]:
            first, last = words_of(attribute)[1], words_of(attribute)[-1]
            span = first.span._replace(end_column=last.span.end_column)
            yield Hit(f"unknown feedback {feedback[:40]!r}", description.at(span))


@rule(
    "RTP045",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 4585, 4.2",),
    subject="sdp",
)
def feedback_repeated(description: LintedDescription) -> Iterator[Hit]:
    """Feedback should be listed once for a payload type.

    Why: a second line changes nothing. It tells that a script has added what was there.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack
        a=rtcp-fb:96 nack
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack
        a=rtcp-fb:96 nack pli
    Fix: remove the second line.
    """
    section = -1
    seen: set[tuple[str, str]] = set()
    for media, attribute, payload_type, feedback in _feedback(description):
        if media.index != section:
            section = media.index
            seen.clear()
        key = (payload_type, feedback)
        if key in seen:
            yield Hit(
                f"feedback {feedback[:40]!r} again for payload type {payload_type[:20]}",
                description.at(attribute.span),
            )
        seen.add(key)
