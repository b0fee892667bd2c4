"""Why sections, codecs and header extensions stand in an offer of Chromium, or do not."""

from collections.abc import Iterator, Sequence

from rtckit.jsep.decision import Decision
from rtckit.jsep.peer_state import SectionPlan
from rtckit.jsep.stacks.chromium.capabilities import MID_URI, REPAIRED_RID_URI, RID_URI, Engine
from rtckit.jsep.stacks.chromium.codec_matching import find_match, is_preferred
from rtckit.jsep.stacks.chromium.description import AUDIO, DATA, VIDEO, Codec, Content, Description
from rtckit.jsep.stacks.chromium.options import SectionOptions

__all__ = ["explain_offer"]

_EXTENSIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    MID_URI: ("names the section a packet on the shared transport is of", ("RFC 9143, 15.1",)),
    RID_URI: ("names the layer a packet is of", ("RFC 8852, 3.1",)),
    REPAIRED_RID_URI: ("names the layer a retransmission is of", ("RFC 8852, 3.2",)),
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level": ("tells how loud a packet is", ("RFC 6464, 3",)),
    "urn:ietf:params:rtp-hdrext:toffset": ("tells when a packet was sent", ("RFC 5450, 3",)),
}
_PROTECTING = {
    "ulpfec": ("it protects the other video codecs", ("RFC 5109, 14.1",)),
    "flexfec-03": ("it protects the other video codecs", ("RFC 8627, 5.1",)),
}


def explain_offer(
    plan: Sequence[SectionPlan],
    sections: Sequence[SectionOptions],
    made: Description,
    before: Description | None,
    engine: Engine,
) -> list[Decision]:
    """Return the decisions behind an offer, section by section.

    Args:
        plan: whose each section is.
        sections: what the connection asked for in each.
        made: the offer.
        before: the local description in force when it was made.
        engine: the codecs and header extensions of this peer.
    """
    found = [
        Decision(
            None,
            mid,
            "bundle",
            mid,
            "taken",
            "shares the transport of the first" if place else "leads the bundle",
            ("RFC 9143, 7.2",),
        )
        for mids in made.bundles
        for place, mid in enumerate(mids)
    ]
    for planned, wanted, content in zip(plan, sections, made.contents, strict=True):
        old = None
        if before is not None and planned.level < len(before.contents):
            there = before.contents[planned.level]
            old = there if there.mid == content.mid and not there.rejected else None
        outcome, why, refs = _judge_section(planned, content, old)
        found.append(Decision(planned.level, content.mid, "section", "", outcome, why, refs))
        if content.kind in (AUDIO, VIDEO) and not content.rejected:
            found += _explain_direction(planned, content)
            found += _explain_codecs(planned, wanted, content, old, engine)
            found += _explain_extensions(planned, content, engine)
            found += _explain_layers(planned, content)
    return found


def _judge_section(
    planned: SectionPlan, content: Content, old: Content | None
) -> tuple[str, str, tuple[str, ...]]:
    again, first = ("RFC 9429, 5.2.2",), ("RFC 9429, 5.2.1",)
    if content.rejected:
        if planned.transceiver is not None:
            return "rejected", "its transceiver is stopped", again
        return "rejected", "nobody uses it any more, and its place is kept", again
    if old is not None:
        return "taken", "it is in use", again
    if planned.recycled:
        return "taken", "a new transceiver takes the place of a rejected section", again
    if content.kind == DATA:
        return "taken", "a data channel was created", ("RFC 8841, 9",)
    transceiver = planned.transceiver
    if transceiver is not None and transceiver.made_by == "addTrack":
        return "taken", "a track was added", first
    return "taken", "a transceiver was added", first


def _explain_direction(planned: SectionPlan, content: Content) -> Iterator[Decision]:
    why = f"the transceiver is {content.direction}"
    if content.sends and planned.transceiver is not None and planned.transceiver.track_id is None:
        why += ", though it has no track to send yet"
    refs = ("RFC 9429, 5.2.1",)
    yield Decision(planned.level, content.mid, "direction", content.direction, "taken", why, refs)


def _explain_codecs(
    planned: SectionPlan,
    wanted: SectionOptions,
    content: Content,
    old: Content | None,
    engine: Engine,
) -> Iterator[Decision]:
    kind = content.kind
    own = engine.all_codecs(kind)
    kept = {codec.payload_type for codec in old.codecs} if old is not None else set()
    by_number = {str(codec.payload_type): codec for codec in content.codecs}
    sent = engine.codecs(kind, "sendonly")
    for codec in content.codecs:
        why, refs = _why_offered(codec, by_number, wanted)
        if not refs and not find_match(content.codecs, sent, codec, kind):
            why = "it can be received, not sent"
        if codec.payload_type in kept:
            why = f"it was negotiated under this number; {why}"
        elif not any(each.payload_type == codec.payload_type for each in own):
            why += "; its own number is taken"
        name = _name(codec)
        yield Decision(planned.level, content.mid, "codec", name, "taken", why, refs)
    for codec in own:
        if find_match(own, content.codecs, codec, kind) is not None:
            continue
        left, refs = _why_left_out(codec, wanted, content, engine)
        name = _name(codec)
        yield Decision(planned.level, content.mid, "codec", name, "dropped", left, refs)


def _why_offered(
    codec: Codec, by_number: dict[str, Codec], wanted: SectionOptions
) -> tuple[str, tuple[str, ...]]:
    if codec.key == "rtx":
        number = codec.parameters.get("apt", "")
        of = by_number.get(number)
        return f"it retransmits {number}{f' {of.name}' if of else ''}", ("RFC 4588, 8.6",)
    if codec.key == "red":
        number = codec.parameters.get("", "").partition("/")[0]
        of = by_number.get(number)
        what = f"it carries copies of {number} {of.name}" if of else "it carries the other codecs"
        return what, ("RFC 2198, 5",)
    if codec.key in _PROTECTING:
        return _PROTECTING[codec.key]
    if wanted.preferences:
        return "the codec preferences name it", ("W3C webrtc-pc, 5.4",)
    return "it can be sent and received", ()


def _why_left_out(
    codec: Codec, wanted: SectionOptions, content: Content, engine: Engine
) -> tuple[str, tuple[str, ...]]:
    if wanted.preferences:
        named = any(is_preferred(codec, each, content.kind) for each in wanted.preferences)
        if not named or codec.key in ("rtx", "red"):
            return "the codec preferences leave it out", ("W3C webrtc-pc, 5.4",)
    if content.direction != "recvonly" and codec not in engine.codecs(content.kind, "sendonly"):
        return f"it can only be received, and the section is {content.direction}", ()
    return "what it refers to is not offered", ()


def _explain_extensions(
    planned: SectionPlan, content: Content, engine: Engine
) -> Iterator[Decision]:
    offered = {each.uri for each in content.extensions}
    for each in content.extensions:
        own = next((e for e in engine.extensions[content.kind] if e.uri == each.uri), None)
        why = "Chromium offers it in every section of this kind"
        if own is not None and not own.offered:
            why = "Chromium offers it for layers" if own.for_simulcast else "it was negotiated"
        what, refs = _EXTENSIONS.get(each.uri, ("", ()))
        shown = f"{why}; it {what}" if what else why
        refs = refs or ("RFC 8285, 6",)
        yield Decision(planned.level, content.mid, "extension", each.uri, "taken", shown, refs)
    for own in engine.extensions[content.kind]:
        if own.uri in offered:
            continue
        if own.for_simulcast:
            why = "Chromium offers it with layers only"
        elif own.offered:
            why = "the other side did not take it before"
        else:
            why = "Chromium takes it when it is offered, but does not offer it"
        yield Decision(planned.level, content.mid, "extension", own.uri, "dropped", why)


def _explain_layers(planned: SectionPlan, content: Content) -> Iterator[Decision]:
    for layer in content.simulcast_send:
        why = "sendEncodings asks for this layer" + (", not active" if layer.paused else "")
        refs = ("RFC 8853, 5.1",)
        yield Decision(planned.level, content.mid, "simulcast", layer.rid, "taken", why, refs)


def _name(codec: Codec) -> str:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    return f"{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"
