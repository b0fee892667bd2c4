"""Media sections compared, pair by pair."""

from rtckit.sdp.comparison.attributes import (
    compare_crypto,
    compare_other_attributes,
    compare_other_lines,
)
from rtckit.sdp.comparison.candidates import compare_candidates
from rtckit.sdp.comparison.change import Kind
from rtckit.sdp.comparison.codecs import compare_codecs
from rtckit.sdp.comparison.impact import direction_impact, message_size_impact, what
from rtckit.sdp.comparison.matching import Pairs, is_recycled, match_sections, order_of_common
from rtckit.sdp.comparison.recorder import Recorder, place_of
from rtckit.sdp.comparison.rtp import (
    compare_encodings,
    compare_extensions,
    compare_sources,
    compare_streams,
)
from rtckit.sdp.comparison.transport import compare_destination, compare_transport
from rtckit.sdp.document import Document
from rtckit.sdp.grammar import DIRECTIONS
from rtckit.sdp.lines import Span
from rtckit.sdp.media import MediaSection

__all__ = ["compare_media"]


def compare_media(recorder: Recorder, a: Document, b: Document, *, same_session: bool) -> None:
    """Compare all media sections, in the order of ``a``, then those only ``b`` has."""
    pairs = match_sections(a, b)
    recorder.enter(None, None)
    _compare_order(recorder, pairs)
    same_top = _texts(a, None) == _texts(b, None)
    for x, y in pairs:
        if x is not None and y is not None:
            alike = same_top and x.index == y.index and _texts(a, x) == _texts(b, y)
            if not alike:
                _compare_pair(recorder, a, b, x, y, same_session)
        elif x is not None:
            recorder.enter(x, None)
            impact = f"the {what(x)} section is gone"
            if same_session:
                impact += ": sections stay, with port 0 when they are stopped (RFC 3264, 8)"
            recorder.add("", _summary(x), None, (x.media_line.span, None), impact)
        elif y is not None:
            recorder.enter(None, y)
            impact = f"a new {what(y)} section"
            if y.index < len(a.media):
                impact += ", before sections there were: new ones go to the end (RFC 3264, 8.1)"
            recorder.add("", None, _summary(y), (None, y.media_line.span), impact)


def _texts(document: Document, media: MediaSection | None) -> list[str]:
    section = document.session if media is None else media
    return document._split.bodies[section._start : section._stop]


def _summary(media: MediaSection) -> str:
    parts = [media.kind or "?"]
    if media.mid is not None:
        parts.append(f"mid {media.mid}")
    if media.rejected:
        parts.append("rejected")
    elif not media.is_data:
        parts.append(media.direction)
    return ", ".join(parts)


def _compare_order(recorder: Recorder, pairs: Pairs[MediaSection]) -> None:
    left, right = order_of_common(pairs, lambda media: media.index)
    if left == right:
        return
    x, y = pairs[left[0]][0], pairs[right[0]][1]
    assert x is not None
    assert y is not None
    names = []
    # Each side by its own names, so that the two ways of comparing mirror each other.
    for side, order in enumerate((left, right)):
        sections = [pairs[n][side] for n in order]
        names.append(" ".join(_name(media) for media in sections if media is not None))
    recorder.path_of_all_media(
        names[0],
        names[1],
        (x.media_line.span, y.media_line.span),
        "the m= lines are in another order: they are matched by position, every stack refuses it "
        "within a session (RFC 9429, 5.2.2)",
    )


def _name(media: MediaSection) -> str:
    return media.mid if media.mid is not None else f"{media.kind}#{media.index}"


def _compare_pair(
    recorder: Recorder,
    a: Document,
    b: Document,
    x: MediaSection,
    y: MediaSection,
    same_session: bool,
) -> None:
    recorder.enter(x, y)
    spans = (x.media_line.span, y.media_line.span)
    if is_recycled(x, y):
        live = x if y.rejected else y
        impact = (
            f"section recycled: the rejected slot now carries {what(live)}"
            f"{f' under mid {live.mid}' if live.mid is not None else ''} (RFC 9429, 5.2.2)"
            if live is y
            else "the slot is now a rejected one of another kind or mid"
        )
        recorder.add("", _summary(x), _summary(y), spans, impact, kind=Kind.CHANGED)
        return
    impact = "the kind of a section cannot change within a session; every stack refuses it"
    recorder.compare("kind", x.kind, y.kind, spans, impact)
    _compare_protocol(recorder, x, y, spans)
    impact = (
        "the name this section goes by in BUNDLE and in packets; it must stay (RFC 9429, 5.2.2)"
    )
    recorder.compare("mid", x.mid, y.mid, (place_of(x, "mid"), place_of(y, "mid")), impact)
    if x.rejected != y.rejected:
        compare_destination(recorder, x, y)
        recorder.enter(x, y, volatile=True)
    elif x.rejected:
        # Nothing in a rejected section has any effect.
        recorder.enter(x, y, volatile=True)
        compare_destination(recorder, x, y)
    else:
        compare_destination(recorder, x, y)
    recorder.flag(
        "bundle_only",
        x,
        y,
        x.bundle_only,
        y.bundle_only,
        "the section is to be taken only into a bundle",
        "the section may have a transport of its own",
    )
    if not x.is_data or not y.is_data:
        places = (place_of(x, *DIRECTIONS), place_of(y, *DIRECTIONS))
        impact = direction_impact(x, y, same_session=same_session)
        recorder.compare("direction", x.direction, y.direction, places, impact)
    compare_transport(recorder, a, b, x, y, same_session=same_session)
    tagged = a.transport_of(x) is x or b.transport_of(y) is y
    compare_candidates(recorder, x, y, tagged=tagged, same_session=same_session)
    compare_crypto(recorder, x, y)
    _compare_mux(recorder, x, y)
    if x.is_rtp and y.is_rtp:
        compare_codecs(recorder, x, y, same_session=same_session)
        compare_extensions(recorder, x, y)
        compare_encodings(recorder, x, y)
        compare_streams(recorder, x, y)
        compare_sources(recorder, x, y)
        _compare_unreadable_formats(recorder, x, y, spans)
    else:
        _compare_data(recorder, x, y, spans)
    compare_other_lines(recorder, x, y)
    compare_other_attributes(recorder, x, y)


def _compare_protocol(
    recorder: Recorder,
    x: MediaSection,
    y: MediaSection,
    spans: tuple[Span | None, Span | None],
) -> None:
    if x.protocol == y.protocol:
        return
    secured = [
        "DTLS" in parts or "TLS" in parts
        for parts in (media.protocol.upper().split("/") for media in (x, y))
    ]
    if secured[0] and not secured[1]:
        impact = "no DTLS any more: browsers take it for keyed by DTLS all the same, others do not"
    else:
        impact = "another transport protocol; an answer must have the offer's (RFC 9429, 5.8.3)"
    recorder.compare("protocol", x.protocol, y.protocol, spans, impact)


def _compare_mux(recorder: Recorder, x: MediaSection, y: MediaSection) -> None:
    recorder.flag(
        "rtcp_mux",
        x,
        y,
        x.rtcp_mux,
        y.rtcp_mux,
        "RTCP shares the port of RTP",
        "RTCP needs a port of its own: browsers refuse it (rtcp-mux is required)",
    )
    recorder.flag(
        "rtcp_mux_only",
        x,
        y,
        x.rtcp_mux_only,
        y.rtcp_mux_only,
        "RTCP can only share the port of RTP (RFC 8858)",
        "RTCP may have a port of its own",
    )
    recorder.flag(
        "rtcp_rsize",
        x,
        y,
        x.rtcp_rsize,
        y.rtcp_rsize,
        "RTCP packets may be reduced-size",
        "RTCP feedback must travel in full compound packets",
    )
    if x.extmap_allow_mixed != y.extmap_allow_mixed:
        recorder.flag(
            "extmap_allow_mixed",
            x,
            y,
            x.extmap_allow_mixed,
            y.extmap_allow_mixed,
            "one- and two-byte header extensions may mix",
            "one- and two-byte header extensions may not mix",
        )


def _compare_unreadable_formats(
    recorder: Recorder,
    x: MediaSection,
    y: MediaSection,
    spans: tuple[Span | None, Span | None],
) -> None:
    """Formats of the media line that no rtpmap explains."""
    recorder.compare_sets(
        "formats",
        [item for item in x.media_line.formats if x.find_codec(item) is None],
        [item for item in y.media_line.formats if y.find_codec(item) is None],
        spans,
        lambda gone, new: "payload types without a readable rtpmap",
    )


def _compare_data(
    recorder: Recorder,
    x: MediaSection,
    y: MediaSection,
    spans: tuple[Span | None, Span | None],
) -> None:
    recorder.compare(
        "formats", x.formats, y.formats, spans, "what the section carries, by another name"
    )
    places = (place_of(x, "sctp-port", "sctpmap"), place_of(y, "sctp-port", "sctpmap"))
    impact = (
        "no SCTP port: no data channel can open"
        if y.sctp_port is None
        else ("another SCTP port: the association is made anew (RFC 8841, 5)")
    )
    recorder.compare("sctp_port", x.sctp_port, y.sctp_port, places, impact)
    if x.max_message_size != y.max_message_size:
        recorder.compare(
            "max_message_size",
            x.max_message_size,
            y.max_message_size,
            (place_of(x, "max-message-size"), place_of(y, "max-message-size")),
            message_size_impact(x.max_message_size, y.max_message_size),
        )
    maps = [[(item.application, item.streams) for item in media.sctpmap] for media in (x, y)]
    if maps[0] != maps[1]:
        recorder.compare(
            "sctpmap",
            "; ".join(f"{name} {streams}" for name, streams in maps[0]) or None,
            "; ".join(f"{name} {streams}" for name, streams in maps[1]) or None,
            (place_of(x, "sctpmap"), place_of(y, "sctpmap")),
            "data channels in the form of old drafts",
        )
