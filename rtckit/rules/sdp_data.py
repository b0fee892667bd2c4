"""Rules for data channels in descriptions (RFC 8841)."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import shared
from rtckit.sdp.lines import read_integer
from rtckit.sdp.media import MediaSection

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_PROTOCOLS = ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP")
_LARGEST_PORT = 65535


@shared
def _data_media(description: LintedDescription) -> list[MediaSection]:
    """The sections with data channels that are not rejected."""
    return [media for media in description.active_media if media.is_data]


@rule(
    "DATA001",
    ERROR,
    layer=Layer.DATA,
    refs=("RFC 8841, 5.1", "RFC 9429, 5.8.2"),
    subject="sdp",
    levels={"chromium": WARNING, "aiortc": WARNING},
)
def sctp_port_missing(description: LintedDescription) -> Iterator[Hit]:
    """A section with data channels must have an `a=sctp-port`.

    Why: there is no default. Firefox answers such a section with port 0, so that no channel opens;
        Chromium and aiortc take 5000.
    Fires on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=mid:0
    Silent on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=mid:0
        a=sctp-port:5000
    Fix: add a=sctp-port:5000.
    """
    for media in _data_media(description):
        legacy = media.has("sctpmap") or media.protocol.upper() not in _PROTOCOLS
        if not media.has("sctp-port") and not legacy:
            yield Hit("data channels without an sctp-port", description.at_line(media))


@rule(
    "DATA002",
    ERROR,
    layer=Layer.DATA,
    refs=("RFC 8841, 5.2",),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def sctp_port_range(description: LintedDescription) -> Iterator[Hit]:
    """The sctp-port must be a number up to 65535, and should not be 0.

    Why: Chromium refuses the description when it cannot read the port, Firefox rejects the section.
        Port 0 is how a section says that its association is closed.
    Fires on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:70000
    Silent on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
    Fix: write a=sctp-port:5000.
    """
    for media in _data_media(description):
        attribute = media.find("sctp-port")
        if attribute is None or not attribute.value:
            continue
        text = attribute.value.strip(" \t")
        port = read_integer(text, _LARGEST_PORT)
        place = description.at_value(attribute)
        if port is None:
            yield Hit(f"sctp-port {text[:20]!r} is no port", place)
        elif port == 0:
            yield Hit("sctp-port 0", place, severity=WARNING)
        elif text[0] == "0":
            yield Hit(f"sctp-port {text[:20]!r} begins with a zero", place, severity=WARNING)


@rule(
    "DATA003",
    WARNING,
    layer=Layer.DATA,
    refs=("RFC 8841, 5.1",),
    subject="sdp",
)
def sctp_port_and_map(description: LintedDescription) -> Iterator[Hit]:
    """A section should have either `a=sctp-port` or the older `a=sctpmap`.

    Why: they say the same, and where they differ one end takes this and the other end that.
    Fires on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
        a=sctpmap:5001 webrtc-datachannel 1024
    Silent on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
    Fix: leave the sctpmap out.
    """
    for media in _data_media(description):
        attribute = media.find("sctpmap")
        if attribute is not None and media.has("sctp-port"):
            yield Hit("sctpmap beside sctp-port", description.at(attribute.span))


@rule(
    "DATA004",
    ERROR,
    layer=Layer.DATA,
    refs=("RFC 8841, 6.1", "RFC 8841, 6.2"),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def message_size(description: LintedDescription) -> Iterator[Hit]:
    """The max-message-size must be a number of bytes; 0 stands for any size.

    Why: Chromium refuses the description when it cannot read the number. Without the line the size
        is 64 kB.
    Fires on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
        a=max-message-size:-1
    Silent on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
        a=max-message-size:262144
    Fix: write the largest message that can be received, in bytes, or 0.
    """
    for media in _data_media(description):
        attribute = media.find("max-message-size")
        if attribute is None or not attribute.value:
            continue
        text = attribute.value.strip(" \t")
        place = description.at_value(attribute)
        if read_integer(text) is None:
            yield Hit(f"max-message-size {text[:20]!r} is no number", place)
        elif text[0] == "0" and len(text) > 1:
            yield Hit(f"max-message-size {text[:20]!r} begins with a zero", place, severity=WARNING)


@rule(
    "DATA005",
    ERROR,
    layer=Layer.DATA,
    refs=("RFC 8841, 4.3", "RFC 8841, 4.4.2"),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def data_media_line(description: LintedDescription) -> Iterator[Hit]:
    """Data channels must be `m=application`, with the one format `webrtc-datachannel`.

    Why: the format says what runs over SCTP. Both browsers refuse another format, and another kind
        of media with this protocol.
    Fires on:
        m=application 9 UDP/DTLS/SCTP datachannel
        a=sctp-port:5000
    Silent on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
    Fix: write `m=application 9 UDP/DTLS/SCTP webrtc-datachannel`.
    """
    for media in _data_media(description):
        if media.kind != "application":
            yield Hit(f"m={media.kind[:20]} with SCTP", description.at_word(media, 0))
        if media.protocol.upper() not in _PROTOCOLS:
            continue
        formats = media.media_line.formats
        if len(formats) > 1:
            what = f"{len(formats)} formats instead of one"
            yield Hit(what, description.at_word(media, 4), severity=WARNING)
        elif formats and formats[0] != "webrtc-datachannel" and not formats[0].isdigit():
            yield Hit(
                f"format {formats[0][:40]!r} instead of webrtc-datachannel",
                description.at_word(media, 3),
            )


@rule(
    "DATA006",
    WARNING,
    layer=Layer.DATA,
    refs=("RFC 8841, 4.2", "RFC 9429, 5.1.2"),
    subject="sdp",
)
def data_of_drafts(description: LintedDescription) -> Iterator[Hit]:
    """Data channels should not have the form of old drafts.

    Why: `DTLS/SCTP 5000` with `a=sctpmap` is what browsers wrote until 2019. They still read it,
        and answer in the same form; other stacks do not know it.
    Fires on:
        m=application 9 DTLS/SCTP 5000
        a=sctpmap:5000 webrtc-datachannel 1024
    Silent on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
    Fix: write `m=application 9 UDP/DTLS/SCTP webrtc-datachannel` and `a=sctp-port:5000`.
    """
    for media in _data_media(description):
        if media.protocol.upper() not in _PROTOCOLS:
            yield Hit(
                f"the protocol {media.protocol[:40]} of drafts", description.at_word(media, 2)
            )
        elif media.has("sctpmap") and not media.has("sctp-port"):
            attribute = media.find("sctpmap")
            if attribute is not None:
                yield Hit("sctpmap instead of sctp-port", description.at(attribute.span))


@rule(
    "DATA007",
    WARNING,
    layer=Layer.DATA,
    refs=("RFC 9429, 5.2.1",),
    subject="sdp",
)
def data_repeated(description: LintedDescription) -> Iterator[Hit]:
    """A description should have one section with data channels.

    Why: one association carries all channels. Browsers never write a second section, and use the
        first.
    Fires on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
    Silent on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
    Fix: open all channels over the first section, and remove the others or give them port 0.
    """
    for media in _data_media(description)[1:]:
        yield Hit("a second section with data channels", description.at_line(media))


@rule(
    "DATA009",
    ERROR,
    layer=Layer.DATA,
    refs=("RFC 8841, 4.3", "RFC 8841, 4.4.2"),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def data_format_number(description: LintedDescription) -> Iterator[Hit]:
    """With the protocols of today the format must not be an SCTP port.

    Why: in the drafts the number in the m= line was the port; now it is in `a=sctp-port` and the
        format is a name. Both browsers refuse the mixture.
    Fires on:
        m=application 9 UDP/DTLS/SCTP 5000
        a=sctp-port:5000
    Silent on:
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
    Fix: write webrtc-datachannel for the number.
    """
    for media in _data_media(description):
        formats = media.media_line.formats
        modern = media.protocol.upper() in _PROTOCOLS
        if modern and len(formats) == 1 and formats[0].isdigit():
            yield Hit(f"the format is the number {formats[0][:20]}", description.at_word(media, 3))
