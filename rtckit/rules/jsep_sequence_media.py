"""Rules for a negotiation: what payload types, extension ids and ports stand for."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import (
    Format,
    formats_of,
    label,
    named,
    place_of,
    section_at,
    steps,
    transport,
)
from rtckit.rules.lint import LintedDescription, Sequence
from rtckit.sdp.rtp import ExtMap

__all__: list[str] = []

ERROR, WARNING, INFO = Severity


@rule(
    "OA016",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 3264, 8.3.2",),
    subject="sequence",
)
def payload_type_reused(sequence: Sequence) -> Iterator[Hit]:
    """A payload type must mean the same codec for the whole session.

    Why: packets on their way when the new description is applied are decoded as the wrong codec,
        and nobody says a word: both browsers accept such an offer.
    Fires on:
        == offer 1
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:0
        a=rtpmap:96 VP8/90000
        == answer 1
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:0
        a=rtpmap:96 VP8/90000
        == offer 2
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:0
        a=rtpmap:96 VP9/90000
    Silent on:
        == offer 1
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:0
        a=rtpmap:96 VP8/90000
        == answer 1
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:0
        a=rtpmap:96 VP8/90000
        == offer 2
        m=video 9 UDP/TLS/RTP/SAVPF 98 96
        a=mid:0
        a=rtpmap:96 VP8/90000
        a=rtpmap:98 VP9/90000
    Fix: give the other codec a payload type that the session has not used.
    """
    had: dict[tuple[int, str | None, str], tuple[Format, LintedDescription]] = {}
    for step in steps(sequence):
        for media in step.description.media:
            if media.rejected or not media.is_rtp:
                continue
            for number, item in formats_of(media).items():
                before, where = had.setdefault(
                    (media.index, media.mid, number), (item, step.description)
                )
                # The answer to the offer that used the number first is the matter of OA035.
                if before.key == item.key or where is step.offer:
                    continue
                yield Hit(
                    f"payload type {number} is {item.text}, and was {before.text} in "
                    f"{label(where)} (line {before.codec.span.line})",
                    step.description.at(item.codec.span),
                )


@rule(
    "OA059",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 8285, 7",),
    subject="sequence",
    levels={"firefox": WARNING},
)
def extension_id_reused(sequence: Sequence) -> Iterator[Hit]:
    """The id of a header extension must mean the same for the whole session.

    Why: packets on their way carry the old meaning, say a mid where a time is read. Chromium
        refuses the offer where bundled sections then differ; Firefox accepts it.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid
    Fix: keep the ids of extensions, and give a new one an id that the session has not used.
    """
    had: dict[tuple[int, str | None, str], tuple[ExtMap, LintedDescription]] = {}
    for step in steps(sequence):
        for media in step.description.media:
            if media.rejected or not media.is_rtp:
                continue
            for extension in media.extmap:
                slot = (media.index, media.mid)
                for kind, own in (("uri", str(extension.id)), ("id", extension.uri)):
                    before, where = had.setdefault(
                        (*slot, f"{kind} {own}"), (extension, step.description)
                    )
                    changed = before[:2] != extension[:2]
                    # Within one exchange it is the matter of OA044; ids from 4096 are to change.
                    if not changed or where in (step.offer, step.description):
                        continue
                    if max(before.id, extension.id) >= 4096:
                        continue
                    yield Hit(
                        f"extension id {extension.id} is {extension.uri[:80]}, and "
                        f"{label(where)} has {before.id} for {before.uri[:80]}",
                        step.description.at(extension.span),
                    )
                    break


@rule(
    "OA060",
    WARNING,
    layer=Layer.DATA,
    refs=("RFC 8841, 10.5",),
    subject="sequence",
    levels={"chromium": ERROR},
)
def sctp_port_changed(sequence: Sequence) -> Iterator[Hit]:
    """The SCTP port should stay the same while data channels are open.

    Why: another port closes the association and every data channel with it. Chromium cannot do so
        and refuses the offer with "Failed to start SCTP transport".
    Fires on:
        == offer 1
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
        == answer 1
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
        == offer 2
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:6000
    Silent on:
        == offer 1
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
        == answer 1
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
        == offer 2
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
    Fix: keep `a=sctp-port`; close the section to end its data channels.
    """
    for step in steps(sequence):
        for new in step.description.media:
            old = section_at(step.own, new.index)
            if old is None or new.rejected or not (old.is_data and new.is_data):
                continue
            if old.sctp_port and new.sctp_port is not None and old.sctp_port != new.sctp_port:
                yield Hit(
                    f"SCTP port {new.sctp_port}, after {old.sctp_port}",
                    place_of(step.description, new, "sctp-port"),
                )


@rule(
    "RTP005",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 9429, 5.8.3", "RFC 9429, 5.2.2"),
    subject="sequence",
)
def rtcp_mux_dropped(sequence: Sequence) -> Iterator[Hit]:
    """RTCP that was multiplexed must stay so.

    Why: the transport for RTCP was given up when multiplexing was agreed, and there is none to go
        back to. Both browsers refuse the description.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
    Fix: keep `a=rtcp-mux` in every description of the session.
    """
    for step in steps(sequence):
        if step.agreed is None:
            continue
        for new in step.description.media:
            old = section_at(step.agreed.answer, new.index)
            if old is None or new.rejected or not (old.is_rtp and new.is_rtp):
                continue
            agreed = old.rtcp_mux or transport(step.agreed.answer, old).rtcp_mux
            own = transport(step.description, new)
            if agreed and own is new and not new.rtcp_mux:
                yield Hit(
                    f"{named(new)} lacks rtcp-mux, which was agreed",
                    step.description.at_line(new),
                )
