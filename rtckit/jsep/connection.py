"""RTCPeerConnection without sockets: W3C webrtc-pc, 4.4, and RFC 9429.

`PeerConnection` is the machine by the book; each stack subclasses it in its own package where it
differs. Nothing here waits: what a browser does in a queued task is done before a method returns,
and events are kept in ``events`` until they are taken.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from rtckit.core.errors import ParseError
from rtckit.jsep.checking import Checking
from rtckit.jsep.configuration import Configuration
from rtckit.jsep.negotiation_needed import is_negotiation_needed
from rtckit.jsep.peer_state import SectionPlan
from rtckit.jsep.refusals import PeerError
from rtckit.jsep.states import (
    ANSWER_STATES,
    CLOSED,
    IMPLICIT_ROLLBACK,
    IMPLICIT_TYPES,
    OFFER_STATES,
    SDP_TYPES,
    STABLE,
    next_state,
)
from rtckit.jsep.transceiver import DIRECTIONS, Encoding, Transceiver
from rtckit.jsep.verdict import TypedSdp
from rtckit.sdp import parse_candidate

__all__ = ["Configuration", "PeerConnection", "PeerError", "SectionPlan"]

_RID = re.compile(r"[A-Za-z0-9_-]+")


class PeerConnection(Checking):
    """A peer connection by the book; see `PeerState` for its attributes.

    Every method that fails raises `PeerError`, and then leaves the connection as it was, but for
    the rollback that a remote offer causes in have-local-offer.

    Attributes:
        offer_states: the states createOffer works in.
        answer_states: those of createAnswer.
        rolls_back_first: a remote offer in have-local-offer rolls back before it is checked, so
            that the rollback stays when it is refused (W3C webrtc-pc, setRemoteDescription).
    """

    offer_states: ClassVar[frozenset[str]] = OFFER_STATES
    answer_states: ClassVar[frozenset[str]] = ANSWER_STATES
    rolls_back_first: ClassVar[bool] = True

    # -- descriptions ---------------------------------------------------------------------------

    def create_offer(self, *, ice_restart: bool = False) -> TypedSdp:
        """Return an offer of what the connection is to be (W3C webrtc-pc, 4.4.2).

        Raises:
            PeerError: the connection is closed, or in a state without offers.
        """
        self._require_open("createOffer")
        if self.signaling_state not in self.offer_states:
            raise self._say("wrong-state", method="createOffer")
        with self._transaction():
            return self._create_offer(ice_restart=ice_restart)

    def _create_offer(self, *, ice_restart: bool = False) -> TypedSdp:
        self.renew_credentials(for_offer=True, ice_restart=ice_restart)
        self.version += 1
        self.decisions = []
        self.offer_plan = self._plan_offer()
        self.created_offer = self._write_offer()
        self._created_at["offer"] = self._changes
        return TypedSdp("offer", self.created_offer)

    def create_answer(self) -> TypedSdp:
        """Return an answer to the remote offer (W3C webrtc-pc, 4.4.2).

        Raises:
            PeerError: the connection is closed, or there is no offer to answer.
        """
        self._require_open("createAnswer")
        if self.signaling_state not in self.answer_states:
            raise self._say("wrong-state", method="createAnswer")
        with self._transaction():
            return self._create_answer()

    def _create_answer(self) -> TypedSdp:
        self.renew_credentials(for_offer=False)
        self._drop_restarted_credentials()
        self.version += 1
        self.decisions = []
        self.created_answer = self._write_answer()
        self._created_at["answer"] = self._changes
        return TypedSdp("answer", self.created_answer)

    def _drop_restarted_credentials(self) -> None:
        """Have new credentials made where the remote offer restarts ICE (RFC 9429, 5.3.2)."""
        for section in self.facts_of(self.remote).sections:
            if not self.restarts_remotely(section):
                continue
            transceiver = self.find_by_level(section.index)
            mid = section.mid or (transceiver.mid if transceiver else self.data_mid)
            if mid is None:
                continue
            old = self.facts_of(self.current_local).find(mid)
            if old is not None and self.credentials.get(mid) == (old.ufrag, old.pwd):
                del self.credentials[mid]

    def set_local_description(self, description: TypedSdp | None = None) -> None:
        """Set a description this side made; without one, make what the state asks for.

        A text that is empty stands for the one made last, if it still fits, else for a new one.

        Raises:
            PeerError: it cannot be set, or cannot be made.
        """
        self._require_open("setLocalDescription")
        with self._transaction():
            if description is None:
                description = self._make_implicitly(IMPLICIT_TYPES[self.signaling_state])
            elif description.type in SDP_TYPES[:3] and not description.sdp:
                description = self._take_last_created(description.type)
            self._check("local", description.type, description.sdp)
            self._apply("local", description)
        self._update_negotiation_needed()

    def _make_implicitly(self, sdp_type: str) -> TypedSdp:
        """Return the description that is set when none is given."""
        return self._take_last_created(sdp_type)

    def _take_last_created(self, sdp_type: str) -> TypedSdp:
        """Return what create* returned last, or anew where that no longer fits.

        Raises:
            PeerError: it cannot be made in this state.
        """
        kind = "offer" if sdp_type == "offer" else "answer"
        created = self.created_offer if kind == "offer" else self.created_answer
        if created is None or self._created_at.get(kind) != self._changes:
            made = self.create_offer() if kind == "offer" else self.create_answer()
            created = made.sdp
        return TypedSdp(sdp_type, created)

    def set_remote_description(self, description: TypedSdp) -> None:
        """Set a description of the other side.

        An offer in have-local-offer rolls the local one back first.

        Raises:
            PeerError: it cannot be set.
        """
        self._require_open("setRemoteDescription")
        implicit = (self.signaling_state, "remote", description.type) == IMPLICIT_ROLLBACK
        if implicit and self.rolls_back_first:
            self._roll_back_implicitly()
        with self._transaction():
            self._check("remote", description.type, description.sdp)
            if implicit and not self.rolls_back_first:
                self._roll_back_implicitly()
            self._apply("remote", description)
        self._update_negotiation_needed()

    def _roll_back_implicitly(self) -> None:
        """Make way for a remote offer in have-local-offer."""
        self._roll_back()

    def _apply(self, side: str, description: TypedSdp) -> None:
        """Apply a description that was checked (W3C webrtc-pc, 4.4.1.4, steps 4.5.4 to 4.5.14)."""
        if description.type == "rollback":
            self._roll_back()
            self.negotiation_needed = False
            return
        if self.signaling_state == STABLE:
            self._begin_exchange()
        facts = self._read(description.sdp)
        state = next_state(self.signaling_state, side, description.type)
        assert state is not None
        self._store(side, description)
        self._set_state(state)
        if side == "local":
            self._apply_local(description.type, facts)
        else:
            self._apply_remote(description.type, facts)
        self._changes += 1
        if description.type == "answer":
            self._complete_exchange()
            self.negotiation_needed = False

    def add_ice_candidate(
        self, candidate: str, mid: str | None = None, index: int | None = None
    ) -> None:
        """Add a candidate of the other side, or with an empty one say that there are no more.

        Args:
            candidate: as ``candidate:...``; empty for the end of candidates.
            mid: the section it is for, first by this.
            index: the section it is for, by its place. Neither, with an empty candidate, means
                all sections.

        Raises:
            PeerError: there is no remote description or no such section, or it is not read.
        """
        if candidate and mid is None and index is None:
            raise self._say("candidate-nowhere", method="addIceCandidate")
        self._require_open("addIceCandidate")
        if self.remote is None:
            raise self._say("no-remote", method="addIceCandidate")
        sections = self.facts_of(self.remote).sections
        level = index
        if mid is not None:
            level = next((s.index for s in sections if s.mid == mid), None)
            if level is None:
                raise self._say("candidate-mid", method="addIceCandidate", mid=mid)
        elif index is not None and not 0 <= index < len(sections):
            raise self._say(
                "candidate-index", method="addIceCandidate", index=index, count=len(sections)
            )
        transceiver = None if level is None else self.find_by_level(level)
        if transceiver is not None and transceiver.stopped:
            return
        self._check_candidate(candidate)
        self.remote_candidates.append((mid if mid is not None else index, candidate))

    def _check_candidate(self, candidate: str) -> None:
        """Refuse a candidate that cannot be read (RFC 8839, 5.1)."""
        if not candidate:
            return
        try:
            parse_candidate(candidate)
        except ParseError as error:
            raise self._say("candidate-syntax", method="addIceCandidate", reason=error) from None

    # -- media ----------------------------------------------------------------------------------

    def add_track(
        self, kind: str, *, track_id: str | None = None, stream_ids: Sequence[str] = ()
    ) -> Transceiver:
        """Send a track, by a transceiver that never sent or by a new one (W3C webrtc-pc, 5.1).

        Raises:
            PeerError: the connection is closed, or the track is sent already.
        """
        self._require_open("addTrack")
        if kind not in ("audio", "video"):
            raise self._say("bad-kind", method="addTrack", kind=kind)
        if track_id is not None and any(
            t.track_id == track_id and not t.stopped for t in self.transceivers
        ):
            raise self._say("track-exists", method="addTrack", track=track_id)
        transceiver = self._find_for_track(kind)
        if transceiver is None:
            transceiver = Transceiver(kind, made_by="addTrack")
            self.transceivers.append(transceiver)
        else:
            transceiver.used_by_add_track = True
            if transceiver.direction == "recvonly":
                transceiver.direction = "sendrecv"
            elif transceiver.direction == "inactive":
                transceiver.direction = "sendonly"
        transceiver.track_id = track_id or self.identity.new_uuid()
        transceiver.stream_ids = tuple(dict.fromkeys(stream_ids))
        self._note_change()
        return transceiver

    def _find_for_track(self, kind: str) -> Transceiver | None:
        """Return the first transceiver addTrack may use: it has no track and never sent."""
        return next(
            (
                t
                for t in self.transceivers
                if t.kind == kind and t.track_id is None and not t.stopping and not t.has_sent
            ),
            None,
        )

    def remove_track(self, transceiver: Transceiver) -> None:
        """Send nothing from a transceiver any more (W3C webrtc-pc, 5.1)."""
        self._require_open("removeTrack")
        if transceiver.stopping or transceiver.track_id is None:
            return
        transceiver.track_id = None
        if transceiver.direction == "sendrecv":
            transceiver.direction = "recvonly"
        elif transceiver.direction == "sendonly":
            transceiver.direction = "inactive"
        self._note_change()

    def add_transceiver(
        self,
        kind: str,
        *,
        direction: str = "sendrecv",
        track: bool = False,
        stream_ids: Sequence[str] = (),
        send_encodings: Sequence[Encoding] = (),
    ) -> Transceiver:
        """Add a transceiver (W3C webrtc-pc, 5.1).

        Args:
            kind: ``audio`` or ``video``.
            direction: the preferred direction.
            track: whether its sender gets a track now.
            stream_ids: the streams of the track.
            send_encodings: simulcast layers, or one encoding.

        Raises:
            PeerError: the connection is closed, or an argument is refused.
        """
        if kind not in ("audio", "video"):
            raise self._say("bad-kind", method="addTransceiver", kind=kind)
        if direction not in DIRECTIONS:
            raise self._say("bad-direction", method="addTransceiver", direction=direction)
        self._require_open("addTransceiver")
        transceiver = Transceiver(
            kind,
            direction,
            stream_ids=tuple(dict.fromkeys(stream_ids)),
            encodings=self._read_encodings(kind, send_encodings),
        )
        if track:
            transceiver.track_id = self.identity.new_uuid()
        self.transceivers.append(transceiver)
        self._note_change()
        return transceiver

    def _read_encodings(self, kind: str, given: Sequence[Encoding]) -> list[Encoding]:
        """Check and complete sendEncodings (W3C webrtc-pc, 5.1, addTransceiver, step 8)."""
        self._check_encodings(kind, given)
        if not given:
            return [Encoding()]
        scales = [None if kind == "audio" else e.scale_resolution_down_by for e in given]
        if any(scale is not None for scale in scales):
            scales = [1.0 if scale is None else scale for scale in scales]
        elif kind == "video":
            scales = [float(2 ** (len(given) - place - 1)) for place in range(len(given))]
        return [
            Encoding(e.rid if len(given) > 1 else None, e.active, scale)
            for e, scale in zip(given, scales, strict=True)
        ]

    def _check_encodings(self, kind: str, given: Sequence[Encoding]) -> None:
        rids = [encoding.rid for encoding in given]
        for rid in rids:
            if rid is not None and not _RID.fullmatch(rid):
                raise self._say("bad-rid", method="addTransceiver", rid=rid)
            if rid is None and len(rids) > 1:
                raise self._say("missing-rid", method="addTransceiver")
            if rids.count(rid) > 1:
                raise self._say("duplicate-rid", method="addTransceiver", rid=rid)
        for encoding in given:
            scale = encoding.scale_resolution_down_by
            if kind == "video" and scale is not None and scale < 1.0:
                raise self._say("bad-scale", method="addTransceiver", scale=scale)

    def stop(self, transceiver: Transceiver) -> None:
        """Stop a transceiver: the next offer of this side rejects its section."""
        self._require_open("stop")
        if not transceiver.stopping:
            transceiver.stop_sending_and_receiving()
            self._note_change()

    def set_direction(self, transceiver: Transceiver, direction: str) -> None:
        """Set the preferred direction."""
        if direction not in (*DIRECTIONS, "stopped"):
            raise self._say("bad-direction", method="direction", direction=direction)
        if transceiver.stopping:
            raise self._say("stopped", method="direction")
        if direction == "stopped":
            raise self._say("set-stopped", method="direction")
        if direction != transceiver.direction:
            transceiver.direction = direction
            self._note_change()

    def replace_track(self, transceiver: Transceiver, track_id: str | None) -> None:
        """Give the sender another track or none, without an exchange (W3C webrtc-pc, 5.2)."""
        self._require_open("replaceTrack")
        if transceiver.stopping:
            raise self._say("stopped", method="replaceTrack")
        transceiver.track_id = track_id

    def set_codec_preferences(
        self, transceiver: Transceiver, codecs: Sequence[dict[str, object]]
    ) -> None:
        """Set which codecs a section names, and in which order (W3C webrtc-pc, 5.4).

        Args:
            transceiver: whose section.
            codecs: RTCRtpCodec dictionaries out of the capabilities; none for the default.
        """
        chosen: list[dict[str, object]] = []
        for codec in codecs:
            if codec not in chosen:
                chosen.append(codec)
        if chosen:
            self._check_codec_preferences(transceiver, chosen)
        transceiver.codec_preferences = tuple(chosen)
        self._changes += 1

    def _check_codec_preferences(
        self, transceiver: Transceiver, codecs: Sequence[dict[str, object]]
    ) -> None:
        """Refuse preferences that are not capabilities; the base knows no capabilities."""

    # -- data, ICE, the end ---------------------------------------------------------------------

    def create_data_channel(self, label: str) -> None:
        """Create a data channel; the first one asks for a data section."""
        self._require_open("createDataChannel")
        self.data_channels.append(label)
        self._note_change()

    def restart_ice(self) -> None:
        """Have the next offer restart ICE (W3C webrtc-pc, 4.4.2, restartIce)."""
        self.credentials_to_replace = frozenset(
            (section.ufrag, section.pwd)
            for description in (self.current_local, self.pending_local)
            for section in self.facts_of(description).sections
            if section.ufrag is not None and section.pwd is not None
        )
        self._note_change()

    def close(self) -> None:
        """Close the connection; no event tells of it."""
        if self.is_closed:
            return
        self.signaling_state = CLOSED
        for transceiver in self.transceivers:
            if not transceiver.stopped:
                transceiver.stop()

    # -- hooks ----------------------------------------------------------------------------------

    def _write_offer(self) -> str:
        """Return the text of an offer with the sections of ``offer_plan``.

        Its o= version is ``version``; credentials that are not in ``credentials`` it makes up
        and puts there.
        """
        raise NotImplementedError

    def _write_answer(self) -> str:
        """Return the text of an answer to the remote offer; see `_plan_answer`."""
        raise NotImplementedError

    def _negotiation_needed(self) -> bool:
        """Return whether an exchange is needed; asked in the stable state only."""
        return is_negotiation_needed(self)

    # -- the rest -------------------------------------------------------------------------------

    def _require_open(self, method: str) -> None:
        if self.is_closed:
            raise self._say("closed", method=method)

    def _note_change(self) -> None:
        """Note that what was created last may not fit any more, and look at the flag."""
        self._changes += 1
        self._update_negotiation_needed()

    def _update_negotiation_needed(self) -> None:
        """Update the negotiation-needed flag (W3C webrtc-pc, 4.7.3)."""
        if self.signaling_state != STABLE:
            return
        if not self._negotiation_needed():
            self.negotiation_needed = False
        elif not self.negotiation_needed:
            self.negotiation_needed = True
            self.events.append("negotiationneeded")
