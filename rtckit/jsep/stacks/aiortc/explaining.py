"""Why an answer or an offer of aiortc looks as it does."""

from collections.abc import Iterator

from rtckit.jsep.decision import Decision
from rtckit.jsep.stacks.aiortc.codecs import h264_profile, match_codecs
from rtckit.jsep.stacks.aiortc.connection import AiortcTransceiver, Connection
from rtckit.jsep.stacks.aiortc.records import CodecLine, MediaPart, Read

__all__ = ["explain_answer", "explain_offer"]

_UNWANTED = "the codec preferences leave it out"


def explain_answer(connection: Connection, answer: Read) -> list[Decision]:
    """The decisions behind an answer, section by section in the order of the text."""
    remote = connection.pending_remote or connection.current_remote
    if remote is None:
        return []
    offer = remote.description
    texts = remote.text.replace("\r", "").split("\nm=")[1:]
    found = list(_bundle(offer, answer))
    for index, (offered, made) in enumerate(zip(offer.media, answer.media, strict=True)):
        text = texts[index] if index < len(texts) else ""
        found.extend(_answer_part(connection, index, offered, made, text))
    return found


def explain_offer(connection: Connection, offer: Read) -> list[Decision]:
    """The decisions behind an offer."""
    found = []
    for index, part in enumerate(offer.media):
        transceiver = connection.by_level(index) if part.is_media else None
        if not part.is_media:
            why = "there is a data channel, or was one"
        elif transceiver is not None and transceiver.stopped:
            why = "its transceiver is stopped, but aiortc never rejects a section it had"
        else:
            why = "there is a transceiver for it"
        found.append(Decision(index, part.mid, "section", "", "taken", why))
        if part.is_media:
            preferred = transceiver is not None and bool(transceiver.preferred)
            why = "a codec preference names it" if preferred else "aiortc has it"
            found.extend(
                Decision(index, part.mid, "codec", _name(codec), "taken", why)
                for codec in part.codecs
            )
            found.extend(_dropped_by_preference(connection, index, part))
    return found


def _dropped_by_preference(
    connection: Connection, index: int, part: MediaPart
) -> Iterator[Decision]:
    taken = [codec.payload_type for codec in part.codecs]
    for codec in connection.codecs_of(part.kind):
        if codec.payload_type not in taken:
            yield Decision(
                index,
                part.mid,
                "codec",
                _name(codec),
                "dropped",
                _UNWANTED,
                ("W3C webrtc-pc, 5.4",),
            )


def _bundle(offer: Read, answer: Read) -> Iterator[Decision]:
    offered = next((names for word, names in offer.groups if word == "BUNDLE"), None)
    made = next(names for _, names in answer.groups)
    if offered == made:
        why = "every section of the offer is in its bundle"
    elif offered is None:
        why = "aiortc puts all sections in a bundle, though the offer has none"
    else:
        why = "aiortc puts all sections in a bundle in their order, whatever the offer grouped"
    outcome = "taken" if offered == made else "changed"
    members = " ".join(map(str, made))
    yield Decision(None, None, "bundle", members, outcome, why, ("RFC 9143, 7.3",))


def _answer_part(
    connection: Connection, index: int, offered: MediaPart, made: MediaPart, text: str
) -> Iterator[Decision]:
    mid = made.mid
    outcome, why = "taken", "aiortc answers every section it can read"
    if offered.port == 0:
        outcome = "changed"
        why = "aiortc does not look at the port: it takes a section offered with port 0, too"
    yield Decision(index, mid, "section", "", outcome, why, ("RFC 3264, 6",))
    transceiver = connection.by_mid(offered.mid) if offered.is_media else None
    if transceiver is not None:
        yield from _codecs(connection, index, mid, offered, transceiver)
        yield from _extensions(connection, index, mid, offered)
        yield _direction(index, mid, made, transceiver)
        if "\na=simulcast:" in text or "\na=rid:" in text:
            why = "aiortc reads neither a=simulcast nor a=rid"
            yield Decision(index, mid, "simulcast", "", "dropped", why, ("RFC 8853, 5.3.2",))
    else:
        size = connection.capabilities.max_message_size
        why = f"data channels on SCTP port {connection.capabilities.sctp_port}, messages to {size}"
        yield Decision(index, mid, "data", made.protocol, "taken", why, ("RFC 8841, 10.3",))
    role = made.dtls.role if made.dtls is not None else None
    asked = offered.dtls.role if offered.dtls is not None else None
    name = "active" if role == "client" else "passive"
    if asked == "auto":
        why = "the offer leaves the choice, and aiortc then opens the DTLS handshake"
        if role != "client":
            why = "the transport of this section has the role already"
    else:
        why = f"the offer is {'active' if asked == 'client' else 'passive'}"
    yield Decision(index, mid, "setup", name, "taken", why, ("RFC 8842, 5.3",))


def _direction(
    index: int, mid: str | None, made: MediaPart, transceiver: AiortcTransceiver
) -> Decision:
    wanted, possible = transceiver.direction, transceiver.offered or "inactive"
    if wanted == possible:
        why = f"both sides are for {wanted}"
    else:
        why = f"the transceiver is {wanted}, the offer lets it be {possible}: what both allow"
    outcome = "taken" if made.direction == possible else "changed"
    return Decision(
        index, mid, "direction", str(made.direction), outcome, why, ("RFC 9429, 5.3.1",)
    )


# -- codecs ----------------------------------------------------------------------------------------


def _codecs(
    connection: Connection,
    index: int,
    mid: str | None,
    offered: MediaPart,
    transceiver: AiortcTransceiver,
) -> Iterator[Decision]:
    own = connection.codecs_of(offered.kind)
    kept = {(codec.name, codec.payload_type) for codec in transceiver.codecs}
    for codec, match in match_codecs(own, offered.codecs):
        taken = match if match and (match.name, match.payload_type) in kept else None
        outcome, why, refs = _codec(own, codec, taken, offered)
        if match is not None and taken is None:
            why, refs = _UNWANTED, ("W3C webrtc-pc, 5.4",)
        yield Decision(index, mid, "codec", _name(codec), outcome, why, refs)
        if taken is not None and not codec.is_rtx:
            yield from _feedback(index, mid, codec, taken)
    mapped = {str(codec.payload_type) for codec in offered.codecs}
    for number in offered.formats:
        if number not in mapped:
            why = "it has no a=rtpmap, and aiortc knows no static payload types"
            yield Decision(index, mid, "codec", number, "dropped", why, ("RFC 3551, 6",))


def _codec(
    own: list[CodecLine], codec: CodecLine, taken: CodecLine | None, offered: MediaPart
) -> tuple[str, str, tuple[str, ...]]:
    if codec.is_rtx:
        not_ = "" if taken is not None else "not "
        outcome = "dropped" if not_ else "taken"
        return outcome, f"the codec it repeats is {not_}taken", ("RFC 4588, 8.6",)
    if taken is None:
        return "dropped", _why_unknown(own, codec), ()
    if taken.payload_type != codec.payload_type:
        why = f"aiortc takes numbers from 96 to 127 only, and writes its own {taken.payload_type}"
        return "changed", f"{why} here", ("RFC 3264, 6.1",)
    if str(codec.payload_type) not in offered.formats:
        return "taken", "its a=rtpmap is enough, though m= does not list it", ("RFC 8866, 5.14",)
    if taken.parameters != codec.parameters:
        return "taken", "aiortc has it, and writes its own parameters", ()
    return "taken", "aiortc has it", ()


def _why_unknown(own: list[CodecLine], codec: CodecLine) -> str:
    same = [item for item in own if item.name.lower() == codec.name.lower()]
    if not same:
        return "aiortc does not have it"
    if all(item.clock_rate != codec.clock_rate for item in same):
        return f"aiortc has it at {same[0].clock_rate} Hz only"
    if str(codec.parameters.get("packetization-mode", "0")) != "1":
        return "aiortc has H264 with packetization-mode 1 only"
    try:
        profile = h264_profile(codec)
    except ValueError:
        return "aiortc does not know its profile-level-id"
    return f"aiortc has H264 Baseline and Constrained Baseline, this is {profile}"


def _feedback(
    index: int, mid: str | None, codec: CodecLine, taken: CodecLine
) -> Iterator[Decision]:
    for name, parameter in codec.feedback:
        text = f"{codec.payload_type} {name}" + (f" {parameter}" if parameter else "")
        known = (name, parameter) in taken.feedback
        outcome = "taken" if known else "dropped"
        why = "aiortc has it" if known else "aiortc does not have it for this codec"
        yield Decision(index, mid, "feedback", text, outcome, why, ("RFC 4585, 4.2",))


def _extensions(
    connection: Connection, index: int, mid: str | None, offered: MediaPart
) -> Iterator[Decision]:
    known = {uri for _, uri in connection.extensions_of(offered.kind)}
    for number, uri in offered.extensions:
        outcome = "taken" if uri in known else "dropped"
        why = f"aiortc has it, under the number of the offer, {number}"
        if uri not in known:
            why = f"aiortc does not have it for {offered.kind}"
        yield Decision(index, mid, "extension", uri, outcome, why, ("RFC 8285, 7",))


def _name(codec: CodecLine) -> str:
    return f"{codec.payload_type} {codec.encoding}"
