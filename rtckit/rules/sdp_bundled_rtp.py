"""Rules for RTP sections that share one transport, and so one RTP session (RFC 9143, 9)."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_index import bundle_by_section, bundles, extension_uris, words_of
from rtckit.sdp.lines import Span
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import Codec, ExtMap

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
# What tells one configuration of a codec from another; other parameters say what a receiver likes.
_CONFIGURATION = {
    "h264": ("profile-level-id", "packetization-mode"),
    "h265": ("profile-space", "profile-id", "tier-flag", "tx-mode"),
    "vp9": ("profile-id",),
    "av1": ("profile", "tier"),
    "rtx": ("apt",),
}
_SUMMED = ("AS", "TIAS", "RS", "RR")
# Attributes whose meaning is not defined where sections share a transport (RFC 8859, 15.2.2).
_CAUTION = frozenset(
    {
        "range",
        "control",
        "mtag",
        "etag",
        "des",
        "curr",
        "conf",
        "silenceSupp",
        "ecan",
        "gc",
        "rtpred1",
        "rtpred2",
        "alt-group",
        "sescap",
        "fec",
        "structure",
        "sctp-port",
    }
)


def _configuration(media: MediaSection, codec: Codec) -> tuple[object, ...]:
    """What a payload type stands for, as far as packets depend on it (RFC 9143, 9.1.1)."""
    name = codec.name.lower()
    parameters: tuple[object, ...] = ()
    names = _CONFIGURATION.get(name)
    if names is not None:
        parameters = tuple([(codec.fmtp.get(key) or "").lower() for key in names])
        if name == "h264":
            # The level, the last byte, may differ.
            profile, mode = parameters
            parameters = (str(profile)[:4], mode or "0")
    elif name == "red":
        parameters = tuple(codec.fmtp)
    return (media.kind, name, codec.clock_rate, codec.channels or 1, parameters)


@rule(
    "BUNDLE012",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 9143, 9.1.1", "RFC 8859, 4.7"),
    subject="sdp",
    levels={"chromium": WARNING, "firefox": WARNING},
)
def payload_type_conflict(description: LintedDescription) -> Iterator[Hit]:
    """Within a bundle a payload type must mean one thing.

    Why: bundled sections are one RTP session. A packet that comes before its mid is known is sorted
        by its payload type, and may be given to the wrong decoder. No browser checks this.
    Fires on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=mid:0
        a=rtpmap:111 opus/48000/2
        m=video 9 UDP/TLS/RTP/SAVPF 111
        a=mid:1
        a=rtpmap:111 VP8/90000
    Silent on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=mid:0
        a=rtpmap:111 opus/48000/2
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=rtpmap:96 VP8/90000
    Fix: give the codecs different payload types, the same ones in every bundled section.
    """
    for bundle in bundles(description):
        if len(bundle.members) < 2:
            continue
        seen: dict[str, tuple[tuple[object, ...], MediaSection, Codec]] = {}
        for media in bundle.members:
            for codec in media.codecs:
                configuration = _configuration(media, codec)
                first = seen.setdefault(codec.payload_type, (configuration, media, codec))
                if first[0] != configuration:
                    yield Hit(
                        f"payload type {codec.payload_type} is {_described(media, codec)} here "
                        f"and {_described(first[1], first[2])} in section "
                        f"{(first[1].mid or '')[:40]!r} of the same bundle",
                        description.at(codec.span),
                    )


def _described(media: MediaSection, codec: Codec) -> str:
    names = _CONFIGURATION.get(codec.name.lower(), ())
    parameters = [f"{key}={codec.fmtp.get(key)}" for key in names if codec.fmtp.get(key)]
    text = f"{codec} ({';'.join(parameters)})" if parameters else str(codec)
    return f"{media.kind} {text}"[:80]


@rule(
    "BUNDLE013",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 9143, 12", "RFC 8285, 7"),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def extension_id_conflict(description: LintedDescription) -> Iterator[Hit]:
    """Within a bundle the id of a header extension must mean one extension.

    Why: bundled sections are one RTP session with one space of ids. Chromium refuses a description
        in which an id stands for two extensions; Firefox takes it and reads the elements wrongly.
    Fires on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=extmap:1 urn:ietf:params:rtp-hdrext:toffset
    Silent on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=extmap:2 urn:ietf:params:rtp-hdrext:toffset
    Fix: give each extension one id, the same in every bundled section.
    """
    for bundle in bundles(description):
        seen: dict[int, tuple[str, MediaSection]] = {}
        for media in bundle.members:
            for extension in media.extmap if media.has("extmap") else ():
                first = seen.setdefault(extension.id, (extension.uri, media))
                if first[0] != extension.uri and first[1] is not media:
                    yield Hit(
                        f"extension id {extension.id} is {first[0][:80]} in section "
                        f"{(first[1].mid or '')[:40]!r} of the same bundle",
                        description.at(extension.span),
                    )


@rule(
    "BUNDLE014",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 9143, 9.1", "RFC 9143, 15.2"),
    subject="sdp",
)
def mid_extension_missing(description: LintedDescription) -> Iterator[Hit]:
    """Every bundled RTP section must have the mid header extension.

    Why: it tells which section a new stream belongs to. Without it the receiver is left with
        payload types and signalled SSRCs, and drops what they do not tell apart.
    Fires on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
    Silent on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
    Fix: add a=extmap with urn:ietf:params:rtp-hdrext:sdes:mid, the same id in each section.
    """
    for bundle in bundles(description):
        members = [media for media in bundle.members if media.is_rtp]
        for media in members:
            if _MID_URI not in extension_uris(description, media):
                yield Hit(
                    f"bundled section {(media.mid or '')[:40]!r} has no mid header extension",
                    description.at_line(media),
                    severity=INFO if len(members) == 1 else None,
                )


@rule(
    "BUNDLE017",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 8859, 4.2", "RFC 8859, 15.2.2"),
    subject="sdp",
)
def attribute_unfit_for_bundle(description: LintedDescription) -> Iterator[Hit]:
    """An attribute that is not defined for shared transports should not be bundled.

    Why: the registry warns against these attributes where sections share one transport; for
        `a=sctp-port` that means two associations over one DTLS connection.
    Fires on:
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=silenceSupp:off - - - -
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=silenceSupp:off - - - -
    Fix: take the section out of the group, or leave the attribute out.
    """
    grouped = bundle_by_section(description)
    associations: dict[int, int] = {}
    for name in _CAUTION.intersection(description.attribute_names):
        for media, attribute in description.find_in_media(name):
            bundle = grouped.get(media.index)
            if bundle is None:
                continue
            if name == "sctp-port":
                # The first association is what every data channel uses.
                if associations.setdefault(bundle.attribute.line, media.index) == media.index:
                    continue
                message = "a second SCTP association in one bundle"
            else:
                message = f"{name} is not defined for sections that share a transport"
            yield Hit(message, description.at(attribute.span))


@rule(
    "BUNDLE018",
    INFO,
    layer=Layer.MEDIA,
    refs=("RFC 8859, 4.4", "RFC 8859, 6.1"),
    subject="sdp",
)
def bandwidth_adds_up(description: LintedDescription) -> Iterator[Hit]:
    """Bandwidths of bundled sections add up.

    Why: who wants to limit a call to 500 kbit/s and writes b=AS:500 into each section has allowed a
        multiple of it for the one transport they share.
    Fires on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        b=AS:500
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        b=AS:500
        a=mid:1
    Silent on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        b=AS:64
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: nothing, if the sum is meant; for a limit on everything use a b= line of the session.
    """
    for bundle in bundles(description):
        sums: dict[str, list[tuple[int, MediaSection]]] = {}
        for media in bundle.members:
            for bandwidth in media.bandwidth:
                if bandwidth.type in _SUMMED:
                    sums.setdefault(bandwidth.type, []).append((bandwidth.value, media))
        for kind, values in sums.items():
            if len(values) > 1 and kind in ("AS", "TIAS"):
                unit = "kbit/s" if kind == "AS" else "bit/s"
                last = values[-1][1].bandwidth[-1]
                yield Hit(
                    f"b={kind} of {len(values)} bundled sections: "
                    f"{sum(value for value, _ in values)} {unit} together",
                    description.at(last.span),
                )


@rule(
    "BUNDLE019",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 9143, 9.1",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def ssrc_in_two_sections(description: LintedDescription) -> Iterator[Hit]:
    """An SSRC must belong to one section of a bundle.

    Why: bundled sections share one space of SSRCs, and a packet goes to the section its SSRC is
        signalled in. Chromium takes the offer and fails when it sets its own answer.
    Fires on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ssrc:1001 cname:c
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ssrc:1001 cname:c
    Silent on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ssrc:1001 cname:c
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ssrc:1002 cname:c
    Fix: draw a new random SSRC for one of the sections.
    """
    if not description.has("ssrc"):
        return
    for bundle in bundles(description):
        seen: dict[int, MediaSection] = {}
        for media in bundle.members:
            if not media.has("ssrc"):
                continue
            repeated = [ssrc for ssrc in media.ssrcs if seen.setdefault(ssrc, media) is not media]
            places = _ssrc_places(media) if repeated else {}
            for ssrc in repeated:
                yield Hit(
                    f"ssrc {ssrc} is also one of section {(seen[ssrc].mid or '')[:40]!r}",
                    description.at(places[ssrc]) if ssrc in places else description.at_line(media),
                )


def _ssrc_places(media: MediaSection) -> dict[int, Span]:
    """Where each SSRC of a section stands first."""
    found: dict[int, Span] = {}
    for attribute in media.find_all("ssrc"):
        words = words_of(attribute)
        if words and words[0].text.isdigit() and len(words[0].text) <= 10:
            found.setdefault(int(words[0].text), words[0].span)
    return found


@rule(
    "BUNDLE028",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 7",),
    subject="sdp",
)
def extension_with_two_ids(description: LintedDescription) -> Iterator[Hit]:
    """Within a bundle an extension must have one id.

    Why: bundled sections are one RTP session, and a receiver that reads the mid or the transport
        sequence number of every packet reads it by one id.
    Fires on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:mid
    Silent on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
    Fix: use the same id for the extension in every bundled section.
    """
    for bundle in bundles(description):
        seen: dict[tuple[str, str], tuple[ExtMap, MediaSection]] = {}
        for media in bundle.members:
            for extension in media.extmap if media.has("extmap") else ():
                key = (extension.uri, extension.attributes)
                first, section = seen.setdefault(key, (extension, media))
                if first.id != extension.id and section is not media:
                    yield Hit(
                        f"{extension.uri[:80]} has the id {extension.id} here and {first.id} in "
                        f"section {(section.mid or '')[:40]!r} of the same bundle",
                        description.at(extension.span),
                    )
