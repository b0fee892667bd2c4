"""What a description does to transceivers and to the data section: RFC 9429, 5.7, 5.9 and 5.10.

Together with W3C webrtc-pc, 4.4.1.4, from step 4.5 on; the numbers in comments are those of its
sub-steps. Nothing here checks a description; that was done before.
"""

from rtckit.jsep.facts import DescriptionFacts, SectionFacts
from rtckit.jsep.peer_state import Association
from rtckit.jsep.planning import Planning
from rtckit.jsep.states import STABLE
from rtckit.jsep.transceiver import Encoding, Transceiver, reverse_of
from rtckit.jsep.verdict import TypedSdp

__all__ = ["Applying"]


class Applying(Planning):
    """Applying, answering and rolling back; each step may be overridden."""

    # -- local descriptions ---------------------------------------------------------------------

    def _apply_local(self, sdp_type: str, facts: DescriptionFacts) -> None:
        """Associate and settle what a local description says (step 10.1)."""
        is_answer = sdp_type != "offer"
        if not is_answer:
            self._drop_replaced(facts)
        for section in facts.sections:
            if section.kind == "data":
                self._apply_local_data(section, is_answer)
            elif section.is_media:
                transceiver = self._find_for_local(section)
                if transceiver is None:
                    continue
                self._associate(transceiver, section)
                if is_answer and not transceiver.stopped:
                    self._settle_local(transceiver, section)

    def _find_for_local(self, section: SectionFacts) -> Transceiver | None:
        """Return the transceiver of a local section: by mid, else by the plan of the offer."""
        found = self.find_by_mid(section.mid)
        if found is None and section.index < len(self.offer_plan):
            planned = self.offer_plan[section.index].transceiver
            if planned is not None and planned.mid is None and planned.kind == section.kind:
                return planned
        return found or self.find_by_level(section.index)

    def _settle_local(self, transceiver: Transceiver, section: SectionFacts) -> None:
        direction = "inactive" if section.rejected else section.direction
        if direction in ("sendonly", "inactive") and transceiver.is_receiving:
            transceiver.remote_stream_ids = ()
            transceiver.is_receiving = False
        transceiver.negotiate(direction)

    def _apply_local_data(self, section: SectionFacts, is_answer: bool) -> None:
        if section.rejected:
            if self.data_level == section.index and is_answer:
                self.data_mid = self.data_level = None
        elif not is_answer:
            self._free(section.index)
            self.data_mid, self.data_level = section.mid, section.index

    # -- remote descriptions --------------------------------------------------------------------

    def _apply_remote(self, sdp_type: str, facts: DescriptionFacts) -> None:
        """Find or make transceivers, and settle what a remote description says (step 10.2)."""
        is_answer = sdp_type != "offer"
        if not is_answer:
            self._drop_replaced(facts)
        self._used_mids.update(s.mid for s in facts.sections if s.mid is not None)
        for section in facts.sections:
            if section.kind == "data":
                self._apply_remote_data(section, is_answer)
            elif section.is_media:
                self._apply_remote_media(section, is_answer)
        self._drop_taken_proposals()

    def _apply_remote_media(self, section: SectionFacts, is_answer: bool) -> None:
        transceiver = self._find_for_remote(section)
        if transceiver is None:
            if is_answer:
                return
            transceiver = self._find_added_by_track(section) or self._make_for_remote(section)
            if transceiver is None:
                return
        self._associate(transceiver, section)
        if is_answer:
            self._narrow_encodings(transceiver, section)
        else:
            self._take_requested_encodings(transceiver, section)
        direction = "inactive" if section.rejected else reverse_of(section.direction)
        self._receive(transceiver, direction, section)
        if is_answer:
            transceiver.negotiate(direction)
        if section.rejected and not transceiver.stopped:
            transceiver.stop()

    def _find_for_remote(self, section: SectionFacts) -> Transceiver | None:
        """Return the transceiver associated with a remote section.

        One that stands there under another mid is disassociated: its section is being recycled.
        """
        found = self.find_by_mid(section.mid)
        if found is not None:
            return found
        there = self.find_by_level(section.index)
        if there is None or (section.mid is None and there.kind == section.kind):
            return there
        there.mid = there.level = None
        return None

    def _find_added_by_track(self, section: SectionFacts) -> Transceiver | None:
        """Return the first transceiver of addTrack that waits for a section like this one."""
        if section.rejected or section.direction not in ("sendrecv", "recvonly"):
            return None
        return next(
            (
                transceiver
                for transceiver in self.transceivers
                if transceiver.kind == section.kind
                and transceiver.made_by == "addTrack"
                and transceiver.mid is None
                and not transceiver.stopping
            ),
            None,
        )

    def _make_for_remote(self, section: SectionFacts) -> Transceiver | None:
        """Return a new transceiver for a remote section, added to the others; None for none.

        It only receives (RFC 9429, 5.10).
        """
        made = Transceiver(section.kind, "recvonly", made_by="setRemoteDescription")
        self.transceivers.append(made)
        return made

    def _receive(self, transceiver: Transceiver, direction: str, section: SectionFacts) -> None:
        """Process remote tracks (W3C webrtc-pc, 5.1.1): the streams, and a track event."""
        receives = direction in ("sendrecv", "recvonly")
        streams = section.stream_ids if receives else ()
        is_new = receives and (
            not transceiver.is_receiving or set(streams) - set(transceiver.remote_stream_ids)
        )
        transceiver.remote_stream_ids = streams
        transceiver.remote_track_id = section.track_id if receives else None
        transceiver.is_receiving = receives
        if is_new:
            self.events.append(f"track:{transceiver.mid}")

    def _take_requested_encodings(self, transceiver: Transceiver, section: SectionFacts) -> None:
        """Send the layers a remote offer asks for (steps 10.2.1 to 10.2.5)."""
        rids = section.rids_recv
        if not rids or any(encoding.rid for encoding in transceiver.encodings):
            return
        transceiver.encodings = [
            Encoding(rid, rid not in section.paused, float(2 ** (len(rids) - place - 1)))
            for place, rid in enumerate(rids)
        ]

    def _narrow_encodings(self, transceiver: Transceiver, section: SectionFacts) -> None:
        """Drop the layers a remote answer refuses (step 10.2.7)."""
        if len(transceiver.encodings) < 2 or section.rejected:
            return
        if not section.rids_recv:
            transceiver.encodings = [Encoding(scale_resolution_down_by=None)]
            return
        kept = [e for e in transceiver.encodings if e.rid in section.rids_recv]
        for encoding in kept:
            encoding.active = encoding.rid not in section.paused
        transceiver.encodings = kept or transceiver.encodings[:1]

    def _apply_remote_data(self, section: SectionFacts, is_answer: bool) -> None:
        if section.rejected:
            if self.data_level == section.index:
                self.data_mid = self.data_level = None
        elif self.data_level is None and not is_answer:
            self._free(section.index)
            mid = section.mid if section.mid is not None else self._new_mid()
            self.data_mid, self.data_level = mid, section.index

    # -- both -----------------------------------------------------------------------------------

    def _drop_replaced(self, facts: DescriptionFacts) -> None:
        """Undo what an offer that this one replaces did to sections it does not have."""
        for transceiver, before in [(t, self._before.get(t)) for t in self.transceivers]:
            found = facts.locate(transceiver.mid, transceiver.level)
            if transceiver.mid is None or (found and found.kind == transceiver.kind):
                continue
            if before is None or before.mid != transceiver.mid:
                transceiver.mid = transceiver.level = None
        here = facts.locate(self.data_mid, self.data_level)
        if self.data_mid is not None and (here is None or here.kind != "data"):
            self.data_mid, self.data_level = self._data_before

    def _associate(self, transceiver: Transceiver, section: SectionFacts) -> None:
        """Give a transceiver the mid and the place of a section."""
        self._free(section.index, transceiver)
        if section.mid is not None:
            transceiver.mid = section.mid
        elif transceiver.mid is None:
            transceiver.mid = self._new_mid()
        self._used_mids.add(transceiver.mid)
        transceiver.level = section.index
        transceiver.proposed_mid = None

    def _free(self, level: int, keep: Transceiver | None = None) -> None:
        """Disassociate what stood at a level: its section is recycled."""
        there = self.find_by_level(level)
        if there is not None and there is not keep:
            there.mid = there.level = None
        if self.data_level == level:
            self.data_mid = self.data_level = None

    def _drop_taken_proposals(self) -> None:
        """Forget proposed mids that the other side has meanwhile used for something else."""
        taken = {transceiver.mid for transceiver in self.transceivers} | {self.data_mid}
        for transceiver in self.transceivers:
            if transceiver.mid is None and transceiver.proposed_mid in taken:
                transceiver.proposed_mid = None

    # -- ends of an exchange --------------------------------------------------------------------

    def _begin_exchange(self) -> None:
        """Remember what a rollback returns to; called when an offer leaves the stable state."""
        self._before = {
            t: Association(
                t.mid,
                t.level,
                tuple(Encoding(e.rid, e.active, e.scale_resolution_down_by) for e in t.encodings),
                t.remote_stream_ids,
                t.remote_track_id,
                t.is_receiving,
            )
            for t in self.transceivers
        }
        self._data_before = (self.data_mid, self.data_level)

    def _complete_exchange(self) -> None:
        """Remove stopped transceivers whose section is rejected now (step 12)."""
        self.transceivers = [t for t in self.transceivers if not self._is_gone(t)]
        self._before = {}

    def _is_gone(self, transceiver: Transceiver) -> bool:
        if not transceiver.stopped or transceiver.mid is None:
            return False
        return any(
            section is not None and section.rejected
            for section in (
                self.section_of(transceiver, self.current_local),
                self.section_of(transceiver, self.current_remote),
            )
        )

    def _roll_back(self) -> None:
        """Return to the last stable state (RFC 9429, 5.7; W3C webrtc-pc, 4.4.1.4, step 11).

        What the page did to transceivers meanwhile stays.
        """
        was_remote = self.signaling_state == "have-remote-offer"
        kept = []
        for transceiver in self.transceivers:
            before = self._before.get(transceiver)
            if before is None:
                transceiver.mid = transceiver.level = transceiver.proposed_mid = None
                transceiver.remote_stream_ids = ()
                transceiver.remote_track_id = None
                transceiver.is_receiving = False
                if transceiver.made_by == "setRemoteDescription":
                    if not transceiver.used_by_add_track:
                        transceiver.stop()
                        continue
                    transceiver.made_by = "addTrack"
            else:
                self._restore_association(transceiver, before, was_remote)
            kept.append(transceiver)
        self.transceivers = kept
        self.data_mid, self.data_level = self._data_before
        self.pending_local = self.pending_remote = None
        self._before = {}
        self._set_state(STABLE)

    def _restore_association(
        self, transceiver: Transceiver, before: Association, was_remote: bool
    ) -> None:
        if before.mid is None:
            transceiver.proposed_mid = None
        transceiver.mid, transceiver.level = before.mid, before.level
        if not was_remote:
            return
        transceiver.encodings = list(before.encodings)
        if before.is_receiving and not transceiver.is_receiving:
            self.events.append(f"track:{transceiver.mid}")
        transceiver.remote_stream_ids = before.remote_stream_ids
        transceiver.remote_track_id = before.remote_track_id
        transceiver.is_receiving = before.is_receiving

    def _set_state(self, state: str) -> None:
        """Change the signalling state, with its event when it is another."""
        if state != self.signaling_state:
            self.signaling_state = state
            self.events.append(f"signalingstatechange:{state}")

    def _store(self, side: str, description: TypedSdp) -> None:
        """Keep a description as pending or current (steps 4.5.5 and 4.5.6)."""
        if description.type != "answer":
            if side == "local":
                self.pending_local = description
            else:
                self.pending_remote = description
            return
        if side == "local":
            self.current_local, self.current_remote = description, self.pending_remote
        else:
            self.current_local, self.current_remote = self.pending_local, description
        self.pending_local = self.pending_remote = None
        self.created_offer = self.created_answer = None
        self.is_offerer = side == "remote"
        used = {
            (section.ufrag, section.pwd) for section in self.facts_of(self.current_local).sections
        }
        if not used & self.credentials_to_replace:
            self.credentials_to_replace = frozenset()
