"""Why an answer or an offer of Firefox looks as it does: sections, codecs, extensions, the rest."""

from collections.abc import Iterator, Sequence

from rtckit.jsep.decision import Decision
from rtckit.jsep.peer_state import SectionPlan
from rtckit.jsep.stacks.firefox.answering import Answer, directions_and, reverse
from rtckit.jsep.stacks.firefox.capabilities import Codec
from rtckit.jsep.stacks.firefox.codec_matching import find_codec
from rtckit.jsep.stacks.firefox.codecs import is_negotiable
from rtckit.jsep.stacks.firefox.description import Description, Section
from rtckit.jsep.stacks.firefox.extension_numbers import SIMULCAST_EXTENSIONS, ExtensionNumbers
from rtckit.jsep.stacks.firefox.seats import Seat
from rtckit.jsep.stacks.firefox.writing import SectionText

__all__ = ["explain_answer", "explain_offer"]

_MEDIA = ("audio", "video")
_CHOSEN_BY_ANSWERER = 4096
_RESILIENCE = {
    "rtx": ("RFC 4588, 8.6",),
    "red": ("RFC 2198, 5",),
    "ulpfec": ("RFC 5109, 14.2",),
}
_NO_CODEC = ("RFC 3264, 6.1",)
_PURPOSES = {
    "opus": ("the codec of sound WebRTC must have", "RFC 7874, 3"),
    "pcmu": ("the oldest codec of sound WebRTC must have", "RFC 7874, 3"),
    "pcma": ("the oldest codec of sound WebRTC must have", "RFC 7874, 3"),
    "telephone-event": ("tones of telephone keys", "RFC 4733, 2"),
    "vp8": ("a codec of pictures WebRTC must have", "RFC 7742, 5"),
    "red": ("carries what ulpfec adds", "RFC 2198, 5"),
    "ulpfec": ("forward error correction", "RFC 5109, 14.2"),
}
_RTP = "urn:ietf:params:rtp-hdrext:"
_GOOGLE = "http://www.webrtc.org/experiments/rtp-hdrext/"
_ONLY = {"sendonly": "sends", "recvonly": "reads", "inactive": "knows"}
_DATA = {
    "sctp-port": ("the port of SCTP over DTLS, the same in every Firefox", "RFC 8841, 5"),
    "max-message-size": ("the largest message Firefox reads, in bytes", "RFC 8841, 6"),
}
_USES = {
    f"{_RTP}ssrc-audio-level": ("tells how loud a packet is", "RFC 6464, 3"),
    f"{_RTP}csrc-audio-level": ("tells how loud those mixed are", "RFC 6465, 3"),
    f"{_RTP}sdes:mid": ("tells which section a packet is of", "RFC 9143, 15"),
    f"{_RTP}toffset": ("tells when a packet left", "RFC 5450"),
    f"{_GOOGLE}abs-send-time": ("tells when a packet left", ""),
    f"{_GOOGLE}playout-delay": ("tells how long to wait with a picture", ""),
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01": (
        "numbers packets for congestion control",
        "",
    ),
}


def explain_answer(
    offer: Description,
    answer: Answer,
    seats: Sequence[Seat],
    extensions: ExtensionNumbers,
    *,
    roles: Sequence[str | None] = (),
) -> list[Decision]:
    """Return the decisions behind an answer, section by section.

    Args:
        offer: the offer.
        answer: what was made of it.
        seats: whose each section is.
        extensions: the header extensions of Firefox.
        roles: by level the DTLS role that was in force before.
    """
    found = list(_explain_bundles(offer, answer))
    for offered, made, seat in zip(offer.sections, answer.sections, seats, strict=True):
        section = _Explained(offered, made, seat)
        found += section.explain_section()
        if offered.media in _MEDIA:
            found += section.explain_codecs()
        if made.port == 0:
            continue
        role = roles[offered.level] if offered.level < len(roles) else None
        found += section.explain_setup(role)
        if offered.media == "application":
            found += section.explain_data()
            continue
        found += section.explain_feedback()
        found += section.explain_extensions(extensions)
        found += section.explain_direction()
        found += section.explain_simulcast()
        found += section.explain_attributes()
    return found


def _explain_bundles(offer: Description, answer: Answer) -> Iterator[Decision]:
    kept = {mid for mids in answer.bundles for mid in mids}
    refs = ("RFC 9143, 7.3",)
    sections = offer.by_mid()
    for mids in offer.bundles:
        made = next((group for group in answer.bundles if set(group) & set(mids)), None)
        for mid in mids:
            if mid in kept:
                why = "shares the transport of its group"
                if made is not None and made[0] == mid:
                    why = "its transport is that of the group"
                yield Decision(None, mid, "bundle", mid, "taken", why, refs)
                continue
            section = sections.get(mid)
            if section is None:
                why = "no section has this mid"
            elif answer.sections[section.level].port == 0:
                why = "its section is rejected"
            else:
                why = "no section of the group that is left has a transport of its own"
            yield Decision(None, mid, "bundle", mid, "dropped", why, refs)


class _Explained:
    """A section of an offer with what it became."""

    def __init__(self, offered: Section, made: SectionText, seat: Seat) -> None:
        self.offered = offered
        self.made = made
        self.seat = seat
        self.is_rejected = made.port == 0
        self.taken = {} if self.is_rejected else {c.payload_type: c for c in made.codecs}
        self.repairs = {codec.rtx: codec for codec in self.taken.values() if codec.rtx}

    def decide(
        self, subject: str, name: str, outcome: str, why: str, refs: tuple[str, ...] = ()
    ) -> Decision:
        """Return a decision over something in the section."""
        return Decision(self.offered.level, self.made.mid, subject, name, outcome, why, refs)

    def explain_section(self) -> Iterator[Decision]:
        """Say why it is taken or rejected."""
        if self.is_rejected:
            why, refs = self._why_rejected()
            yield self.decide("section", "", "rejected", why, refs)
        elif self.offered.media == "application":
            why = "data channels over SCTP"
            yield self.decide("section", "", "taken", why, ("RFC 8841, 10.3",))
        else:
            why = f"{len(self.taken)} of its codecs are Firefox's too"
            yield self.decide("section", "", "taken", why, ("RFC 9429, 5.3.1",))

    def _why_rejected(self) -> tuple[str, tuple[str, ...]]:
        offered = self.offered
        if offered.is_disabled:
            return "the offer rejects it: port 0 without bundle-only", ("RFC 3264, 6",)
        if self.seat.is_stopped:
            return "its transceiver is stopped", ("RFC 9429, 5.3.1",)
        if offered.media == "application":
            why = "it names no webrtc-datachannel with an SCTP port other than 0"
            return why, ("RFC 8841, 5",)
        if offered.media not in _MEDIA:
            return "Firefox has no media of this kind", ("RFC 3264, 6",)
        if self.seat.has_preferences and is_negotiable(offered):
            return "the codec preferences leave none of its codecs", ("W3C webrtc-pc, 5.4",)
        return "no codec in common", ("RFC 3264, 6",)

    # -- codecs ---------------------------------------------------------------------------------

    def explain_codecs(self) -> Iterator[Decision]:
        """Say of each format why it is taken or dropped."""
        for payload_type in dict.fromkeys(self.offered.formats):
            name = self._name(payload_type)
            codec = self.taken.get(payload_type)
            repaired = self.repairs.get(payload_type)
            if codec is not None:
                yield self.decide("codec", name, *self._why_taken(codec))
            elif repaired is not None:
                why = f"sends {repaired.payload_type} {repaired.name} again"
                yield self.decide("codec", name, "taken", why, _RESILIENCE["rtx"])
            else:
                why, refs = self._why_dropped(payload_type)
                yield self.decide("codec", name, "dropped", why, refs)

    def _name(self, payload_type: str) -> str:
        entry = self.offered.codec(payload_type)
        if entry is None:
            codec = self.taken.get(payload_type)
            return payload_type if codec is None else f"{payload_type} {codec.encoding}"
        channels = f"/{entry.channels}" if entry.channels > 1 else ""
        return f"{payload_type} {entry.name}/{entry.clock_rate}{channels}"

    def _why_taken(self, codec: Codec) -> tuple[str, str, tuple[str, ...]]:
        refs = _RESILIENCE.get(codec.key, _NO_CODEC)
        if self.offered.codec(codec.payload_type) is None:
            return "taken", "Firefox knows the number without an rtpmap", ("RFC 3551, 6",)
        if self.seat.preferences:
            return "taken", "the codec preferences name it; their order decides", refs
        if codec.fmtp:
            return "taken", f"Firefox has it, and says of itself {codec.fmtp}", refs
        return "taken", "Firefox has it", refs

    def _why_dropped(self, payload_type: str) -> tuple[str, tuple[str, ...]]:
        offered = self.offered
        entry = offered.codec(payload_type)
        if entry is None:
            return "no rtpmap says what the number stands for", ("RFC 8866, 6.6",)
        key = entry.name.lower()
        if key == "rtx":
            return self._why_not_repaired(payload_type), _RESILIENCE["rtx"]
        alike = [codec for codec in self.seat.defaults if codec.key == key]
        if not alike:
            if key == "h264":
                return "Firefox has H264 only with the OpenH264 plug-in, which is not there", ()
            return "Firefox has no such codec", ()
        if all(codec.clock_rate != entry.clock_rate for codec in alike):
            rates = " or ".join(str(codec.clock_rate) for codec in alike)
            return f"Firefox has it with a clock rate of {rates} only", _NO_CODEC
        if find_codec(alike, payload_type, entry, offered.media) is None:
            return f"Firefox has it with {alike[0].channels} channels only", _NO_CODEC
        if self.seat.has_preferences and key not in {
            codec.key for codec in self.seat.usable_codecs()
        }:
            return "the codec preferences leave it out", ("W3C webrtc-pc, 5.4",)
        if self.is_rejected:
            return self._why_dropped_with_section(key)
        if key == "ulpfec" and all(codec.key != "red" for codec in self.taken.values()):
            return "there is no red to carry it", _RESILIENCE["ulpfec"]
        return "an earlier format is this codec, and Firefox takes each but once", _NO_CODEC

    def _why_dropped_with_section(self, key: str) -> tuple[str, tuple[str, ...]]:
        if key in ("red", "ulpfec") and not self.offered.is_disabled and not self.seat.is_stopped:
            return "it protects other codecs, and there are none", _RESILIENCE[key]
        return "its section is rejected", ("RFC 3264, 6",)

    def _why_not_repaired(self, payload_type: str) -> str:
        if self.is_rejected:
            return "its section is rejected"
        apt = next(
            (f.apt for f in self.offered.formats_read if str(f.payload_type) == payload_type), None
        )
        if apt is None:
            return "no apt says which codec it repairs"
        codec = self.taken.get(apt)
        if codec is None:
            return f"{apt}, which it repairs, is not taken"
        if codec.rtx:
            return f"{apt} is repaired by {codec.rtx} already"
        if self.seat.has_preferences and not self.seat.keeps_repairs:
            return "the codec preferences leave retransmissions out"
        return f"Firefox does not repair {codec.name}"

    def explain_feedback(self) -> Iterator[Decision]:
        """Say of the feedback of each codec that is taken whether Firefox knows it."""
        for one in dict.fromkeys(self.offered.feedback):
            for payload_type, codec in self.taken.items():
                if one.payload_type not in ("*", payload_type) or not one.kind:
                    continue
                name = f"{payload_type} {one.kind} {one.parameter}".rstrip()
                if (one.kind, one.parameter) in codec.feedback:
                    outcome, why = "taken", "both sides know it"
                else:
                    outcome, why = "dropped", "Firefox does not use it for this codec"
                yield self.decide("feedback", name, outcome, why, ("RFC 4585, 4.2",))

    # -- the rest -------------------------------------------------------------------------------

    def explain_extensions(self, extensions: ExtensionNumbers) -> Iterator[Decision]:
        """Say of each header extension whether it is taken, and in which direction."""
        known = extensions.of(self.offered.media)
        other = "audio" if self.offered.media == "video" else "video"
        taken = {extension.uri: extension for extension in self.made.extensions}
        for extension in self.offered.extensions or ():
            uri = extension.uri
            refs = ("RFC 8285, 7",)
            if uri not in known:
                why = "Firefox does not know it"
                if uri in SIMULCAST_EXTENSIONS:
                    why = "Firefox has no use for it but to send layers"
                elif uri in extensions.of(other):
                    why = f"Firefox uses it with {other} only"
                yield self.decide("extension", uri, "dropped", why, refs)
            elif uri not in taken:
                why = "no direction is left in which both would use it"
                yield self.decide("extension", uri, "dropped", why, refs)
            elif extension.id >= _CHOSEN_BY_ANSWERER:
                why = f"Firefox chooses the number {taken[uri].id}"
                yield self.decide("extension", uri, "changed", why, refs)
            elif taken[uri].direction not in (None, extension.direction):
                why = f"Firefox uses it {taken[uri].direction}"
                yield self.decide("extension", uri, "changed", why, refs)
            else:
                yield self.decide("extension", uri, "taken", "both sides know it", refs)

    def explain_direction(self) -> Iterator[Decision]:
        """Say where the direction comes from."""
        offered, wanted = self.offered.direction, self.seat.direction
        made = directions_and(reverse(offered), wanted)
        outcome = "taken" if made == reverse(offered) else "changed"
        if made == wanted:
            why = f"the transceiver is {wanted}"
        else:
            why = f"the offer is {offered}, the transceiver {wanted}"
        yield self.decide("direction", made, outcome, why, ("RFC 3264, 6.1",))

    def explain_setup(self, role: str | None) -> Iterator[Decision]:
        """Say where the DTLS role comes from."""
        made = self.made.setup or ""
        if role is not None:
            why = "the role Firefox has in the connection there is"
        elif self.offered.setup in ("active", "passive"):
            why = f"the offerer is {self.offered.setup}"
        else:
            why = "the offerer leaves the choice, and Firefox begins the handshake"
        yield self.decide("setup", made, "taken", why, ("RFC 8842, 5.3",))

    def explain_simulcast(self) -> Iterator[Decision]:
        """Say of each layer asked for or announced whether it will be sent."""
        simulcast = self.offered.simulcast
        if simulcast is None:
            return
        refs = ("RFC 8853, 5.3.2",)
        for version in simulcast.receive:
            rid = version[0]
            if rid in self.made.rids:
                why, outcome = "an encoding of the sender has this rid", "taken"
            elif rid in self.seat.sender.rids:
                why = "the sender has but one of the layers asked for, and so sends none"
                outcome = "dropped"
            else:
                why, outcome = "no encoding of the sender has this rid", "dropped"
            yield self.decide("simulcast", f"recv {rid}", outcome, why, refs)
        for version in simulcast.send:
            why = "Firefox receives no layers by rid"
            yield self.decide("simulcast", f"send {version[0]}", "dropped", why, refs)

    def explain_attributes(self) -> Iterator[Decision]:
        """Say what becomes of reduced-size RTCP and of mixed extension headers."""
        if self.offered.has_rtcp_rsize:
            outcome, why = "taken", "Firefox can do it"
            if not self.made.has_rtcp_rsize:
                outcome, why = "dropped", "Firefox agrees to it for video only"
            yield self.decide("attribute", "rtcp-rsize", outcome, why, ("RFC 5506, 5",))
        if self.offered.is_mixed:
            why = "Firefox can do it"
            yield self.decide("attribute", "extmap-allow-mixed", "taken", why, ("RFC 8285, 6",))

    def explain_data(self) -> Iterator[Decision]:
        """Say what is told of the data channels."""
        offered = self.offered
        if offered.sctp_port:
            theirs = f"SCTP port {offered.sctp_port}"
            why = "each side names its own; that of Firefox is 5000"
            yield self.decide("data", theirs, "taken", why, ("RFC 8841, 5",))
        size = offered.max_message_size
        if size is None:
            theirs, why = "no max-message-size", "Firefox sends messages of up to 65536 bytes"
        elif size == 0:
            theirs, why = "max-message-size 0", "Firefox may send messages of any size"
        else:
            theirs, why = f"max-message-size {size}", "Firefox sends no larger messages"
        yield self.decide("data", theirs, "taken", why, ("RFC 8841, 6",))


# -- offers -------------------------------------------------------------------------------------


def explain_offer(
    plan: Sequence[SectionPlan], sections: Sequence[SectionText], seats: Sequence[Seat]
) -> list[Decision]:
    """Return the decisions behind an offer, section by section.

    Args:
        plan: what each section is for.
        sections: the sections as they were written.
        seats: whose each is.
    """
    found: list[Decision] = []
    for planned, made in zip(plan, sections, strict=True):
        if not planned.rejected:
            why = "Firefox offers one transport for all of its sections"
            if made.is_bundle_only:
                why = "it has no transport but that of the group: the bundle policy wants it so"
            refs = ("RFC 9143, 7.2",)
            found.append(Decision(None, made.mid, "bundle", made.mid or "", "taken", why, refs))
    for planned, made, seat in zip(plan, sections, seats, strict=True):
        found += _explain_offered(planned, made, seat)
    return found


def _explain_offered(planned: SectionPlan, made: SectionText, seat: Seat) -> Iterator[Decision]:
    """Say why a section is offered, and what stands in it."""

    def decide(subject: str, name: str, outcome: str, why: str, *refs: str) -> Decision:
        return Decision(planned.level, made.mid, subject, name, outcome, why, refs)

    yield decide("section", "", "rejected" if planned.rejected else "taken", *_why_offered(planned))
    if planned.rejected:
        return
    yield decide("setup", "actpass", "taken", "the answerer chooses the role", "RFC 8842, 5.2")
    if planned.kind == "data":
        for line in made.sctp:
            name, _, value = line.removeprefix("a=").partition(":")
            why, ref = _DATA[name]
            yield decide("data", f"{name} {value}", "taken", why, ref)
        return
    direction = made.direction
    yield decide("direction", direction, "taken", f"the transceiver is {direction}")
    for codec in made.codecs:
        why, *refs = _why_offered_codec(codec, seat)
        yield decide("codec", f"{codec.payload_type} {codec.encoding}", "taken", why, *refs)
        if codec.rtx:
            name, why = f"{codec.rtx} rtx/{codec.clock_rate}", f"repairs {codec.payload_type}"
            yield decide("codec", name, "taken", why, *_RESILIENCE["rtx"])
    offered = {(codec.key, codec.clock_rate) for codec in made.codecs}
    for codec in seat.defaults:
        if (codec.key, codec.clock_rate) not in offered:
            why = "the codec preferences leave it out"
            name = f"{codec.payload_type} {codec.encoding}"
            yield decide("codec", name, "dropped", why, "W3C webrtc-pc, 5.4")
    for extension in made.extensions:
        why, ref = _USES.get(extension.uri, ("Firefox has it", ""))
        if extension.uri in SIMULCAST_EXTENSIONS:
            why, ref = "tells layers of simulcast apart, which this connection has", "RFC 8852, 3"
        if extension.direction is not None:
            why += f"; Firefox only {_ONLY[extension.direction]} it"
        yield decide("extension", extension.uri, "taken", why, *([ref] if ref else []))
    for rid in seat.sender.rids:
        if rid in made.rids:
            yield decide("simulcast", rid, "taken", "an encoding of the sender", "RFC 8853, 5.3.1")
        else:
            why = "the section does not send"
            if len(seat.sender.rids) == 1:
                why = "a single encoding is sent without its rid"
            yield decide("simulcast", rid, "dropped", why, "RFC 8853, 5.3.1")


def _why_offered(planned: SectionPlan) -> tuple[str, str]:
    """Say why there is such a section."""
    new, later = "RFC 9429, 5.2.1", "RFC 9429, 5.2.2"
    transceiver = planned.transceiver
    if planned.rejected:
        if transceiver is not None:
            return "its transceiver was stopped", later
        return "nobody uses it any more, and sections never go away", later
    if planned.recycled:
        return "something new takes the place of a section that was rejected", later
    if planned.kind == "data":
        return "there is a data channel", new
    if transceiver is not None and transceiver.mid is not None:
        return "its transceiver is associated with it", later
    made_by = "setRemoteDescription" if transceiver is None else transceiver.made_by
    return f"a transceiver of {made_by} has no section yet", new


def _why_offered_codec(codec: Codec, seat: Seat) -> tuple[str, ...]:
    """Say why a codec is offered, and its sources."""
    if seat.preferences:
        return "the codec preferences name it", "W3C webrtc-pc, 5.4"
    default = next(
        (d for d in seat.defaults if (d.key, d.clock_rate) == (codec.key, codec.clock_rate)), codec
    )
    if default.payload_type != codec.payload_type:
        return "Firefox has it; the number is one agreed on before, or is free", "RFC 9429, 5.2.2"
    return _PURPOSES.get(codec.key, ("Firefox has it",))
