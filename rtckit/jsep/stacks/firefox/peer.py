"""Firefox as a peer connection: how it numbers sections, and what it writes when."""

from dataclasses import replace
from typing import ClassVar

from rtckit.jsep.capabilities import Capabilities
from rtckit.jsep.configuration import Configuration
from rtckit.jsep.facts import DescriptionFacts, SectionFacts
from rtckit.jsep.identity import Identity
from rtckit.jsep.refusals import PeerError
from rtckit.jsep.stacks.firefox.answer import check_survives
from rtckit.jsep.stacks.firefox.answering import Own, write_answer_sections
from rtckit.jsep.stacks.firefox.capabilities import CAPABILITIES, codecs_of, extensions_of
from rtckit.jsep.stacks.firefox.checks import (
    Rejected,
    bundled_mids,
    keep_description,
    read_description,
)
from rtckit.jsep.stacks.firefox.codec_matching import negotiate_codecs, reordered
from rtckit.jsep.stacks.firefox.description import Section
from rtckit.jsep.stacks.firefox.exchange import UNASKED_RESTART
from rtckit.jsep.stacks.firefox.explaining import explain_answer, explain_offer
from rtckit.jsep.stacks.firefox.extension_numbers import ExtensionNumbers
from rtckit.jsep.stacks.firefox.negotiation_needed import is_negotiation_needed
from rtckit.jsep.stacks.firefox.offering import bundle_sections, offer_section
from rtckit.jsep.stacks.firefox.planning import Planning, section_at
from rtckit.jsep.stacks.firefox.rereading import read_back
from rtckit.jsep.stacks.firefox.seats import Seat, Sender
from rtckit.jsep.stacks.firefox.writing import SectionText, write_session
from rtckit.jsep.states import HAVE_REMOTE_OFFER
from rtckit.jsep.transceiver import Transceiver
from rtckit.jsep.verdict import TypedSdp

__all__ = ["FirefoxPeer"]

_KINDS = ("audio", "video")
_ROLES = {"active": "passive", "passive": "active"}


class FirefoxPeer(Planning):
    """Firefox ESR 153."""

    stack: ClassVar[str] = "firefox"

    def __init__(
        self,
        configuration: Configuration | None = None,
        identity: Identity | None = None,
        capabilities: Capabilities | None = None,
    ) -> None:
        own = CAPABILITIES if capabilities is None else capabilities
        super().__init__(configuration, identity, own)
        self._codecs = {kind: codecs_of(own, kind) for kind in _KINDS}
        self._extensions = ExtensionNumbers({kind: extensions_of(own, kind) for kind in _KINDS})
        self._seats: dict[Transceiver, Seat] = {}
        self._cname = f"{{{self.identity.new_uuid()}}}"
        # The credentials of all sections, and while ICE restarts those before.
        self._ice: tuple[str, str] | None = None
        self._ice_before: tuple[str, str] | None = None
        # Whether the last offer that was set is ours and was not answered; a rollback changes
        # nothing about it.
        self._has_offered = False
        self._stopped_by_answer: set[Transceiver] = set()
        self._sctp_at_close: bool | None = None

    @property
    def has_sctp(self) -> bool:
        """Whether the ``sctp`` attribute has a transport: with a local description of it."""
        if self._sctp_at_close is not None:
            return self._sctp_at_close
        sections = self.facts_of(self.local).sections
        return any(section.kind == "data" and not section.rejected for section in sections)

    def close(self) -> None:
        """Close it; the ``sctp`` attribute stays as it was."""
        if self._sctp_at_close is None:
            self._sctp_at_close = self.has_sctp
        super().close()

    # -- offers ---------------------------------------------------------------------------------

    def _create_offer(self, *, ice_restart: bool = False) -> TypedSdp:
        self._set_restarting(ice_restart or bool(self.credentials_to_replace))
        return super()._create_offer(ice_restart=ice_restart)

    def _write_offer(self) -> str:
        own = self._own()
        last = self._last_answer()
        sections = []
        seats = []
        for planned in self.offer_plan:
            section = section_at(last, planned.level)
            if planned.transceiver is not None:
                seat = self._seat(planned.transceiver)
            else:
                seat = Seat("application" if planned.kind == "data" else planned.kind)
            seats.append(seat)
            sections.append(
                offer_section(
                    seat,
                    planned.mid or None,
                    own,
                    protocol=None if section is None else section.protocol,
                    is_mixed=section is not None and section.is_mixed,
                    is_rejected=planned.rejected,
                )
            )
            if not planned.rejected:
                self.credentials[planned.mid] = own.ice
        mids = bundle_sections(sections, self.configuration.bundle_policy)
        if self.explain:
            self.decisions = explain_offer(self.offer_plan, sections, seats)
        return self._write([mids] if mids else [], sections, is_mixed=False)

    # -- answers --------------------------------------------------------------------------------

    def _create_answer(self) -> TypedSdp:
        if self._is_restarted_remotely() != (self._ice_before is not None):
            self._set_restarting(self._ice_before is None)
        return super()._create_answer()

    def _is_restarted_remotely(self) -> bool:
        """Whether the remote offer restarts ICE."""
        return self._restarts(self.facts_of(self.remote))

    def _restarts(self, remote: DescriptionFacts) -> bool:
        """Whether a remote description restarts ICE: told by the sections in use before and now."""
        return any(
            (old.ufrag, old.pwd) != (new.ufrag, new.pwd)
            for old, new in zip(
                self.facts_of(self.current_remote).sections, remote.sections, strict=False
            )
            if not old.rejected and not new.rejected
        )

    def _write_answer(self) -> str:
        assert self.remote is not None
        offer = read_description(self.remote.sdp)
        own = self._own()
        seats = []
        for section in offer.sections:
            seat = self._seat_at(section)
            if seat is None:
                raise self._say("no-transceiver", level=section.level)
            seats.append(seat)
            if seat.mid is not None:
                self.credentials[seat.mid] = own.ice
        roles = self._roles()
        answer = write_answer_sections(offer, seats, own, roles=roles)
        if self.explain:
            self.decisions = explain_answer(offer, answer, seats, self._extensions, roles=roles)
        return self._write(answer.bundles, answer.sections, is_mixed=offer.is_mixed)

    def _seat_at(self, section: Section) -> Seat | None:
        """Return whose an offered section is; None for one whose data went elsewhere."""
        if section.media == "application":
            if self.data_level != section.level and not section.is_disabled:
                return None
            return Seat("application", self.data_mid, "sendrecv")
        transceiver = self.find_by_level(section.level)
        return Seat(section.media, section.mid) if transceiver is None else self._seat(transceiver)

    def _roles(self) -> list[str | None]:
        """Return by level our DTLS role in force; none where ICE restarts."""
        answer = self._last_answer()
        if answer is None or self._is_restarted_remotely():
            return []
        mine = {"active": "active", "passive": "passive"} if not self.is_offerer else _ROLES
        bundled = bundled_mids(answer)
        return [
            # A section that joined a bundle has the role of its transport, whatever it said.
            None
            if section.is_disabled
            else mine.get(bundled.get(section.mid or "", section).setup or "")
            for section in answer.sections
        ]

    # -- negotiation needed ---------------------------------------------------------------------

    def _negotiation_needed(self) -> bool:
        return is_negotiation_needed(self, wants_data=self._wants_data)

    # -- what is known --------------------------------------------------------------------------

    def _set_restarting(self, is_restarting: bool) -> None:
        """Make up credentials for a restart, each time anew, or return to those before."""
        if is_restarting:
            self._ice_before = self._ice_before or self._credentials()
            self._ice = None
        elif self._ice_before is not None:
            self._ice, self._ice_before = self._ice_before, None

    def _credentials(self) -> tuple[str, str]:
        if self._ice is None:
            self._ice = (self.identity.new_hex(8), self.identity.new_hex(32))
        return self._ice

    def _own(self) -> Own:
        size = self.capabilities.max_message_size
        return Own(
            self._credentials(),
            self._cname,
            self.identity.new_ssrc,
            self._extensions,
            0 if size is None else size,
            self.capabilities.sctp_port,
        )

    def _write(
        self, bundles: list[list[str]], sections: list[SectionText], *, is_mixed: bool
    ) -> str:
        """Write a description, and keep what will be read of it when the page sets it."""
        head = write_session(
            self.identity.session_id,
            self.version - 1,
            f"sha-256 {self.identity.fingerprint}",
            bundles,
            is_mixed=is_mixed,
        )
        text = head + "".join([section.write() for section in sections])
        description = read_back(sections, bundles, is_mixed=is_mixed)
        if description is not None:
            keep_description(text, description)
        return text

    def _seat(self, transceiver: Transceiver) -> Seat:
        """Return what Firefox keeps for a transceiver, brought up to date."""
        seat = self._seats.get(transceiver)
        if seat is None:
            seat = self._seats[transceiver] = Seat(
                transceiver.kind,
                codecs=self._codecs[transceiver.kind],
                defaults=self._codecs[transceiver.kind],
                sender=Sender(f"{{{self.identity.new_uuid()}}}"),
            )
        seat.mid = transceiver.mid
        is_stopped = transceiver.direction == "stopped"
        seat.direction = "inactive" if is_stopped else transceiver.direction
        seat.is_stopped = transceiver.stopped
        seat.sender.streams = transceiver.stream_ids
        seat.sender.rids = tuple(e.rid for e in transceiver.encodings if e.rid)
        if transceiver in self._preferring:
            seat.prefer(transceiver.codec_preferences)
        return seat

    # -- applying -------------------------------------------------------------------------------

    def _check(self, side: str, sdp_type: str, sdp: str) -> None:
        super()._check(side, sdp_type, sdp)
        if sdp_type == "answer":
            answer = read_description(sdp)
            offer = self.remote if side == "local" else None
            try:
                check_survives(answer if offer is None else read_description(offer.sdp), answer)
            except Rejected as rejection:
                raise PeerError(rejection.error, rejection.message) from None
        if (side, sdp_type) != ("remote", "offer") or not self._has_offered:
            return
        if self._ice_before is None and self._restarts(self._read(sdp)):
            raise PeerError(*UNASKED_RESTART)

    def _apply(self, side: str, description: TypedSdp) -> None:
        if self.pending_remote is not None and (side, description.type) == ("remote", "offer"):
            self._take_back_offer()
        super()._apply(side, description)
        if description.type == "offer":
            self._has_offered = side == "local"

    def _begin_exchange(self) -> None:
        super()._begin_exchange()
        self._levels_before = (dict(self._levels), self._proposed_data)

    def _roll_back(self) -> None:
        is_new = self.data_level is not None and self._data_before[1] is None
        if is_new and self.signaling_state == HAVE_REMOTE_OFFER:
            self._wants_data = self._had_data
            self._had_data = True
        told = len(self.events)
        super()._roll_back()
        # The page is told of the state before it is told of tracks.
        self.events[told:] = sorted(self.events[told:], key=lambda e: e.startswith("track:"))
        self._levels, self._proposed_data = dict(self._levels_before[0]), self._levels_before[1]
        self._reveal_ghosts()

    def _take_back_offer(self) -> None:
        """Undo a remote offer that is being replaced; the page is told of nothing but tracks.

        What the offer had made is gone, and made again; what was there goes on receiving.
        """
        self._reveal_ghosts()
        events = list(self.events)
        state = self.signaling_state
        receiving = {t: (t.is_receiving, t.remote_stream_ids) for t in self.transceivers}
        self._roll_back()
        self._begin_exchange()
        for transceiver in self.transceivers:
            transceiver.is_receiving, transceiver.remote_stream_ids = receiving[transceiver]
        self.signaling_state, self.events = state, events

    def _apply_local(self, sdp_type: str, facts: DescriptionFacts) -> None:
        self._reveal_ghosts()
        super()._apply_local(sdp_type, facts)

    def _find_for_local(self, section: SectionFacts) -> Transceiver | None:
        holder = self._holder(section.index)
        if not section.rejected or section.mid is not None:
            return holder
        if holder is not None and holder.mid is not None:
            # It was stopped between two offers: its section never had an answer.
            holder.mid = holder.level = None
            self._levels[holder] = section.index
        return None

    def _settle_local(self, transceiver: Transceiver, section: SectionFacts) -> None:
        """Settle what an answer of ours says; rejecting a section stops its transceiver."""
        super()._settle_local(transceiver, section)
        if section.rejected:
            transceiver.stop()

    def _apply_local_data(self, section: SectionFacts, is_answer: bool) -> None:
        if is_answer and section.rejected and self.data_level == section.index:
            self.data_channels = []
        super()._apply_local_data(section, is_answer)

    def _apply_remote(self, sdp_type: str, facts: DescriptionFacts) -> None:
        """Find or make the transceiver of each section, by its place alone."""
        self._reveal_ghosts()
        is_answer = sdp_type != "offer"
        if not is_answer:
            self._levels.clear()
            self._proposed_data = None
        told = len(self.events)
        for facts_of_section in facts.sections:
            if facts_of_section.kind == "data":
                self._apply_remote_data(facts_of_section, is_answer)
            else:
                self._apply_remote_media(facts_of_section, is_answer)
        # Tracks are told of in the order of transceivers, not of sections.
        fresh = set(self.events[told:])
        tracks = [f"track:{t.mid}" for t in self.transceivers]
        self.events[told:] = [event for event in tracks if event in fresh]

    def _find_for_remote(self, section: SectionFacts) -> Transceiver | None:
        return self.find_by_level(section.index)

    def _apply_remote_media(self, section: SectionFacts, is_answer: bool) -> None:
        if not section.rejected:
            super()._apply_remote_media(section, is_answer)
            return
        transceiver = self._holder(section.index)
        if transceiver is not None:
            self._levels.pop(transceiver, None)
        elif not is_answer:
            live = replace(section, rejected=False)
            transceiver = self._find_added_by_track(live) or self._make_for_remote(section)
        if transceiver is None:
            return
        self._receive(transceiver, "inactive", section)
        if is_answer and not transceiver.stopping:
            # One that an answer stops is seen for ever, without a mid.
            self._stopped_by_answer.add(transceiver)
            transceiver.mid = transceiver.level = None
        transceiver.stop()

    def _is_gone(self, transceiver: Transceiver) -> bool:
        if transceiver in self._stopped_by_answer:
            return False
        return transceiver.stopped and (transceiver.mid is None or super()._is_gone(transceiver))

    def _apply_remote_data(self, section: SectionFacts, is_answer: bool) -> None:
        """Give the one data connection its section; a second one takes it from the first."""
        if section.rejected:
            if self.data_level == section.index:
                self.data_mid = self.data_level = None
                self.data_channels = []
            return
        if is_answer and self.data_level is not None:
            return
        self.data_level = section.index
        if section.mid is not None:
            self.data_mid = section.mid
        elif self.data_mid is None:
            self.data_mid = self._new_mid()
        self._used_mids.add(self.data_mid)

    def _complete_exchange(self) -> None:
        """Keep the codecs agreed on in front, and the numbers of extensions."""
        answer = self._last_answer()
        assert self.current_remote is not None
        remote = read_description(self.current_remote.sdp)
        for transceiver in self.transceivers:
            section = None if transceiver.level is None else section_at(remote, transceiver.level)
            answered = None if transceiver.level is None else section_at(answer, transceiver.level)
            if section is None or answered is None or answered.is_disabled:
                continue
            seat = self._seat(transceiver)
            seat.codecs = reordered(
                seat.codecs,
                negotiate_codecs(seat.codecs, section),
                takes_repairs=not self.is_offerer,
            )
        for section in answer.sections if answer else ():
            if not section.is_disabled:
                self._extensions.note_agreed(section.extensions or ())
        super()._complete_exchange()
        self._ice_before = None
        self._has_offered = False
        if self.data_level is not None:
            self._had_data = self._wants_data = False
        for transceiver in set(self._seats) - set(self.transceivers):
            del self._seats[transceiver]
