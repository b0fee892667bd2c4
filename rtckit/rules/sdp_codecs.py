"""Rules for what surrounds codecs: retransmission, redundancy, error correction, repetition."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import codecs_by_name, parameter_place
from rtckit.sdp.lines import read_integer
from rtckit.sdp.rtp import Codec

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_FLEXFEC = ("flexfec", "flexfec-03")
_NO_MEDIA = frozenset({"rtx", "red", "ulpfec", *_FLEXFEC, "telephone-event", "cn"})


@rule(
    "CODEC016",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 4588, 8.2", "RFC 4588, 8.6"),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def rtx_without_codec(description: LintedDescription) -> Iterator[Hit]:
    """The apt of rtx must be the payload type of a codec in the same section.

    Why: it says what is retransmitted. Chromium refuses the section when apt is missing or names no
        codec, which is what remains when a codec was taken out by hand; Firefox drops the rtx.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96 97
        a=rtpmap:96 VP8/90000
        a=rtpmap:97 rtx/90000
        a=fmtp:97 apt=98
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96 97
        a=rtpmap:96 VP8/90000
        a=rtpmap:97 rtx/90000
        a=fmtp:97 apt=96
    Fix: correct the apt, or remove the rtx with its rtpmap, fmtp and payload type.
    """
    for media, codec in codecs_by_name(description).get("rtx", ()):
        apt, severity = codec.apt, None
        if apt is None:
            message = f"rtx (payload type {codec.payload_type}) without an apt"
        else:
            other = media.find_codec(apt)
            if other is None:
                message = f"apt {apt[:20]!r} is no codec of this section"
                # Where only its rtpmap is unreadable, that is the fault.
                severity = WARNING if apt in media.media_line.formats else None
            elif other.name.lower() == "rtx":
                message = f"apt {apt[:20]} is rtx itself"
            else:
                continue
        place = parameter_place(description, media, codec, "apt")
        yield Hit(message, place, severity=severity)


@rule(
    "CODEC017",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 4588, 8.6", "RFC 4588, 8.2"),
    subject="sdp",
    levels={"rfc": ERROR},
)
def rtx_clock(description: LintedDescription) -> Iterator[Hit]:
    """The clock of rtx must be that of its codec.

    Why: a retransmission has the timestamp of the packet it repeats. Browsers do not look; aiortc
        drops the rtx.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96 97
        a=rtpmap:96 VP8/90000
        a=rtpmap:97 rtx/8000
        a=fmtp:97 apt=96
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96 97
        a=rtpmap:96 VP8/90000
        a=rtpmap:97 rtx/90000
        a=fmtp:97 apt=96
    Fix: write the clock of the codec that apt names.
    """
    for media, codec in codecs_by_name(description).get("rtx", ()):
        other = media.find_codec(codec.apt) if codec.apt is not None else None
        if other is not None and other.clock_rate != codec.clock_rate:
            yield Hit(
                f"rtx with a clock of {codec.clock_rate}, {other.name} has {other.clock_rate}",
                description.at(codec.span),
            )


@rule(
    "CODEC018",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 4588, 4", "RFC 4733, 2.5.1.2", "RFC 3389, 4"),
    subject="sdp",
)
def no_media_codec(description: LintedDescription) -> Iterator[Hit]:
    """A section must have a codec of its own, besides what repeats or accompanies one.

    Why: retransmission, redundancy, error correction, comfort noise and telephone events are not
        media. With nothing else Chromium may accept the section all the same, and nothing is heard.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 126
        a=rtpmap:126 telephone-event/8000
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0 126
        a=rtpmap:126 telephone-event/8000
    Fix: offer a codec: opus, PCMU or PCMA for audio; VP8 or H264 for video.
    """
    for media in description.rtp_media:
        codecs = media.codecs
        if codecs and all(codec.name.lower() in _NO_MEDIA for codec in codecs):
            names = ", ".join(dict.fromkeys(codec.name for codec in codecs))
            yield Hit(f"{names[:60]} and no codec of media", description.at_line(media))


@rule(
    "CODEC019",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 2198, 5",),
    subject="sdp",
)
def red_of_unknown_codec(description: LintedDescription) -> Iterator[Hit]:
    """The fmtp of red must list payload types of the section, of the same clock.

    Why: it says which codecs are packed into one packet, with slashes between them. A red whose
        codecs are not there is dropped.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 63 111
        a=rtpmap:63 red/48000/2
        a=fmtp:63 109/109
        a=rtpmap:111 opus/48000/2
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 63 111
        a=rtpmap:63 red/48000/2
        a=fmtp:63 111/111
        a=rtpmap:111 opus/48000/2
    Fix: write the payload types of the m= line, such as `a=fmtp:63 111/111`.
    """
    for media, codec in codecs_by_name(description).get("red", ()):
        for text in dict.fromkeys((codec.fmtp_text or "").split("/")):
            if not text:
                continue
            other: Codec | None = media.find_codec(text)
            if other is None:
                message = f"{text[:20]!r} is no codec of this section"
            elif other.clock_rate != codec.clock_rate:
                message = f"red/{codec.clock_rate} of {other.name}/{other.clock_rate}"
            else:
                continue
            yield Hit(message, parameter_place(description, media, codec))


@rule(
    "CODEC020",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8627, 5.1.2", "RFC 5109, 14.2"),
    subject="sdp",
)
def fec_parameters(description: LintedDescription) -> Iterator[Hit]:
    """FlexFEC must have a repair-window, and ulpfec the clock of a codec.

    Why: the window, in microseconds, tells how long the receiver has to keep packets; a protection
        with a clock that no codec has protects nothing.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96 118
        a=rtpmap:96 VP8/90000
        a=rtpmap:118 flexfec-03/90000
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96 118
        a=rtpmap:96 VP8/90000
        a=rtpmap:118 flexfec-03/90000
        a=fmtp:118 repair-window=10000000
    Fix: add `a=fmtp:<payload type> repair-window=10000000`; give ulpfec the clock 90000 for video.
    """
    codecs = codecs_by_name(description)
    for name in _FLEXFEC:
        for media, codec in codecs.get(name, ()):
            window = codec.fmtp.get("repair-window")
            if not read_integer(window or ""):
                what = f"repair-window {window[:20]!r}" if window else "no repair-window"
                yield Hit(
                    f"{codec.name} with {what}",
                    parameter_place(description, media, codec, "repair-window"),
                )
    section, clocks = -1, set[int | None]()
    for media, codec in codecs.get("ulpfec", ()):
        if media.index != section:
            section = media.index
            others = [other for other in media.codecs if other.name.lower() not in _NO_MEDIA]
            clocks = {other.clock_rate for other in others}
        if clocks and codec.clock_rate not in clocks:
            yield Hit(
                f"no codec has the clock {codec.clock_rate} of this ulpfec",
                description.at(codec.span),
            )


@rule(
    "CODEC023",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 3264, 5.1", "RFC 8866, 6.6"),
    subject="sdp",
)
def codec_repeated(description: LintedDescription) -> Iterator[Hit]:
    """A codec should be listed once with the same parameters.

    Why: the second payload type offers nothing new. Browsers answer the first one only, so packets
        with the second are not understood.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96 98
        a=rtpmap:96 VP8/90000
        a=rtpmap:98 VP8/90000
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96 98
        a=rtpmap:96 VP8/90000
        a=rtpmap:98 VP9/90000
    Fix: remove one, or give it the parameters that were meant to tell them apart.
    """
    for media in description.rtp_media:
        seen: dict[tuple[str, int | None, int | None, str], Codec] = {}
        for codec in media.codecs:
            key = (codec.name.lower(), codec.clock_rate, codec.channels, codec.fmtp_text or "")
            first = seen.setdefault(key, codec)
            if first is not codec:
                yield Hit(
                    f"{codec} again; payload type {first.payload_type} is the same",
                    description.at(codec.span),
                )
