"""What a page may call, as Firefox takes it: order of checks, and words."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rtckit.jsep.capabilities import RESILIENCY_CODECS, Capabilities
from rtckit.jsep.configuration import Configuration
from rtckit.jsep.connection import PeerConnection
from rtckit.jsep.facts import DescriptionFacts, SectionFacts
from rtckit.jsep.identity import Identity
from rtckit.jsep.refusals import PeerError
from rtckit.jsep.stacks.firefox.capabilities import CAPABILITIES
from rtckit.jsep.stacks.firefox.checks import Rejected, read_description
from rtckit.jsep.stacks.firefox.description import Section
from rtckit.jsep.stacks.firefox.words import FIREFOX_WORDS
from rtckit.jsep.states import HAVE_LOCAL_OFFER, STABLE
from rtckit.jsep.transceiver import DIRECTIONS, Encoding, Transceiver
from rtckit.jsep.verdict import TypedSdp

__all__ = ["Calls"]

_MAX_RID = 255
_INDICES = 2**16  # an index of a section is an unsigned short


class _EncodingsRefused(PeerError):
    """addTransceiver does not take its sendEncodings."""


class Calls(PeerConnection):
    """The interface of RTCPeerConnection where Firefox departs from the book."""

    words: ClassVar[dict[str, tuple[str, str]]] = FIREFOX_WORDS

    def __init__(
        self,
        configuration: Configuration | None = None,
        identity: Identity | None = None,
        capabilities: Capabilities = CAPABILITIES,
    ) -> None:
        super().__init__(configuration, identity, capabilities)
        # What addTransceiver had made when it found fault with sendEncodings, and the number of
        # transceivers there were: its section is offered, and the page sees it from the next
        # description on.
        self._ghosts: list[tuple[int, Transceiver]] = []
        # The transceivers of which setCodecPreferences was called, be it for no preference.
        self._preferring: set[Transceiver] = set()

    # -- descriptions ---------------------------------------------------------------------------

    def set_local_description(self, description: TypedSdp | None = None) -> None:
        """Set a description this side made; without text, one made now."""
        if description is not None and description.type == "pranswer":
            raise PeerError("NotSupportedError", "pranswer not yet implemented")
        super().set_local_description(description)

    def set_remote_description(self, description: TypedSdp) -> None:
        """Set a description of the other side."""
        if description.type == "pranswer":
            raise PeerError("NotSupportedError", "pranswer not yet implemented")
        was_offerer = self.signaling_state == HAVE_LOCAL_OFFER
        try:
            super().set_remote_description(description)
        except PeerError:
            if was_offerer and self.signaling_state == STABLE:
                # It was rolled back for an offer that was then refused.
                self.negotiation_needed = False
                self._update_negotiation_needed()
            raise

    def add_ice_candidate(
        self, candidate: str, mid: str | None = None, index: int | None = None
    ) -> None:
        """Add a candidate; its text is hardly looked at."""
        if candidate and mid is None and index is None:
            raise self._say("candidate-nowhere")
        self._require_open("addIceCandidate")
        if self.remote is None:
            raise self._say("no-remote")
        if index is not None:
            index %= _INDICES
        if mid or index is not None or candidate:
            place = self._find_place(mid, index)
            if place is None:
                level = "<Nothing>" if index is None else index
                raise self._say("candidate-section", level=level, mid=mid or "")
            if place >= len(self.facts_of(self.remote).sections):
                raise self._say("candidate-index", level=place)
            if candidate and ":" not in candidate:
                raise self._say("candidate-syntax", candidate=candidate)
        self.remote_candidates.append((mid or index, candidate))

    def _find_place(self, mid: str | None, index: int | None) -> int | None:
        """Return the level of the section a candidate is for: by mid, else of any there is."""
        if mid:
            if mid == self.data_mid:
                return self.data_level
            transceiver = self.find_by_mid(mid)
            return None if transceiver is None else transceiver.level
        sections = max(len(self.facts_of(d).sections) for d in (self.local, self.remote))
        return index if index is not None and index < sections else None

    def _take_last_created(self, sdp_type: str) -> TypedSdp:
        """Make a description anew: Firefox does not look at the one made last."""
        return self.create_offer() if sdp_type == "offer" else self.create_answer()

    def _say(self, code: str, **facts: object) -> PeerError:
        if code == "wrong-state":
            code = "create-offer" if facts["method"] == "createOffer" else "create-answer"
        if code == "stopped" and facts.get("method") == "replaceTrack":
            code = "stopped-sender"
        if code == "bad-rid":
            rid = str(facts.get("rid", ""))
            if not rid:
                code = "empty-rid"
            elif len(rid) > _MAX_RID:
                code = "long-rid"
        return super()._say(code, **facts)

    def _read(self, sdp: str) -> DescriptionFacts:
        """Return the facts of a text as SIPCC reads it."""
        found = self._facts.get(sdp)
        if found is not None:
            return found
        try:
            description = read_description(sdp)
        except Rejected:
            return super()._read(sdp)
        found = DescriptionFacts(
            tuple(_section_facts(section) for section in description.sections),
            tuple(tuple(mids) for mids in description.bundles),
            description.is_ice_lite,
        )
        if len(self._facts) >= 8:
            in_use = {d.sdp for d in self._descriptions() if d is not None}
            self._facts = {text: f for text, f in self._facts.items() if text in in_use}
        self._facts[sdp] = found
        return found

    # -- transceivers ---------------------------------------------------------------------------

    def _in_order(self) -> list[Transceiver]:
        """Return the transceivers in the order they were made, those no page sees yet too."""
        if not self._ghosts:
            return self.transceivers
        ordered = list(self.transceivers)
        for added, (place, ghost) in enumerate(self._ghosts):
            ordered.insert(place + added, ghost)
        return ordered

    def _reveal_ghosts(self) -> None:
        for _, ghost in self._ghosts:
            ghost.direction = "recvonly"
            self.transceivers.append(ghost)
        self._ghosts = []

    def add_transceiver(
        self,
        kind: str,
        *,
        direction: str = "sendrecv",
        track: bool = False,
        stream_ids: Sequence[str] = (),
        send_encodings: Sequence[Encoding] = (),
    ) -> Transceiver:
        """Add a transceiver; one that is asked for as stopped is inactive."""
        is_stopped = direction == "stopped"
        if is_stopped or direction in DIRECTIONS:
            self._require_open("addTransceiver")
        try:
            made = super().add_transceiver(
                kind,
                direction="inactive" if is_stopped else direction,
                track=track,
                stream_ids=stream_ids,
                send_encodings=send_encodings,
            )
        except _EncodingsRefused as refusal:
            self._ghosts.append((len(self.transceivers), Transceiver(kind, direction)))
            raise PeerError(refusal.name, refusal.message) from None
        if is_stopped:
            made.direction = "stopped"
        return made

    def add_track(
        self, kind: str, *, track_id: str | None = None, stream_ids: Sequence[str] = ()
    ) -> Transceiver:
        """Send a track; one that is stopping may be asked to, again and again, and does not."""
        transceiver = super().add_track(kind, track_id=track_id, stream_ids=stream_ids)
        if transceiver.stopping:
            transceiver.direction = "inactive"
            transceiver.track_id = None
        return transceiver

    def _find_for_track(self, kind: str) -> Transceiver | None:
        for transceiver in self.transceivers:
            if (
                transceiver.kind == kind
                and transceiver.track_id is None
                and not transceiver.stopped
                and not transceiver.has_sent
            ):
                return transceiver
        return None

    def stop(self, transceiver: Transceiver) -> None:
        """Stop a transceiver."""
        if self.is_closed:
            raise self._say("stop-closed")
        super().stop(transceiver)

    def set_direction(self, transceiver: Transceiver, direction: str) -> None:
        """Set the preferred direction; what is no direction is passed over."""
        if direction not in (*DIRECTIONS, "stopped"):
            return
        super().set_direction(transceiver, direction)

    def close(self) -> None:
        """Close the connection; its descriptions cannot be asked for any more."""
        super().close()
        self.current_local = self.current_remote = None
        self.pending_local = self.pending_remote = None

    def restart_ice(self) -> None:
        """Have the next offer restart ICE; nothing happens once it is closed."""
        if not self.is_closed:
            super().restart_ice()

    # -- codec preferences ----------------------------------------------------------------------

    def set_codec_preferences(
        self, transceiver: Transceiver, codecs: Sequence[dict[str, object]]
    ) -> None:
        """Set the codecs of a section; none is a preference as well, for no retransmissions."""
        super().set_codec_preferences(transceiver, codecs)
        self._preferring.add(transceiver)

    def _check_codec_preferences(
        self, transceiver: Transceiver, codecs: Sequence[dict[str, object]]
    ) -> None:
        """Refuse a codec that is no capability, then preferences without one for media."""
        known = {_key(_as_codec(c)) for c in self.capabilities.codecs_of(transceiver.kind)}
        for codec in codecs:
            if _key(codec) not in known:
                raise self._say("bad-codec", codec=codec["mimeType"])
        if all(_name(codec) in RESILIENCY_CODECS for codec in codecs):
            raise self._say("no-codec")

    def _check_encodings(self, kind: str, given: Sequence[Encoding]) -> None:
        """Check the rids one after another, then the scales."""
        try:
            self._check_rids_and_scales(kind, given)
        except PeerError as refusal:
            raise _EncodingsRefused(refusal.name, refusal.message) from None

    def _check_rids_and_scales(self, kind: str, given: Sequence[Encoding]) -> None:
        rids: set[str] = set()
        for encoding in given:
            rid = encoding.rid
            if rid is None:
                if len(given) > 1:
                    raise self._say("missing-rid")
                continue
            if not rid or not (rid.isascii() and rid.isalnum()) or len(rid) > _MAX_RID:
                raise self._say("bad-rid", rid=rid)
            if rid in rids:
                raise self._say("duplicate-rid")
            rids.add(rid)
        for encoding in given:
            scale = encoding.scale_resolution_down_by
            if kind == "video" and scale is not None and scale < 1.0:
                raise self._say("bad-scale")


def _as_codec(capability: Any) -> dict[str, object]:
    codec: dict[str, object] = {
        "mimeType": capability.mime_type,
        "clockRate": capability.clock_rate,
    }
    if capability.channels is not None:
        codec["channels"] = capability.channels
    if capability.fmtp and not capability.is_resiliency:
        codec["sdpFmtpLine"] = capability.fmtp_text
    return codec


def _name(codec: dict[str, object]) -> str:
    return str(codec["mimeType"]).partition("/")[2].lower()


def _key(codec: dict[str, object]) -> tuple[str, object, object, object]:
    """Return what two codecs must have in common to be the same."""
    return (
        str(codec["mimeType"]).lower(),
        codec.get("clockRate"),
        codec.get("channels") or 1,
        codec.get("sdpFmtpLine") or "",
    )


def _section_facts(section: Section) -> SectionFacts:
    """Return what applying a description needs of a section."""
    simulcast = section.simulcast
    send = [version[0] for version in simulcast.send] if simulcast else []
    receive = [version[0] for version in simulcast.receive] if simulcast else []
    streams = [msid.stream for msid in section.msids if msid.stream != "-"]
    return SectionFacts(
        index=section.level,
        kind="data" if section.media == "application" else section.media,
        mid=section.mid,
        rejected=section.is_disabled,
        direction=section.direction,
        has_msid=bool(section.msids),
        stream_ids=tuple(dict.fromkeys(streams)),
        track_id=section.msids[0].track if section.msids else None,
        rids_send=tuple(dict.fromkeys(send)),
        rids_recv=tuple(dict.fromkeys(receive)),
        paused=frozenset(simulcast.paused) if simulcast else frozenset(),
        ufrag=section.ice_ufrag or None,
        pwd=section.ice_pwd or None,
        rtcp_mux=section.has_rtcp_mux,
        is_rtp=section.media != "application",
    )
