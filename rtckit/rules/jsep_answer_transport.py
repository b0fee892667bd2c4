"""Rules for an answer against its offer: BUNDLE groups, ICE and DTLS roles, RTCP and SCTP."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import bundled, named, place_of, transport
from rtckit.rules.lint import OfferAnswer
from rtckit.rules.sdp_index import words_of
from rtckit.sdp.lines import words

__all__: list[str] = []

ERROR, WARNING, INFO = Severity


@rule(
    "OA037",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 8445, 6.1.1", "RFC 8839, 5.3"),
    subject="offer-answer",
)
def both_ice_lite(pair: OfferAnswer) -> Iterator[Hit]:
    """Only one end should be an ICE lite agent.

    Why: a lite agent only answers connectivity checks. With two of them nobody sends any: media
        goes to the default addresses, unchecked, and no browser is an end of such a call.
    Fires on:
        == offer
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: leave `a=ice-lite` to servers with public addresses, and do not copy it into answers.
    """
    if pair.offer.session.ice_lite and pair.answer.session.ice_lite:
        for attribute in pair.answer.session.find_all("ice-lite")[:1]:
            yield Hit("a lite agent answers a lite agent", pair.answer.at_line(attribute))


@rule(
    "BUNDLE010",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9143, 7.3",),
    subject="offer-answer",
)
def bundle_subset(pair: OfferAnswer) -> Iterator[Hit]:
    """A BUNDLE group of an answer must hold only sections of one offered group.

    Why: the offerer keeps one transport for each offered group, so a section from elsewhere has no
        place in it. Both browsers refuse the answer.
    Fires on:
        == offer
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == answer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Silent on:
        == offer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == answer
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 0 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: list only mids of the offered group, less those that are refused.
    """
    offered = bundled(pair.offer)
    if not offered:
        return  # BUNDLE011
    for attribute in pair.answer.session.find_all("group"):
        if words(attribute.value or "")[:1] != ["BUNDLE"]:
            continue
        _, *mids = words_of(attribute)
        groups = [offered[mid.text] for mid in mids if mid.text in offered]
        for mid in mids:
            if mid.text not in offered:
                message = f"mid {mid.text[:40]!r} was in no BUNDLE group of the offer"
            elif offered[mid.text] != groups[0]:
                message = f"mid {mid.text[:40]!r} was in another BUNDLE group of the offer"
            else:
                continue
            yield Hit(message, pair.answer.at(mid.span))


@rule(
    "BUNDLE011",
    ERROR,
    layer=Layer.SIGNALLING,
    refs=("RFC 9143, 7.3",),
    subject="offer-answer",
)
def bundle_not_offered(pair: OfferAnswer) -> Iterator[Hit]:
    """An answer must have no BUNDLE group when none was offered.

    Why: the offerer has a transport for each section, and sends and listens on all of them; the
        answerer would use one. Chromium refuses the answer.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == answer
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Silent on:
        == offer
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        == answer
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
    Fix: write `a=group:BUNDLE` only when the offer has it.
    """
    if bundled(pair.offer):
        return
    for attribute in pair.answer.session.find_all("group"):
        if words(attribute.value or "")[:1] == ["BUNDLE"] and words(attribute.value or "")[1:]:
            yield Hit("a BUNDLE group that was not offered", pair.answer.at_line(attribute))


@rule(
    "OA040",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.3.1", "RFC 9143, 7.3.2"),
    subject="offer-answer",
    levels={"rfc": INFO},
)
def bundle_left(pair: OfferAnswer) -> Iterator[Hit]:
    """A section that is accepted should stay in its BUNDLE group.

    Why: outside the group it needs candidates and a DTLS session of its own, which an offerer with
        the policy `max-bundle` does not have; an `a=bundle-only` section has no other transport.
    Fires on:
        == offer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == answer
        a=group:BUNDLE 0
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Silent on:
        == offer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        == answer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: list every accepted section of the offered group in `a=group:BUNDLE`.
    """
    offered, answered = bundled(pair.offer), bundled(pair.answer)
    alone = [
        (before, media)
        for before, media in pair.accepted
        if before.mid in offered and before.mid not in answered and media.mid in (before.mid, None)
    ]
    # A single section needs no group.
    if not answered and len(alone) < 2 and not any(before.bundle_only for before, _ in alone):
        return
    for before, media in alone:
        only = before.bundle_only
        yield Hit(
            f"{named(media)} is accepted outside the BUNDLE group it was offered in"
            + (", although it was bundle-only" if only else ""),
            place_of(pair.answer, media, "mid"),
            severity=ERROR if only else None,
        )


@rule(
    "OA041",
    ERROR,
    layer=Layer.MEDIA,
    refs=("RFC 5761, 5.1.1", "RFC 8858, 4.3", "RFC 9429, 5.3.1"),
    subject="offer-answer",
)
def rtcp_mux_reply(pair: OfferAnswer) -> Iterator[Hit]:
    """An answer must multiplex RTCP as it was offered.

    Why: without `a=rtcp-mux` in both, RTCP goes to a port of its own. An offerer with
        `a=rtcp-mux-only`, or a browser, has none, and refuses the answer.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
        a=rtcp-mux-only
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
        a=rtcp-mux-only
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=rtcp-mux
    Fix: copy `a=rtcp-mux` into the answer; without multiplexing refuse the section with port 0.
    """
    for offered, answered in pair.accepted:
        if not (offered.is_rtp and answered.is_rtp):
            continue
        asking, replying = transport(pair.offer, offered), transport(pair.answer, answered)
        asked = offered.rtcp_mux or asking.rtcp_mux
        given = answered.rtcp_mux or replying.rtcp_mux
        if given and not asked:
            where = answered if answered.rtcp_mux else replying
            yield Hit("rtcp-mux was not offered", place_of(pair.answer, where, "rtcp-mux"))
        elif asked and not given and replying is answered:
            only = offered.rtcp_mux_only or asking.rtcp_mux_only
            yield Hit(
                f"{named(answered)} does not multiplex RTCP"
                + (", while the offer can do nothing else" if only else ""),
                pair.answer.at_line(answered),
                severity=None if only or pair.answer.profile != "rfc" else INFO,
            )
        if answered.rtcp_mux_only:
            yield Hit(
                "rtcp-mux-only stands in offers alone",
                place_of(pair.answer, answered, "rtcp-mux-only"),
                severity=WARNING,
            )


@rule(
    "OA042",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 5506, 5", "RFC 9429, 5.3.1"),
    subject="offer-answer",
)
def reduced_size_reply(pair: OfferAnswer) -> Iterator[Hit]:
    """An answer should have `a=rtcp-rsize` only when it was offered.

    Why: the answerer will then send feedback in packets that the offerer did not say it can read,
        so losses may go unrepaired.
    Fires on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtcp-rsize
    Silent on:
        == offer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtcp-rsize
        == answer
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=rtcp-rsize
    Fix: remove the line, or offer it.
    """
    for offered, answered in pair.accepted:
        if answered.rtcp_rsize and not (
            offered.rtcp_rsize or transport(pair.offer, offered).rtcp_rsize
        ):
            yield Hit("rtcp-rsize was not offered", place_of(pair.answer, answered, "rtcp-rsize"))


@rule(
    "OA052",
    WARNING,
    layer=Layer.DTLS,
    refs=("RFC 8842, 5.3",),
    subject="offer-answer",
    levels={"rfc": ERROR},
)
def tls_id_reply(pair: OfferAnswer) -> Iterator[Hit]:
    """An answer should have `a=tls-id` only when the offer has it.

    Why: both ids together name the DTLS association. With one of them a change of association
        cannot be told from its going on.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=tls-id:abc3de65cddef001be82
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=tls-id:4f2de65cddef001be82a
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=tls-id:abc3de65cddef001be82
    Fix: remove `a=tls-id` from the answer, or offer one.
    """
    for offered, answered in pair.accepted:
        answering = transport(pair.answer, answered)
        if answering is not answered or answered.tls_id is None:
            continue
        if transport(pair.offer, offered).tls_id is None:
            name = "tls-id" if answered.has("tls-id") else "dtls-id"
            yield Hit("tls-id was not offered", place_of(pair.answer, answered, name))


@rule(
    "OA050",
    ERROR,
    layer=Layer.DATA,
    refs=("RFC 9429, 5.3.1", "RFC 8841, 10.3"),
    subject="offer-answer",
)
def data_format_reply(pair: OfferAnswer) -> Iterator[Hit]:
    """A data section must be answered with the format that was offered.

    Why: `webrtc-datachannel` names what runs over SCTP; the numbers of old drafts are read as a
        port. Both browsers refuse an answer that mixes the two.
    Fires on:
        == offer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        == answer
        m=application 9 UDP/DTLS/SCTP 5000
    Silent on:
        == offer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        == answer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
    Fix: copy protocol and format from the offer.
    """
    for offered, answered in pair.accepted:
        if offered.is_data and answered.is_data and offered.formats[:1] != answered.formats[:1]:
            given, asked = " ".join(answered.formats)[:40], " ".join(offered.formats)[:40]
            yield Hit(f"format {given!r} answers {asked!r}", pair.answer.at_word(answered, 3))


@rule(
    "OA051",
    ERROR,
    layer=Layer.DATA,
    refs=("RFC 8841, 10.3",),
    subject="offer-answer",
)
def sctp_port_reply(pair: OfferAnswer) -> Iterator[Hit]:
    """An accepted data section must have an SCTP port other than 0.

    Why: SCTP port 0 refuses the association while the section itself is accepted, so the transport
        connects and no data channel ever opens.
    Fires on:
        == offer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
        == answer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:0
    Silent on:
        == offer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5000
        == answer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=sctp-port:5001
    Fix: write the port that SCTP listens on, 5000 in WebRTC; refuse the section with port 0.
    """
    for offered, answered in pair.accepted:
        if not (offered.is_data and answered.is_data):
            continue
        if answered.sctp_port == 0 and offered.sctp_port != 0:
            yield Hit(
                "SCTP port 0 in a section that is accepted",
                place_of(pair.answer, answered, "sctp-port"),
            )
        elif offered.sctp_port == 0 and answered.sctp_port:
            yield Hit(
                f"SCTP port {answered.sctp_port} answers port 0, which asks for no association",
                place_of(pair.answer, answered, "sctp-port"),
            )
